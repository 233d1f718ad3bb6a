"""Ranks and their intervals against closed forms and simulated truth."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from brainbench.leaderboard.boards.ranking import (
    letters,
    rank_scores,
    share_intervals,
    widened,
    win_rates,
)


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
    assert coverage.min() > 0.95, coverage
    # and of a board all together
    assert np.mean(np.all(held, axis=1)) > 0.92


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


@pytest.mark.parametrize("units", [10, np.inf])
def test_pairs_are_told_apart_by_paired_t_tests_and_holm(units: float) -> None:
    """The same, pair by pair, with the tests of SciPy and statsmodels."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(10, 12)) + np.arange(12) * 0.4
    scores = values.mean(axis=0)
    if np.isfinite(units):
        draws = drawn_people(values, 200_000)
        tests = {(i, j): stats.ttest_rel(values[:, i], values[:, j]).pvalue
                 for i, j in combinations(range(12), 2)}  # fmt: skip
    else:
        draws = rng.normal(scores, 0.3, (200_000, 12))
        tests = {(i, j): 2 * stats.norm.sf(abs(scores[i] - scores[j]) / (0.3 * np.sqrt(2)))
                 for i, j in combinations(range(12), 2)}  # fmt: skip
    below = dict(zip(tests, multipletests(list(tests.values()), 0.05, "holm")[0], strict=True))
    best, worst = np.ones(12, int), np.full(12, 12)
    for (i, j), apart in below.items():
        low, high = (i, j) if scores[i] < scores[j] else (j, i)
        best[low] += apart
        worst[high] -= apart
    found = rank_scores(scores, draws, units)
    assert 0 < sum(below.values()) < len(below)
    assert found.best.tolist() == best.tolist()
    assert found.worst.tolist() == worst.tolist()


@pytest.mark.parametrize("count", [3, 10, 20])
def test_of_boards_of_equals_few_tell_any_apart(count: int) -> None:
    """All intervals of a board hold together: entry by entry, half of 20 equals had one short."""
    rng, short = np.random.default_rng(6), 0
    for seed in range(300):
        values = rng.normal(size=(10, count))
        found = rank_scores(values.mean(axis=0), drawn_people(values, 500, seed), 10)
        short += bool((found.best > 1).any() or (found.worst < count).any())
    # 5 % is aimed at; 300 boards tell it to within 2.5
    assert short / 300 < 0.075


@pytest.mark.parametrize("right", [3, 104, 207])
def test_interval_of_a_share_is_wilsons(right: int) -> None:
    share = np.array([right / 208])
    error = np.sqrt(share * (1 - share) / 208)
    z = float(stats.norm.ppf(0.975))
    expected = proportion_confint(right, 208, method="wilson")
    assert share_intervals(share, error, z, 208)[0] == pytest.approx(expected)


def test_intervals_of_shares_stay_between_0_and_1_and_have_width() -> None:
    scores = np.array([1.0, 0.97, 0.5, 0.02, 0.0])
    rng = np.random.default_rng(0)
    draws = scores + np.array([0.0, 0.03, 0.03, 0.02, 0.0]) * rng.standard_normal((1000, 5))
    for units in (1, 4, 208):
        found = rank_scores(scores, draws, units, shares=True).intervals
        assert (found >= 0.0).all()
        assert (found <= 1.0).all()
        assert (found[:, 1] > found[:, 0]).all()
        assert (found[:, 0] <= scores).all()
        assert (scores <= found[:, 1]).all()
    # all 208 right is what Wilson's interval of 208 of 208 says
    assert found[0] == pytest.approx(proportion_confint(208, 208, method="wilson"), abs=1e-3)
    # far from both ends, with a small error: the usual interval
    usual = 0.5 + np.array([-1, 1]) * stats.norm.ppf(0.975) * 0.03
    assert found[2] == pytest.approx(usual, abs=0.003)


def test_a_difference_that_no_draw_changes_is_as_sure_as_a_sign_test() -> None:
    scores = np.array([0.25, 0.75])
    draws = np.tile(scores, (100, 1))
    ranks = {units: rank_scores(scores, draws, units) for units in (1, 4, 5, 6, 10, np.inf)}
    # two-sided p of a sign test of n alike: 1, .125, .0625, .03, .002
    apart = {units: bool(found.best[0] == 2) for units, found in ranks.items()}
    assert apart == {1: False, 4: False, 5: False, 6: True, 10: True, np.inf: True}
    assert stats.binomtest(5, 5).pvalue > 0.05 > stats.binomtest(6, 6).pvalue
    # and of one person alone no interval is known
    assert np.isinf(ranks[1].intervals).all()
    # equals are equal, however many were asked
    assert rank_scores(np.full(2, 0.5), np.full((100, 2), 0.5), 208).best.tolist() == [1, 1]


def test_scores_that_differ_by_rounding_are_ties() -> None:
    assert win_rates(np.array([0.1 + 0.2, 0.3, 0.5])).tolist() == [0.25, 0.25, 1.0]


def test_win_rates() -> None:
    assert win_rates(np.array([3.0, 1.0, 2.0])).tolist() == [1.0, 0.0, 0.5]
    assert win_rates(np.array([1.0, 1.0])).tolist() == [0.5, 0.5]
    assert win_rates(np.array([1.0])).tolist() == [0.5]
    assert win_rates(np.array([[1.0, 2.0], [2.0, 1.0]])).tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_letters_are_shared_by_those_who_cannot_be_told_apart() -> None:
    apart = np.zeros((4, 4), bool)
    assert letters(apart) == ["a", "a", "a", "a"]
    assert letters(~np.eye(3, dtype=bool)) == ["a", "b", "c"]
    for one, other in ((0, 2), (0, 3), (1, 3)):
        apart[one, other] = apart[other, one] = True
    assert letters(apart) == ["a", "ab", "bc", "c"]
    assert letters(np.zeros((0, 0), bool)) == []
    rng = np.random.default_rng(0)
    for _ in range(30):
        drawn = np.triu(rng.random((7, 7)) < 0.4, 1)
        drawn |= drawn.T
        given = letters(drawn)
        for one, other in combinations(range(7), 2):
            assert bool(set(given[one]) & set(given[other])) != drawn[one, other]
