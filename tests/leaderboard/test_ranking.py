"""Ranks and their intervals against closed forms and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.leaderboard.ranking import rank_scores, widened, win_rates


def drawn_people(values: np.ndarray, draws: int, seed: int = 0) -> np.ndarray:
    """(D, M) means over people drawn with replacement; values (people, M)."""
    n = len(values)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), draws) / n
    return weights @ values


def test_without_chance_ranks_are_those_of_the_scores() -> None:
    scores = np.array([0.3, 0.1, 0.2, 0.2])
    found = rank_scores(scores, np.tile(scores, (50, 1)))
    assert found.best.tolist() == [1, 4, 2, 2]
    # equals share their ranks
    assert found.worst.tolist() == [1, 4, 3, 3]
    assert np.allclose(found.intervals, scores[:, None])


def test_one_entry_and_none() -> None:
    one = rank_scores(np.array([0.4]), np.random.default_rng(0).normal(0.4, 0.1, (100, 1)), 10)
    assert (one.best[0], one.worst[0]) == (1, 1)
    none = rank_scores(np.empty(0), np.empty((100, 0)), 10)
    assert len(none.best) == 0


@pytest.mark.parametrize("units", [10, 208])
def test_interval_of_a_score_is_students_t(units: int) -> None:
    values = np.random.default_rng(1).normal(size=(units, 1))
    found = rank_scores(values.mean(axis=0), drawn_people(values, 20_000), units)
    half = stats.t.ppf(0.975, units - 1) * stats.sem(values[:, 0])
    expected = values.mean() + np.array([-half, half])
    assert np.allclose(found.intervals[0], expected, atol=0.03 * half)


def test_widening_is_the_quantile_of_t_and_nothing_for_many() -> None:
    z = stats.norm.ppf(0.975)
    assert widened(z, 10) == pytest.approx(stats.t.ppf(0.975, 9) * np.sqrt(10 / 9))
    assert widened(z, np.inf) == z
    assert widened(z, 1) == np.inf
    assert widened(z, 1e6) == pytest.approx(z, rel=1e-4)


def test_two_entries_are_told_apart_where_a_paired_t_test_does() -> None:
    rng = np.random.default_rng(3)
    agree = 0
    for seed in range(200):
        # people differ much, models little: only the paired difference tells
        values = rng.normal(size=(10, 1)) + rng.normal(0, 0.3, (10, 2)) + np.array([0.0, 0.4])
        found = rank_scores(values.mean(axis=0), drawn_people(values, 1000, seed), 10)
        apart = bool(found.worst[1] == 1 or found.worst[0] == 1)
        agree += apart == (stats.ttest_rel(values[:, 0], values[:, 1]).pvalue < 0.05)
    assert agree >= 190


# true scores of entries, in standard deviations of one person
TRUTHS = {
    "all equal": np.zeros(6),
    "near each other": np.arange(6) * 0.3,
    "far apart": np.arange(5) * 3.0,
    "two groups": np.repeat([0.0, 1.5], 5),
}


@pytest.mark.parametrize("shared", [0.0, 0.8], ids=["independent", "shared people"])
@pytest.mark.parametrize("name", TRUTHS)
def test_intervals_hold_every_true_rank(name: str, shared: float) -> None:
    """Of equal entries every rank that they share must be in the interval."""
    truth, rng = TRUTHS[name], np.random.default_rng(5)
    best = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
    worst = len(truth) - (truth[None, :] < truth[:, None]).sum(axis=1)
    held = []
    for seed in range(300):
        people = rng.normal(size=(10, 1)) * np.sqrt(shared)
        values = truth + people + rng.normal(size=(10, len(truth))) * np.sqrt(1 - shared)
        found = rank_scores(values.mean(axis=0), drawn_people(values, 500, seed), 10)
        held.append((found.best <= best) & (found.worst >= worst))
    coverage = np.mean(held, axis=0)
    # 95 % is aimed at; with ten people and six equal entries it is 93 %
    assert coverage.min() > 0.9, coverage


def test_far_entries_are_told_apart_and_drawn_ranks_would_not_do() -> None:
    rng = np.random.default_rng(2)
    values = np.arange(5) * 3.0 + rng.normal(size=(10, 5))
    found = rank_scores(values.mean(axis=0), drawn_people(values, 500), 10)
    assert found.best.tolist() == found.worst.tolist() == [5, 4, 3, 2, 1]
    # percentiles of drawn ranks, the common way, miss a tie of six far more often than 5 in 100
    held = []
    for seed in range(200):
        equal = rng.normal(size=(10, 6))
        draws = drawn_people(equal, 500, seed)
        ranks = stats.rankdata(-draws, axis=1)
        low, high = np.percentile(ranks, [2.5, 97.5], axis=0)
        held.append((low <= 1) & (high >= 6))
    assert np.mean(held) < 0.8


def test_chunks_change_nothing() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 40))
    draws = drawn_people(values, 130)
    found = rank_scores(values.mean(axis=0), draws, 30)
    # the same, entry by entry in double precision
    gaps = draws[:, None, :] - draws[:, :, None]
    scores = values.mean(axis=0)
    centre = scores[None, :] - scores[:, None]
    spread = gaps.std(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        peaks = np.nanmax(np.abs(gaps - centre) / spread, axis=2)
    critical = widened(np.quantile(peaks, 0.95, axis=0), 30)[:, None] * spread
    assert np.abs((found.best - 1) - (centre > critical).sum(axis=1)).max() <= 1
    assert np.abs((40 - found.worst) - (-centre > critical).sum(axis=1)).max() <= 1


def test_win_rates() -> None:
    assert win_rates(np.array([3.0, 1.0, 2.0])).tolist() == [1.0, 0.0, 0.5]
    assert win_rates(np.array([1.0, 1.0])).tolist() == [0.5, 0.5]
    assert win_rates(np.array([1.0])).tolist() == [0.5]
    assert win_rates(np.array([[1.0, 2.0], [2.0, 1.0]])).tolist() == [[0.0, 1.0], [1.0, 0.0]]
