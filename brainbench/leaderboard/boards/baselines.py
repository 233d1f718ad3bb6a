"""Rows of a board that are no models: people among themselves, and what needs no model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median_high
from typing import Literal

import numpy as np

from brainbench.benchmarks import (
    BehaviorControl,
    BehaviorScore,
    ControlledRow,
    ControlledScore,
)
from brainbench.benchmarks.controlled.score import Estimate
from brainbench.benchmarks.feature_spaces import RANDOM
from brainbench.leaderboard.boards.board import Board, lacking
from brainbench.leaderboard.boards.standings import Entry
from brainbench.leaderboard.boards.statistics import Shown, columns_of
from brainbench.leaderboard.kinds.alignment import UNTRAINED
from brainbench.leaderboard.kinds.behavior import CONTROLS
from brainbench.leaderboard.kinds.published import EVERYBODY
from brainbench.results import Record

Role = Literal["people", "nuisance", "guess"]
PEOPLE = "people among themselves"
# drawn at the width of each model: another number beside each
_OF_MODELS = (RANDOM, UNTRAINED)


@dataclass(frozen=True)
class Baseline:
    """One row, unranked.

    Attributes
    ----------
    name : what it is.
    role : what kind of thing.
    value : in what the board is ranked by; None where that makes no sense.
    values : by the title of a column.
    note : what else to know.
    """

    name: str
    role: Role
    value: float | None
    values: dict[str, Shown] = field(default_factory=dict)
    note: str = ""

    def shown(self, board: Board) -> list[Shown]:
        """In the columns of a board, in their order."""
        return [self.values.get(column.title) for column in columns_of(board)]


def rows_beside(board: Board, entries: Iterable[Entry]) -> list[Baseline]:
    """Rows of a board from the records of its entries that lack nothing.

    No model changes them but those that are drawn at its width: of all records the median,
    so that no single one says what stands there.
    """
    whole = [
        entry.submission.record
        for entry in entries
        if entry.apart != "incomplete" and not lacking(board, entry.submission)
    ]
    if not whole or board.kind not in _ROWS:
        return []
    return _ROWS[board.kind](board, whole)


# ---------------------------------------------------------------- by kind


def _controlled(board: Board, records: Sequence[Record]) -> list[Baseline]:
    scores = [_scores(board, record) for record in records]
    reference = middle([_mean([_value(s.reference) for s in own]) for own in scores])
    unique = middle([_mean([_value(s.reference_unique_r2) for s in own]) for own in scores])
    raw_ranked = board.statistic == "raw_r"
    people = Baseline(
        PEOPLE,
        "people",
        reference if raw_ranked else unique,
        {"raw r": reference},
        "all other people predict each person; measured, no upper bound"
        + ("" if raw_ranked else "; no permutation is taken off"),
    )
    names = dict.fromkeys(row.control for own in scores for score in own for row in score.controls)
    rows = [people]
    for name in names:
        values = [_mean([_control(score.controls, name) for score in own]) for own in scores]
        raw, note = _over(name, values)
        if raw is None:
            continue
        # by itself it adds nothing to nuisance: it is nuisance
        value = raw if raw_ranked else None
        rows.append(Baseline(name, "nuisance", value, {"raw r": raw}, note))
    return rows


def _scores(board: Board, record: Record) -> list[ControlledScore]:
    return [score for score in record.controlled if score.benchmark in board.benchmarks]


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def _control(rows: Iterable[ControlledRow], name: str) -> float | None:
    return next((row.r for row in rows if row.control == name), None)


def _over(name: str, values: Sequence[float | None]) -> tuple[float | None, str]:
    """Median over records, and what to say of it."""
    if name not in _OF_MODELS:
        return middle(values), ""
    # those who cannot draw their model anew have none
    known = [value for value in values if value is not None]
    return middle(known), f"median over {len(known)} models" if len(known) > 1 else ""


def _published(board: Board, records: Sequence[Record]) -> list[Baseline]:
    def heads(record: Record) -> list[float | None]:
        return [
            row.reference
            for row in record.scores
            if row.benchmark in board.benchmarks and row.subject == EVERYBODY
        ]

    note = "all other people predict each person; measured, no upper bound"
    rows = [Baseline(PEOPLE, "people", middle([_mean(heads(one)) for one in records]), note=note)]
    for name in dict.fromkeys(row.control for one in records for row in one.controls):
        own = [
            [
                row
                for row in one.controls
                if row.control == name and row.benchmark in board.benchmarks
            ]
            for one in records
        ]
        value, note = _over(name, [_mean([row.raw for row in rows]) for rows in own])
        ratio, _ = _over(name, [_mean([row.score for row in rows]) for rows in own])
        if value is not None:
            rows.append(Baseline(name, "nuisance", value, {"r / ceiling": ratio}, note))
    return rows


def _behavior(board: Board, records: Sequence[Record]) -> list[Baseline]:
    scores = [[s for s in one.behavior if s.benchmark in board.benchmarks] for one in records]
    people = Baseline(
        PEOPLE,
        "people",
        middle([_mean([score.error_consistency.reference for score in own]) for own in scores]),
        {"same answer": middle([_mean([s.agreement.reference for s in own]) for own in scores])},
        "each person against the others; measured, no upper bound",
    )
    rows = [people]
    for name in CONTROLS:
        found = [[_guess(score, name) for score in own] for own in scores]
        value = middle([_mean([row.error_consistency for row in own]) for own in found])
        if value is not None:
            same = middle([_mean([row.agreement for row in own]) for own in found])
            rows.append(Baseline(name, "guess", value, {"same answer": same}))
    return rows


def _guess(score: BehaviorScore, name: str) -> BehaviorControl:
    """A control of one score, without numbers where it is lacking."""
    found = (row for row in score.controls if row.control == name)
    return next(found, BehaviorControl(control=name))


def _accuracy(board: Board, records: Sequence[Record]) -> list[Baseline]:
    biases = [[b for b in one.answer_bias if b.task in board.tasks] for one in records]
    constant = middle([_mean([bias.best_constant[1] for bias in own]) for own in biases])
    values: dict[str, Shown] = {
        "accuracy": constant,
        "always one": constant,
        "AUC": 0.5 if all(len(bias.choices) == 2 for own in biases for bias in own) else None,
        "invalid": 0.0,
    }
    chance = middle([_mean([1.0 / len(bias.choices) for bias in own]) for own in biases])
    note = "the one that does best, chosen with the labels at hand"
    return [Baseline("always one answer", "guess", chance, values, note)]


def _guidance(board: Board, records: Sequence[Record]) -> list[Baseline]:
    return [Baseline("no gain", "guess", 0.0, note="guided as well as the arm it is least above")]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


_ROWS: dict[str, Callable[[Board, Sequence[Record]], list[Baseline]]] = {
    "controlled": _controlled,
    "published": _published,
    "behavior": _behavior,
    "accuracy": _accuracy,
    "guidance": _guidance,
}


def middle(values: Sequence[float | None]) -> float | None:
    """The number in the middle, one that somebody has; None where most have none."""
    known = [value for value in values if value is not None]
    return median_high(known) if 2 * len(known) > len(values) else None
