"""GLMsingle's three steps: each finds what was planted, and nothing is chosen on the run itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from brainbench.imaging.betas import BetaOptions, estimate_trials
from brainbench.imaging.betas import estimate as module
from brainbench.imaging.betas.library import hrf_model
from brainbench.imaging.betas.simulated import (
    SimulatedPerson,
    Simulation,
    simulate_person,
    spaced_trials,
)

pytest.importorskip("nilearn", reason="makes the designs; install the imaging extra")
Array = np.ndarray[Any, Any]
FEW = (hrf_model("glover", 0.7), hrf_model("glover", 1.0), hrf_model("glover", 1.6))
SINGLE = BetaOptions("glmsingle")


@pytest.fixture(autouse=True)
def _few_hrfs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "hrf_library", lambda: FEW)


def person(seed: int = 0, runs: int = 3, count: int = 12, **changes: Any) -> SimulatedPerson:
    rng = np.random.default_rng(seed)
    tables = [spaced_trials(rng, count, 6) for _ in range(runs)]
    for table in tables:
        # one kind of trial in all runs
        table["trial_type"] = np.where(table["control"], "control", "problem")
    return simulate_person(tables, Simulation(**{"voxels": 60, **changes}), rng)


def recovery(made: SimulatedPerson, found: list[Any]) -> float:
    values = []
    for one, truth in zip(found, made.truth, strict=True):
        a, b = (held[:, ~made.silent] for held in (one.betas, truth))
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        values.append((a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0)))
    return float(np.mean(values))


def test_the_hrf_that_was_planted_is_found() -> None:
    made = person(hrf=FEW[2], noise=0.3)
    found = estimate_trials(made.runs, SINGLE)
    for one in found:
        assert one.choices is not None
        # the default, then the library
        assert (one.choices.hrf[~made.silent] == 3).all()
    assert recovery(made, found) > recovery(made, estimate_trials(made.runs, BetaOptions("lsa")))


def test_noise_that_voxels_share_is_taken_out() -> None:
    made = person(noise=1.5, shared=0.9, spread=0.5, mean=2.0, silent=0.6, voxels=80)
    found = estimate_trials(made.runs, SINGLE)
    counts = [one.choices.components for one in found if one.choices is not None]
    assert min(counts) >= 2
    for one in found:
        assert one.choices is not None
        assert one.choices.pool[made.silent].mean() > one.choices.pool[~made.silent].mean() + 0.3
    assert (
        recovery(made, found) > recovery(made, estimate_trials(made.runs, BetaOptions("lsa"))) + 0.1
    )


def test_without_shared_noise_there_are_few_components_and_little_harm() -> None:
    made = person(noise=0.6, shared=0.0, confounded=0.0, mean=2.0)
    plain = estimate_trials(made.runs, BetaOptions("lsa", noise_model="ols"))
    found = estimate_trials(made.runs, SINGLE)
    assert recovery(made, found) > recovery(made, plain) - 0.05


def test_a_run_has_no_part_in_how_it_is_estimated() -> None:
    """Whatever the run holds, its choices stay those of the other runs."""
    made = person()
    first = replace(made.runs[0], series=np.roll(made.runs[0].series, 7, axis=1)[::-1].copy())
    before = estimate_trials(made.runs, SINGLE)[0].choices
    after = estimate_trials([first, *made.runs[1:]], SINGLE)[0].choices
    assert before is not None
    assert after is not None
    assert before.runs == after.runs == ("run-02", "run-03")
    for name in ("hrf", "pool", "components", "fraction"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


def test_two_runs_give_each_other_hrfs_and_one_run_has_the_default() -> None:
    made = person(runs=2, hrf=FEW[2], noise=0.3)
    for one in estimate_trials(made.runs, SINGLE):
        assert one.choices is not None
        assert (one.choices.hrf[~made.silent] == 3).all()
        assert one.choices.components == 0
        assert (one.choices.fraction == 1).all()
    (alone,) = estimate_trials(made.runs[:1], SINGLE)
    (expected,) = estimate_trials(made.runs[:1], BetaOptions("lsa", noise_model="ols"))
    np.testing.assert_allclose(alone.betas, expected.betas, atol=1e-8)


def test_stimuli_that_come_again_predict_each_other() -> None:
    rng = np.random.default_rng(4)
    tables = [spaced_trials(rng, 12, 6) for _ in range(3)]
    planted = rng.normal(1, 0.6, (12, 60))
    made = simulate_person(tables, Simulation(voxels=60, noise=1.5, shared=0.2), rng, [planted] * 3)
    found = estimate_trials(made.runs, SINGLE)
    # ridge helps where responses can be predicted
    fractions = np.concatenate([o.choices.fraction[~made.silent] for o in found if o.choices])
    assert (fractions < 1).mean() > 0.5
    assert recovery(made, found) > recovery(made, estimate_trials(made.runs, BetaOptions("lsa")))


def noise_score(betas: list[Array], features: list[Array]) -> float:
    """Mean r of held-out runs: responses predicted from features by least squares on the others."""
    scores = []
    for i, (own, shown) in enumerate(zip(betas, features, strict=True)):
        x = np.concatenate([f - f.mean(0) for k, f in enumerate(features) if k != i])
        y = np.concatenate([b - b.mean(0) for k, b in enumerate(betas) if k != i])
        predicted = (shown - shown.mean(0)) @ (np.linalg.pinv(x) @ y)
        actual = own - own.mean(0)
        scores.append(
            (predicted * actual).sum(0) / np.sqrt((predicted**2).sum(0) * (actual**2).sum(0))
        )
    return float(np.mean(scores))


def test_noise_does_not_score_above_chance_for_choices_made_on_other_runs() -> None:
    """Choices of each run come from runs that are scored too: nothing of it reaches a score."""
    rng = np.random.default_rng(11)
    scores = []
    for seed in range(3):
        made = person(seed, mean=0.0, spread=0.0, silent=0.0, voxels=60, runs=3, count=8)
        found = estimate_trials(made.runs, SINGLE)
        features = [rng.normal(size=(8, 2)) for _ in found]
        scores.append(noise_score([one.betas for one in found], features))
    error = np.std(scores, ddof=1) / np.sqrt(len(scores))
    assert abs(np.mean(scores)) < 3 * error + 0.01
