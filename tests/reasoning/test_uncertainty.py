"""Intervals of shares and of AUC that hold for a handful of items too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from brainbench.reasoning.uncertainty import area_side, share_interval


@pytest.mark.parametrize("right", [0, 1, 5, 12, 19, 20])
def test_without_a_known_error_it_is_clopper_and_pearsons(right: int) -> None:
    found = share_interval(right / 20, 20, 20, None)
    exact = stats.binomtest(right, 20).proportion_ci(0.95, method="exact")
    assert found == pytest.approx((exact.low, exact.high))


def test_an_error_of_nothing_is_no_certainty() -> None:
    assert share_interval(1.0, 4, 4, 0.0) == pytest.approx((0.025**0.25, 1.0))
    assert share_interval(0.0, 4, 4, 0.0) == pytest.approx((0.0, 1 - 0.025**0.25))
    # six orders of one problem are one item
    assert share_interval(1.0, 24, 4, 0.0) == share_interval(1.0, 4, 4, 0.0)


def test_it_lies_within_0_and_1_where_standard_errors_leave_it() -> None:
    for n in (2, 3, 10, 50):
        for right in range(n + 1):
            share = right / n
            error = math.sqrt(share * (1 - share) / (n - 1))
            low, high = share_interval(share, n, n, error) or (-1, -1)
            assert 0 <= low <= share <= high <= 1


def test_clusters_widen_it() -> None:
    alone = share_interval(0.7, 60, 60, 0.059)
    together = share_interval(0.7, 60, 10, 0.14)
    assert alone is not None
    assert together is not None
    assert together[0] < alone[0] - 0.1
    assert together[1] > alone[1] + 0.1


def test_nothing_is_told_of_nothing() -> None:
    assert share_interval(0.5, 0, 0, None) is None
    assert share_interval(float("nan"), 5, 5, None) is None


def test_it_holds_what_it_promises_for_clustered_answers() -> None:
    rng, held, tries = np.random.default_rng(0), 0, 400
    for _ in range(tries):
        # 12 problems of 4 orders; orders of a problem are answered alike three times in four
        alike = rng.random((12, 1)) < 0.7
        own = np.where(rng.random((12, 4)) < 0.75, alike, rng.random((12, 4)) < 0.7)
        sums = (own - own.mean()).sum(axis=1)
        error = math.sqrt(12 / 11 * float((sums**2).sum())) / own.size
        low, high = share_interval(float(own.mean()), 48, 12, error) or (1, 0)
        held += low <= 0.7 <= high
    assert held / tries > 0.94


@pytest.mark.parametrize(("first", "second"), [(1, 3), (2, 2), (3, 3), (4, 4), (2, 8), (1, 60)])
def test_every_pair_in_order_counts_only_where_chance_seldom_orders_them(
    first: int, second: int
) -> None:
    chance = 2 / math.comb(first + second, first)
    count = first + second
    shares = (first / count, second / count)
    # the exact test, and never where that finds nothing
    assert area_side(1.0, 0.0, shares, count) <= (chance < 0.05)
    assert area_side(0.0, 0.0, shares, count) == -area_side(1.0, 0.0, shares, count)
    assert area_side(1.0, 0.0, (0.5, 0.5), 8) == 1


def test_a_wide_error_of_its_own_counts_too() -> None:
    assert area_side(0.8, 0.05, (0.5, 0.5), 100) == 1
    assert area_side(0.8, 0.2, (0.5, 0.5), 100) == 0
    assert area_side(0.2, 0.05, (0.5, 0.5), 100) == -1
    assert area_side(0.8, 0.05, (1.0, 0.0), 100) == 0
