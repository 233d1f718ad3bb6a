"""Intervals of means over samples: against closed forms, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.statistics.inference import people_interval
from brainbench.statistics.means import (
    crossed_interval,
    mean_share_interval,
    people_mean_interval,
    people_median_interval,
    problems_mean_interval,
)

RNG = np.random.default_rng(7)


def half(interval: tuple[float, float] | None) -> float:
    assert interval is not None
    return (interval[1] - interval[0]) / 2


def named(values: np.ndarray, first: int = 0) -> dict[str, float]:
    return {f"p{first + i}": float(value) for i, value in enumerate(values)}


def test_of_one_sample_people_are_those_of_students_t() -> None:
    values = RNG.normal(size=12)
    assert people_mean_interval([named(values)]) == pytest.approx(people_interval(values))


def test_a_person_counts_once_with_all_samples() -> None:
    one, two = RNG.normal(size=(2, 12))
    together = people_mean_interval([named(one), named(two)])
    assert together == pytest.approx(people_interval((one + two) / 2))
    # the same numbers twice tell no more than once
    assert people_mean_interval([named(one)] * 2) == pytest.approx(people_interval(one))
    # of different people they tell more
    assert half(people_mean_interval([named(one), named(one, 50)])) < half(people_interval(one))


def test_without_people_there_is_no_interval() -> None:
    for found in (people_mean_interval, people_median_interval):
        assert found([]) is None
        assert found([named(np.zeros(2))]) is None
        assert found([named(RNG.normal(size=9)), {}]) is None


def test_the_interval_of_medians_holds_what_new_people_would_give() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(150):
        shared = rng.normal(size=12)
        samples = [named(shared + rng.normal(size=12)) for _ in range(3)]
        low, high = people_median_interval(samples) or (1.0, -1.0)
        held.append(low <= 0.0 <= high)
    assert np.mean(held) > 0.91


def test_problems_of_two_kinds_are_independent_and_sources_add_up() -> None:
    assert problems_mean_interval(1.0, [(0.0, 0.6), (0.0, 0.8)]) == pytest.approx((0.75, 1.25))
    assert problems_mean_interval(1.0, [(0.0, 0.6), None]) is None
    assert crossed_interval(1.0, (0.7, 1.3), (0.6, 1.4)) == pytest.approx((0.5, 1.5))
    assert crossed_interval(1.0, (0.7, 1.3), None) is None


def test_people_and_problems_together_hold_what_both_anew_would_give() -> None:
    rng = np.random.default_rng(2)
    held = {"people": 0, "both": 0}
    for _ in range(200):
        table = rng.normal(size=(14, 1)) + rng.normal(size=(1, 30)) * 3 + rng.normal(size=(14, 30))
        value = float(table.mean())
        people = people_interval(table.mean(axis=1))
        both = crossed_interval(value, people, people_interval(table.mean(axis=0)))
        for name, ends in (("people", people), ("both", both)):
            assert ends is not None
            held[name] += ends[0] <= 0.0 <= ends[1]
    assert held["both"] >= 187
    assert held["people"] < 170


@pytest.mark.parametrize(
    "recalls",
    [(1.0, 0.0), (0.97, 0.03), (0.95, 0.15), (0.7, 0.7), (0.97, 0.97), (0.998, 0.998)],
)
def test_shares_of_any_kind_of_answerer_are_held(recalls: tuple[float, float]) -> None:
    rng, sizes = np.random.default_rng(3), np.array([16, 16, 16, 16, 16, 24])
    truth, held, widths = float(np.mean(recalls)), [], []
    for _ in range(200):
        right = rng.binomial(sizes[:, None], recalls) / sizes[:, None]
        variance = (right * (1 - right) / sizes[:, None]).sum(axis=1) / 4
        errors = np.sqrt(variance * 2 * sizes / (2 * sizes - 1))
        found = mean_share_interval(
            right.mean(axis=1).tolist(), errors.tolist(), (2 * sizes).tolist()
        )
        assert found is not None
        held.append(found[0] <= truth <= found[1])
        widths.append(found[1] - found[0])
    assert np.mean(held) >= 0.92
    # never wider than that of as many coins
    coins = stats.beta.ppf(0.975, 104.5, 104.5) - stats.beta.ppf(0.025, 104.5, 104.5)
    assert 0.0 < max(widths) < 1.1 * coins


def test_shares_stay_between_0_and_1_and_are_never_certain() -> None:
    for share in (0.0, 1.0):
        low, high = mean_share_interval([share] * 4, [0.0] * 4, [8] * 4) or (0.0, 0.0)
        assert 0.0 <= low < high <= 1.0
        assert min(low, 1.0 - high) == 0.0
        # as 32 problems that fell alike
        assert half((low, high)) == pytest.approx((1 - 0.025 ** (1 / 32)) / 2)
    assert mean_share_interval([], [], []) is None
    assert mean_share_interval([float("nan")], [None], [8]) is None
