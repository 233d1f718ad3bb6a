"""From the images of a run to one response a trial: equal to nilearn, true to what was planted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_scans import AFFINE, SHAPE, spaced_trials, write_scans

from brainbench.datasets.cards import Scans
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.imaging import SphereRoi, estimate_trials, read_run
from brainbench.imaging.betas import BetaOptions
from brainbench.imaging.betas import simulated as sim
from brainbench.imaging.betas.simulated import SimulatedPerson, Simulation, simulate_person

pytest.importorskip("nilearn", reason="its GLM is the reference; install the imaging extra")
Array = np.ndarray[Any, Any]
SCANS = Scans(control=("control",))
CENTRE = tuple(map(float, AFFINE[:3, :3] @ (3, 4, 3) + AFFINE[:3, 3]))


@pytest.mark.parametrize("noise_model", ["ols", "ar1"])
@pytest.mark.parametrize("method", ["lss", "lsa"])
def test_one_voxel_is_that_of_first_level_model(
    tmp_path: Path, method: Any, noise_model: Any
) -> None:
    """From files to responses, with nilearn's own reading, confounds, design and GLM."""
    import nibabel
    from nilearn.glm.first_level import FirstLevelModel
    from nilearn.interfaces.fmriprep import load_confounds

    rng = np.random.default_rng(4)
    trials = spaced_trials(5, 2)
    scans = int((trials.onset.iloc[-1] + trials.duration.iloc[-1]) / 2) + 6
    drift = np.cumsum(rng.normal(0, 3, (*SHAPE, scans)), axis=3)
    run = write_scans(tmp_path, trials=trials, scans=scans, values=1000 + drift)
    held = read_run(run, {"one": SphereRoi((CENTRE,), 1.0)}, SCANS)  # type: ignore[arg-type]
    (ours,) = estimate_trials([held], BetaOptions(method, noise_model=noise_model))
    assert ours.betas.shape == (5, 1)

    confounds, _ = load_confounds(str(run.bold[0]), strategy=("motion", "wm_csf"))
    mask = np.zeros(SHAPE, np.int16)
    mask[3, 4, 3] = 1
    # in 64 bits, for nilearn scales in the image's own
    image = nibabel.load(run.bold[0])
    image = nibabel.Nifti1Image(image.get_fdata(), image.affine)
    shown = np.flatnonzero(trials.trial_type != "control")
    theirs = []
    for i, row in enumerate(shown):
        events = trials[["onset", "duration"]].assign(trial_type="control")
        others = [f"trial{k}" if method == "lsa" else "other" for k in range(len(shown))]
        events.loc[shown, "trial_type"] = others
        events.loc[row, "trial_type"] = "this"
        model = FirstLevelModel(
            t_r=2.0, slice_time_ref=0.5, hrf_model="glover", drift_model="cosine",
            high_pass=1 / 128, noise_model=noise_model, signal_scaling=0,
            mask_img=nibabel.Nifti1Image(mask, AFFINE), minimize_memory=False,
        )  # fmt: skip
        model.fit(image, events=events, confounds=confounds)
        effect = model.compute_contrast("this", output_type="effect_size")
        theirs.append(float(np.asarray(effect.dataobj)[3, 4, 3]))
        if i == 2:
            break
    np.testing.assert_allclose(ours.betas[:3, 0], theirs, rtol=1e-6, atol=1e-6)


def correlation(found: Array, truth: Array) -> Array:
    a, b = found - found.mean(axis=0), truth - truth.mean(axis=0)
    return np.asarray((a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0)))


def recovery(person: SimulatedPerson, options: BetaOptions) -> float:
    found = estimate_trials(person.runs, options)
    answering = ~person.silent
    return float(
        np.mean(
            [
                correlation(one.betas[:, answering], truth[:, answering]).mean()
                for one, truth in zip(found, person.truth, strict=True)
            ]
        )
    )


