"""Orders of items within runs, and p values from them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.encoding.ladder.permutations import (
    Orders,
    permute_within_runs,
    standardised,
    tail_share,
)

RUNS = np.array(["a", "b", "a", "b", "a"])


def test_few_orders_are_all_listed_once() -> None:
    orders = permute_within_runs(RUNS, np.random.default_rng(0), draws=100)
    assert orders.exact
    assert orders.n_permutations == 12  # 3! × 2!
    assert len(np.unique(orders.rows, axis=0)) == 12
    np.testing.assert_array_equal(orders.rows[0], np.arange(5))


@pytest.mark.parametrize("draws", [11, 100])
def test_items_stay_in_their_run(draws: int) -> None:
    orders = permute_within_runs(RUNS, np.random.default_rng(0), draws)
    assert (RUNS[orders.rows] == RUNS).all()
    assert (np.sort(orders.rows, axis=1) == np.arange(5)).all()


def test_many_orders_are_drawn_evenly() -> None:
    runs = np.repeat(["a", "b"], 4)
    orders = permute_within_runs(runs, np.random.default_rng(0), draws=500)
    assert not orders.exact
    assert orders.n_permutations == 500
    np.testing.assert_array_equal(orders.rows[0], np.arange(8))
    counts = np.bincount(orders.rows[1:, 0], minlength=4)[:4]
    assert stats.chisquare(counts).pvalue > 0.001


def test_orders_of_some_runs_are_the_same_orders() -> None:
    runs = np.repeat(["a", "b"], 3)
    orders = permute_within_runs(runs, np.random.default_rng(0), draws=1000)
    items = np.array([3, 4, 5])
    np.testing.assert_array_equal(orders.of(items).rows, orders.rows[:, 3:] - 3)
    assert orders.of(items).exact


def test_p_counts_the_observed_value_and_ties() -> None:
    assert tail_share(np.array([2.0, 1.0, 2.0, 3.0])) == 0.75
    assert tail_share(np.array([5.0, 1.0, 2.0, 3.0])) == 0.25
    # the same sum in another order
    assert tail_share(np.array([0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1, 0.0, 0.0])) == 0.5


def test_standardised_values_have_mean_zero_and_spread_one() -> None:
    values = np.random.default_rng(0).standard_normal((50, 2)) * [1.0, 1e6] + 5.0
    found = standardised(values)
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(found.std(axis=0), 1.0)


def test_what_does_not_vary_is_zero() -> None:
    assert not standardised(np.full((10, 1), 0.1)).any()


def test_exact_p_of_a_rank_test() -> None:
    """All orders of one run: the exact p of Spearman's correlation."""
    orders = permute_within_runs(np.full(6, "a"), np.random.default_rng(0), draws=1000)
    x, y = np.arange(6.0), np.array([0.0, 2.0, 1.0, 3.0, 5.0, 4.0])
    assert isinstance(orders, Orders)
    values = y[orders.rows] @ x
    exact = stats.permutation_test(
        (y,), lambda order: float(x @ order), permutation_type="pairings", alternative="greater"
    )
    assert tail_share(values) == pytest.approx(exact.pvalue)
