"""A model's page has the tables of the report, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from synthetic_runs import EVERYTHING, make_run

from brainbench.leaderboard.site.model_page import model_card, sections_of
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record
from brainbench.results.blocks import Scores, Section, Table, Words
from brainbench.results.sections import record_sections


@pytest.fixture(scope="module")
def record() -> Record:
    return make_run(0, kinds=(*EVERYTHING, "published"))[0]


def tables(section: Section) -> list[Table]:
    own = [block for block in section.blocks if isinstance(block, Table)]
    return own + [table for part in section.parts for table in tables(part)]


def test_every_kind_has_its_section_and_tables_alone(record: Record) -> None:
    found = sections_of(record)
    assert [section.key for section in found] == [
        section.key for section in record_sections(record, pictures=False)
    ]
    for section in found:
        for part in (section, *section.parts):
            assert all(isinstance(block, Table) and block.rows for block in part.blocks)


def test_the_tables_are_those_of_the_report(record: Record) -> None:
    for own, whole in zip(
        sections_of(record), record_sections(record, pictures=False), strict=True
    ):
        assert tables(own) == [table for table in tables(whole) if table.rows]
        assert own.about == whole.about


def test_a_run_without_scores_has_none(record: Record) -> None:
    lists = (
        "ladder",
        "ladder_context",
        "controlled",
        "published",
        "behavior",
        "answer_bias",
        "gains",
        "searches",
        "other",
    )
    empty = record.model_copy(update={name: [] for name in lists} | {"accuracy": {}})
    assert sections_of(empty) == []


def run(seed: int, *kinds: str, **config: Any) -> Submission:
    made, samples = make_run(seed, kinds=kinds)
    made = made.model_copy(update={"config": made.config | config})
    return Submission(Path("x"), None, made, samples)


def test_a_model_has_one_card_of_all_its_runs() -> None:
    newest, older = run(1, "accuracy"), run(0, "ladder", "behavior", "accuracy")
    published = run(2, "published")
    scores, words = model_card([published, newest, older])
    assert isinstance(scores, Scores)
    assert isinstance(words, Words)
    assert "People's responses" in words.text
    assert [line.name for line in scores.lines] == ["alignment", "behaviour", "accuracy"]
    # of the ladder, though another protocol is newer; and of the newest run that has it
    alignment, _, accuracy = scores.lines
    assert alignment.statistic == "z beyond position"
    assert accuracy.value == pytest.approx(_accuracy(newest))
    # a run of some items is no score where there is a whole one
    scores, _ = model_card([run(1, "accuracy", limit=3), older])
    assert isinstance(scores, Scores)
    assert scores.lines[-1].value == pytest.approx(_accuracy(older))


def _accuracy(one: Submission) -> float:
    values = [bias.balanced_accuracy or 0.0 for bias in one.record.answer_bias]
    return sum(values) / len(values)
