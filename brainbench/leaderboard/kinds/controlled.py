"""Boards of how well held-out runs are predicted, under the controlled protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from brainbench.benchmarks import ControlledRow, ControlledScore
from brainbench.benchmarks.controlled.score import Estimate
from brainbench.benchmarks.feature_spaces import RANDOM
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
from brainbench.leaderboard.kinds.cells import EntryCell, mean_cell
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.quantities import Interval
from brainbench.results import Record
from brainbench.statistics.means import people_mean_interval

UNTRAINED = "untrained model"
# drawn at the width of each model: another number beside each
OF_MODELS = (RANDOM, UNTRAINED)


def is_constant(score: ControlledScore) -> bool:
    """Whether no prediction varies, in any voxel and fold of any person."""
    folds = len(score.nested.chosen)
    return score.n_constant >= score.n_subjects * score.n_voxels * folds > 0


class ControlledBoards(BenchmarkBoards):
    """What a model's states add to nuisance, cell by cell."""

    name: ClassVar = "controlled"
    title: ClassVar = "controlled protocol"
    statistics: ClassVar = {
        "raw_r": BoardStatistic(
            "raw r",
            "correlation on runs held out, nuisance left in; mean over people, then over cells",
            "mean over cells of the mean over people of r",
            3,
            "people",
        ),
    }
    columns: ClassVar = (
        BoardColumn("unique R²", "R² that the model adds to all nuisance; mean over cells", 4),
        BoardColumn(
            "nuisance reaches", "cells in which a row that knows no model is not below its r"
        ),
    )
    headers: ClassVar = ("raw r", "unique R²", "p (uncorrected)")
    digits: ClassVar = {"unique R²": 4}

    def versions(self, record: Record) -> dict[str, int]:
        return {score.benchmark: score.version for score in record.controlled}

    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        return {
            score.benchmark: mean_cell(
                [person.subject for person in score.subjects],
                [person.r for person in score.subjects],
            )
            for score in submission.record.controlled
        }

    def interval(self, board: RankedBoard, record: Record) -> Interval | None:
        return people_mean_interval(
            [{one.subject: one.r for one in score.subjects} for score in _scores(board, record)]
        )

    def is_constant(self, board: RankedBoard, submission: Submission) -> bool:
        return all(map(is_constant, _scores(board, submission.record)))

    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        own = _scores(board, record)
        return [
            mean_of(score.unique_r2.value for score in own),
            share_of([any("model" in s.reached_by(row) for row in s.controls) for s in own]),
        ]

    def baselines(self, board: RankedBoard, records: Sequence[Record]) -> list[Baseline]:
        scores = [_scores(board, record) for record in records]
        reference = middle([mean_of([_value(s.reference) for s in own]) for own in scores])
        unique = middle([mean_of([_value(s.reference_unique_r2) for s in own]) for own in scores])
        people = Baseline(
            PEOPLE,
            "people",
            reference,
            {"unique R²": unique},
            "all other people predict each person; measured, no upper bound",
        )
        names = dict.fromkeys(
            row.control for own in scores for score in own for row in score.controls
        )
        rows = [people]
        for name in names:
            values = [mean_of([_control(score.controls, name) for score in own]) for own in scores]
            raw, note = over_records(name, values)
            if raw is not None:
                rows.append(Baseline(name, "nuisance", raw, {}, note))
        return rows

    def row(self, name: str, record: Record) -> Sequence[Shown]:
        score = _score(name, record)
        return [score.raw.value, score.unique_r2.value, score.unique_r2.p]

    def beside(self, name: str, record: Record) -> list[tuple[str, float | None]]:
        score = _score(name, record)
        reference = _value(score.reference)
        return [(PEOPLE, reference), *((row.control, row.r) for row in score.controls)]


def over_records(name: str, values: Sequence[float | None]) -> tuple[float | None, str]:
    """Median over records of a row that needs no model, and what to say of it.

    Parameters
    ----------
    name : of the control.
    values : its number in each record; None where a record lacks it.

    Returns
    -------
    The median, None where most records lack it; and a note, empty unless the row is drawn at the
    width of each model. For such a row records that lack it are left out.
    """
    if name not in OF_MODELS:
        return middle(values), ""
    # those who cannot draw their model anew have none
    known = [value for value in values if value is not None]
    return middle(known), f"median over {len(known)} models" if len(known) > 1 else ""


def _score(name: str, record: Record) -> ControlledScore:
    return next(score for score in record.controlled if score.benchmark == name)


def _scores(board: RankedBoard, record: Record) -> list[ControlledScore]:
    return [score for score in record.controlled if score.benchmark in board.benchmarks]


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def _control(rows: Iterable[ControlledRow], name: str) -> float | None:
    return next((row.r for row in rows if row.control == name), None)
