"""Age as a covariate: against least squares, and where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.benchmarks.difficulty.age import profile_at_one_age, slope_on_age
from brainbench.benchmarks.difficulty.profiles import joint_profile

NAN = float("nan")
GROUPS = np.array(["adults"] * 6 + ["children"] * 14)


def ages(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.uniform(19, 30, 6), rng.uniform(8, 15, 14)])


class TestOneAge:
    def test_what_age_explains_is_gone_whoever_is_missing(self) -> None:
        """Right grows with age at a rate of its own on each item; people miss runs by age."""
        rng, age = np.random.default_rng(1), ages()
        rate, level = rng.uniform(0.0, 0.02, (10, 1)), rng.uniform(0.1, 0.4, (10, 1))
        offset = np.where(GROUPS == "adults", 0.1, 0.0)
        right = level + rate * age + offset
        means = [age[name == GROUPS].mean() for name in ("adults", "children")]
        truth = level[:, 0] + rate[:, 0] * np.mean(means) + 0.05
        np.testing.assert_allclose(joint_profile(right, GROUPS), truth)
        right[:5, age < np.median(age[6:])] = NAN
        assert not np.allclose(joint_profile(right, GROUPS), truth, atol=0.005)
        np.testing.assert_allclose(profile_at_one_age(right, GROUPS, age), truth)

    def test_it_is_least_squares_with_an_intercept_for_each_group(self) -> None:
        rng, age = np.random.default_rng(2), ages(3)
        right = (rng.random((8, 20)) < 0.6).astype(float)
        right[rng.random(right.shape) < 0.2] = NAN
        found = profile_at_one_age(right, GROUPS, age)
        adult = GROUPS == "adults"
        for item in range(8):
            known = ~np.isnan(right[item])
            design = np.column_stack([adult, ~adult, age]).astype(float)
            fit = np.linalg.lstsq(design[known], right[item, known], rcond=None)[0]
            sides = [fit[i] + fit[2] * age[own].mean() for i, own in enumerate((adult, ~adult))]
            assert found[item] == pytest.approx(np.mean(sides), abs=1e-12)

    def test_people_of_one_age_tell_no_slope(self) -> None:
        right = (np.random.default_rng(3).random((5, 20)) < 0.5).astype(float)
        age = np.where(GROUPS == "adults", 25.0, 10.0)
        np.testing.assert_allclose(
            profile_at_one_age(right, GROUPS, age), joint_profile(right, GROUPS)
        )


class TestSlope:
    def test_one_line_is_that_of_scipy(self) -> None:
        age = ages()
        values = 0.02 * age + np.random.default_rng(4).standard_normal(20)
        values[3] = NAN
        kept = ~np.isnan(values)
        expected = stats.linregress(age[kept], values[kept]).slope
        assert slope_on_age(values, age).value == pytest.approx(expected, abs=1e-12)

    def test_within_groups_it_is_least_squares_with_intercepts(self) -> None:
        age, adult = ages(), GROUPS == "adults"
        values = np.random.default_rng(5).standard_normal(20) + 3.0 * adult
        design = np.column_stack([adult, ~adult, age]).astype(float)
        expected = np.linalg.lstsq(design, values, rcond=None)[0][2]
        assert slope_on_age(values, age, GROUPS).value == pytest.approx(expected, abs=1e-12)

    def test_a_difference_between_groups_is_in_the_line_and_not_within(self) -> None:
        age = ages()
        values = np.where(GROUPS == "adults", 0.5, 0.0)
        assert slope_on_age(values, age).value > 0.02
        assert slope_on_age(values, age, GROUPS).value == pytest.approx(0.0, abs=1e-12)

    def test_the_interval_is_the_jackknife_in_closed_form(self) -> None:
        """Without a person the slope changes by x e / ((1 - h) Σx²), Miller 1974."""
        age = ages()
        values = np.random.default_rng(6).standard_normal(20)
        found = slope_on_age(values, age)
        x = age - age.mean()
        residual = values - values.mean() - found.value * x
        leverage = 1.0 / 20 + x**2 / (x @ x)
        left = found.value - x * residual / ((1.0 - leverage) * (x @ x))
        reach = stats.t.ppf(0.975, 19) * np.sqrt(19 / 20 * np.sum((left - left.mean()) ** 2))
        assert found.interval == pytest.approx((found.value - reach, found.value + reach))

    @pytest.mark.parametrize("groups", [None, GROUPS])
    def test_intervals_hold_the_truth_where_spread_depends_on_age(
        self, groups: np.ndarray | None
    ) -> None:
        rng, age = np.random.default_rng(7), ages()
        inside = []
        for _ in range(200):
            values = 0.01 * age + 0.02 * age * rng.standard_normal(20)
            low, high = slope_on_age(values, age, groups).interval or (NAN, NAN)
            inside.append(low < 0.01 < high)
        assert 0.9 <= np.mean(inside) <= 0.995

    def test_three_people_or_one_age_have_none(self) -> None:
        few = slope_on_age(np.array([1.0, 2.0, 3.0, NAN]), np.array([8.0, 9.0, 10.0, 11.0]))
        assert np.isnan(few.value)
        assert few.interval is None
        same = slope_on_age(np.arange(5.0), np.full(5, 9.0))
        assert np.isnan(same.value)
        assert same.interval is None
