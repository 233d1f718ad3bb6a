"""Intervals and p values of differences, where the truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from simulated_answers import answers, problems

from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.gains.bootstrap import (
    MIN_PROBLEMS,
    GainEstimate,
    MetricDraws,
    Rows,
    compare,
    draw_problems,
    draw_seeds,
    standard_error,
)
from brainbench.guidance.gains.metrics import measure

DRAWS = 400
World = Callable[[TestItems, np.random.Generator], tuple[ArmAnswers, ...]]


def drawn(
    arms: tuple[ArmAnswers, ...], items: TestItems, rng: np.random.Generator, draws: int
) -> list[dict[str, MetricDraws]]:
    ones = np.ones((1, items.n_base), int)
    weights = np.concatenate([ones, draw_problems(items.n_base, draws, rng)])
    return [
        {
            metric: MetricDraws.of(table, draw_seeds(arm.n_seeds, draws, rng))
            for metric, table in measure(arm, items, weights).items()
        }
        for arm in arms
    ]


def estimate(world: World, seed: int, items: TestItems) -> GainEstimate:
    """Of the area."""
    rng = np.random.default_rng(seed)
    guided, other = drawn(world(items, rng), items, rng, DRAWS)
    return compare(guided["auc"], other["auc"], items.n_base)


def rates(world: World, count: int, redrawn: bool = False) -> list[float]:
    """How often p is below 0.05, of AUC and of accuracy at the threshold.

    The last arm's rows are signals drawn anew; guided is compared with the second, which is that
    arm where the world has no other.
    """
    items, found = problems(), []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        guided, other, *more = drawn(world(items, rng), items, rng, DRAWS)
        signals = more[0] if more else other
        both = [
            compare(
                guided[metric], other[metric], items.n_base, signals[metric] if redrawn else None
            ).p
            for metric in ("auc", "accuracy_at_threshold")
        ]
        found.append([p is not None and p < 0.05 for p in both])
    return [float(share) for share in np.mean(found, axis=0)]


def within(count: int, share: float) -> tuple[float, float]:
    """Where 99.9 % of such counts lie, as shares."""
    low, high = stats.binom.interval(0.999, count, share)
    return low / count, high / count


def hard(items: TestItems, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(items.n_base)[items.clusters]


def own_problems(items: TestItems, rng: np.random.Generator) -> tuple[ArmAnswers, ArmAnswers]:
    """Equal arms; each does something of its own to each problem, the same in every seed."""
    shared = hard(items, rng)
    one, two = (answers(items, rng, own=0.7, noise=0.3, shared=shared) for _ in range(2))
    return one, two


def own_seeds(items: TestItems, rng: np.random.Generator) -> tuple[ArmAnswers, ArmAnswers]:
    """Equal arms, whose seeds differ."""
    shared = hard(items, rng)
    one, two = (
        answers(items, rng, 0.8 + 0.4 * rng.standard_normal(5), noise=0.5, shared=shared)
        for _ in range(2)
    )
    return one, two


def one_more(items: TestItems, rng: np.random.Generator) -> tuple[ArmAnswers, ArmAnswers]:
    """What all guided seeds share is one more draw of what each row of the other draws anew."""
    shared = hard(items, rng)
    every = 0.8 + 0.4 * rng.standard_normal(6)
    return (
        answers(items, rng, np.full(5, every[5]), noise=0.5, shared=shared),
        answers(items, rng, every[:5], noise=0.5, shared=shared),
    )


def beside_labels(items: TestItems, rng: np.random.Generator) -> tuple[ArmAnswers, ...]:
    """The same guided and permuted signals; labels alone, which no signals are drawn for."""
    shared = hard(items, rng)
    every = 0.8 + 0.4 * rng.standard_normal(6)
    return (
        answers(items, rng, np.full(5, every[5]), noise=0.5, shared=shared),
        answers(items, rng, noise=0.5, shared=shared),
        answers(items, rng, every[:5], noise=0.5, shared=shared),
    )


class TestFalsePositives:
    COUNT = 240

    def test_about_one_in_twenty_where_arms_are_equal(self) -> None:
        low, high = within(self.COUNT, 0.05)
        assert all(low <= rate <= high for rate in rates(own_problems, self.COUNT))

    def test_no_more_where_seeds_differ(self) -> None:
        assert max(rates(own_seeds, self.COUNT)) <= within(self.COUNT, 0.05)[1]

    def test_about_one_in_twenty_where_signals_are_one_more_draw(self) -> None:
        low, high = within(self.COUNT, 0.05)
        assert all(low <= rate <= high for rate in rates(one_more, self.COUNT, redrawn=True))
        # as if the people's own signals could not have been others
        assert min(rates(one_more, self.COUNT // 3)) > 0.15

    def test_nor_against_an_arm_that_no_signals_are_drawn_for(self) -> None:
        assert max(rates(beside_labels, self.COUNT, True)) <= within(self.COUNT, 0.05)[1]
        assert min(rates(beside_labels, self.COUNT // 3)) > 0.15


def test_intervals_cover_a_planted_gain() -> None:
    def planted(items: TestItems, rng: np.random.Generator) -> tuple[ArmAnswers, ArmAnswers]:
        return (
            answers(items, rng, 1.2, own=0.8, noise=0.6),
            answers(items, rng, 0.8, own=0.8, noise=0.6),
        )

    # two normal distributions of spread 1
    truth = stats.norm.cdf(1.2 * np.sqrt(2)) - stats.norm.cdf(0.8 * np.sqrt(2))
    found = [estimate(planted, seed, problems(80, 1)) for seed in range(200)]
    covered = np.mean([e.interval[0] <= truth <= e.interval[1] for e in found if e.interval])
    assert within(200, 0.95)[0] <= covered <= 0.995
    assert np.mean([e.value for e in found]) == pytest.approx(truth, abs=0.01)


def test_p_and_interval_agree() -> None:
    agree = []
    for seed in range(200):
        found = estimate(own_problems, seed, problems())
        assert found.interval is not None
        assert found.p is not None
        agree.append((found.p < 0.05) == (not found.interval[0] <= 0.0 <= found.interval[1]))
    assert np.mean(agree) >= 0.97


def test_the_standard_error_of_a_mean_is_the_textbooks() -> None:
    """Accuracy of one seed each: that of a paired mean over problems, Student's t."""
    rng = np.random.default_rng(0)
    items = problems(60, 1)
    arms = answers(items, rng, n_seeds=1), answers(items, rng, 1.2, n_seeds=1)
    right = [(arm.answer[0] == items.labels).astype(float) for arm in arms]
    expected = stats.ttest_rel(*right)
    one, two = drawn(arms, items, rng, 20_000)
    found = compare(one["accuracy"], two["accuracy"], items.n_base)
    assert found.value == pytest.approx(right[0].mean() - right[1].mean())
    assert found.p == pytest.approx(expected.pvalue, rel=0.1)
    interval = expected.confidence_interval()
    assert found.interval == pytest.approx((interval.low, interval.high), abs=0.01)


