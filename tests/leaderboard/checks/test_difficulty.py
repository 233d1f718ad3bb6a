"""Scores of item difficulty in a submission, whole and changed by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from simulated_behavior import AnsweringFake, grouped, hesitant, sharing
from simulated_records import empty

from brainbench.benchmarks import DifficultyBenchmark, OtherScore, score_difficulty
from brainbench.datasets import Behavior
from brainbench.leaderboard.checks import difficulty
from brainbench.leaderboard.checks.difficulty import difficulty_faults
from brainbench.results.samples import sample_rows

Row = dict[str, Any]


@pytest.fixture(scope="module")
def people() -> Behavior:
    groups = np.array(["adults"] * 4 + ["children"] * 6)
    made = grouped(sharing(0.7, n_people=10), groups, np.arange(10, 20, dtype=float))
    card = made.card.model_copy(update={"simulated": False})
    object.__setattr__(made, "card", card)
    return made


@pytest.fixture(scope="module")
def scored(people: Behavior) -> tuple[OtherScore, list[Row]]:
    answers = AnsweringFake(hesitant).answer(people.problems)
    record = empty()
    benchmark = DifficultyBenchmark("deduction73", "transitive")
    for score in score_difficulty([benchmark], people, answers):
        record.add(score)
    return record.other[0], sample_rows(people, answers)


@pytest.fixture(autouse=True)
def at_hand(people: Behavior, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difficulty, "is_local", lambda card: True)
    monkeypatch.setattr(difficulty, "load_behavior", lambda name: people)


def faults(one: OtherScore, rows: list[Row] | None = None, seed: int = 0) -> list[str]:
    samples = {} if rows is None else {"deduction73": rows}
    return [f"{fault.field} {fault.problem}" for fault in difficulty_faults([one], samples, seed)]


def changed(one: OtherScore, change: Callable[[Row], object], **fields: object) -> OtherScore:
    made = one.model_copy(deep=True)
    change(made.score)
    return made.model_copy(update=fields)


def test_a_score_as_it_was_written_has_none(scored: tuple[OtherScore, list[Row]]) -> None:
    one, rows = scored
    assert faults(one) == faults(one, rows) == []
    # as it comes back from a file
    assert faults(OtherScore.model_validate_json(one.model_dump_json()), rows) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda s: s["profiles"][1].update(value=0.9), "profiles[1].value"),
        (lambda s: s["profiles"][0].update(reliability=0.99), "profiles[0].reliability"),
        (lambda s: s["correlations"][0].update(value=0.99), "correlations[0].value"),
        (lambda s: s["slopes"][3].update(slope=0.5), "slopes[3].slope"),
        (lambda s: s["people"][2].update(age=40.0), "people[2].age"),
        (lambda s: s["people"].pop(), "people"),
        (lambda s: s["profiles"][0]["controls"].pop("number of words"), "profiles[0].controls"),
    ],
)
def test_a_number_that_was_changed_is_found_by_the_answers(
    change: Callable[[Row], object], field: str, scored: tuple[OtherScore, list[Row]]
) -> None:
    one, rows = scored
    found = faults(changed(one, change), rows)
    assert any(f".{field} is not what its answers and the people's give" in text for text in found)


def test_the_record_and_the_score_say_the_same(scored: tuple[OtherScore, list[Row]]) -> None:
    one, _ = scored
    (text,) = faults(one.model_copy(update={"value": 0.99}))
    assert ".value is 0.99, its rows give" in text
    (text,) = faults(one.model_copy(update={"notes": ()}))
    assert ".notes is (), its numbers say" in text
    assert any("the score says 1" in text for text in faults(one.model_copy(update={"version": 2})))
    found = faults(changed(one, lambda s: s.update(reasoning_type="syllogistic")))
    assert any("its parts say 'deduction73.difficulty.syllogistic" in text for text in found)
    found = faults(changed(one, lambda s: s.update(dataset="phantom"), dataset="phantom"))
    assert any("'phantom', which joins no groups of people" in text for text in found)
    assert any(
        "pooled is True" in text for text in faults(changed(one, lambda s: s.update(pooled=True)))
    )


def test_what_is_not_a_score_of_the_kind_is_named(scored: tuple[OtherScore, list[Row]]) -> None:
    one, _ = scored
    (text,) = faults(changed(one, lambda s: s.pop("profiles")))
    assert "does not have the fields of its kind: profiles: Field required" in text


def test_answers_of_other_items_are_refused(scored: tuple[OtherScore, list[Row]]) -> None:
    one, rows = scored
    (text,) = faults(one, rows[:-3])
    assert "lacks transitive-02-15-0 and 2 more of the items asked" in text
    flipped = [{**row, "label": 1 - row["label"]} for row in rows]
    (text,) = faults(one, flipped)
    assert "says otherwise than the dataset whether transitive-01-00-0 follows" in text


def test_another_seed_is_another_reliability(scored: tuple[OtherScore, list[Row]]) -> None:
    one, rows = scored
    assert any("reliability" in text for text in faults(one, rows, seed=5))


def test_a_score_that_stands_twice(scored: tuple[OtherScore, list[Row]]) -> None:
    one, _ = scored
    found = [fault.problem for fault in difficulty_faults([one, one], {}, 0)]
    assert found == ["stands twice"]
