"""Paired statistics against closed forms, statsmodels, scikit-learn and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.metrics import roc_auc_score

from brainbench.results.compare.paired import (
    auc_difference,
    balanced_difference,
    independent_interval,
    mean_difference,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261126)


def clustered(rng: np.random.Generator, groups: int = 30) -> tuple[np.ndarray, list[str]]:
    """Values of unequal clusters that share something."""
    sizes = rng.integers(1, 7, groups)
    place = np.repeat(np.arange(groups), sizes)
    values = 0.1 + rng.normal(0, 1, groups)[place] + rng.normal(0, 0.5, place.size)
    return values, [f"g{i}" for i in place]


def test_over_people_it_is_the_paired_t(rng: np.random.Generator) -> None:
    before, after = rng.normal(0, 1, 10), rng.normal(0.3, 1, 10)
    found = mean_difference(after - before)
    expected = stats.ttest_rel(after, before)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.value == pytest.approx((after - before).mean())
    assert (found.n, found.clusters) == (10, 10)


def test_over_clusters_it_is_the_clustered_error_of_statsmodels(rng: np.random.Generator) -> None:
    values, clusters = clustered(rng)
    found = mean_difference(values, clusters)
    fit = sm.OLS(values, np.ones(values.size)).fit(
        cov_type="cluster", cov_kwds={"groups": np.unique(clusters, return_inverse=True)[1]},
        use_t=True,
    )  # fmt: skip
    assert found.value == pytest.approx(fit.params[0])
    assert found.stderr == pytest.approx(fit.bse[0])
    assert found.p == pytest.approx(fit.pvalues[0])
    assert found.interval == pytest.approx(tuple(fit.conf_int()[0]))


def test_clusters_that_are_copies_count_once(rng: np.random.Generator) -> None:
    values = rng.normal(0, 1, 12)
    once = mean_difference(values)
    thrice = mean_difference(np.repeat(values, 3), [str(i // 3) for i in range(36)])
    assert thrice.stderr == pytest.approx(once.stderr)
    assert thrice.clusters == 12


def test_balanced_accuracy_is_the_mean_over_labels(rng: np.random.Generator) -> None:
    labels = ["True"] * 60 + ["False"] * 12
    change = rng.integers(-1, 2, 72).astype(float)
    found = balanced_difference(change, labels, [str(i) for i in range(72)])
    assert found.value == pytest.approx((change[:60].mean() + change[60:].mean()) / 2)
    # each label is a sample of its own
    parts = [change[:60].var() / 60, change[60:].var() / 12]
    assert found.stderr == pytest.approx(np.sqrt(72 / 71 * sum(parts)) / 2)


def test_areas_under_the_curve_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    positive = rng.random(80) < 0.4
    # rounded, so that there are ties
    before, after = rng.normal(positive, 1.5, 80).round(1), rng.normal(positive, 1.0, 80).round(1)
    found = auc_difference(before, after, positive, [str(i) for i in range(80)])
    assert found is not None
    expected = roc_auc_score(positive, after) - roc_auc_score(positive, before)
    assert found.value == pytest.approx(expected)


def test_the_error_of_an_area_is_that_of_delong(rng: np.random.Generator) -> None:
    positive = np.arange(90) < 40
    before, after = rng.normal(positive, 1.5, 90), rng.normal(positive, 1.0, 90)
    found = auc_difference(before, after, positive, [str(i) for i in range(90)])
    assert found is not None
    # from its definition, pair by pair
    placed = []
    for odds in (before, after):
        above = (odds[positive][:, None] > odds[~positive][None]).astype(float)
        placed.append((above.mean(axis=1), above.mean(axis=0)))
    first, second = (placed[1][i] - placed[0][i] for i in (0, 1))
    delong = np.sqrt(first.var(ddof=1) / 40 + second.var(ddof=1) / 50)
    assert found.stderr == pytest.approx(delong, rel=0.02)


def test_an_area_needs_both_labels() -> None:
    assert auc_difference([1.0, 2.0], [1.0, 2.0], [True, True], ["a", "b"]) is None
    assert auc_difference([1.0, 2.0], [1.0, 2.0], [False, False], ["a", "b"]) is None


def test_infinite_log_odds_are_the_farthest() -> None:
    found = auc_difference(
        [0.0, 0.0, 0.0], [np.inf, 1.0, -np.inf], [True, False, False], ["a", "b", "c"]
    )
    assert found is not None
    assert found.value == 0.5


def test_the_same_answers_differ_in_nothing() -> None:
    found = mean_difference(np.zeros(9), list("aabbccdde"))
    assert (found.value, found.stderr, found.interval, found.p) == (0.0, 0.0, (0.0, 0.0), 1.0)
    same = auc_difference([1, 2, 3, 0], [1, 2, 3, 0], [True, False, True, False], list("abcd"))
    assert same is not None
    assert (same.value, same.interval) == (0.0, (0.0, 0.0))


def test_the_same_difference_everywhere_tells_no_error() -> None:
    for found, value in (
        (mean_difference(np.full(5, -0.25)), -0.25),
        (mean_difference([-1.0, -1.0]), -1.0),
        # all of one label lost, none of the other: neither has any spread
        (balanced_difference([-1.0, -1.0, 0.0], ["T", "T", "F"], list("abc")), -0.5),
        (auc_difference([0.0, 0.0], [1.0, 0.5], [False, True], ["a", "b"]), -0.5),
    ):
        assert found is not None
        assert found.value == value
        assert found.stderr is found.interval is found.p is None


def test_one_cluster_tells_no_error() -> None:
    found = mean_difference([0.1, 0.4], ["a", "a"])
    assert found.value == pytest.approx(0.25)
    assert found.interval is found.stderr is found.p is None


def test_independent_intervals_are_those_of_two_normal_means() -> None:
    low, high = independent_interval(1.0, (0.4, 1.6), 3.0, (2.2, 3.8))
    assert (low, high) == pytest.approx((2.0 - 1.0, 2.0 + 1.0))
    # skewed ones keep their sides: what comes from below the baseline widens the upper end
    low, high = independent_interval(0.0, (-3.0, 0.0), 0.0, (0.0, 4.0))
    assert (low, high) == pytest.approx((0.0, 5.0))


def test_intervals_hold_the_truth_as_often_as_they_should(rng: np.random.Generator) -> None:
    """Two models on the same 40 problems in two orders; the truth is known."""
    held = areas = 0
    runs = 400
    # 2 Φ(…): what the areas are for these shifts, from many items
    truth = stats.norm.cdf(1.0 / np.sqrt(2)) - stats.norm.cdf(0.5 / np.sqrt(2))
    for _ in range(runs):
        base = np.repeat(rng.normal(0, 0.6, 40), 2)
        change = 0.2 + base + rng.normal(0, 0.5, 80)
        clusters = [str(i // 2) for i in range(80)]
        found = mean_difference(change, clusters)
        assert found.interval is not None
        held += found.interval[0] <= 0.2 <= found.interval[1]
        positive = np.repeat(np.arange(40) % 2 == 0, 2)
        shared = np.repeat(rng.normal(0, 0.8, 40), 2)
        before = 0.5 * positive + shared + rng.normal(0, 0.6, 80)
        after = 1.0 * positive + shared + rng.normal(0, 0.6, 80)
        area = auc_difference(before, after, positive, clusters)
        assert area is not None
        assert area.interval is not None
        areas += area.interval[0] <= truth <= area.interval[1]
    assert 0.92 <= held / runs <= 0.98
    assert 0.91 <= areas / runs <= 0.99
