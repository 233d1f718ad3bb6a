"""Agreement and consistency: against closed forms, other libraries, and simulated truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, roc_auc_score

import brainbench
from brainbench.benchmarks.behavior.consistency import (
    agreement,
    area_under_curve,
    correctness,
    each_against_others,
    leave_one_out,
    majority_of_others,
    mean_of,
    mean_of_others,
    spearman,
    split_half_reliability,
    standardise,
)
from brainbench.statistics.inference import jackknife_interval

NAN = float("nan")


def coins(
    shape: tuple[int, ...], p: float = 0.7, missing: float = 0.0, seed: int = 0
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    drawn = (rng.random(shape) < p).astype(float)
    drawn[rng.random(shape) < missing] = np.nan
    return drawn


class TestAgreement:
    @pytest.mark.parametrize("seed", range(5))
    def test_kappa_is_that_of_scikit_learn(self, seed: int) -> None:
        one, other = coins((60,), 0.8, 0.1, seed), coins((60,), 0.5, 0.1, seed + 99)
        both = ~(np.isnan(one) | np.isnan(other))
        found = agreement(one, other)
        assert found.kappa == pytest.approx(cohen_kappa_score(one[both], other[both]), abs=1e-12)
        assert found.n == both.sum()
        assert found.observed == pytest.approx((one[both] == other[both]).mean(), abs=1e-15)
        assert found.above_chance == pytest.approx(found.observed - found.expected, abs=1e-15)

    def test_expected_is_what_two_accuracies_imply(self) -> None:
        one = np.repeat([1.0, 0.0], [8, 2])
        other = np.repeat([1.0, 0.0], [6, 4])
        found = agreement(one, other)
        assert found.expected == pytest.approx(0.8 * 0.6 + 0.2 * 0.4)
        assert found.kappa == pytest.approx((0.8 - 0.56) / (1 - 0.56))

    def test_all_pairs_at_once_are_each_pair_alone(self) -> None:
        people = coins((40, 5), missing=0.2)
        at_once = agreement(people[:, :, None], people[:, None, :])
        for i in range(5):
            for j in range(5):
                alone = agreement(people[:, i], people[:, j])
                for name in ("n", "observed", "expected", "above_chance", "kappa"):
                    assert getattr(at_once, name)[i, j] == getattr(alone, name)

    def test_the_same_is_1_and_the_opposite_minus_1(self) -> None:
        one = np.tile([1.0, 0.0], 10)
        assert agreement(one, one).kappa == 1.0
        assert agreement(one, 1.0 - one).kappa == -1.0

    @pytest.mark.parametrize("value", [0.0, 1.0])
    def test_two_constants_leave_kappa_undefined_and_not_0(self, value: float) -> None:
        constant = np.full(12, value)
        found = agreement(constant, constant)
        assert np.isnan(found.kappa)
        assert (found.observed, found.expected, found.above_chance) == (1.0, 1.0, 0.0)

    @pytest.mark.parametrize("n", [3, 7, 34, 36, 70])
    def test_one_constant_is_exactly_0_above_chance(self, n: int) -> None:
        found = agreement(np.ones((n, 1)), coins((n, 50), seed=n))
        assert set(found.kappa[~np.isnan(found.kappa)]) == {0.0}
        assert set(found.above_chance) == {0.0}

    def test_without_a_shared_item_there_is_nothing(self) -> None:
        found = agreement(np.array([1.0, NAN]), np.array([NAN, 0.0]))
        assert found.n == 0
        assert np.isnan([found.observed, found.expected, found.above_chance, found.kappa]).all()

    def test_a_missing_answer_is_no_wrong_one(self) -> None:
        one, other = coins((30,)), coins((30,), seed=1)
        gappy = one.copy()
        gappy[:10] = np.nan
        assert agreement(gappy, other).kappa == agreement(one[10:], other[10:]).kappa

    @pytest.mark.parametrize("shared", [0.0, 0.5, 0.8])
    def test_people_who_share_errors_with_known_probability(self, shared: float) -> None:
        """Each takes the common outcome with probability s, else their own: κ is s²."""
        rng = np.random.default_rng(3)
        n, people = 40_000, 4
        common = rng.random((n, 1)) < 0.8
        own = rng.random((n, people)) < 0.8
        right = np.where(rng.random((n, people)) < shared, common, own).astype(float)
        kappa = agreement(right[:, :, None], right[:, None, :]).kappa[np.triu_indices(people, 1)]
        assert kappa.mean() == pytest.approx(shared**2, abs=0.01)

    def test_independent_errors_of_any_accuracy_are_0(self) -> None:
        one, other = coins((200_000,), 0.95), coins((200_000,), 0.6, seed=5)
        assert agreement(one, other).kappa == pytest.approx(0.0, abs=0.01)


def test_correctness_keeps_what_is_missing() -> None:
    said = np.array([[1.0, 0.0], [0.0, NAN], [1.0, 1.0]])
    found = correctness(said, np.array([1.0, 0.0, 0.0]))
    np.testing.assert_array_equal(found, [[1.0, 0.0], [1.0, NAN], [0.0, 0.0]])


def test_right_and_wrong_agree_where_answers_do() -> None:
    one, other, labels = coins((50,)), coins((50,), seed=1), coins((50,), seed=2)
    errors = agreement(correctness(one, labels), correctness(other, labels))
    assert errors.observed == agreement(one, other).observed
    assert errors.kappa != agreement(one, other).kappa


class TestSpearman:
    @pytest.mark.parametrize("seed", range(4))
    def test_it_is_that_of_scipy_with_ties(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        one, other = rng.integers(0, 6, 40).astype(float), rng.standard_normal(40)
        one[3], other[[5, 7]] = np.nan, np.nan
        kept = ~np.isnan(one + other)
        expected = stats.spearmanr(one[kept], other[kept]).statistic
        assert spearman(one, other) == pytest.approx(expected, abs=1e-12)

    def test_infinite_values_are_the_ends(self) -> None:
        assert spearman(np.array([-np.inf, 0.0, 1.0, np.inf]), np.arange(4.0)) == pytest.approx(1.0)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ([1.0, 2.0], [1.0, 2.0]),
            ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
            ([1.0, NAN, 2.0], [1, 2, 3]),
        ],
    )
    def test_what_cannot_be_ranked_is_undefined(self, one: list[float], other: list[float]) -> None:
        assert np.isnan(spearman(np.array(one), np.array(other, float)))


class TestMeans:
    def test_standardise_is_the_z_score_of_what_is_there(self) -> None:
        values = np.random.default_rng(0).gamma(2.0, size=(30, 3))
        values[4, 1] = np.nan
        found = standardise(values)
        np.testing.assert_allclose(found, stats.zscore(values, ddof=1, nan_policy="omit"))

    def test_a_column_that_does_not_vary_is_left_out(self) -> None:
        found = standardise(np.array([[2.0, 1.0, NAN], [2.0, NAN, NAN]]))
        assert np.isnan(found).all()

    def test_mean_of_nothing_is_missing(self) -> None:
        found = mean_of(np.array([[1.0, NAN], [NAN, NAN]]), axis=1)
        np.testing.assert_array_equal(found, [1.0, NAN])

    def test_the_others_are_everybody_else(self) -> None:
        values = coins((20, 4), missing=0.2)
        found = mean_of_others(values)
        for person in range(4):
            others = np.delete(values, person, axis=1)
            np.testing.assert_allclose(found[:, person], mean_of(others, axis=1))

    def test_majority_has_no_word_where_others_are_even(self) -> None:
        answers = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, NAN]])
        np.testing.assert_array_equal(
            majority_of_others(answers), [[NAN, NAN, 1.0], [0.0, 1.0, NAN]]
        )

    def test_each_against_others_is_a_correlation_with_the_rest(self) -> None:
        values = np.random.default_rng(1).standard_normal((25, 4))
        for person, found in enumerate(each_against_others(values)):
            rest = np.delete(values, person, axis=1).mean(axis=1)
            assert found == pytest.approx(stats.spearmanr(values[:, person], rest).statistic)


class TestReliability:
    @pytest.mark.parametrize(("people", "noise"), [(12, 1.0), (13, 2.0), (5, 3.0)])
    def test_a_known_reliability_is_found(self, people: int, noise: float) -> None:
        rng = np.random.default_rng(7)
        signal = rng.standard_normal((3000, 1))
        values = signal + noise * rng.standard_normal((3000, people))
        truth = people / (people + noise**2)
        found = split_half_reliability(values, 40, rng)
        assert found == pytest.approx(truth, abs=0.03)
        # √reliability bounds the correlation with the mean, and the signal itself gets there
        reached = spearman(signal[:, 0], values.mean(axis=1))
        assert reached == pytest.approx(np.sqrt(found), abs=0.03)

    def test_noise_has_none(self) -> None:
        values = np.random.default_rng(2).standard_normal((5000, 10))
        found = split_half_reliability(values, 40, np.random.default_rng(0))
        assert found == pytest.approx(0.0, abs=0.1)

    def test_same_seed_same_number(self) -> None:
        values = coins((40, 9), missing=0.1)
        one, again = (split_half_reliability(values, 30, np.random.default_rng(4)) for _ in "ab")
        assert one == again

    def test_it_is_undefined_for_one_person_and_for_perfect_disagreement(self) -> None:
        rng = np.random.default_rng(0)
        assert np.isnan(split_half_reliability(np.ones((9, 1)), 5, rng))
        opposite = np.column_stack([np.arange(9.0), -np.arange(9.0)])
        assert np.isnan(split_half_reliability(opposite, 5, rng))


class TestArea:
    @pytest.mark.parametrize("seed", range(3))
    def test_it_is_that_of_scikit_learn_with_ties(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        labels, scores = coins((50,), seed=seed), rng.integers(-3, 4, 50).astype(float)
        expected = roc_auc_score(labels, scores)
        assert area_under_curve(scores, labels) == pytest.approx(expected, abs=1e-12)
        scores[4] = np.nan
        expected = roc_auc_score(np.delete(labels, 4), np.delete(scores, 4))
        assert area_under_curve(scores, labels) == pytest.approx(expected, abs=1e-12)

    def test_one_kind_of_label_gives_none(self) -> None:
        assert np.isnan(area_under_curve(np.arange(5.0), np.ones(5)))


def interval(statistic: Callable[[np.ndarray], float], size: int) -> tuple[float, float] | None:
    value = statistic(np.ones(size, bool)) if size else NAN
    return jackknife_interval(value, leave_one_out(statistic, size), fewest=2)


def mean_pair(pairs: np.ndarray) -> Callable[[np.ndarray], float]:
    return lambda kept: float(mean_of(pairs[np.ix_(kept, kept)].ravel(), axis=0))


class TestJackknife:
    def test_each_is_left_out_once(self) -> None:
        values = np.array([1.0, 2.0, 6.0])
        found = leave_one_out(lambda kept: float(values[kept].sum()), 3)
        np.testing.assert_array_equal(found, [8.0, 7.0, 3.0])

    def test_for_a_mean_it_is_the_t_interval(self) -> None:
        values = np.random.default_rng(0).gamma(2.0, size=13)
        expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
        found = interval(lambda kept: float(values[kept].mean()), 13)
        assert found == pytest.approx((expected.low, expected.high), abs=1e-12)

    @pytest.mark.parametrize("size", [0, 1])
    def test_one_is_too_few(self, size: int) -> None:
        assert interval(lambda kept: 1.0, size) is None

    def test_what_is_undefined_without_one_has_none(self) -> None:
        assert interval(lambda kept: 1.0 if kept[2] else NAN, 5) is None
        assert jackknife_interval(NAN, np.ones(5)) is None

    def test_it_covers_where_pairs_share_people(self) -> None:
        """A t interval over each person's mean with the others would cover two times in three."""
        rng = np.random.default_rng(11)
        difficulty = rng.standard_normal(36)

        def draw(people: int) -> np.ndarray:
            ability, by_rule = rng.normal(1.5, 0.7, people), rng.random(people) < 0.6
            odds = ability + difficulty[:, None] - 2.5 * by_rule * (difficulty < 0)[:, None]
            right = (rng.random((36, people)) < 1 / (1 + np.exp(-odds))).astype(float)
            kappa = agreement(right[:, :, None], right[:, None, :]).kappa
            np.fill_diagonal(kappa, np.nan)
            return kappa

        truth = np.nanmean(draw(600))
        covered = naive = 0
        for _ in range(200):
            pairs = draw(14)
            low, high = interval(mean_pair(pairs), 14) or (NAN, NAN)
            covered += low <= truth <= high
            each = mean_of(pairs, axis=1)
            reach = stats.t.ppf(0.975, 13) * each.std(ddof=1) / np.sqrt(14)
            naive += abs(each.mean() - truth) <= reach
        assert 0.89 <= covered / 200 <= 0.99
        assert naive / 200 < 0.8
        page = Path(brainbench.__file__).parent.parent / "docs" / "behavior.md"
        rates = (
            f"in {naive / 2:.0f} of 100 simulated groups of people, this one in {covered / 2:.0f}"
        )
        assert rates in " ".join(page.read_text("utf-8").split())
