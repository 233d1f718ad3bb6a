"""Scores of kinds that have no section of their own, such as a plugin's."""

from __future__ import annotations

from brainbench.benchmarks import DifficultyScore
from brainbench.results.blocks import Section, Table
from brainbench.results.record import OtherScore, Record
from brainbench.results.wording import number

_ABOUT = (
    "The first number of each row is the headline of its kind of score; the record holds the whole "
    "score. No board ranks these."
)


def other_section(record: Record) -> Section | None:
    """One table for each kind of score; None where there is none."""
    kinds = dict.fromkeys(score.kind for score in scores_without_section(record))
    if not kinds:
        return None
    tables = [
        Table(kind, ["benchmark", "value", "numbers"], _rows(record, kind), numbers=False)
        for kind in kinds
    ]
    return Section("other", "Other kinds of scores", tables, about=_ABOUT)


def scores_without_section(record: Record) -> list[OtherScore]:
    """Scores that no other section shows."""
    return [score for score in record.other if score.kind != DifficultyScore.kind]


def single_numbers(score: OtherScore) -> str:
    """Every single number of a score by name, ``r 0.123, layer 2``; not those in lists."""
    known = {"version"}
    found = [
        f"{name} {number(value)}"
        for name, value in score.score.items()
        if name not in known and isinstance(value, int | float)
    ]
    return ", ".join(found)


def _rows(record: Record, kind: str) -> list[list[str]]:
    return [
        [score.benchmark, number(score.value), single_numbers(score)]
        for score in record.other
        if score.kind == kind
    ]