def test_seeds_alone_are_welchs_test() -> None:
    """Problems that all seeds answer alike add nothing; what is left are two samples."""
    items = problems(40, 1)
    rng = np.random.default_rng(3)
    shares = [np.array([0.5, 0.55, 0.6, 0.7, 0.75]), np.array([0.5, 0.45, 0.5, 0.55, 0.5])]
    ones = [np.repeat(row[None], 20_001, axis=0) for row in shares]
    one, two = (MetricDraws.of(table, draw_seeds(5, 20_000, rng)) for table in ones)
    found = compare(one, two, items.n_base)
    expected = stats.ttest_ind(*shares, equal_var=False)
    assert found.p == pytest.approx(expected.pvalue, rel=0.05)
    interval = expected.confidence_interval()
    assert found.interval == pytest.approx((interval.low, interval.high), abs=0.02)


def test_orders_taken_apart_would_give_too_narrow_an_interval() -> None:
    together = problems(30, 6)
    apart = TestItems(
        together.labels, 2, np.arange(together.n_items), np.zeros(together.n_items, int)
    )
    rng = np.random.default_rng(0)
    arms = tuple(answers(together, rng, own=0.8, noise=0.3, n_seeds=1) for _ in range(2))
    widths = []
    for items in (together, apart):
        one, two = drawn(arms, items, np.random.default_rng(1), 2000)  # type: ignore[arg-type]
        interval = compare(one["auc"], two["auc"], items.n_base).interval
        assert interval is not None
        widths.append(interval[1] - interval[0])
    assert widths[0] > 1.5 * widths[1]


