"""Voxels chosen by t, and what noise scores by it with and without the run that is scored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from brainbench.errors import DataError, UsageError
from brainbench.imaging import estimate_trials
from brainbench.imaging.betas import BetaOptions
from brainbench.imaging.betas.simulated import (
    SimulatedPerson,
    Simulation,
    simulate_person,
    spaced_trials,
)
from brainbench.imaging.selection import contrast, select_held_out, select_on, t_values

pytest.importorskip("nilearn", reason="its GLM gives the t values; install the imaging extra")
Array = np.ndarray[Any, Any]
OLS = BetaOptions(noise_model="ols")
RUNS, TOP = 3, 30


def person(seed: int, **changes: Any) -> SimulatedPerson:
    rng = np.random.default_rng(seed)
    tables = [spaced_trials(rng, 12, 6) for _ in range(RUNS)]
    for table in tables:
        kinds = rng.permutation(["hard", "easy"] * 6)
        table.loc[~table["control"], "trial_type"] = kinds
    return simulate_person(tables, Simulation(**{"voxels": 400, **changes}), rng)


def score(betas: list[Array], kinds: list[Array], chosen: Array) -> float:
    """Mean r of held-out runs over the voxels chosen for each, predicted from the condition."""
    found = []
    for i in range(len(betas)):
        train = [k for k in range(len(betas)) if k != i]
        slope = sum((kinds[k] - kinds[k].mean()) @ betas[k] for k in train)
        predicted = np.outer(kinds[i] - kinds[i].mean(), slope)[:, chosen[i]]
        actual = (betas[i] - betas[i].mean(axis=0))[:, chosen[i]]
        r = (predicted * actual).sum(0) / np.sqrt((predicted**2).sum(0) * (actual**2).sum(0))
        found.append(r.mean())
    return float(np.mean(found))


def test_noise_scores_where_voxels_were_chosen_on_all_runs_and_only_there() -> None:
    """The published way finds the condition in pure noise; a choice without the run does not."""
    everything, held_out, kept = [], [], []
    for seed in range(4):
        made = person(seed, mean=0.0, spread=0.0, silent=0.0, shared=0.0)
        contrasts = [contrast(run, ["hard"], ["easy"], OLS) for run in made.runs]
        rois = made.runs[0].rois
        found = estimate_trials(made.runs, OLS)
        betas = [one.betas for one in found]
        kinds = [(one.trials["trial_type"] == "hard").to_numpy(float) for one in found]
        published = np.tile(select_on(contrasts, rois, TOP), (RUNS, 1))
        everything.append(score(betas, kinds, published))
        held_out.append(score(betas, kinds, select_held_out(contrasts, rois, TOP).chosen))
        apart = np.tile(select_on(contrasts[:1], rois, TOP), (RUNS, 1))
        kept.append(score(betas[1:], kinds[1:], apart[1:]))
    for honest in (held_out, kept):
        error = np.std(honest, ddof=1) / np.sqrt(len(honest))
        assert abs(np.mean(honest)) < 3 * error
        assert np.mean(honest) < 0.03
    assert np.mean(everything) > 0.1
    assert min(everything) > max(held_out)


def test_voxels_that_respond_are_chosen() -> None:
    made = person(1, silent=0.8)
    contrasts = [contrast(run, options=OLS) for run in made.runs]
    chosen = select_held_out(contrasts, made.runs[0].rois, TOP)
    assert chosen.runs == ("run-01", "run-02", "run-03")
    assert (chosen.chosen.sum(axis=1) == TOP).all()
    assert chosen.chosen[:, ~made.silent].sum() > 0.9 * TOP * RUNS
    rows = chosen.of_rows(["run-02", "run-02", "run-01"])
    np.testing.assert_array_equal(rows, chosen.chosen[[1, 1, 0]])


def test_the_choice_for_a_run_does_not_see_it() -> None:
    made = person(2)
    contrasts = [contrast(run, options=OLS) for run in made.runs]
    other = replace(contrasts[0], effect=-contrasts[0].effect)
    before = select_held_out(contrasts, made.runs[0].rois, TOP).chosen
    after = select_held_out([other, *contrasts[1:]], made.runs[0].rois, TOP).chosen
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[1] != after[1]).any()


def test_t_of_one_run_is_that_of_nilearn_and_runs_add_up() -> None:
    from nilearn.glm import compute_contrast
    from nilearn.glm.first_level import mean_scaling, run_glm

    from brainbench.imaging.betas.design import build_design

    made = person(3, voxels=20)
    run = made.runs[0]
    design = build_design(run, BetaOptions())
    matrix = np.column_stack([design.own[:, :, 0].sum(axis=1), design.nuisance])
    series, _ = mean_scaling(run.series.astype(float))
    labels, results = run_glm(series, matrix, noise_model="ar1")
    theirs = compute_contrast(labels, results, np.eye(matrix.shape[1])[0]).stat()
    one = contrast(run)
    np.testing.assert_allclose(t_values([one]), theirs, rtol=1e-10)
    np.testing.assert_allclose(t_values([one] * 4), 2 * theirs, rtol=1e-10)


def test_each_region_has_its_own_choice_and_small_ones_are_whole() -> None:
    made = person(4, voxels=60)
    contrasts = [contrast(run, options=OLS) for run in made.runs]
    rois = {"a": np.arange(40), "b": np.arange(40, 45)}
    chosen = select_on(contrasts, rois, 10)
    assert chosen[:40].sum() == 10
    assert chosen[40:45].all()
    assert not chosen[45:].any()


def test_what_cannot_be_chosen_is_told() -> None:
    made = person(5, voxels=10)
    run = made.runs[0]
    with pytest.raises(UsageError, match=r"has no trial of type odd; it has easy, hard"):
        contrast(run, ["odd"])
    one = contrast(run, options=OLS)
    with pytest.raises(DataError, match="need two runs"):
        select_held_out([one], run.rois, 3)
    with pytest.raises(UsageError, match="top 0 voxels"):
        select_on([one], run.rois, 0)
    gone = replace(one, effect=np.full(10, np.nan))
    with pytest.raises(DataError, match="ROI roi has no voxel that can be used"):
        select_on([gone], run.rois, 3)
