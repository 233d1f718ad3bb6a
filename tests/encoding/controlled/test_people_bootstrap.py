"""Errors at every pair of penalties: against the other way, and intervals over new people."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.encoding.controlled.banded_ridge import Bands, make_bands, unique_variance
from brainbench.encoding.controlled.folds import held_out_folds
from brainbench.encoding.controlled.people_bootstrap import (
    PenaltyTable,
    as_interval,
    penalty_table,
    people_bounds,
)
from brainbench.encoding.kernels import Array

RUNS = np.repeat(["a", "b"], 12)
FOLDS = held_out_folds(RUNS)
RNG = np.random.default_rng(0)
NUISANCE, OWN = RNG.standard_normal((2, 24, 2))


def bands(people: int | None = None) -> list[Bands]:
    model = [fold.normalise((OWN @ OWN.T)[None])[0] for fold in FOLDS]
    if people is None:
        return make_bands(NUISANCE @ NUISANCE.T, NUISANCE, model, FOLDS)
    columns = np.random.default_rng(1).standard_normal((people, 24, 2)) + NUISANCE
    return make_bands(columns @ np.swapaxes(columns, 1, 2), columns, model, FOLDS)


def grams(seed: int, share: float, people: int = 6) -> Array:
    rng = np.random.default_rng(seed)
    signal = OWN @ rng.standard_normal((people, 2, 30))
    noise = rng.standard_normal((people, 24, 30))
    blocks = np.sqrt(share) * signal / np.sqrt(2) + np.sqrt(1 - share) * noise
    return blocks @ np.swapaxes(blocks, 1, 2)


@pytest.mark.parametrize("people", [None, 6])
def test_equal_weights_choose_and_score_as_the_whole_does(people: int | None) -> None:
    made, sets = bands(people), [grams(seed, share) for seed, share in ((2, 0.0), (3, 0.5))]
    found = penalty_table(made, sets).unique(np.full((1, 6), 1 / 6))[:, 0]
    whole = [one.banded.mean() for one in unique_variance(made, sets)]
    np.testing.assert_allclose(found, whole, atol=1e-12)
    assert abs(whole[1]) > 0.01


def test_weights_are_people_left_out_or_counted_twice() -> None:
    gram = grams(4, 0.5)
    table = penalty_table(bands(), [gram])
    weights = np.array([[0.0, 0.2, 0.2, 0.2, 0.2, 0.2], [2 / 6, 0.0, 1 / 6, 1 / 6, 1 / 6, 1 / 6]])
    found = table.unique(weights)[0]
    without = unique_variance(bands(), [gram[1:]])[0].banded.mean()
    twice = unique_variance(bands(), [gram[[0, 0, 2, 3, 4, 5]]])[0].banded.mean()
    np.testing.assert_allclose(found, [without, twice], atol=1e-12)


def test_where_nothing_is_chosen_the_bounds_are_those_of_a_mean() -> None:
    """One penalty of each kind: unique R² of people are then as independent as they are."""
    alphas, betas = np.array([10.0]), np.array([np.inf, 10.0])
    gram = grams(5, 0.6, people=12)
    own = unique_variance(bands(), [gram], None, alphas, betas)[0].banded[:, 0]
    table = penalty_table(bands(), [gram], alphas, betas)
    found = people_bounds(table, np.random.default_rng(6), draws=4000)[0]
    expected = stats.bootstrap(
        (own,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(7)
    ).confidence_interval
    np.testing.assert_allclose(found, expected, atol=0.05 * np.ptp(expected))


def test_intervals_hold_the_mean_of_new_people() -> None:
    """Same items, other people and noise; the truth is the mean of all the other data sets."""
    sets = [grams(100 + seed, 0.15, people=10) for seed in range(80)]
    table = penalty_table(bands(), sets)
    mean = table.unique(np.full((1, 10), 0.1))[:, 0]
    bounds = people_bounds(table, np.random.default_rng(7))
    truth = np.array([np.delete(mean, number).mean() for number in range(80)])
    covered = int(((bounds[:, 0] <= truth) & (truth <= bounds[:, 1])).sum())
    assert covered >= 68, "at 92 % fewer than 68 of 80 have a probability of 2 %"


def test_same_seed_same_bounds_and_nothing_to_explain() -> None:
    table = penalty_table(bands(), [grams(8, 0.4)])
    one, other = (people_bounds(table, np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(one, other)
    silent = PenaltyTable(
        np.zeros((1, 3, 2, 1, 2)), np.zeros((1, 3, 2, 1, 2)), np.zeros((1, 3))
    )  # fmt: skip
    assert np.array_equal(silent.unique(np.full((2, 3), 1 / 3)), np.zeros((1, 2)))


@pytest.mark.parametrize("share", [0.0, 0.15])
def test_intervals_of_three_people_hold_the_mean_of_new_ones(share: float) -> None:
    """What a bootstrap of three people alone does not: it held it in 75 of 100."""
    sets = [grams(300 + seed, share, people=3) for seed in range(80)]
    table = penalty_table(bands(), sets)
    own = table.people()
    assert np.allclose(own, [one.banded[:, 0] for one in unique_variance(bands(), sets)])
    bounds = people_bounds(table, np.random.default_rng(7))
    for found, people in zip(bounds, own, strict=True):
        low, high = stats.t.interval(0.95, 2, people.mean(), stats.sem(people))
        if people.any():
            assert found[0] <= low + 1e-12
            assert found[1] >= high - 1e-12
    mean = own.mean(axis=1)
    truth = np.array([np.delete(mean, number).mean() for number in range(80)])
    covered = int(((bounds[:, 0] <= truth) & (truth <= bounds[:, 1])).sum())
    assert covered >= 64, "at 88 % fewer than 64 of 80 have a probability of 1 %"


def test_two_people_have_no_interval() -> None:
    table = penalty_table(bands(), [grams(10, 0.4, people=2)])
    bounds = people_bounds(table, np.random.default_rng(0))[0]
    assert np.isnan(bounds).all()
    assert as_interval(bounds) is None
    assert as_interval(np.array([0.0, 1.0])) == (0.0, 1.0)
