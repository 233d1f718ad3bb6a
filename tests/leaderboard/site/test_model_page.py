"""A model's page has the tables of the report, made once."""

from __future__ import annotations

import pytest
from synthetic_runs import EVERYTHING, make_run

from brainbench.leaderboard.site.model_page import sections_of
from brainbench.results import Record
from brainbench.results.blocks import Section, Table
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
