"""Pairs of models: closed forms, and how often equal ones are distinguished."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.encoding.ladder.pairs import Found, compare_pair

P, D = 10, 4000


def found(z: float, without: list[float] | np.ndarray, null: np.ndarray) -> Found:
    return Found(z, null, np.asarray(without, np.float64))


def test_the_error_adds_orders_and_people() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2, P)) + 2.0
    null = rng.standard_normal((2, D))
    one, other = (
        found(own.mean(), [np.delete(own, p).mean() for p in range(P)], orders)
        for own, orders in zip(values, null, strict=True)
    )
    test = compare_pair(one, other)
    # of means over people, the jackknife is their standard error
    expected = np.sqrt(stats.sem(values[0] - values[1]) ** 2 + np.var(null[0] - null[1]))
    assert test.error == pytest.approx(expected)
    assert test.p == pytest.approx(2 * stats.norm.sf(abs(test.difference) / expected))


def test_orders_that_both_meet_cancel() -> None:
    null = np.random.default_rng(1).standard_normal(D)
    alike = compare_pair(found(3.0, [3.0] * P, null), found(1.0, [1.0] * P, null + 0.01))
    apart = compare_pair(found(3.0, [3.0] * P, null), found(1.0, [1.0] * P, null[::-1]))
    assert alike.p == 0.0
    assert apart.p > 0.1


def test_a_model_is_not_told_from_itself() -> None:
    null = np.random.default_rng(1).standard_normal(D)
    one = found(3.0, [3.0] * P, null)
    assert compare_pair(one, one).p == 1.0
    assert compare_pair(one, one).more is None


def test_more_is_what_eighty_percent_power_takes() -> None:
    """With ``more`` times the data, a difference of this size is shown 8 times of 10."""
    null = np.random.default_rng(2).standard_normal(D)
    test = compare_pair(found(1.0, [1.0] * P, null), found(0.0, [0.0] * P, np.zeros(D)))
    assert test.more is not None
    ratio = test.difference / test.error * np.sqrt(test.more)
    power = stats.norm.sf(stats.norm.ppf(0.975) - ratio)
    assert power == pytest.approx(0.8, abs=1e-6)
    shown = compare_pair(found(9.0, [9.0] * P, null), found(0.0, [0.0] * P, np.zeros(D)))
    assert shown.more == 1.0
