"""Models held against simulated people whose truth is known, and what is printed beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats
from simulated_behavior import (
    AnsweringFake,
    always_true,
    hesitant,
    labels_of,
    oracle,
    people,
    problems_times,
    sharing,
)

from brainbench.benchmarks import (
    ANSWER_MEASURES,
    ITEM_MEASURES,
    MEASURES,
    BehaviorBenchmark,
    BehaviorScore,
    score_behavior,
)
from brainbench.benchmarks.behavior.people import gather
from brainbench.benchmarks.behavior.score import reached
from brainbench.datasets import Behavior
from brainbench.errors import DataError
from brainbench.models import Answers
from brainbench.problems import Problem
from brainbench.progress import Step

NAN = float("nan")


def score(
    behavior: Behavior, answering: Any = hesitant, kind: str = "all", **options: Any
) -> BehaviorScore:
    answers = options.pop("answers", None) or AnsweringFake(answering).answer(behavior.problems)
    benchmark = BehaviorBenchmark("ds003076", kind)
    return next(iter(score_behavior([benchmark], behavior, answers, **options)))


def said(answers: np.ndarray, log_odds: np.ndarray | None = None) -> Answers:
    odds = np.where(answers == 1.0, 1.0, -1.0) if log_odds is None else log_odds
    return Answers(answers, odds, ("",) * len(answers))


def right_to_answer(right: np.ndarray, problems: Sequence[Problem]) -> np.ndarray:
    labels = labels_of(problems)
    return np.where(right == 1.0, labels, 1.0 - labels)


@pytest.fixture(scope="module")
def ordinary() -> Behavior:
    """Eight people as many errors of whom are shared as not, a few answers missing."""
    right = sharing(0.7)
    right[np.random.default_rng(1).random(right.shape) < 0.05] = NAN
    return people(right)


@pytest.fixture(scope="module")
def typical(ordinary: Behavior) -> BehaviorScore:
    return score(ordinary)


class TestTruth:
    @pytest.mark.parametrize("shared", [0.5, 0.8])
    def test_a_model_that_is_one_of_them_scores_as_they_do(self, shared: float) -> None:
        problems = problems_times(5)
        right = sharing(shared, n_people=9, times=5)
        behavior = people(right[:, :8], problems=problems)
        found = score(behavior, answers=said(right_to_answer(right[:, 8], problems)))
        consistency = found.error_consistency
        assert consistency.reference == pytest.approx(shared**2, abs=0.06)
        assert consistency.value == pytest.approx(shared**2, abs=0.08)
        assert consistency.ratio == pytest.approx(1.0, abs=0.2)
        # the interval over items is the one that knows how few items there are
        low, high = consistency.interval_items or (NAN, NAN)
        assert low < shared**2 < high

    def test_independent_errors_are_0_and_give_no_ratio(self) -> None:
        problems = problems_times(5)
        right = sharing(0.0, n_people=9, times=5)
        behavior = people(right[:, :8], problems=problems)
        found = score(behavior, answers=said(right_to_answer(right[:, 8], problems)))
        assert found.error_consistency.value == pytest.approx(0.0, abs=0.05)
        assert found.error_consistency.reference == pytest.approx(0.0, abs=0.03)
        interval = found.error_consistency.reference_interval
        assert interval is not None
        assert interval[0] <= 0.0
        assert found.error_consistency.ratio is None
        assert any("no ratio" in text for text in found.warnings)
        # both are right in 8 of 10, so they answer alike all the same
        assert found.agreement.value == pytest.approx(0.68, abs=0.04)

    def test_a_copy_of_a_person_is_1_with_that_person(self, ordinary: Behavior) -> None:
        found = score(ordinary, answers=said(ordinary.values("answer")[:, 3]))
        copied = found.people[3]
        assert copied.subject == "person-04"
        assert (copied.error_consistency, copied.answer_kappa, copied.agreement) == (1.0, 1.0, 1.0)
        assert copied.n_items == (~np.isnan(ordinary.values("answer")[:, 3])).sum()
        others = [person.error_consistency for person in found.people if person is not copied]
        assert max(others) < 1.0
        # beside the copied person the model is exactly that person
        reference = copied.reference["error_consistency"]
        assert np.mean(others) == pytest.approx(reference, abs=1e-12)

    def test_confidence_that_is_peoples_accuracy_correlates_perfectly(self) -> None:
        rng = np.random.default_rng(4)
        chance = rng.uniform(0.2, 1.0, (72, 1))
        right = (rng.random((72, 20)) < chance).astype(float)
        seconds = 3.0 - 2.0 * chance + 0.3 * rng.standard_normal((72, 20))
        behavior = people(right, seconds)
        share = right.mean(axis=1)
        towards = 2.0 * labels_of(behavior.problems) - 1.0
        found = score(behavior, answers=said(np.ones(72), towards * share))
        assert found.confidence_accuracy.value == pytest.approx(1.0)
        time = stats.zscore(seconds, ddof=1).mean(axis=1)
        expected = stats.spearmanr(share, time).statistic
        assert found.confidence_time.value == pytest.approx(expected)
        assert found.certainty_time.value == pytest.approx(expected)
        assert expected < -0.5
        bound = found.confidence_accuracy.bound
        assert bound is not None
        assert bound**2 == pytest.approx(found.confidence_accuracy.reliability)
        assert stats.spearmanr(chance[:, 0], share).statistic == pytest.approx(bound, abs=0.1)

    def test_times_are_standardised_within_each_person(self, ordinary: Behavior) -> None:
        seconds = ordinary.values("response_time")
        slower = people(ordinary.values("accuracy"), seconds * 3.0 + np.arange(8.0))
        answers = AnsweringFake().answer(ordinary.problems)
        one, other = score(ordinary, answers=answers), score(slower, answers=answers)
        assert one.certainty_time.value == pytest.approx(other.certainty_time.value)
        assert one.certainty_time.reference == pytest.approx(other.certainty_time.reference)


class TestStatistics:
    def test_values_are_means_over_people(self, typical: BehaviorScore) -> None:
        for name in ANSWER_MEASURES:
            each = [getattr(person, name) for person in typical.people]
            statistic = getattr(typical, name)
            assert statistic.value == pytest.approx(np.mean(each), abs=1e-12)
            interval = stats.ttest_1samp(each, 0.0).confidence_interval(0.95)
            assert statistic.interval == pytest.approx((interval.low, interval.high), abs=1e-12)
            references = [person.reference[name] for person in typical.people]
            assert statistic.reference == pytest.approx(np.mean(references), abs=1e-12)
            low, high = statistic.reference_interval
            assert low < statistic.reference < high

    def test_ratio_is_the_quotient_of_what_stands_beside_it(self, typical: BehaviorScore) -> None:
        for name in MEASURES:
            statistic = getattr(typical, name)
            low, _ = statistic.reference_interval
            if low > 0:
                assert statistic.ratio == pytest.approx(statistic.value / statistic.reference)
            else:
                assert statistic.ratio is None
                assert statistic.ratio_interval is None

    def test_accuracy_bias_and_area(self, ordinary: Behavior) -> None:
        from sklearn.metrics import balanced_accuracy_score, roc_auc_score

        answers = AnsweringFake().answer(ordinary.problems)
        found = score(ordinary, answers=answers)
        labels = labels_of(ordinary.problems)
        assert found.accuracy == pytest.approx((answers.said == labels).mean())
        assert found.balanced_accuracy == pytest.approx(
            balanced_accuracy_score(labels, answers.said)
        )
        assert found.auc == pytest.approx(roc_auc_score(labels, answers.log_odds))
        assert found.true_rate == pytest.approx(answers.said.mean())
        assert found.labelled_true == pytest.approx(labels.mean())

    def test_a_cell_holds_its_items_only(self, ordinary: Behavior) -> None:
        answers = AnsweringFake().answer(ordinary.problems)
        types = np.array([problem.reasoning_type for problem in ordinary.problems])
        for kind in ("syllogistic", "transitive"):
            here = types == kind
            found = score(ordinary, answers=answers, kind=kind)
            alone = ordinary.select((kind,))
            cut = Answers(answers.said[here], answers.log_odds[here], ("",) * here.sum())
            expected = score(alone, answers=cut, kind=kind)
            assert found == expected
            assert found.n_items == here.sum() == 36

    def test_same_seed_same_score_and_another_moves_the_halves_only(
        self, ordinary: Behavior, typical: BehaviorScore
    ) -> None:
        assert score(ordinary) == typical
        other = score(ordinary, seed=1)
        changed = {
            f"{name}.{key}"
            for name in MEASURES
            for key, value in getattr(other, name).model_dump().items()
            if value != getattr(typical, name).model_dump()[key]
        }
        assert "confidence_accuracy.reliability" in changed
        assert changed <= {
            f"{name}.{k}" for name in ITEM_MEASURES for k in ("reliability", "bound")
        }

    def test_progress_is_told_once_a_benchmark(self, ordinary: Behavior) -> None:
        steps: list[Step] = []
        benchmarks = [BehaviorBenchmark("ds003076", kind) for kind in ("all", "transitive")]
        answers = AnsweringFake().answer(ordinary.problems)
        list(score_behavior(benchmarks, ordinary, answers, report=steps.append))
        assert [(step.done, step.total) for step in steps] == [(0, 2), (1, 2)]
        assert steps[1].label == "ds003076.behavior.transitive-consistency"


class TestControls:
    def test_every_control_has_a_row(self, typical: BehaviorScore) -> None:
        assert [row.control for row in typical.controls] == [
            "always True",
            "always False",
            "always right",
            "majority of others",
            "reasoning type",
            "number of words",
            "negated conclusion",
            "premises needed",
            "position in run",
        ]

    @pytest.mark.parametrize(
        ("name", "answering"), [("always True", always_true), ("always right", oracle)]
    )
    def test_a_control_is_scored_as_a_model_that_does_it(
        self, name: str, answering: Any, ordinary: Behavior
    ) -> None:
        found = score(ordinary, answering)
        row = next(row for row in found.controls if row.control == name)
        for measure in MEASURES:
            assert getattr(row, measure) == getattr(found, measure).value, measure
        defined = [m for m in MEASURES if getattr(row, m) is not None]
        assert list(found.reached_by(row)) == defined
        (said,) = (text for text in found.control_warnings if text.startswith(f"{name} reaches"))
        assert said in found.warnings

    def test_the_majority_is_of_the_others_and_not_of_all(self) -> None:
        # the only one to say what two others do not: with oneself counted it would be even
        right = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
        behavior = people(np.tile(right, (18, 1)))
        row = score(behavior).controls[3]
        assert row.control == "majority of others"
        # against the first, two others agree with each other: alike in the last two rows only;
        # the other two have no majority where the first differs, and agree elsewhere
        assert row.agreement == pytest.approx((0.5 + 1.0 + 1.0) / 3)

    def test_what_does_not_reach_says_nothing(self, ordinary: Behavior) -> None:
        found = score(ordinary, answers=said(ordinary.values("answer")[:, 3]))
        row = next(row for row in found.controls if row.control == "always False")
        for measure in ANSWER_MEASURES:
            assert getattr(row, measure) < getattr(found, measure).value
        assert not set(found.reached_by(row)) & set(ANSWER_MEASURES)

    def test_a_feature_reaches_from_either_side(self) -> None:
        problems = problems_times(1)
        words = np.array([sum(len(s.split()) for s in p.sentences) for p in problems], float)
        noise = np.random.default_rng(0).standard_normal((72, 10))
        behavior = people(sharing(0.3, 10), words[:, None] + noise)
        found = score(behavior)
        row = next(r for r in found.controls if r.control == "number of words")
        assert row.certainty_time == pytest.approx(1.0, abs=0.1)
        assert {"certainty_time", "confidence_time"} <= set(found.reached_by(row))
        own = {name: getattr(found, name).reference for name in MEASURES}
        assert "certainty_time" in reached({name: getattr(row, name) for name in MEASURES}, own)
        assert row.agreement is None
        assert row.reason == "gives no answers"

    def test_a_feature_that_does_not_vary_says_why(self, ordinary: Behavior) -> None:
        found = score(ordinary, kind="transitive")
        row = next(row for row in found.controls if row.control == "reasoning type")
        assert row.reason == "every item here is transitive"
        assert all(getattr(row, measure) is None for measure in MEASURES)


class TestMissing:
    def test_who_lacks_more_than_a_fifth_is_left_out_by_name(self) -> None:
        problems = problems_times(1)[:70]
        right = sharing(0.7, 4)[:70]
        right[:14, 1], right[:15, 2] = NAN, NAN  # 20 % and 21.4 %
        found = score(people(right, problems=problems))
        assert [(one.subject, one.missing) for one in found.left_out] == [
            ("person-03", pytest.approx(15 / 70))
        ]
        assert [person.subject for person in found.people] == [
            "person-01", "person-02", "person-04",
        ]  # fmt: skip
        assert found.n_people == 3
        assert any("person-03 (21%)" in text for text in found.warnings)
        kept = score(people(right[:, [0, 1, 3]], problems=problems))
        assert found.error_consistency == kept.error_consistency
        assert found.confidence_accuracy.value == kept.confidence_accuracy.value

    def test_nobody_left_is_an_error(self) -> None:
        right = sharing(0.7, 3)
        right[:30] = NAN
        with pytest.raises(DataError, match="everybody lacks more than 20%"):
            score(people(right))

    def test_an_invalid_answer_is_no_answer(self, ordinary: Behavior) -> None:
        answers = AnsweringFake().answer(ordinary.problems)
        gappy = answers.said.copy()
        gappy[::6] = NAN
        found = score(ordinary, answers=said(gappy, answers.log_odds))
        kept = ~np.isnan(gappy)
        assert found.n_invalid == 12
        assert found.agreement.n_items == 60
        assert any("12 of 72 answers are neither True nor False" in t for t in found.warnings)
        both = ordinary.values("answer")[kept] == gappy[kept, None]
        there = ~np.isnan(ordinary.values("answer")[kept])
        expected = [both[there[:, i], i].mean() for i in range(8)]
        assert [person.agreement for person in found.people] == pytest.approx(expected)
        assert found.accuracy == (gappy == labels_of(ordinary.problems)).mean()
        # the log-odds are still there
        assert found.confidence_accuracy == score(ordinary, answers=answers).confidence_accuracy

    def test_a_model_that_says_nothing_gets_nothing(self, ordinary: Behavior) -> None:
        found = score(ordinary, answers=said(np.full(72, NAN), np.full(72, NAN)))
        for name in MEASURES:
            statistic = getattr(found, name)
            assert (statistic.value, statistic.interval, statistic.ratio) == (None, None, None)
            assert statistic.n_items == 0
        assert found.error_consistency.n_undefined == 8
        assert (found.accuracy, found.true_rate, found.auc) == (0.0, None, None)
        assert not any(found.reached_by(row) for row in found.controls)
        assert any("no correlation" in text for text in found.warnings)

    def test_items_without_log_odds_are_left_out_of_the_correlations(
        self, ordinary: Behavior
    ) -> None:
        answers = AnsweringFake().answer(ordinary.problems)
        odds = answers.log_odds.copy()
        odds[:10] = NAN
        found = score(ordinary, answers=said(answers.said, odds))
        assert found.n_log_odds == found.certainty_time.n_items == 62
        assert any("10 items have no log-odds" in text for text in found.warnings)
        assert found.agreement == score(ordinary, answers=answers).agreement

    def test_what_the_model_says_of_itself_is_passed_on(self, ordinary: Behavior) -> None:
        model = AnsweringFake(warnings=("quantised",), cut_off=3)
        found = score(ordinary, answers=model.answer(ordinary.problems))
        assert found.warnings[0] == "quantised"
        assert found.n_cut_off == 3
        assert "3 answers were cut off by the token limit" in found.warnings

    def test_answers_to_other_problems_are_refused(self, ordinary: Behavior) -> None:
        with pytest.raises(DataError, match="70 answers for 72 problems"):
            score(ordinary, answers=said(np.ones(70)))


class TestUndefined:
    def test_an_oracle_has_nothing_to_share(self, ordinary: Behavior) -> None:
        found = score(ordinary, oracle)
        assert found.error_consistency.value == 0.0
        assert found.accuracy == found.balanced_accuracy == found.auc == 1.0
        assert any("right on every item it answers" in text for text in found.warnings)
        assert found.confidence_accuracy.value is None  # as sure of all: no order

    def test_two_who_are_perfect_are_undefined_counted_and_not_0(self) -> None:
        right = sharing(0.5, 5)
        right[:, [1, 2]] = 1.0
        found = score(people(right), oracle)
        assert [person.error_consistency for person in found.people] == [0.0, None, None, 0.0, 0.0]
        consistency = found.error_consistency
        assert (consistency.n_undefined, consistency.reference_undefined) == (2, 1)
        assert any("undefined with 2 people" in text for text in found.warnings)
        assert any("undefined for 1 pairs" in text for text in found.warnings)
        assert any(text.startswith("person-02, person-03 made no error") for text in found.warnings)

    def test_always_true_is_told(self, ordinary: Behavior) -> None:
        found = score(ordinary, always_true)
        assert found.answer_kappa.value == found.above_chance.value == 0.0
        assert any("always says True" in text for text in found.warnings)

    def test_few_items_and_simulated_people_are_told(self, typical: BehaviorScore) -> None:
        assert any("72 items are few" in text for text in typical.warnings)
        assert any("simulated" in text for text in typical.warnings)
        assert any("pooled" in text for text in typical.warnings)

    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_hardly_any_items_give_numbers_or_none(self, limit: int, ordinary: Behavior) -> None:
        right = np.nan_to_num(ordinary.values("accuracy"))
        cut = people(right).select(("syllogistic", "transitive"), limit)
        found = score(cut)
        assert found.n_items == 2 * limit
        BehaviorScore.model_validate_json(found.model_dump_json())

    def test_one_person_has_no_reference(self, ordinary: Behavior) -> None:
        found = score(people(np.nan_to_num(ordinary.values("accuracy"))[:, :1]))
        for name in MEASURES:
            statistic = getattr(found, name)
            assert statistic.value is not None
            assert (statistic.reference, statistic.ratio, statistic.interval) == (None,) * 3


def test_the_group_knows_who_is_in_it(ordinary: Behavior) -> None:
    group = gather(ordinary, "syllogistic")
    assert group.subjects == ordinary.subjects
    assert group.left_out == ()
    assert group.answers.shape == (36, 8)
    with pytest.raises(DataError, match="no items of reasoning type 'modal'"):
        gather(ordinary, "modal")
