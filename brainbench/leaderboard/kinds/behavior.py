"""Boards of answers beside people's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from brainbench.benchmarks import BehaviorControl, BehaviorScore
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
from brainbench.leaderboard.kinds.cells import EntryCell, kappa_cell
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.quantities import Interval
from brainbench.results import Record
from brainbench.results.blocks import ScoreLine
from brainbench.results.scorecard.behavior import behavior_interval, behavior_line

CONTROLS = ("always True", "always False", "always right", "majority of others")


def is_constant(score: BehaviorScore) -> bool:
    """Whether the model gives one answer throughout, or none."""
    return score.true_rate in (None, 0.0, 1.0)


class BehaviorBoards(BenchmarkBoards):
    """Being right and wrong on the same problems as people."""

    name: ClassVar = "behavior"
    title: ClassVar = "behaviour"
    answers_shipped: ClassVar = True
    statistics: ClassVar = {
        "error_consistency": BoardStatistic(
            "κ of errors",
            "being right and wrong on the same problems, beyond what both accuracies imply; mean "
            "over people, then over cells",
            "mean over cells of the mean over people of κ",
            3,
            "people; and problems, those of each model by themselves",
        ),
    }
    columns: ClassVar = (
        BoardColumn(
            "same answer", "share of problems with the same answer; mean over people and cells"
        ),
        BoardColumn(
            "balanced accuracy",
            "mean over answers of the share answered right; mean over cells",
        ),
        BoardColumn("AUC", "of the log-odds; mean over cells"),
        BoardColumn(
            "controls reach", "cells in which a control's κ of errors is not below the model's"
        ),
    )
    headers: ClassVar = ("κ of errors", "same answer", "balanced accuracy", "AUC")

    def versions(self, record: Record) -> dict[str, int]:
        return {score.benchmark: score.version for score in record.behavior}

    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        return {
            score.benchmark: kappa_cell(
                [person.subject for person in score.people],
                [person.error_consistency for person in score.people],
                score.error_consistency.interval_items,
            )
            for score in submission.record.behavior
        }

    def line(self, board: RankedBoard, record: Record) -> ScoreLine | None:
        found = _scores(board, record)
        return behavior_line(found) if found else None

    def interval(self, board: RankedBoard, record: Record) -> Interval | None:
        return behavior_interval(_scores(board, record))

    def is_constant(self, board: RankedBoard, submission: Submission) -> bool:
        return all(map(is_constant, _scores(board, submission.record)))

    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        own = _scores(board, record)
        return [
            mean_of(score.agreement.value for score in own),
            mean_of(score.balanced_accuracy for score in own),
            mean_of(score.auc for score in own),
            share_of(
                [any("error_consistency" in s.reached_by(c) for c in s.controls) for s in own]
            ),
        ]

    def baselines(self, board: RankedBoard, records: Sequence[Record]) -> list[Baseline]:
        scores = [_scores(board, record) for record in records]
        people = Baseline(
            PEOPLE,
            "people",
            middle(
                [mean_of([score.error_consistency.reference for score in own]) for own in scores]
            ),
            {
                "same answer": middle(
                    [mean_of([s.agreement.reference for s in own]) for own in scores]
                )
            },
            "each person against the others; measured, no upper bound",
        )
        rows = [people]
        for name in CONTROLS:
            found = [[_guess(score, name) for score in own] for own in scores]
            value = middle([mean_of([row.error_consistency for row in own]) for own in found])
            if value is not None:
                same = middle([mean_of([row.agreement for row in own]) for own in found])
                rows.append(Baseline(name, "guess", value, {"same answer": same}))
        return rows

    def row(self, name: str, record: Record) -> Sequence[Shown]:
        own = _score(name, record)
        return [
            own.error_consistency.value,
            own.agreement.value,
            own.balanced_accuracy,
            own.auc,
        ]

    def beside(self, name: str, record: Record) -> list[tuple[str, float | None]]:
        own = _score(name, record)
        controls = [(row.control, row.error_consistency) for row in own.controls]
        known = [(what, value) for what, value in controls if value is not None]
        return [(PEOPLE, own.error_consistency.reference), *known]


def _scores(board: RankedBoard, record: Record) -> list[BehaviorScore]:
    return [score for score in record.behavior if score.benchmark in board.benchmarks]


def _score(name: str, record: Record) -> BehaviorScore:
    return next(score for score in record.behavior if score.benchmark == name)


def _guess(score: BehaviorScore, name: str) -> BehaviorControl:
    """A control of one score, without numbers where it is lacking."""
    found = (row for row in score.controls if row.control == name)
    return next(found, BehaviorControl(control=name))
