"""The scorecard: a line for each kind of score that a record holds, the numbers those stored."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
from scipy import stats
from scorecards import PARTIAL, passed, record_of
from shown_tables import lines as printed
from simulated_behavior import AnsweringFake, hesitant, people, sharing
from simulated_records import answers as given_answers
from simulated_records import empty, task

from brainbench.benchmarks import BehaviorBenchmark, score_behavior
from brainbench.benchmarks.ladder.names import RUNGS, Rung
from brainbench.results.scorecard import scorecard
from brainbench.statistics.means import people_mean_interval


@pytest.mark.parametrize(
    ("rungs", "verdict"),
    [
        ((), "not found beyond position"),
        (("run",), "not found beyond position"),
        (("run", "position"), "found beyond position; explained by text length"),
        (RUNGS[:-1], "found beyond words; explained by people's behaviour"),
        (RUNGS, "found beyond everything listed"),
    ],
)
def test_alignment_is_where_the_ladder_stops(rungs: tuple[Rung, ...], verdict: str) -> None:
    made, score = empty(), passed(*rungs)
    made.add(score)
    (line,) = scorecard(made).lines
    assert line.verdict == verdict
    assert line.value == score.context.compared.z
    assert line.held == max(r.z for r in score.context.baselines if r.baseline == "untrained")
    assert line.interval is not None
    assert line.interval[0] < line.value < line.interval[1]


def test_the_interval_of_alignment_is_over_people_and_orders() -> None:
    score = passed("run", "position")
    compared = score.context.compared
    made = empty()
    made.add(score)
    (line,) = scorecard(made).lines
    without = np.array(compared.without_person)
    of_people = (len(without) - 1) * without.var()
    error = np.sqrt(np.var(compared.null) + of_people)
    assert line.interval == pytest.approx((line.value - 1.96 * error, line.value + 1.96 * error),
                                          abs=1e-4)  # fmt: skip


def test_a_real_record_has_the_numbers_of_the_boards() -> None:
    card = scorecard(record_of("f50c41311891"))
    shown = {line.name: (line.number, line.beside, line.verdict) for line in card.lines}
    assert shown == {
        "alignment": (
            "3.7",
            "untrained networks 0.8",
            "found beyond position; explained by text length",
        ),
        "behaviour": ("0.185", "people 0.320", "no more than always True shares"),
        "accuracy": (
            "0.524",
            "always one answer 0.500",
            "not clearly better than always one answer",
        ),
    }
    assert 2 <= len(card.sentences) <= 3
    assert "Text length explains it" in " ".join(card.sentences)


def half_width(interval: tuple[float, float] | None) -> float:
    assert interval is not None
    return (interval[1] - interval[0]) / 2


def test_behaviour_is_the_mean_of_single_kinds_over_people_and_problems() -> None:
    record = record_of("f50c41311891")
    cells = [score for score in record.behavior if not score.pooled]
    # some are kept in one kind and left out of the other
    assert len({person.subject for cell in cells for person in cell.people}) > len(cells[0].people)
    line = scorecard(record).lines[1]
    people = people_mean_interval([cell.by_person for cell in cells])
    problems = [half_width(cell.error_consistency.interval_items) / 2 for cell in cells]
    half = np.hypot(half_width(people), np.hypot(*problems))
    assert line.interval == pytest.approx((line.value - half, line.value + half))
    assert half > max(half_width(people), *problems)
    assert line.over == "people and problems"
    assert line.value == fmean(cell.error_consistency.value or 0.0 for cell in cells)


def test_of_the_same_people_those_are_drawn_by_their_means() -> None:
    record = record_of("f50c41311891")
    cells = [score for score in record.behavior if not score.pooled]
    shared = {p.subject for p in cells[0].people} & {p.subject for p in cells[1].people}
    record.behavior = [
        cell.model_copy(update={"people": tuple(p for p in cell.people if p.subject in shared)})
        for cell in cells
    ]
    one, two = (np.array([p.error_consistency for p in cell.people]) for cell in record.behavior)
    means = (one + two) / 2
    half = stats.t.ppf(0.975, len(shared) - 1) * means.std(ddof=1) / np.sqrt(len(shared))
    found = people_mean_interval([cell.by_person for cell in record.behavior])
    assert found == pytest.approx((means.mean() - half, means.mean() + half))


@pytest.mark.parametrize(
    ("skill", "verdict"),
    [
        (2.0, "better than always one answer"),
        (0.05, "no better than always one answer"),
        (-2.0, "worse than always one answer"),
    ],
)
def test_accuracy_is_held_against_one_answer(skill: float, verdict: str) -> None:
    made = empty()
    for seed in range(3):
        made.add(task(f"brainbench_quick_{seed}", given_answers(seed, skill=skill)))
    (line,) = scorecard(made).lines
    assert line.verdict.replace("not clearly", "no") == verdict
    assert line.held == 0.5
    assert line.value == fmean(row.balanced_accuracy or 0.0 for row in made.answer_bias)


def test_an_answer_that_is_always_given_is_called_so() -> None:
    made = empty()
    rows = [{**row, "said": "True"} for row in given_answers(0)]
    made.add(task("brainbench_quick_a", rows))
    (line,) = scorecard(made).lines
    assert line.verdict == "always gives one answer"
    assert line.interval is not None
    assert line.interval[0] < 0.4 < 0.6 < line.interval[1]


def test_of_one_task_the_interval_is_its_own() -> None:
    made = empty()
    made.add(task("brainbench_quick_a", given_answers(0)))
    (line,) = scorecard(made).lines
    (row,) = made.answer_bias
    assert row.balanced_accuracy == pytest.approx(row.accuracy)
    assert line.interval == pytest.approx(row.accuracy_interval, abs=0.02)


def test_guidance_is_the_least_gain_and_its_verdict() -> None:
    (line,) = scorecard(record_of("e41a9bb63d06")).lines
    assert (line.name, line.verdict) == ("steering", "inconclusive: 1 seed")
    assert (line.number, line.of) == ("-0.017", "xiao2026, 12 tests")  # FOLIO has no log-odds
    assert line.interval == pytest.approx((-0.0780, 0.0432), abs=1e-3)


def test_five_seeds_say_how_large_a_gain_there_may_be() -> None:
    few, many = (scorecard(record_of(name)) for name in ("e41a9bb63d06", "450be44969ea"))
    assert "A verdict needs 5 seeds of every arm (--seeds 5)." in few.sentences
    (line,) = many.lines
    assert line.interval is not None
    assert line.interval[0] < 0.0 < line.interval[1]
    said = f"If brain signals add anything here, it is at most {line.interval[1]:.3f}."
    assert said in many.sentences
    # by the rule of its day the reduced tier claimed nothing
    assert line.verdict == "inconclusive: reduced tier"


def test_nothing_that_is_not_there_takes_a_line() -> None:
    untrained = scorecard(record_of("71e2861d0b91"))  # gives no valid answer to any item
    assert [line.name for line in untrained.lines] == ["alignment", "accuracy"]
    assert scorecard(empty()).lines == []
    assert scorecard(empty()).sentences == ["No score came out."]
    assert scorecard(empty(status="started")).sentences == ["This run has no scores yet."]


@pytest.mark.parametrize("name", PARTIAL)
def test_a_record_that_holds_a_part_has_a_card_of_that_part(name: str) -> None:
    card = scorecard(PARTIAL[name])
    assert 1 <= len(card.sentences) <= 3
    for line in card.lines:
        assert len(line.verdict.split()) <= 8
        assert "n/a" not in str(line)
    for sentence in card.sentences:
        assert sentence.endswith(".")
        assert "n/a" not in sentence


@pytest.mark.parametrize("width", [60, 80, 140, 200])
@pytest.mark.parametrize("name", PARTIAL)
def test_no_number_name_or_word_is_cut(name: str, width: int) -> None:
    shown = printed(PARTIAL[name], width)
    assert max(map(len, shown)) <= width
    whole = "\n".join(shown)
    words = set(whole.replace("[", " [ ").replace("]", " ] ").split())
    for line in scorecard(PARTIAL[name]).lines:
        texts = [line.name, line.number, line.verdict, line.beside]
        for word in " ".join(texts).replace("[", " [ ").replace("]", " ] ").split():
            assert word in words or word + ";" in words or word + "," in words, (word, whole)
        for number in (line.number, *line.ends.split(" to ")):
            assert number in whole


def test_behaviour_of_simulated_people_is_read() -> None:
    behavior = people(sharing(0.6))
    given = AnsweringFake(hesitant).answer(behavior.problems)
    made = empty()
    for score in score_behavior([BehaviorBenchmark("ds003076", "all")], behavior, given):
        made.add(score)
    (line,) = scorecard(made).lines
    (score,) = made.behavior
    assert line.value == score.error_consistency.value
    own = score.error_consistency
    half = np.hypot(half_width(own.interval), half_width(own.interval_items))
    assert half_width(line.interval) == pytest.approx(half)
    assert line.held == score.error_consistency.reference
