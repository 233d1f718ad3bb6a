"""A simulated study: its files are those of BIDS and fMRIPrep, its truth is in its images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainbench.datasets import phantom
from brainbench.datasets.cards import parse_card
from brainbench.errors import DataError, UsageError
from brainbench.imaging import find_runs
from brainbench.imaging.reading import read_run
from brainbench.imaging.rois import parse_roi
from brainbench.imaging.simulation import (
    SimulatedRoi,
    SimulatedStudy,
    StudyDesign,
    simulate_study,
)
from brainbench.imaging.simulation.events import draw_events, neural_spans

pytest.importorskip("nilearn", reason="images need it; install the imaging extra")
import nibabel
from nilearn.glm.first_level import compute_regressor
from nilearn.interfaces.fmriprep import load_confounds

STEM = "sub-01_ses-T1_task-Transitive_run-02"
FUNC = Path("sub-01/ses-T1/func")
BOLD = f"{STEM}_space-MNI152NLin2009cAsym_res-2_desc-preproc_bold.nii.gz"
NOTHING = {"noise": 0.0, "drift": 0.0, "motion": 0.0, "physiology": 0.0, "non_steady_state": 0}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    return simulate_study(tmp_path_factory.mktemp("study"), StudyDesign(subjects=1, seed=3))


def test_files_are_named_as_those_of_ds002886(study: SimulatedStudy) -> None:
    held = {path.relative_to(study.fmriprep).as_posix() for path in study.fmriprep.rglob("*.*")}
    for ending in (
        "desc-confounds_timeseries.json",
        "desc-confounds_timeseries.tsv",
        "space-MNI152NLin2009cAsym_res-2_desc-brain_mask.nii.gz",
        "space-MNI152NLin2009cAsym_res-2_desc-preproc_bold.nii.gz",
    ):
        assert (FUNC / f"{STEM}_{ending}").as_posix() in held
    assert (study.bids / FUNC / f"{STEM}_events.tsv").is_file()
    assert sum(name.endswith("bold.nii.gz") for name in held) == 4
    card = parse_card(study.card_path.read_text("utf-8"), "card.yaml")
    assert card == study.card
    assert (card.simulated, card.items, card.subjects) == (True, 72, ("sub-01",))


def test_its_runs_are_found(study: SimulatedStudy) -> None:
    found = find_runs(study.fmriprep, study.bids, study.card)
    assert [(one.subject, one.session, one.name) for one in found] == [
        ("sub-01", "ses-T1", run) for run in study.card.runs
    ]
    assert all(one.mask is not None and len(one.sidecars) == 2 for one in found)


def test_images_have_the_time_between_scans_and_lie_in_mni_space(study: SimulatedStudy) -> None:
    image = nibabel.load(study.fmriprep / FUNC / BOLD)
    assert image.shape[:3] == (12, 12, 10)
    np.testing.assert_allclose(image.header.get_zooms(), [4, 4, 4, 2])
    assert image.header["sform_code"] == 4
    events = pd.read_csv(study.bids / FUNC / f"{STEM}_events.tsv", sep="\t")
    last = (events["onset"] + events["duration"]).max()
    assert 8.0 < 2.0 * image.shape[3] - last < 13.0
    mask = nibabel.load(study.fmriprep / FUNC / BOLD.replace("preproc_bold", "brain_mask"))
    np.testing.assert_array_equal(mask.affine, image.affine)
    for path in study.rois.values():
        roi = nibabel.load(path).get_fdata() > 0
        assert roi.sum() == 80
        assert (mask.get_fdata()[roi] > 0).all()


def test_noise_is_as_much_as_in_people(study: SimulatedStudy) -> None:
    series = nibabel.load(study.fmriprep / FUNC / BOLD).get_fdata()[1:-1, 1:-1, 1:-1, 3:]
    tsnr = series.mean(axis=-1) / series.std(axis=-1)
    assert 25 < np.median(tsnr) < 90
    steps = np.diff(series, axis=-1)
    # noise of a scan goes on into the next, and into the next voxel
    assert np.median(series.var(axis=-1) * 2 / steps.var(axis=-1)) > 1.5
    beside = [np.corrcoef(steps[x, 4, 4], steps[x + 1, 4, 4])[0, 1] for x in range(6)]
    assert np.mean(beside) > 0.3


def test_nilearn_reads_every_kind_of_confound(study: SimulatedStudy) -> None:
    for strategy, least in (
        (("motion", "high_pass", "wm_csf", "global_signal"), 24 + 3 + 2 + 1),
        (("motion", "high_pass", "compcor", "scrub"), 24 + 3 + 6),
    ):
        found, kept = load_confounds(str(study.fmriprep / FUNC / BOLD), strategy)
        assert found.shape[1] >= least
        assert np.isfinite(found.to_numpy()).all()
        assert kept is not None
        # two scans before the steady state; from them on the image still changes a lot
        assert 2 <= kept.min() <= 5
        assert len(kept) > 0.7 * len(found)
    table = pd.read_csv(study.fmriprep / FUNC / f"{STEM}_desc-confounds_timeseries.tsv", sep="\t")
    assert np.isnan(table["framewise_displacement"][0])
    assert table["non_steady_state_outlier01"].sum() == 1


def test_the_planted_amplitudes_are_in_the_images(tmp_path: Path) -> None:
    design = StudyDesign(subjects=1, seed=5, **NOTHING)
    made = simulate_study(tmp_path, design)
    series = nibabel.load(made.fmriprep / FUNC / BOLD).get_fdata()
    events = pd.read_csv(made.bids / FUNC / f"{STEM}_events.tsv", sep="\t", keep_default_na=False)
    times = 2.0 * np.arange(series.shape[3])
    columns = [
        compute_regressor((np.array([o]), np.array([d]), np.ones(1)), "glover", times)[0][:, 0]
        for o, d in zip(*neural_spans(events), strict=True)
    ]
    design_matrix = np.column_stack([*columns, np.ones(len(times))])
    shown = (events["trial_type"] != "control").to_numpy()
    for roi, path in made.rois.items():
        voxels = series[nibabel.load(path).get_fdata() > 0].T
        fitted, *_ = np.linalg.lstsq(design_matrix, voxels, rcond=None)
        percent = 100.0 * fitted[:-1] / fitted[-1]
        here = made.truth.isel(
            presentation=made.truth["run"].values == "transitive-02",
            neuroid=made.truth["roi"].values == roi,
        )
        np.testing.assert_allclose(percent[shown], here["amplitude"], atol=2e-3)


def test_shares_of_the_variance_are_those_of_the_design() -> None:
    rois = {"mixed": SimulatedRoi(signal=0.5, length=0.3)}
    design = StudyDesign(seed=1, subjects=2, shared=0.5, rois=rois)
    from brainbench.imaging.simulation.amplitudes import draw_amplitudes

    rng = np.random.default_rng(0)
    items = pd.DataFrame({"words": rng.integers(8, 30, 400).astype(float)})
    features = rng.standard_normal((400, 3))
    features -= features.mean(axis=0)
    one, other = (
        draw_amplitudes(design, subject, "mixed", 200, items, features)
        for subject in ("sub-01", "sub-02")
    )
    total = one["amplitude"].var(axis=0)
    np.testing.assert_allclose(one["signal"].var(axis=0), 0.5 * design.variation**2)
    assert total.mean() == pytest.approx(design.variation**2, rel=0.1)
    alone = design.model_copy(update={"shared": 0.0})
    apart = [
        draw_amplitudes(alone, subject, "mixed", 200, items, features)["signal"]
        for subject in ("sub-01", "sub-02")
    ]

    def likeness(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([np.corrcoef(a[:, v], b[:, v])[0, 1] for v in range(200)]))

    assert likeness(one["signal"], other["signal"]) == pytest.approx(0.5, abs=0.12)
    assert likeness(*apart) == pytest.approx(0.0, abs=0.12)


def test_a_seed_decides_everything_and_people_do_not_depend_on_each_other(
    study: SimulatedStudy, tmp_path: Path
) -> None:
    again = simulate_study(tmp_path, StudyDesign(subjects=2, seed=3))
    for path in ("fmriprep" / FUNC / BOLD, "bids" / FUNC / f"{STEM}_events.tsv"):
        one, other = (study.bids.parent / path, again.bids.parent / path)
        if path.suffix == ".gz":
            np.testing.assert_array_equal(
                nibabel.load(one).get_fdata(), nibabel.load(other).get_fdata()
            )
        else:
            assert one.read_bytes() == other.read_bytes()
    own = again.truth.isel(neuroid=again.truth["subject"].values == "sub-01")
    np.testing.assert_array_equal(own["amplitude"], study.truth["amplitude"])


def test_drawn_trials_are_spaced_like_those_of_the_children(mirror: Path) -> None:
    problems = [p for p in phantom.load_problems() if p.identifier.startswith("transitive-01")]
    drawn = [
        draw_events(StudyDesign(seed=seed), problems, "sub-01", "transitive-01")
        for seed in range(40)
    ]
    real = [
        pd.read_csv(path, sep="\t") for path in sorted((mirror / "ds002886").rglob("*_events.tsv"))
    ]
    if not real:
        pytest.skip("the mirror holds no ds002886")
    for control in (True, False):
        lengths = [
            pd.concat(t.loc[(t["trial_type"] == "control") == control, "duration"] for t in tables)
            for tables in (drawn, real)
        ]
        assert lengths[0].mean() == pytest.approx(lengths[1].mean(), rel=0.05)
        assert lengths[0].std() == pytest.approx(lengths[1].std(), rel=0.35)


def test_real_onsets_are_taken_from_the_files(mirror: Path, tmp_path: Path) -> None:
    folder = mirror / "ds002886"
    if not folder.is_dir():
        pytest.skip("the mirror holds no ds002886")
    made = simulate_study(tmp_path, StudyDesign(subjects=1, **NOTHING), events=folder)
    held = pd.read_csv(made.bids / FUNC / f"{STEM}_events.tsv", sep="\t")
    first = folder / "sub-002/ses-T1/func/sub-002_ses-T1_task-Transitive_run-02_events.tsv"
    np.testing.assert_array_equal(held["onset"], pd.read_csv(first, sep="\t")["onset"])
    assert made.truth.sizes["presentation"] == 72


def test_a_study_without_sessions(tmp_path: Path) -> None:
    made = simulate_study(tmp_path, StudyDesign(subjects=1, session=None, **NOTHING))
    assert (made.bids / "sub-01/func/sub-01_task-Syllogisms_run-01_events.tsv").is_file()


@pytest.mark.parametrize(
    ("features", "named"),
    [
        (np.ones((3, 2)), "do not fit 72 items"),
        (np.full((72, 2), np.nan), "NaN"),
        (np.ones((72, 0)), "empty"),
    ],
)
def test_features_that_do_not_fit_are_refused(
    features: np.ndarray, named: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=named):
        simulate_study(tmp_path, StudyDesign(subjects=1), features)


def test_a_folder_with_too_few_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds 0 people with all of"):
        simulate_study(tmp_path / "study", StudyDesign(subjects=1), events=tmp_path)


def test_shares_beyond_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="exceed 1"):
        SimulatedRoi(signal=0.8, length=0.3)
    with pytest.raises(ValueError, match="one to four ROIs"):
        StudyDesign(rois={})


def test_the_same_series_are_on_the_surface(tmp_path: Path) -> None:
    design = StudyDesign(subjects=1, seed=3, vertices=420, spikes=0.0)
    made = simulate_study(tmp_path, design)
    runs = find_runs(made.fmriprep, made.bids, made.card, "fsaverage5")
    volumes = find_runs(made.fmriprep, made.bids, made.card)
    rois = {
        name: parse_roi(f"{name}={left},{right}:{name}")[1]
        for name, (left, right) in made.labels.items()
    }
    masks = {name: parse_roi(f"{name}={path}")[1] for name, path in made.rois.items()}
    on_surface = read_run(runs[0], rois, made.card.scans)
    in_volume = read_run(volumes[0], masks, made.card.scans)
    assert on_surface.tr == 2.0
    for name in rois:
        np.testing.assert_array_equal(
            on_surface.series[:, on_surface.rois[name]], in_volume.series[:, in_volume.rois[name]]
        )


def test_a_surface_that_is_too_small_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no 400 voxels"):
        simulate_study(tmp_path, StudyDesign(subjects=1, vertices=10, **NOTHING))
