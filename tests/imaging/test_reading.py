"""A run is read as it was written, and each fault of its files is named."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_scans import AFFINE, SHAPE, TR, fmriprep_confounds, spaced_trials, write_scans

from brainbench.datasets.cards import Scans
from brainbench.errors import DataError, UsageError
from brainbench.imaging import MaskRoi, ReadOptions, ScannerRun, SphereRoi, read_run

nibabel = pytest.importorskip("nibabel", reason="reads images; install the imaging extra")
pytest.importorskip("nilearn", reason="reads confounds; install the imaging extra")
CENTRE = tuple(map(float, AFFINE[:3, :3] @ (3, 4, 3) + AFFINE[:3, 3]))
ROIS = {"md": SphereRoi((CENTRE,), 8.5)}  # type: ignore[arg-type]
SCANS = Scans(control=("control",), repetition_time=TR)


@pytest.fixture
def run(tmp_path: Path) -> ScannerRun:
    return write_scans(tmp_path)


def test_voxels_scans_trials_and_times_are_those_of_the_files(run: ScannerRun) -> None:
    held = read_run(run, ROIS, SCANS)
    image = nibabel.load(run.bold[0])
    values = np.asarray(image.dataobj).reshape(-1, image.shape[3])
    np.testing.assert_array_equal(held.series, values[held.voxels].T)
    distance = np.linalg.norm(held.coordinates - CENTRE, axis=1)
    assert distance.max() <= 8.5
    everywhere = nibabel.affines.apply_affine(AFFINE, np.argwhere(np.ones(SHAPE)))
    assert (np.linalg.norm(everywhere - CENTRE, axis=1) <= 8.5).sum() == len(held.voxels)
    assert (held.tr, held.start) == (2.0, 1.0)
    assert held.kept.all()
    assert held.trials["stimulus_id"][~held.trials["control"]].tolist() == [
        f"transitive-01-{i:02d}" for i in range(4)
    ]
    assert (held.trials["position"][held.trials["control"]] == -1).all()
    assert not [name for name in held.confounds if name.startswith("cosine")]
    assert held.confounds.shape == (held.series.shape[0], 26)


def test_voxels_outside_the_brain_or_without_variance_are_told(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(1000, 10, (*SHAPE, 60))
    values[3, 4, 3], values[3, 4, 4] = 500.0, np.nan
    run = write_scans(tmp_path, values=values, scans=60)
    corner = tuple(map(float, AFFINE[:3, 3] + AFFINE[:3, :3] @ (0, 4, 3)))
    held = read_run(run, {**ROIS, "edge": SphereRoi((corner,), 4.5)}, SCANS)  # type: ignore[arg-type]
    places = np.column_stack(np.unravel_index(held.voxels, SHAPE))
    expected = places[:, 0] > 0
    for still in ((3, 4, 3), (3, 4, 4)):
        expected &= ~(places == still).all(axis=1)
    np.testing.assert_array_equal(held.inside, expected)


def test_the_first_scans_are_left_out_before_the_steady_state(tmp_path: Path) -> None:
    held = read_run(write_scans(tmp_path, steady=2), ROIS, SCANS)
    assert held.kept.tolist()[:3] == [False, False, True]
    assert held.kept[2:].all()


def test_start_time_of_the_sidecar_is_before_the_option(run: ScannerRun) -> None:
    run.sidecars[0].write_text(json.dumps({"RepetitionTime": 2, "StartTime": 0.975}))
    assert read_run(run, ROIS, SCANS).start == 0.975
    run.sidecars[0].write_text("{}")
    assert read_run(run, ROIS, SCANS, ReadOptions(slice_time_ref=0)).start == 0.0
    with pytest.raises(UsageError, match=r"slice_time_ref is 1\.5"):
        ReadOptions(slice_time_ref=1.5)


def test_an_image_cut_short_is_named_with_its_scan(run: ScannerRun) -> None:
    content = run.bold[0].read_bytes()
    run.bold[0].write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"preproc_bold\.nii\.gz ends or is damaged at scan \d+ of"):
        read_run(run, ROIS, SCANS)
    run.bold[0].write_bytes(b"\x1f\x8b")
    with pytest.raises(DataError, match="cut short or damaged"):
        read_run(run, ROIS, SCANS)
    run.bold[0].write_bytes(gzip.compress(b"no image"))
    with pytest.raises(DataError, match="cut short or damaged"):
        read_run(run, ROIS, SCANS)


def test_a_mask_cut_short_or_of_another_grid_is_named(run: ScannerRun) -> None:
    assert run.mask is not None
    content = run.mask.read_bytes()
    run.mask.write_bytes(content[:-20])
    with pytest.raises(DataError, match=r"brain_mask\.nii\.gz is cut short"):
        read_run(run, ROIS, SCANS)
    moved = AFFINE.copy()
    moved[0, 3] += 4
    nibabel.Nifti1Image(np.ones(SHAPE, np.uint8), moved).to_filename(run.mask)
    with pytest.raises(DataError, match="is not in the grid of"):
        read_run(run, ROIS, SCANS)


@pytest.mark.parametrize("where", ["sidecar", "card", "header"])
def test_repetition_times_that_disagree_are_listed(run: ScannerRun, where: str) -> None:
    scans = SCANS
    if where == "sidecar":
        run.sidecars[0].write_text('{"RepetitionTime": 1.5}')
    elif where == "card":
        scans = Scans(control=("control",), repetition_time=2.2)
    else:
        image = nibabel.load(run.bold[0])
        image.header.set_zooms((4, 4, 4, 3.0))
        image.to_filename(run.bold[0])
    with pytest.raises(DataError, match=r"repetition times disagree.*header.*bold\.json.*card"):
        read_run(run, ROIS, scans)


def test_a_header_in_milliseconds_agrees_and_none_at_all_is_told(run: ScannerRun) -> None:
    image = nibabel.load(run.bold[0])
    image.header.set_zooms((4, 4, 4, 2000.0))
    image.header.set_xyzt_units("mm", "msec")
    image.to_filename(run.bold[0])
    assert read_run(run, ROIS, SCANS).tr == 2.0
    image.header.set_zooms((4, 4, 4, 0.0))
    image.to_filename(run.bold[0])
    with pytest.raises(DataError, match=r"set scans\.repetition_time on the card"):
        read_run(replace(run, sidecars=()), ROIS, Scans(control=("control",)))


def test_nan_in_some_scans_is_damage(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(1000, 10, (*SHAPE, 60))
    values[3, 4, 3, 7] = np.nan
    run = write_scans(tmp_path, values=values, scans=60)
    with pytest.raises(DataError, match=r"1 voxels of the ROIs hold NaN.*the first: scan 8"):
        read_run(run, ROIS, SCANS)


def test_a_region_outside_the_brain_or_the_image_is_named(run: ScannerRun) -> None:
    corner = tuple(map(float, AFFINE[:3, 3]))
    with pytest.raises(DataError, match="ROI edge has no voxel inside the brain"):
        read_run(run, {"edge": SphereRoi((corner,), 1.0)}, SCANS)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"ROI far: no voxel of the image .* \(90, 0, 0\)"):
        read_run(run, {"far": SphereRoi(((90.0, 0.0, 0.0),), 8.0)}, SCANS)


def test_a_mask_outside_the_volume_is_named(run: ScannerRun, tmp_path: Path) -> None:
    far = AFFINE.copy()
    far[0, 3] = 300
    path = tmp_path / "far.nii.gz"
    nibabel.Nifti1Image(np.ones((3, 3, 3), np.uint8), far).to_filename(path)
    with pytest.raises(DataError, match=r"ROI far: 100% of the mask .* lies outside the image"):
        read_run(run, {"far": MaskRoi(path)}, SCANS)


def events(run: ScannerRun, **changes: object) -> None:
    table = pd.read_csv(run.events, sep="\t", na_values="n/a")
    for column, change in changes.items():
        table[column] = change(table[column]) if callable(change) else change
    table.to_csv(run.events, sep="\t", index=False, na_rep="n/a")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"onset": lambda o: o + 400}, "begins after the end of the image"),
        ({"onset": lambda o: o / 20, "duration": lambda d: d / 20}, "the last trial ends at"),
        ({"onset": lambda o: o * 1000}, "begins after the end of the image"),
        ({"onset": lambda o: o[::-1].to_numpy()}, "begins before the one before it"),
        ({"onset": lambda o: o - 5}, "at -5 s begins before the image"),
        ({"duration": lambda d: d * 2}, "overlaps the one before it"),
        ({"duration": lambda d: d.where(d.index != 2)}, "row 4: duration nan is no time"),
        ({"trial_type": "control"}, "holds no trial with a stimulus"),
    ],
)
def test_onsets_that_cannot_be_are_named(
    run: ScannerRun, changes: dict[str, object], message: str
) -> None:
    events(run, **changes)
    with pytest.raises(DataError, match=message):
        read_run(run, ROIS, SCANS)


def test_a_run_with_another_number_of_trials_than_the_card_says(run: ScannerRun) -> None:
    with pytest.raises(DataError, match="holds 4 trials with a stimulus, the card says 18"):
        read_run(run, ROIS, SCANS.model_copy(update={"trials": 18}))


def test_a_table_of_stimuli_names_them(run: ScannerRun) -> None:
    table = pd.read_csv(run.events, sep="\t", na_values="n/a")
    events(run, stimulus_id=[f"story {i}" for i in range(len(table))])
    held = read_run(run, ROIS, SCANS).trials
    shown = held[~held["control"]]
    assert shown["stimulus_id"].tolist() == [f"story {i}" for i in shown.index]


def test_confounds_of_another_run_or_with_nan_are_named(tmp_path: Path) -> None:
    run = write_scans(tmp_path, scans=60, confounds=fmriprep_confounds(58))
    with pytest.raises(DataError, match="has 58 rows for 60 scans"):
        read_run(run, ROIS, SCANS)
    table = fmriprep_confounds(60)
    table.loc[20, "rot_x"] = np.nan
    table.to_csv(run.confounds, sep="\t", index=False, na_rep="n/a")
    with pytest.raises(DataError, match=r"confounds_timeseries\.tsv holds NaN in rot_x"):
        read_run(run, ROIS, SCANS)


def test_a_run_of_which_little_is_left_is_refused(tmp_path: Path) -> None:
    table = fmriprep_confounds(60)
    for i in range(50):
        table[f"motion_outlier{i:02d}"] = (np.arange(60) == i).astype(float)
    table["framewise_displacement"] = np.where(np.arange(60) < 50, 3.0, 0.0)
    run = write_scans(tmp_path, scans=60, confounds=table)
    with pytest.raises(DataError, match=r"scans are to be left out .*scrub"):
        read_run(run, ROIS, SCANS, ReadOptions("motion:basic+scrub:0"))


def test_surface_series_come_left_first_with_coordinates(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    volume = write_scans(tmp_path, scans=12, trials=spaced_trials(1, controls=False))
    sides, paths = [], []
    for side in "LR":
        values = rng.normal(1000, 10, (12, 10242)).astype(np.float32)
        arrays = [
            nibabel.gifti.GiftiDataArray(
                row, intent="NIFTI_INTENT_TIME_SERIES", datatype="NIFTI_TYPE_FLOAT32",
                meta={"TimeStep": "2000.0"},
            )
            for row in values
        ]  # fmt: skip
        path = (
            tmp_path / f"sub-01_task-Transitive_run-01_hemi-{side}_space-fsaverage5_bold.func.gii"
        )
        nibabel.GiftiImage(darrays=arrays).to_filename(path)
        sides.append(values)
        paths.append(path)
    run = replace(volume, bold=tuple(paths), mask=None, space="fsaverage5")
    held = read_run(
        run, {"frontal": SphereRoi(((-44.0, 12.0, 35.0), (39.0, 10.0, 40.0)), 12)}, SCANS
    )
    assert held.tr == 2.0
    right = held.voxels >= 10242
    assert 0 < right.sum() < len(right)
    np.testing.assert_array_equal(held.series, np.hstack(sides)[:, held.voxels])
    assert (held.coordinates[~right, 0] < 0).all()
    assert (held.coordinates[right, 0] > 0).all()
    short = nibabel.GiftiImage(darrays=arrays[:10])
    short.to_filename(paths[1])
    with pytest.raises(DataError, match=r"hemispheres have \(12, 10242\) and \(10, 10242\)"):
        read_run(run, ROIS, SCANS)
    paths[1].write_text(paths[1].read_text()[:5000])
    with pytest.raises(DataError, match=r"hemi-R.* is cut short or damaged"):
        read_run(run, ROIS, SCANS)
