"""Profiles of groups against other libraries, closed forms, and people whose truth is known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from brainbench.benchmarks.behavior.consistency import correlate_columns, split_half_reliability
from brainbench.benchmarks.difficulty.profiles import (
    correlate_groups,
    each_with_others,
    joint_profile,
    mean_person,
    without_each_item,
)

NAN = float("nan")


def by_value(one: np.ndarray, other: np.ndarray, items: np.ndarray) -> np.ndarray:
    return correlate_columns(one, other)


def names(adults: int, children: int) -> np.ndarray:
    return np.array(["adults"] * adults + ["children"] * children)


def answers(n_items: int, n_people: int, seed: int = 0, missing: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    easy = rng.uniform(0.2, 0.95, (n_items, 1))
    right = (rng.random((n_items, n_people)) < easy).astype(float)
    right[rng.random(right.shape) < missing] = NAN
    return right


class TestJoint:
    def test_each_group_counts_the_same(self) -> None:
        right = np.array([[1.0, 0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, NAN, 0.0]])
        found = joint_profile(right, names(1, 4))
        np.testing.assert_allclose(found, [0.5, (1.0 + 2.0 / 3.0) / 2.0])
        np.testing.assert_allclose(joint_profile(right, names(5, 0)), np.nanmean(right, axis=1))

    def test_a_person_without_a_run_counts_for_the_rest(self) -> None:
        right = answers(8, 6, missing=0.0)
        right[4:, 1] = NAN
        found = joint_profile(right, names(6, 0))
        np.testing.assert_allclose(found[:4], right[:4].mean(axis=1))
        np.testing.assert_allclose(found[4:], np.delete(right[4:], 1, axis=1).mean(axis=1))

    def test_an_item_that_nobody_of_a_group_answered_has_none(self) -> None:
        right = answers(4, 5, missing=0.0)
        right[2, :2] = NAN
        assert np.isnan(joint_profile(right, names(2, 3))).tolist() == [False, False, True, False]


class TestReliability:
    """Of a joint profile: halves of each group."""

    def test_it_is_the_share_of_true_variance(self) -> None:
        """Noise differs by group; the truth is var(items) / (var(items) + var(noise of mean))."""
        rng, adults, children = np.random.default_rng(2), 9, 40
        groups, spread = names(adults, children), np.array([1.0] * adults + [3.0] * children)
        found = []
        for _ in range(20):
            items = rng.standard_normal((150, 1))
            values = items + spread * rng.standard_normal((150, adults + children))
            found.append(split_half_reliability(values, 20, rng, groups, by_value))
        truth = 1.0 / (1.0 + (1.0 / adults + 9.0 / children) / 4.0)
        assert np.mean(found) == pytest.approx(truth, abs=0.01)

    def test_halves_stay_within_groups(self) -> None:
        """Groups that disagree altogether: the joint profile is as reliable as they are."""
        pattern = np.linspace(-1.0, 1.0, 30)[:, None]
        values = np.hstack([np.repeat(pattern, 4, axis=1), np.repeat(-2.0 * pattern, 6, axis=1)])
        rng = np.random.default_rng(0)
        found = split_half_reliability(values, 50, rng, names(4, 6), by_value)
        assert found == pytest.approx(1.0)
        assert split_half_reliability(values, 50, rng, None, by_value) < 0.95

    def test_one_group_is_as_without_groups(self) -> None:
        right = answers(40, 11)
        with_one, without = (
            split_half_reliability(right, 30, np.random.default_rng(3), groups)
            for groups in (names(11, 0), None)
        )
        assert with_one == without

    def test_a_group_of_one_has_no_halves(self) -> None:
        rng = np.random.default_rng(0)
        assert np.isnan(split_half_reliability(answers(20, 6), 5, rng, names(1, 5)))

    def test_it_foretells_another_sample_of_people(self) -> None:
        """Correlation of two independent samples' joint profiles, right and wrong as measured."""
        rng, groups = np.random.default_rng(5), names(10, 24)
        pairs, found = [], []
        for _ in range(15):
            easy = rng.uniform(0.3, 0.95, (120, 1))
            one, other = ((rng.random((120, 34)) < easy).astype(float) for _ in "ab")
            pairs.append(
                stats.spearmanr(joint_profile(one, groups), joint_profile(other, groups))[0]
            )
            found.append(split_half_reliability(one, 20, rng, groups))
        assert np.mean(found) == pytest.approx(np.mean(pairs), abs=0.015)


