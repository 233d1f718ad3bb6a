"""Gains from answers to rows: closed forms, worlds whose truth is known, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from simulated_answers import answers, problems
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels

from brainbench.errors import DataError, UsageError
from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.gains import compare as module
from brainbench.guidance.gains.compare import (
    Gains,
    GainSettings,
    mcnemar_of_arms,
    measure_gains,
)
from brainbench.guidance.rows import BOUNDED, METRICS, Change
from brainbench.guidance.verdict import find_change, find_lacking, read_gains

FULL = GainSettings()
Arms = dict[str, ArmAnswers]


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> GainSettings:
    """So that hundreds of worlds can be looked at."""
    monkeypatch.setattr(module, "MIN_DRAWS", 300)
    return GainSettings(n_draws=300)


def arms_of(items: TestItems, rng: np.random.Generator, guided: float = 1.4, **how: Any) -> Arms:
    """Guided better than three equal arms."""
    return {
        UNGUIDED: answers(items, rng, n_seeds=1),
        GUIDED: answers(items, rng, guided, **how),
        LABEL_ONLY: answers(items, rng),
        PERMUTED: answers(items, rng),
    }


def told(found: Gains, settings: GainSettings = FULL) -> str:
    """What the numbers say in words."""
    seeds = {row.arm: row.n_seeds for row in found.arms}
    needed = [each for each in found.differences if each.against not in settings.oracles]
    return read_gains(needed, find_lacking(seeds, settings.n_permutations))


def change(found: Gains, against: str, metric: Any) -> Change:
    row = next(each for each in found.differences if each.against == against)
    made = find_change(row, metric)
    assert made is not None
    return made


def test_no_interval_leaves_where_its_values_can_lie(few_draws: GainSettings) -> None:
    """Few problems and two seeds, all of them apart: the draws are widened far."""
    reached = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        items = problems(6, 1)
        arms = {
            GUIDED: answers(items, rng, np.array([3.0, -2.0]), noise=0.5, n_seeds=2),
            PERMUTED: answers(items, rng, np.array([-3.0, 2.0]), noise=0.5, n_seeds=2),
        }
        for row in measure_gains(arms, items, few_draws).differences[0].changes:
            if row.interval is None or row.metric not in BOUNDED:
                continue
            assert -1.0 <= row.interval[0] <= row.interval[1] <= 1.0
            reached |= {end for end in row.interval if abs(end) == 1.0}
    # where the data set no bound
    assert reached == {-1.0, 1.0}
    assert set(METRICS) - set(BOUNDED) == {"dprime", "criterion"}


class TestRows:
    def test_arms_are_means_over_seeds(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(0))
        strengths = np.array([1.0, 2.0, 2.0, 4.0, 1.0])
        arms[GUIDED] = replace(arms[GUIDED], strengths=strengths)
        found = measure_gains(arms, items, FULL)
        rows = {row.arm: row for row in found.arms}
        assert list(rows) == list(arms)
        for name, row in rows.items():
            right = arms[name].answer == items.labels
            assert row.accuracy == pytest.approx(right.mean())
            assert row.true_rate == pytest.approx((arms[name].answer == 0).mean())
            assert row.n_seeds == len(right)
        assert (rows[GUIDED].strength, rows[UNGUIDED].strength) == (2.0, None)
        assert rows[GUIDED].threshold == 0.0

    def test_differences_are_those_of_the_rows(self) -> None:
        items = problems()
        found = measure_gains(arms_of(items, np.random.default_rng(0)), items, FULL)
        rows = {row.arm: row for row in found.arms}
        assert [each.against for each in found.differences] == [UNGUIDED, LABEL_ONLY, PERMUTED]
        assert [each.n_seeds for each in found.differences] == [1, 5, 5]
        for each in found.differences:
            assert [one.metric for one in each.changes] == list(METRICS)
            for one in each.changes:
                mine, theirs = (getattr(rows[arm], one.metric) for arm in (GUIDED, each.against))
                assert one.value == pytest.approx(mine - theirs)
                assert one.interval is not None
                assert one.interval[0] <= one.value <= one.interval[1]

    def test_p_against_any_arm_holds_what_other_signals_would_vary_by(self) -> None:
        """Labels alone draw no signals; guided could have had others all the same."""
        items = problems()
        rng = np.random.default_rng(4)
        arms = arms_of(items, rng, 0.9)
        arms[PERMUTED] = answers(items, rng, 0.8 + 0.5 * rng.standard_normal(5))
        found = measure_gains(arms, items, FULL)
        for against in (LABEL_ONLY, UNGUIDED):
            sure, unsure = (change(one, against, "auc") for one in (
                measure_gains({**arms, PERMUTED: arms[LABEL_ONLY]}, items, FULL), found
            ))  # fmt: skip
            assert sure.p is not None
            assert unsure.p is not None
            assert sure.interval is not None
            assert unsure.interval is not None
            assert unsure.p > sure.p
            assert np.ptp(unsure.interval) > 1.5 * np.ptp(sure.interval)

    def test_one_permutation_tells_no_p(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(4), 0.9)
        single = arms[PERMUTED]
        few = {
            **arms,
            PERMUTED: ArmAnswers(single.log_odds[:1], single.answer[:1], thresholds=np.zeros(1)),
        }
        without = {name: answers for name, answers in arms.items() if name != PERMUTED}
        for some in (few, without):
            for each in measure_gains(some, items, FULL).differences:
                assert all(one.p is None and one.interval is not None for one in each.changes)


class TestMcNemar:
    @pytest.mark.parametrize("seed", range(4))
    def test_on_one_order_by_the_majority(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        items = problems(50, 3)
        guided, other = answers(items, rng, 1.0), answers(items, rng, 0.6)
        ours, theirs = (
            (arm.answer == items.labels)[:, ::3].sum(axis=0) >= 3 for arm in (guided, other)
        )
        table = [[np.sum(a & b) for b in (theirs, ~theirs)] for a in (ours, ~ours)]
        expected = mcnemar_of_statsmodels(table, exact=True)
        found = mcnemar_of_arms(guided, other, items)
        assert found is not None
        assert found == (pytest.approx(expected.pvalue), table[0][1], table[1][0])

    def test_ties_between_seeds_are_not_right_and_no_difference_is_no_p(self) -> None:
        items = problems(4, 1)
        right = np.stack([items.labels, items.labels])
        half = np.stack([items.labels, 1 - items.labels])
        odds = np.zeros((2, 4))
        assert mcnemar_of_arms(ArmAnswers(odds, right), ArmAnswers(odds, half), items) == (
            0.125,
            4,
            0,
        )
        assert mcnemar_of_arms(ArmAnswers(odds, right), ArmAnswers(odds, right), items) == (
            1.0,
            0,
            0,
        )

    def test_none_without_a_first_order(self) -> None:
        items = problems(4, 1)
        arm = answers(items, np.random.default_rng(0))
        assert mcnemar_of_arms(arm, arm, replace(items, order=np.ones(4, int))) is None


class TestDraws:
    def test_the_seed_decides(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(0))
        first = measure_gains(arms, items, FULL)
        assert measure_gains(arms, items, FULL) == first
        second = measure_gains(arms, items, replace(FULL, seed=1))
        assert second.arms == first.arms
        assert second.differences != first.differences

    def test_an_arm_does_not_change_with_the_others(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(0))
        some = {name: arms[name] for name in (PERMUTED, GUIDED)}
        whole, part = measure_gains(arms, items, FULL), measure_gains(some, items, FULL)
        for metric in METRICS:
            assert change(whole, PERMUTED, metric) == change(part, PERMUTED, metric)

    def test_rows_of_permuted_signals_count_as_other_signals(self) -> None:
        """The same answers, once as those of an arm that no signals are drawn for."""
        items = problems()
        rng = np.random.default_rng(0)
        other = answers(items, rng, 0.8 + 0.3 * rng.standard_normal(5))
        guided = answers(items, rng)
        widths = []
        for name in (PERMUTED, LABEL_ONLY):
            interval = change(
                measure_gains({GUIDED: guided, name: other}, items, FULL), name, "auc"
            ).interval
            assert interval is not None
            widths.append(interval[1] - interval[0])
        assert widths[0] > 1.5 * widths[1]

    def test_seeds_are_runs_of_their_own_in_each_arm(self) -> None:
        """Row by row the same answers: other seeds could as well have stood beside them."""
        items = problems()
        rng = np.random.default_rng(0)
        arm = answers(items, rng, 0.8 + 0.3 * rng.standard_normal(5))
        found = measure_gains({GUIDED: arm, LABEL_ONLY: arm}, items, FULL)
        area = change(found, LABEL_ONLY, "auc")
        assert area.value == 0.0
        assert area.interval is not None
        assert area.interval[0] < -0.01 < 0.01 < area.interval[1]

    def test_a_name_of_a_problem_may_be_anything(self) -> None:
        items = problems(20, 2)
        arms = arms_of(items, np.random.default_rng(0))
        named = replace(items, base=np.array([f"p{number:02d}" for number in items.base]))
        assert measure_gains(arms, named, FULL) == measure_gains(arms, items, FULL)

    def test_fewer_than_ten_thousand_are_refused(self) -> None:
        with pytest.raises(UsageError, match="9999 draws are too few; take at least 10,000"):
            GainSettings(n_draws=9999)


class TestVerdict:
    """Worlds whose truth is known."""

    COUNT = 60

    def helped(
        self,
        make: Callable[[TestItems, np.random.Generator], Arms],
        settings: GainSettings,
        items: TestItems | None = None,
    ) -> list[bool]:
        items = items or problems()
        found = (
            measure_gains(make(items, np.random.default_rng(seed)), items, settings)
            for seed in range(self.COUNT)
        )
        return [each.verdict == "brain signals help" for each in found]

    def test_a_planted_gain_is_found(self, few_draws: GainSettings) -> None:
        def planted(items: TestItems, rng: np.random.Generator) -> Arms:
            return arms_of(items, rng, 1.5)

        assert np.mean(self.helped(planted, few_draws, problems(120, 2))) >= 0.9

    def test_equal_arms_are_hardly_ever_told_apart(self, few_draws: GainSettings) -> None:
        def equal(items: TestItems, rng: np.random.Generator) -> Arms:
            alike: Any = {"own": 0.6, "noise": 0.4}
            return {
                GUIDED: answers(items, rng, **alike),
                PERMUTED: answers(items, rng, **alike),
                # one of the two needed arms is worse: the other alone must hold the line
                LABEL_ONLY: answers(items, rng, -0.5),
            }

        assert sum(self.helped(equal, few_draws)) <= stats.binom.ppf(0.999, self.COUNT, 0.025)

    def test_signals_that_are_one_more_draw_of_the_permuted_ones(
        self, few_draws: GainSettings
    ) -> None:
        def one_more(items: TestItems, rng: np.random.Generator) -> Arms:
            every = 0.8 + 0.5 * rng.standard_normal(6)
            return {
                GUIDED: answers(items, rng, np.full(5, every[5])),
                PERMUTED: answers(items, rng, every[:5]),
                LABEL_ONLY: answers(items, rng, -0.5),
            }

        assert sum(self.helped(one_more, few_draws)) <= stats.binom.ppf(0.999, self.COUNT, 0.025)

    def test_a_shift_of_bias_changes_accuracy_and_never_helps(
        self, few_draws: GainSettings
    ) -> None:
        def shifted(items: TestItems, rng: np.random.Generator) -> Arms:
            shared = rng.standard_normal(items.n_base)[items.clusters]
            leaning: Any = {"shift": -2.0, "shared": shared}
            return {
                UNGUIDED: answers(items, rng, **leaning),
                GUIDED: answers(items, rng, shared=shared),
                PERMUTED: answers(items, rng, **leaning),
                LABEL_ONLY: answers(items, rng, **leaning),
            }

        assert not any(self.helped(shifted, few_draws))
        items = problems(200, 2)
        found = measure_gains(shifted(items, np.random.default_rng(0)), items, few_draws)
        accuracy = change(found, PERMUTED, "accuracy")
        assert accuracy.interval is not None
        assert accuracy.interval[0] > 0.0
        assert found.verdict == "not shown to help"
        assert "answers True more often" in told(found)
        assert told(found).endswith("a shift of answer bias, not reasoning.")

    def test_what_is_too_little_for_a_claim_is_said(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(0), 2.0)
        assert measure_gains(arms, items, FULL).verdict == "brain signals help"
        settings = replace(FULL, n_permutations=4)
        repeated = measure_gains(arms, items, settings)
        assert repeated.verdict == "inconclusive"
        assert told(repeated, settings).endswith("At most inconclusive: 4 permutations, not 5.")
        single = arms[PERMUTED]
        arms[PERMUTED] = ArmAnswers(single.log_odds[:1], single.answer[:1], thresholds=np.zeros(1))
        one = measure_gains(arms, items, FULL)
        assert one.verdict == "inconclusive"
        assert "1 seed of permuted fMRI, not 5; 1 permutation, not 5" in told(one)

    def test_an_arm_that_knows_the_answers_takes_no_part(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(0), 2.0)
        plain = measure_gains(arms, items, FULL)
        arms["told the answer"] = answers(items, np.random.default_rng(1), 9.0)
        settings = replace(FULL, oracles=frozenset({"told the answer"}))
        found = measure_gains(arms, items, settings)
        assert found.differences[:-1] == plain.differences
        assert (found.verdict, told(found, settings)) == (plain.verdict, told(plain))
        assert found.arms[-1].accuracy > 0.99


class TestWhatIsMissing:
    def test_no_guided_arm_and_answers_to_another_test_are_errors(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(0))
        with pytest.raises(DataError, match="arm 'label only' answered 80 problems of a test of 6"):
            measure_gains({LABEL_ONLY: arms[LABEL_ONLY], GUIDED: arms[GUIDED]}, problems(3), FULL)
        arms.pop(GUIDED)
        with pytest.raises(DataError, match="no arm 'guided' among"):
            measure_gains(arms, items, FULL)

    def test_guided_alone_is_told_and_nothing_claimed(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(0))
        found = measure_gains({GUIDED: arms[GUIDED]}, items, FULL)
        assert (found.differences, found.verdict) == ([], "inconclusive")
        assert told(found) == "Nothing to compare guided with."
        assert found.arms[0].auc is not None

    def test_three_answers_have_accuracy_and_no_odds(self) -> None:
        rng = np.random.default_rng(0)
        labels = np.arange(90) % 3
        items = TestItems(labels, 3, np.arange(90), np.zeros(90, int))

        def arm(right: float) -> ArmAnswers:
            answer = np.where(rng.random((5, 90)) < right, labels, rng.integers(-1, 3, (5, 90)))
            return ArmAnswers(np.full((5, 90), np.nan), answer, thresholds=np.zeros(5))

        found = measure_gains(
            {GUIDED: arm(0.9), PERMUTED: arm(0.2), LABEL_ONLY: arm(0.2)}, items, FULL
        )
        row = found.arms[0]
        assert (row.auc, row.accuracy_at_threshold, row.dprime, row.threshold) == (None,) * 4
        assert row.balanced_accuracy == pytest.approx(row.accuracy)
        assert row.valid < 1.0
        names = ["accuracy", "balanced_accuracy", "true_rate", "valid"]
        assert [one.metric for one in found.differences[0].changes] == names
        assert change(found, PERMUTED, "accuracy").p == pytest.approx(2 / 10_001)
        assert found.verdict == "inconclusive"
        assert "without log-odds of two answers" in told(found)

    def test_one_label_has_no_area(self) -> None:
        rng = np.random.default_rng(0)
        items = TestItems(np.zeros(30, int), 2, np.arange(30), np.zeros(30, int))
        found = measure_gains(arms_of(items, rng), items, FULL)
        row = found.arms[1]
        assert (row.auc, row.balanced_accuracy, row.dprime) == (None, None, None)
        assert row.accuracy_at_threshold == row.accuracy
        assert found.verdict == "inconclusive"

    def test_an_arm_without_thresholds_has_no_accuracy_there(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(0))
        arms[LABEL_ONLY] = replace(arms[LABEL_ONLY], thresholds=None)
        found = measure_gains(arms, items, FULL)
        assert found.arms[2].accuracy_at_threshold is None
        assert "no accuracy at the validation threshold against label only" in told(found)
        assert found.verdict == "inconclusive"

    def test_an_arm_that_says_nothing_is_not_right(self) -> None:
        items = problems()
        arms = arms_of(items, np.random.default_rng(0))
        silent = np.full_like(arms[LABEL_ONLY].answer, -1)
        arms[LABEL_ONLY] = ArmAnswers(arms[LABEL_ONLY].log_odds, silent)
        found = measure_gains(arms, items, FULL)
        row = found.arms[2]
        assert (row.accuracy, row.valid, row.dprime) == (0.0, 0.0, None)
        assert "dprime" not in [one.metric for one in found.differences[1].changes]

    def test_four_problems_have_no_interval(self) -> None:
        items = problems(4, 6)
        found = measure_gains(arms_of(items, np.random.default_rng(0)), items, FULL)
        assert change(found, PERMUTED, "auc").interval is None
        assert found.verdict == "inconclusive"
