"""p values, intervals, ratios and corrections, against closed forms and other libraries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from brainbench.errors import DataError
from brainbench.statistics.inference import (
    Measured,
    benjamini_hochberg,
    divide,
    fieller_interval,
    holm,
    jackknife_interval,
    jackknife_values,
    p_value,
    people_interval,
    step_down,
    stratified_jackknife_interval,
)


def test_p_value_counts_the_measured_value_among_the_draws() -> None:
    assert p_value(3.0, [0.0, 1.0, 2.0]) == 0.25
    assert p_value(1.0, [0.0, 1.0, 2.0]) == 0.75
    assert p_value(0.0, np.zeros(9)) == 1.0, "equals are not below"
    assert p_value(0.1 + 0.2, [0.3]) == 1.0, "nor is what rounding alone makes larger"
    assert p_value(3e-17, [1e-17, -2e-17]) == 1.0, "rounding about 0 is not an order"


def test_p_values_are_uniform_where_nothing_is_there() -> None:
    rng = np.random.default_rng(0)
    found = [p_value(rng.standard_normal(), rng.standard_normal(99)) for _ in range(2000)]
    assert stats.kstest(found, "uniform").pvalue > 0.001


@pytest.mark.parametrize("null", [[], [np.nan]])
def test_a_p_value_needs_numbers(null: list[float]) -> None:
    with pytest.raises(DataError, match="finite"):
        p_value(1.0, null)


def test_people_interval_is_students() -> None:
    values = np.random.default_rng(1).standard_normal(10)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert people_interval(values) == pytest.approx((expected.low, expected.high))
    assert people_interval([1.0, 2.0]) is None


def test_fieller_covers_the_true_ratio() -> None:
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(600):
        y = 1.0 + 0.4 * rng.standard_normal(10)
        x = 0.5 + 0.2 * (y - 1.0) + 0.3 * rng.standard_normal(10)
        interval = fieller_interval(x, y)
        assert interval is not None
        covered.append(interval[0] <= 0.5 <= interval[1])
    assert 0.92 <= np.mean(covered) <= 0.98


def test_no_ratio_where_the_reference_may_be_0() -> None:
    rng = np.random.default_rng(3)
    assert fieller_interval(np.ones(10), rng.standard_normal(10)) is None
    assert fieller_interval(np.ones(10), rng.standard_normal(10) - 9.0) is None


def test_holm_is_that_of_statsmodels_to_the_last_digit() -> None:
    rng = np.random.default_rng(3)
    for size in (1, 2, 6, 40):
        # many ties: p values are whole (draws + 1)ths
        p = rng.integers(1, 30, size) / 30.0
        expected = multipletests(p, method="holm")[1]
        np.testing.assert_array_equal(step_down(p), expected)
        np.testing.assert_array_equal(holm(list(p)), expected)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.01]) == [0.01]


def test_benjamini_hochberg_by_hand() -> None:
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


def test_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.random.default_rng(20).standard_normal(9)
    without = [np.delete(values, i).mean() for i in range(9)]
    np.testing.assert_allclose(jackknife_values(values.mean(), without), values)
    assert jackknife_interval(values.mean(), without) == pytest.approx(people_interval(values))


def test_jackknife_of_a_ratio_nears_its_spread_over_samples() -> None:
    """Standard error against that over 2,000 samples."""
    rng = np.random.default_rng(21)

    def sample() -> np.ndarray:
        return rng.standard_normal((40, 2)) * [1.0, 0.5] + [2.0, 3.0]

    def ratio(rows: np.ndarray) -> float:
        return float(rows[:, 0].mean() / rows[:, 1].mean())

    truth = np.std([ratio(sample()) for _ in range(2000)])
    errors = []
    for _ in range(50):
        rows = sample()
        pseudo = jackknife_values(ratio(rows), [ratio(np.delete(rows, i, 0)) for i in range(40)])
        errors.append(pseudo.std(ddof=1) / np.sqrt(40))
    assert np.mean(errors) == pytest.approx(truth, rel=0.05)


def test_like_is_divided_by_like_only() -> None:
    top, bottom = np.array([0.1, 0.2, 0.3, 0.25]), np.array([0.4, 0.5, 0.6, 0.45])
    found = divide(Measured(top, "r, same items"), Measured(bottom, "r, same items"))
    assert found is not None
    assert found[0] == pytest.approx(top.mean() / bottom.mean())
    assert found[1] == fieller_interval(top, bottom)
    with pytest.raises(DataError, match="same statistic on the same items"):
        divide(Measured(top, "r, same items"), Measured(bottom, "r, all items"))
    low = np.array([-0.4, 0.5, 0.1, -0.3])
    assert divide(Measured(top, "r"), Measured(low, "r")) is None


class TestStratifiedJackknife:
    def difference(self, one: np.ndarray, other: np.ndarray) -> tuple[float, np.ndarray]:
        """Of two means, with everybody and without each."""
        left = [np.delete(one, i).mean() - other.mean() for i in range(one.size)]
        left += [one.mean() - np.delete(other, i).mean() for i in range(other.size)]
        return float(one.mean() - other.mean()), np.array(left)

    def test_of_two_means_it_is_welchs(self) -> None:
        rng = np.random.default_rng(9)
        one, other = rng.standard_normal(7), 3.0 * rng.standard_normal(20)
        value, left = self.difference(one, other)
        found = stratified_jackknife_interval(value, left, ["a"] * 7 + ["b"] * 20)
        welch = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
        assert found == pytest.approx((welch.low, welch.high))

    def test_of_one_sample_it_is_the_jackknife(self) -> None:
        values = np.random.default_rng(10).standard_normal(12)
        left = np.array([np.delete(values, i).mean() for i in range(12)])
        found = stratified_jackknife_interval(float(values.mean()), left, ["a"] * 12)
        assert found == pytest.approx(jackknife_interval(float(values.mean()), left))

    def test_where_there_is_none(self) -> None:
        assert stratified_jackknife_interval(1.0, [1.0, 2.0, 3.0], ["a", "b", "b"]) is None
        assert stratified_jackknife_interval(np.nan, [1.0, 2.0], ["a", "a"]) is None
        assert stratified_jackknife_interval(1.0, [1.0, np.nan], ["a", "a"]) is None
        assert stratified_jackknife_interval(1.0, [], []) is None
        assert stratified_jackknife_interval(1.0, [2.0, 2.0], ["a", "a"]) == (1.0, 1.0)