def person(seed: int = 0, runs: int = 2, count: int = 12, **changes: Any) -> SimulatedPerson:
    rng = np.random.default_rng(seed)
    tables = [sim.spaced_trials(rng, count, count // 2) for _ in range(runs)]
    return simulate_person(tables, Simulation(**{"voxels": 40, **changes}), rng)


@pytest.mark.parametrize("method", ["lss", "lsa"])
def test_without_noise_drifts_and_motion_leave_nothing(method: Any) -> None:
    made = person(noise=0.0, drift=2.0, confounded=2.0)
    clean = person(noise=0.0, drift=0.0, confounded=0.0)
    found, expected = (estimate_trials(p.runs, BetaOptions(method)) for p in (made, clean))
    for one, other, truth in zip(found, expected, made.truth, strict=True):
        # what is left is the rounding of series in 32 bits
        np.testing.assert_allclose(one.betas, other.betas, atol=2e-3)
        if method == "lsa":
            np.testing.assert_allclose(one.betas, truth, atol=0.06)


def test_motion_that_is_not_taken_out_would_be_seen() -> None:
    made = person(noise=0.2, drift=0.0, confounded=3.0)
    blind = [replace(run, confounds=run.confounds.iloc[:, :0]) for run in made.runs]
    assert recovery(made, BetaOptions()) > 0.8
    assert recovery(replace(made, runs=blind), BetaOptions()) < 0.6


def test_separate_models_beat_one_model_at_this_spacing() -> None:
    made = person(count=18)
    apart, together = (recovery(made, BetaOptions(m)) for m in ("lss", "lsa"))
    assert apart > together + 0.05
    assert together > 0.4


def test_voxels_outside_the_brain_in_any_run_are_left_out_of_all() -> None:
    made = person()
    inside = np.ones(40, bool)
    inside[[3, 7]] = False
    rois = {"a": np.arange(10), "b": np.arange(5, 40)}
    runs = [replace(made.runs[0], rois=rois), replace(made.runs[1], inside=inside, rois=rois)]
    found = estimate_trials(runs)
    whole = estimate_trials([replace(run, rois=rois) for run in made.runs])
    for one, all_of_them in zip(found, whole, strict=True):
        assert one.voxels.tolist() == [i for i in range(40) if i not in (3, 7)]
        assert one.voxels[one.rois["a"]].tolist() == [0, 1, 2, 4, 5, 6, 8, 9]
        np.testing.assert_allclose(one.betas, all_of_them.betas[:, one.voxels], atol=1e-9)
        np.testing.assert_array_equal(one.coordinates, made.runs[0].coordinates[one.voxels])
    gone = np.ones(40, bool)
    gone[:10] = False
    with pytest.raises(DataError, match=r"sub-01: ROI a has no voxel .* all of run-01, run-02"):
        estimate_trials([runs[0], replace(runs[1], inside=gone)])


def test_rows_are_the_trials_with_a_stimulus() -> None:
    made = person()
    (one, _) = estimate_trials(made.runs)
    shown = made.runs[0].trials[~made.runs[0].trials["control"]]
    assert one.trials["stimulus_id"].tolist() == shown["stimulus_id"].tolist()
    assert one.trials["phase"].unique().tolist() == ["trial"]
    np.testing.assert_allclose(one.trials["length"], shown["duration"])
    assert one.choices is None


def test_phases_have_responses_of_their_own() -> None:
    rng = np.random.default_rng(3)
    table = sim.spaced_trials(rng, 10, 5)
    made = simulate_person([table], Simulation(voxels=30, silent=0, noise=0.0, drift=0,
                                               confounded=0), rng)  # fmt: skip
    options = BetaOptions("lsa", phases=True, end="response")
    phases = {"premises": 0.0, "conclusion": 6.0}
    (one,) = estimate_trials(made.runs, options, phases)
    assert one.betas.shape == (20, 30)
    assert one.trials["phase"].tolist() == ["premises"] * 10 + ["conclusion"] * 10
    conclusion = one.trials[one.trials["phase"] == "conclusion"]
    np.testing.assert_allclose(conclusion["begin"], conclusion["onset"] + 6)
    np.testing.assert_allclose(conclusion["length"], conclusion["response_time"])
    np.testing.assert_allclose(one.trials["length"][:10], 6)
    # with separate models too, the other phase has a regressor
    (apart,) = estimate_trials(made.runs, replace(options, method="lss"), phases)
    assert apart.betas.shape == (20, 30)
    with pytest.raises(DataError, match="the card does not say when they begin"):
        estimate_trials(made.runs, options)
    with pytest.raises(DataError, match="late begins 16 s after the onset"):
        estimate_trials(made.runs, options, {"early": 0.0, "late": 16.0})


def test_each_phase_is_found_where_it_was_planted() -> None:
    from brainbench.imaging.betas.design import build_design

    rng = np.random.default_rng(12)
    phases = {"premises": 0.0, "conclusion": 6.0}
    options = BetaOptions("lsa", phases=True, noise_model="ols")
    (empty,) = person(runs=1).runs
    design = build_design(empty, options, phases)
    planted = rng.normal(0, 1, (24, 40))
    series = 1000 + 10 * design.own[:, :, 0] @ planted
    run = replace(empty, series=series.astype(np.float32))
    (one,) = estimate_trials([run], options, phases)
    # per cent of the mean, which the responses themselves raise
    scale = 1000 / series.mean(axis=0)
    np.testing.assert_allclose(one.betas, planted * scale, atol=1e-3)


def test_a_trial_that_was_left_out_is_named() -> None:
    made = person(runs=1)
    run = made.runs[0]
    shown = run.trials[~run.trials["control"]]
    begin = shown["onset"].iloc[4]
    times = run.frame_times
    kept = (times < begin) | (times > begin + 40)
    with pytest.raises(DataError, match=r"sub-01 run-01: .* response to 04"):
        estimate_trials([replace(run, kept=kept)])


def test_runs_that_do_not_belong_together_are_refused() -> None:
    made = person()
    other = replace(made.runs[1].run, subject="sub-02")
    with pytest.raises(DataError, match="sub-02 run-02 is not of sub-01"):
        estimate_trials([made.runs[0], replace(made.runs[1], run=other)])
    with pytest.raises(DataError, match="have other voxels"):
        estimate_trials([made.runs[0], replace(made.runs[1], voxels=np.arange(1, 41))])
    with pytest.raises(DataError, match="no run of the person is left"):
        estimate_trials([])


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"method": "lls"}, UnknownNameError, "did you mean 'lss'"),
        ({"hrf": "glovers"}, UnknownNameError, "did you mean 'glover'"),
        ({"noise_model": "ar2"}, UnknownNameError, "noise model"),
        ({"end": "never"}, UnknownNameError, "end of a trial"),
        ({"high_pass": 0.0}, UsageError, "high_pass is 0 Hz"),
        ({"high_pass": 0.5}, UsageError, r"high_pass is 0\.5 Hz"),
    ],
)
def test_options_that_are_none_are_told(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        BetaOptions(**changes)


def test_trials_are_in_per_cent_of_the_mean() -> None:
    made = person(noise=0.0, drift=0.0, confounded=0.0, silent=0.0)
    louder = [replace(run, series=run.series * 7) for run in made.runs]
    for one, other in zip(estimate_trials(made.runs), estimate_trials(louder), strict=True):
        np.testing.assert_allclose(one.betas, other.betas, atol=1e-4)
    assert isinstance(one.trials, pd.DataFrame)


def test_known_responses_come_back_at_the_onsets_of_ds002886(mirror: Path) -> None:
    """The trials of a child, as they were shown; simulated responses."""
    from brainbench.datasets import load_card
    from brainbench.imaging import ScannerRun
    from brainbench.imaging.trials import read_trials

    card = load_card("ds002886")
    assert card.scans is not None
    tables = []
    for name in ("transitive-01", "syllogistic-02"):
        part = card.scans.runs[name]
        (events,) = mirror.glob(f"ds002886/sub-002/**/*_{part}_events.tsv")
        run = ScannerRun("sub-002", "ses-T1", name, (), events, events, None, "none")
        tables.append(read_trials(run, card.scans, 400.0))
    lengths = np.concatenate([t["duration"][~t["control"]] for t in tables])
    assert 10 < lengths.min() < lengths.max() < 18
    made = simulate_person(tables, Simulation(voxels=60), np.random.default_rng(2))
    apart, together = (recovery(made, BetaOptions(m)) for m in ("lss", "lsa"))
    assert apart > 0.5
    assert together > 0.4
    assert apart > together
