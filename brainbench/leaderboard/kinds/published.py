"""Boards of alignment under the published protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from brainbench.benchmarks import PublishedScore
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
from brainbench.quantities import Interval
from brainbench.results import Record
from brainbench.results.scorecard.alignment import published_interval


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
        return {s.benchmark: s.version for s in record.published if s.protocol == self.name}

    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        return {
            score.benchmark: median_cell(
                [person.subject for person in score.subjects],
                [person.raw for person in score.subjects],
            )
            for score in submission.record.published
        }

    def interval(self, board: RankedBoard, record: Record) -> Interval | None:
        return published_interval(_scores(board, record))

    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        own = _scores(board, record)
        return [
            mean_of(score.score for score in own),
            share_of([any("model" in s.reached_by(row) for row in s.controls) for s in own]),
        ]

    def baselines(self, board: RankedBoard, records: Sequence[Record]) -> list[Baseline]:
        scores = [_scores(board, record) for record in records]
        reference = middle([mean_of([score.reference for score in own]) for own in scores])
        note = "all other people predict each person; measured, no upper bound"
        rows = [Baseline(PEOPLE, "people", reference, note=note)]
        names = dict.fromkeys(
            row.control for own in scores for score in own for row in score.controls
        )
        for name in names:
            held = [
                [row for score in own for row in score.controls if row.control == name]
                for own in scores
            ]
            value, note = over_records(name, [mean_of([row.raw for row in own]) for own in held])
            ratio, _ = over_records(name, [mean_of([row.score for row in own]) for own in held])
            if value is not None:
                rows.append(Baseline(name, "nuisance", value, {"r / ceiling": ratio}, note))
        return rows

    def row(self, name: str, record: Record) -> Sequence[Shown]:
        score = _score(name, record)
        return [score.raw, score.score, str(score.layer)[:40]]

    def beside(self, name: str, record: Record) -> list[tuple[str, float | None]]:
        score = _score(name, record)
        return [(PEOPLE, score.reference), *((row.control, row.raw) for row in score.controls)]


def _score(name: str, record: Record) -> PublishedScore:
    return next(score for score in record.published if score.benchmark == name)


def _scores(board: RankedBoard, record: Record) -> list[PublishedScore]:
    return [score for score in record.published if score.benchmark in board.benchmarks]