def test_equal_answers_do_not_differ() -> None:
    items = problems()
    arm = answers(items, np.random.default_rng(0), n_seeds=1)
    one, two = drawn((arm, arm), items, np.random.default_rng(0), DRAWS)
    assert compare(one["auc"], two["auc"], items.n_base) == GainEstimate(0.0, (0.0, 0.0), 1.0)


def test_p_is_never_below_what_was_looked_at() -> None:
    items = problems()
    sign = (1.0 - 2.0 * items.labels)[None]
    arms = (
        ArmAnswers(sign, items.labels[None]),
        ArmAnswers(-sign, 1 - items.labels[None]),
    )
    one, two = drawn(arms, items, np.random.default_rng(0), DRAWS)
    found = compare(one["auc"], two["auc"], items.n_base)
    assert found == GainEstimate(1.0, (1.0, 1.0), 2 / (DRAWS + 1))


def test_nothing_is_drawn_from_too_few_or_lopsided_problems() -> None:
    rng = np.random.default_rng(0)

    def pair(items: TestItems) -> GainEstimate:
        arms = (answers(items, rng), answers(items, rng))
        one, two = drawn(arms, items, rng, DRAWS)
        return compare(one["auc"], two["auc"], items.n_base)

    few = pair(problems(MIN_PROBLEMS - 1, 3))
    assert (few.interval, few.p) == (None, None)
    # one False in twenty: a third of the draws are without it
    labels = np.zeros(20, int)
    labels[3] = 1
    lopsided = pair(TestItems(labels, 2, np.arange(20), np.zeros(20, int)))
    assert (lopsided.interval, lopsided.p) == (None, None)
    assert np.isfinite(lopsided.value)


def test_draws_are_of_one_less_than_there_are() -> None:
    rng = np.random.default_rng(0)
    drawn_problems = draw_problems(7, 1000, rng)
    assert (drawn_problems.sum(axis=1) == 6).all()
    assert drawn_problems.mean(axis=0) == pytest.approx(np.full(7, 6 / 7), abs=0.1)
    seeds = draw_seeds(5, 1000, rng)
    np.testing.assert_allclose(seeds.sum(axis=1), 1.0)
    assert set(np.unique(seeds)) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert (draw_seeds(1, 3, rng) == 1.0).all()
    # so the variance of a mean of five is s² / 5, not s² / 5 · 4 / 5
    values = rng.standard_normal(5)
    means = draw_seeds(5, 50_000, rng) @ values
    assert means.var() == pytest.approx(values.var(ddof=1) / 5, rel=0.03)


class TestDegreesOfFreedom:
    """What five draws of signals vary by is known with four, unless it hardly matters."""

    ONE = Rows(np.zeros(1), 0.0)

    def freedom(self, spread: float, of_problems: float, net: float = 0.0) -> float:
        values = spread * np.array([-1.0, -0.5, 0.0, 0.5, 1.0]) / np.sqrt(0.625)
        signals = Rows(values, net)
        return standard_error(self.ONE, self.ONE, of_problems, 200, signals)[1]

    def test_a_spread_that_problems_explain_is_not_known_any_better(self) -> None:
        assert self.freedom(1.0, of_problems=1.0) == pytest.approx(4.0)

    def test_a_spread_that_is_small_beside_the_rest_costs_little(self) -> None:
        # Satterthwaite with the spread as measured: 1 / (0.25² / 4 + 1 / 199)
        expected = 1.0 / (0.25**2 / 4 + 1.0 / 199)
        assert self.freedom(0.5, of_problems=1.0) == pytest.approx(expected)

    def test_a_spread_that_is_all_there_is_has_its_own(self) -> None:
        assert self.freedom(1.0, of_problems=0.0, net=1.0) == pytest.approx(4.0)

    def test_without_signals_problems_alone_count(self) -> None:
        assert standard_error(self.ONE, self.ONE, 1.0, 200)[1] == pytest.approx(199.0)