class TestEachWithOthers:
    def test_it_is_spearman_by_scipy(self) -> None:
        right, groups = answers(25, 7, seed=1), names(3, 4)
        values, without = each_with_others(right, groups)
        for p, q in np.ndindex(7, 7):
            if p == q:
                assert np.isnan(without[p, p])
                continue
            for left_out, found in (([p], values[p]), ([p, q], without[q, p])):
                rest = np.delete(np.arange(7), left_out)
                profile = joint_profile(right[:, rest], groups[rest])
                kept = ~np.isnan(profile + right[:, p])
                expected = stats.spearmanr(right[kept, p], profile[kept])[0]
                assert found == pytest.approx(expected, abs=1e-12)

    def test_who_makes_no_error_has_none(self) -> None:
        right = answers(20, 6, missing=0.0)
        right[:, 2] = 1.0
        values, without = each_with_others(right, names(6, 0))
        assert np.isnan(values[2])
        assert np.isnan(without[:, 2]).all()
        assert np.isfinite(np.delete(values, 2)).all()

    def test_means_are_over_groups_of_means_over_people(self) -> None:
        right, groups = answers(40, 9, seed=2), names(3, 6)
        values, without = each_with_others(right, groups)
        found = mean_person(values, without, groups)
        assert found.value == pytest.approx((values[:3].mean() + values[3:].mean()) / 2)
        low, high = found.interval or (NAN, NAN)
        assert low < found.value < high


def test_leaving_items_out_is_spearman_by_scipy() -> None:
    right = answers(15, 4, seed=3, missing=0.2)
    confidence = np.random.default_rng(4).standard_normal(15)
    confidence[6] = NAN
    found = without_each_item(confidence, right)
    for item, person in np.ndindex(15, 4):
        kept = ~np.isnan(confidence + right[:, person])
        kept[item] = False
        expected = stats.spearmanr(confidence[kept], right[kept, person])[0]
        assert found[item, person] == pytest.approx(expected, abs=1e-12)


class TestGroups:
    def test_it_is_pearson_by_scipy(self) -> None:
        right, groups = answers(40, 20, seed=4), names(8, 12)
        found = correlate_groups(right, groups)
        one, other = np.nanmean(right[:, :8], axis=1), np.nanmean(right[:, 8:], axis=1)
        assert found.value == pytest.approx(stats.pearsonr(one, other)[0], abs=1e-12)
        for low, high in filter(None, (found.interval, found.interval_items)):
            assert -1.0 < low < found.value < high < 1.0

    @pytest.mark.parametrize("which", ["interval", "interval_items"])
    def test_intervals_hold_the_truth(self, which: str) -> None:
        """Over people: r of the expected profiles, with as much noise; over items: of all items."""
        rng, groups = np.random.default_rng(6), names(12, 20)
        cov = np.array([[1.0, 0.7], [0.7, 1.0]])
        drawn = rng.multivariate_normal([0.0, 0.0], cov, 40)
        measured, held = [], []
        for _ in range(60):
            if which == "interval_items":
                drawn = rng.multivariate_normal([0.0, 0.0], cov, 40)
            noise = 1.0 * rng.standard_normal((40, 32))
            values = np.repeat(drawn, [12, 20], axis=1) + noise
            found = correlate_groups(values, groups)
            measured.append(found.value)
            held.append(getattr(found, which))
        truth = np.tanh(np.mean(np.arctanh(measured)))
        inside = [low < truth < high for low, high in held]
        assert np.mean(inside) >= 0.88

    def test_every_pair_of_three(self) -> None:
        right = answers(30, 12, seed=8)
        groups = np.array(["a"] * 4 + ["b"] * 4 + ["c"] * 4)
        for one, other in combinations("abc", 2):
            mask = np.isin(groups, (one, other))
            assert np.isfinite(correlate_groups(right[:, mask], groups[mask]).value)
