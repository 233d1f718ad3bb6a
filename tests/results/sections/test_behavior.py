"""Scores of behaviour in a terminal, and in the record."""

from __future__ import annotations

import pytest
from shown_tables import lines, table_named
from simulated_behavior import AnsweringFake, always_true, hesitant, oracle, people, sharing

from brainbench.benchmarks import (
    IN_WORDS,
    MEASURES,
    BehaviorBenchmark,
    BehaviorScore,
    score_behavior,
)
from brainbench.results import ModelInfo, Record
from brainbench.results.sections.behavior import behavior_section


def record(answering: object = hesitant, kinds: tuple[str, ...] = ("all", "transitive")) -> Record:
    made = Record(
        run_id="abc",
        status="success",
        versions={},
        model=ModelInfo(identifier="m", sha256="0"),
        datasets=[],
        benchmarks={},
        config={},
    )
    behavior = people(sharing(0.6))
    answers = AnsweringFake(answering, warnings=("quantised",)).answer(behavior.problems)  # type: ignore[arg-type]
    for score in score_behavior(
        [BehaviorBenchmark("ds003076", kind) for kind in kinds], behavior, answers
    ):
        made.add(score)
    return made


def test_a_row_holds_the_score_whole_and_comes_back() -> None:
    made = record()
    assert [row.benchmark for row in made.behavior] == [
        "ds003076.behavior.all-consistency",
        "ds003076.behavior.transitive-consistency",
    ]
    assert made.published == []
    assert isinstance(made.behavior[0], BehaviorScore)
    assert len(made.behavior[0].people) == 8
    assert len(made.behavior[0].controls) == 9
    assert Record.model_validate_json(made.model_dump_json()) == made


def test_a_record_from_before_has_no_behaviour() -> None:
    made = record(kinds=())
    old = made.model_dump(exclude={"behavior"})
    assert Record.model_validate(old).behavior == []
    assert lines(made) == ["m", "no scores"]


def test_the_table_is_readable_in_100_columns() -> None:
    printed = lines(record())
    assert all(len(line) <= 100 for line in printed)
    text = "\n".join(printed)
    assert "…" not in text
    assert "no scores" not in text
    assert sum("over items" in line and " model " in line for line in printed) == 2
    # a row for each measure, with the model, then with people, then with what knows nothing of it
    assert sum(line.startswith("κ of errors ") for line in printed) == 4
    for control in ("always True", "always right", "majority of others", "number of words"):
        assert sum(line.startswith(control) for line in printed) >= 2
    assert "n/a: reasoning type: every item here is transitive" in text


def test_numbers_of_the_table_are_those_of_the_record() -> None:
    made = record(kinds=("all",))
    row = made.behavior[0]
    text = "\n".join(lines(made))
    shown = table_named(behavior_section(made), "95 % intervals")
    for name in MEASURES:
        found, cells = getattr(row, name), shown[IN_WORDS[name]]
        assert cells["model"].startswith(f"{found.value:.3f} [")
        assert cells["people"].startswith(f"{found.reference:.3f} [")
        for column in ("model", "over items", "people", "model / people", "bound"):
            assert cells.get(column, "") in text
    kappa = row.error_consistency
    assert shown["κ of errors"]["over items"] == "[{:.3f}, {:.3f}]".format(*kappa.interval_items)


def test_what_reaches_the_model_is_marked_and_said() -> None:
    made = record(always_true, ("all",))
    printed = lines(made)
    row = next(line for line in printed if line.startswith("always True "))
    assert row.count("*") == 6  # certainty does not vary
    said = " ".join(printed)
    assert "always True reaches the model in κ of errors" in said
    assert "* reaches the model: not below it" in " ".join(said.split())
    assert "its κ of answers and errors tell nothing" in said


def test_a_warning_of_every_row_is_printed_once() -> None:
    printed = " ".join(lines(record()))
    assert printed.count("quantised") == 1
    assert printed.count("72 items are few") == 1
    assert printed.count("36 items are few") == 1


@pytest.mark.parametrize("answering", [oracle, always_true])
def test_what_is_undefined_is_printed_as_such(answering: object) -> None:
    printed = lines(record(answering, ("all",)))
    assert any("n/a" in line for line in printed if line.startswith(("κ", "agree", "con", "cert")))
    assert not [line for line in printed if "nan" in line.lower() or "None" in line]
