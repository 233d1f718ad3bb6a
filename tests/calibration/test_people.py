"""Simulated people are at the design of the measured ones."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from brainbench.benchmarks.cell import POOLED
from brainbench.benchmarks.controlled.nuisance import nuisance_columns
from brainbench.calibration.people import (
    PEOPLE,
    SHARED_SHARE,
    SPECTRUM,
    VOXELS,
    Design,
    Experiment,
    make_design,
    make_experiment,
    respond,
    shared_course,
)


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return make_experiment(0)


@pytest.fixture(scope="module")
def design(experiment: Experiment) -> Design:
    return make_design(experiment, "syllogistic")


def test_items_and_runs_are_those_of_xiao2026(experiment: Experiment) -> None:
    whole = make_design(experiment, POOLED)
    assert Counter(whole.runs) == {
        "syllogistic-01": 18,
        "syllogistic-02": 18,
        "transitive-01": 16,
        "transitive-02": 18,
    }
    assert len(whole.folds) == 4
    assert len(experiment.activations.values["attention"]) == 70
    assert whole.layers.shape == (20, 70, 70)


def test_columns_are_all_of_the_protocol(design: Design) -> None:
    """Two slow waves, words and characters, three of condition, two of time, accuracy."""
    columns = nuisance_columns(design.cell)
    assert columns.shape == (PEOPLE, 36, 10)
    assert columns.any(axis=1).all()
    assert len(design.bands[0].nuisance) == PEOPLE


def test_behaviour_is_like_that_of_people(experiment: Experiment) -> None:
    behavior = experiment.recording.behavior
    assert behavior is not None
    seconds, right = behavior["response_time"].values, behavior["accuracy"].values
    types = np.array([problem.reasoning_type for problem in experiment.recording.problems])
    assert 1.0 < np.nanmean(seconds[types == "syllogistic"]) < 2.0
    assert 2.0 < np.nanmean(seconds[types == "transitive"]) < 3.5
    assert 0.8 < np.nanmean(right) < 0.95
    assert set(np.unique(right[~np.isnan(right)])) == {0.0, 1.0}
    np.testing.assert_array_equal(np.isnan(seconds), np.isnan(right))
    assert 0.0 < np.isnan(right).mean() < 0.05


def test_same_seed_same_people() -> None:
    one, same, other = (make_experiment(seed).recording.behavior for seed in (1, 1, 2))
    assert one is not None
    assert same is not None
    assert one.equals(same)
    assert not one.equals(other)


def test_a_factor_has_its_share_of_every_voxel() -> None:
    rng = np.random.default_rng(0)
    factor, course = rng.standard_normal((40, 1)), np.zeros((40, 2))
    course[0, 0] = 1.0
    voxels = respond(factor, 0.3, course, rng)
    spread = np.sqrt(np.arange(1, VOXELS + 1) ** -SPECTRUM)
    np.testing.assert_allclose(
        (voxels / spread).var(axis=1).mean(axis=0), np.ones(VOXELS), rtol=0.6
    )
    assert (voxels / spread).var() == pytest.approx(1.0, rel=0.02)
    own = (factor - factor.mean()) / np.linalg.norm(factor - factor.mean())
    explained = ((own.T @ voxels) ** 2).sum() / (voxels**2).sum()
    # chance adds one of the 39 dimensions that the rest of the variance has
    assert explained == pytest.approx(0.3 + 0.7 / 39, abs=0.03)


def test_people_share_their_course_and_nothing_else() -> None:
    rng = np.random.default_rng(1)
    course = shared_course(40, rng)
    voxels = respond(None, 0.0, course, rng)
    basis, _ = np.linalg.qr(course - course.mean(axis=0))
    inside = ((basis.T @ voxels) ** 2).sum() / (voxels**2).sum()
    assert inside == pytest.approx(SHARED_SHARE + (1.0 - SHARED_SHARE) * 2 / 39, abs=0.02)
    flat = voxels.reshape(PEOPLE, -1)
    assert np.abs(np.corrcoef(flat) - np.eye(PEOPLE)).max() < 0.1


def test_one_course_is_the_same_for_everybody() -> None:
    rng = np.random.default_rng(2)
    factor = rng.standard_normal((40, 30))
    voxels = respond(factor, 0.9, shared_course(40, rng), rng, one_course=True)
    grams = np.sum(voxels @ np.swapaxes(voxels, 1, 2), axis=0)
    values = np.linalg.eigvalsh(grams)
    assert values[-1] / values.sum() > 0.85
