"""Boards of alignment under the published protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from brainbench.leaderboard.kinds.base import (
    PEOPLE,
    Baseline,
    BenchmarkBoards,
    BoardColumn,
    BoardStatistic,
    RankedBoard,
    Shown,
    mean_of,
    middle,
    share_of,
)
from brainbench.leaderboard.kinds.cells import EntryCell, median_cell
from brainbench.leaderboard.kinds.controlled import over_records
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record, ScoreRow

EVERYBODY = "all"


class PublishedBoards(BenchmarkBoards):
    """How well the best layer predicts held-out items, cell by cell."""

    name: ClassVar = "published"
    title: ClassVar = "published protocol"
    statistics: ClassVar = {
        "median_r": BoardStatistic(
            "raw r",
            "correlation at the best layer; median over voxels, then over people; mean over cells",
            "mean over cells of the median over people of the median over voxels of r",
            3,
            "people; the layer is not chosen anew",
        ),
    }
    columns: ClassVar = (
        BoardColumn("r / ceiling", "divided form, at its own best layer; mean over cells", 2),
        BoardColumn(
            "nuisance reaches", "cells in which a row that knows no model is not below its r"
        ),
    )
    headers: ClassVar = ("raw r", "r / ceiling", "best layer")

    def versions(self, record: Record) -> dict[str, int]:
        return {row.benchmark: row.version for row in record.scores if row.protocol == self.name}

    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        people: dict[str, dict[str, float]] = {}
        for row in submission.record.scores:
            if row.subject != EVERYBODY:
                people.setdefault(row.benchmark, {})[row.subject] = row.raw
        return {name: median_cell(list(own), list(own.values())) for name, own in people.items()}

    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        own = [
            r for r in record.scores if r.benchmark in board.benchmarks and r.subject == EVERYBODY
        ]
        reached = {row.benchmark for row in record.controls if "model" in row.reaches}
        return [
            mean_of(row.score for row in own),
            share_of([row.benchmark in reached for row in own]),
        ]

    def baselines(self, board: RankedBoard, records: Sequence[Record]) -> list[Baseline]:
        def heads(record: Record) -> list[float | None]:
            return [
                row.reference
                for row in record.scores
                if row.benchmark in board.benchmarks and row.subject == EVERYBODY
            ]

        note = "all other people predict each person; measured, no upper bound"
        rows = [
            Baseline(PEOPLE, "people", middle([mean_of(heads(one)) for one in records]), note=note)
        ]
        for name in dict.fromkeys(row.control for one in records for row in one.controls):
            own = [
                [
                    row
                    for row in one.controls
                    if row.control == name and row.benchmark in board.benchmarks
                ]
                for one in records
            ]
            value, note = over_records(name, [mean_of([row.raw for row in rows]) for rows in own])
            ratio, _ = over_records(name, [mean_of([row.score for row in rows]) for rows in own])
            if value is not None:
                rows.append(Baseline(name, "nuisance", value, {"r / ceiling": ratio}, note))
        return rows

    def row(self, name: str, record: Record) -> Sequence[Shown]:
        row = _headline(name, record)
        return [row.raw, row.score, f"{row.site} {row.layer}"[:40]]

    def beside(self, name: str, record: Record) -> list[tuple[str, float | None]]:
        rows = [row for row in record.controls if row.benchmark == name]
        reference = _headline(name, record).reference
        return [(PEOPLE, reference), *((row.control, row.raw) for row in rows)]


def _headline(name: str, record: Record) -> ScoreRow:
    rows = record.scores
    return next(row for row in rows if row.benchmark == name and row.subject == EVERYBODY)
