"""Which files belong to a run, and what is wrong where they do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainbench.datasets.cards import Card, Scans, load_card
from brainbench.errors import DataError
from brainbench.imaging import RunResponses, ScannerRun, find_runs

pytest.importorskip("nilearn", reason="reads BIDS names; install the imaging extra")
SPACE = "MNI152NLin2009cAsym"
RUNS = {"transitive-01": "task-Transitive_run-01", "transitive-02": "task-Transitive_run-02"}


def card(**changes: object) -> Card:
    return load_card("ds003076").model_copy(
        update={
            "subjects": ("sub-01", "sub-02"),
            "runs": tuple(RUNS),
            "missing_runs": {},
            "scans": Scans(runs=RUNS),
            **changes,
        }
    )


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


def derivatives(root: Path, subject: str, part: str, session: str = "ses-T1") -> Path:
    folder = root / "fmriprep" / subject / session / "func"
    begin = f"{subject}_{session}_{part}"
    touch(
        folder,
        f"{begin}_desc-confounds_timeseries.json",
        f"{begin}_desc-confounds_timeseries.tsv",
        f"{begin}_hemi-L_space-fsaverage5_bold.func.gii",
        f"{begin}_hemi-R_space-fsaverage5_bold.func.gii",
        f"{begin}_space-{SPACE}_res-2_desc-brain_mask.nii.gz",
        f"{begin}_space-{SPACE}_res-2_desc-preproc_bold.nii.gz",
    )
    touch(root / "bids" / subject / session / "func", f"{begin}_events.tsv")
    touch(root / "bids", "task-Transitive_bold.json", "task-Syllogisms_bold.json")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for subject in ("sub-01", "sub-02"):
        for part in (*RUNS.values(), "task-Syllogisms_run-01"):
            derivatives(tmp_path, subject, part)
    return tmp_path


def found(root: Path, space: str = SPACE, **options: object) -> list[ScannerRun]:
    chosen = options.pop("card", card())
    return find_runs(root / "fmriprep", root / "bids", chosen, space, **options)  # type: ignore[arg-type]


def test_runs_come_person_by_person_in_the_order_of_the_card(root: Path) -> None:
    runs = found(root)
    assert [run.label for run in runs] == [
        f"sub-0{i} transitive-0{k}" for i in (1, 2) for k in (1, 2)
    ]
    one = runs[1]
    begin = "sub-01_ses-T1_task-Transitive_run-02_"
    assert one.session == "ses-T1"
    assert [path.name for path in one.bold] == [
        f"{begin}space-{SPACE}_res-2_desc-preproc_bold.nii.gz"
    ]
    assert one.confounds.name == f"{begin}desc-confounds_timeseries.tsv"
    assert one.events == root / "bids/sub-01/ses-T1/func" / f"{begin}events.tsv"
    assert one.mask is not None
    assert one.mask.name.endswith("brain_mask.nii.gz")
    assert [path.name for path in one.sidecars] == ["task-Transitive_bold.json"]


def test_a_surface_run_has_both_hemispheres_left_first(root: Path) -> None:
    one = found(root, "fsaverage5", subjects=["sub-02"], runs=["transitive-01"])[0]
    assert ["hemi-L" in path.name for path in one.bold] == [True, False]
    assert one.mask is None
    one.bold[1].unlink()
    with pytest.raises(DataError, match="sub-02 transitive-01: no image of hemisphere R"):
        found(root, "fsaverage5", subjects=["sub-02"])


def test_run_numbers_match_with_and_without_zeros(root: Path) -> None:
    scans = Scans(
        runs={"transitive-01": "task-Transitive_run-1", "transitive-02": RUNS["transitive-02"]}
    )
    assert len(found(root, card=card(scans=scans))) == 4


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("fmriprep/sub-01/ses-T1/func/*run-02*preproc*", "no images in MNI.*sub-01 transitive-02"),
        ("fmriprep/sub-01/ses-T1/func/*run-02*confounds*.tsv", "sub-01 transitive-02: no table of"),
        ("bids/sub-02/ses-T1/func/*Transitive_run-01_events.tsv", "sub-02 transitive-01: images, "),
    ],
)
def test_what_lacks_is_named(root: Path, missing: str, message: str) -> None:
    for path in root.glob(missing):
        path.unlink()
    with pytest.raises(DataError, match=message):
        found(root)


def test_a_run_that_the_card_knows_to_be_missing_is_left_out(root: Path) -> None:
    for path in root.glob("*/sub-01/ses-T1/func/*Transitive_run-02*"):
        path.unlink()
    known = card(missing_runs={"sub-01": ("transitive-02",)})
    assert [run.label for run in found(root, card=known)][:2] == [
        "sub-01 transitive-01", "sub-02 transitive-01",
    ]  # fmt: skip
    assert len(found(root, allow_missing=True)) == 3


def test_another_space_is_told_with_those_there_are(root: Path) -> None:
    with pytest.raises(DataError, match="no image in T1w; it has MNI152NLin2009cAsym, fsaverage5"):
        found(root, "T1w")


def test_two_sessions_of_one_run_are_not_guessed_between(root: Path) -> None:
    derivatives(root, "sub-01", RUNS["transitive-01"], "ses-T2")
    with pytest.raises(DataError, match=r"more than one image fits.*name the session"):
        found(root)
    runs = found(root, session="T2", allow_missing=True)
    assert [(run.label, run.session) for run in runs] == [("sub-01 transitive-01", "ses-T2")]


def test_folders_that_are_none_are_named(root: Path) -> None:
    with pytest.raises(DataError, match="no fMRIPrep folder"):
        find_runs(root / "other", root / "bids", card())
    with pytest.raises(DataError, match="no BIDS folder"):
        find_runs(root / "fmriprep", root / "other", card())
    (root / "empty").mkdir()
    with pytest.raises(DataError, match="not an fMRIPrep folder"):
        find_runs(root / "empty", root / "bids", card())
    with pytest.raises(DataError, match="no folder sub-09; it has sub-01, sub-02"):
        found(root, subjects=["sub-09"])
    with pytest.raises(DataError, match="holds nobody of ds003076"):
        found(root, card=card(subjects=("sub-07",)))


def test_content_that_was_not_fetched_is_named(root: Path) -> None:
    (image,) = root.glob("fmriprep/sub-01/ses-T1/func/*Transitive_run-01*preproc_bold.nii.gz")
    image.unlink()
    image.symlink_to("../../.git/annex/objects/nowhere")
    with pytest.raises(DataError, match="datalad get sub-01_ses-T1_task-Transitive_run-01"):
        found(root)


def test_a_run_that_is_no_bids_name_is_refused(root: Path) -> None:
    with pytest.raises(DataError, match=r"run transitive-01: 'transitive' is not.*scans\.runs"):
        found(root, card=card(scans=Scans(runs={"transitive-01": "transitive"})))


def responses() -> RunResponses:
    rng = np.random.default_rng(3)
    run = ScannerRun(
        "sub-01", None, "transitive-01", (Path("a.nii.gz"),), Path("c.tsv"), Path("e.tsv"),
        None, SPACE,
    )  # fmt: skip
    series = rng.normal(100, 1, (20, 5)).astype(np.float32)
    trials = pd.DataFrame(
        {
            "onset": [0.0, 12.676], "duration": [12.676, 4.512], "trial_type": ["a", "control"],
            "control": [False, True], "stimulus_id": ["transitive-01-00", ""],
            "position": [0, -1], "response_time": [3.1, np.nan],
        }
    )  # fmt: skip
    return RunResponses(
        run, 2.0, 1.0, series, np.array([True] * 4 + [False]),
        pd.DataFrame({"rot_x": rng.normal(size=20)}), np.arange(20) > 0, trials,
        {"md": np.array([0, 2]), "language": np.array([1, 2, 3])}, np.arange(5) * 7,
        rng.normal(size=(5, 3)), rng.random(20),
    )  # fmt: skip


def test_kept_responses_come_back_as_they_were() -> None:
    one = responses()
    back = RunResponses.from_bytes(one.to_bytes())
    assert back.run == one.run
    assert (back.tr, back.start) == (one.tr, one.start)
    for name in ("series", "inside", "kept", "voxels", "coordinates", "motion"):
        np.testing.assert_array_equal(getattr(back, name), getattr(one, name))
    pd.testing.assert_frame_equal(back.confounds, one.confounds)
    pd.testing.assert_frame_equal(back.trials, one.trials)
    assert list(back.rois) == ["md", "language"]
    np.testing.assert_array_equal(back.rois["language"], [1, 2, 3])


def test_kept_responses_that_were_cut_short_are_refused() -> None:
    content = responses().to_bytes()
    for broken in (content[: len(content) // 2], b"", b"not one of ours"):
        with pytest.raises(DataError, match="computed again"):
            RunResponses.from_bytes(broken)


def test_tsnr_is_of_the_kept_scans_and_nothing_outside() -> None:
    one = responses()
    kept = one.series[1:].astype(float)
    np.testing.assert_allclose(one.tsnr[:4], (kept.mean(axis=0) / kept.std(axis=0))[:4])
    assert np.isnan(one.tsnr[4])
    np.testing.assert_allclose(one.frame_times[:2], [1.0, 3.0])
