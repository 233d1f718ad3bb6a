"""Rows of the ladder that no test can have given."""

from __future__ import annotations

from typing import Any

import pytest
from ladders import compared, context

from brainbench.benchmarks import LadderRow
from brainbench.benchmarks.ladder.score import Compared
from brainbench.datasets import load_card
from brainbench.leaderboard.checks.ladder import ladder_faults

PEOPLE = tuple(load_card("xiao2026").subjects)
REAL: dict[str, Any] = {
    "dataset": "xiao2026",
    "selection_leak": ("deductive_reasoning",),
    "compared": compared(subjects=PEOPLE),
}


def beyond_position() -> Compared:
    return compared(subjects=PEOPLE, rung="position")


def row(**more: Any) -> LadderRow:
    made: dict[str, Any] = {
        "dataset": "xiao2026",
        "rung": "run",
        "term": "larger",
        "roi": "all",
        "reasoning_type": "all",
        "z": 2.0,
        "p": 201 / 10_001,
        "n_permutations": 10_000,
    }
    return LadderRow(**made | more)


def faults(*rows: LadderRow, **more: Any) -> list[str]:
    return [f"{f.field}: {f.problem}" for f in ladder_faults(rows, [context(**REAL | more)])]


def test_rows_as_brainbench_writes_them_have_no_fault() -> None:
    cell = row(roi="md", reasoning_type="transitive", p=1 / 10_001)
    assert faults(row(), cell, row(rung="position", p=1.0), row(term="own")) == []
    # all orders were listed
    assert faults(row(p=3 / 36, n_permutations=36)) == []


@pytest.mark.parametrize(
    ("rows", "more", "said"),
    [
        ((row(p=0.0201),), {}, "which 10,000 permutations cannot give"),
        ((row(p=0.0),), {}, "below the least that 10,000 permutations give"),
        ((row(), row()), {}, "stands twice"),
        ((row(rung="position"),), {"compared": beyond_position()},
         "run is missing for all cells together"),
        ((row(), row(rung="length", roi="md", reasoning_type="transitive")), {},
         "has cells, and no row of all cells together"),
        ((row(), row(roi="md")), {}, "is of md and all: both are all, or none"),
        ((row(),), {"n_subjects": 20}, "n_subjects: is 20, its card says 10"),
        ((row(),), {"benchmark": "other"}, "its dataset says"),
        ((row(),), {"selection_leak": ()}, "its card says"),
        ((row(),), {"compared": beyond_position()}, "which has no row of all cells together"),
        ((row(z=2.1),), {}, "is 2; the row of run says 2.1"),
        ((row(),), {"compared": compared(subjects=PEOPLE[1:] + PEOPLE[:1])}, "its card says"),
        ((row(),), {"compared": compared(subjects=PEOPLE, without_person=(2.0,))},
         "subjects says"),
        ((row(),), {"compared": compared(subjects=PEOPLE, null=())}, "null: is empty"),
    ],
)  # fmt: skip
def test_what_no_test_gives_is_a_fault(
    rows: tuple[LadderRow, ...], more: dict[str, Any], said: str
) -> None:
    found = faults(*rows, **more)
    assert len(found) == 1
    assert said in found[0]


def test_rows_without_their_context_are_a_fault() -> None:
    assert [f.field for f in ladder_faults([row()], [])] == ["ladder_context"]
