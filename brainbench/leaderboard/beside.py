"""Rows of a board that are no models: people among themselves, and what needs no model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from brainbench.benchmarks import ControlledRow, ControlledScore
from brainbench.benchmarks.spaces import RANDOM
from brainbench.leaderboard.boards import Board, lacking
from brainbench.leaderboard.check_behavior import CONTROLS
from brainbench.leaderboard.check_controlled import UNTRAINED
from brainbench.leaderboard.check_published import EVERYBODY
from brainbench.leaderboard.columns import Shown, columns_of
from brainbench.leaderboard.entries import Entry
from brainbench.leaderboard.submission import Submission
from brainbench.results import Record

Role = Literal["people", "nuisance", "guess"]
PEOPLE = "people among themselves"
# drawn at the width of each model: another number beside each
_OF_MODELS = (RANDOM, UNTRAINED)


@dataclass(frozen=True)
class Beside:
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


def rows_beside(board: Board, entries: Iterable[Entry]) -> list[Beside]:
    """Rows of a board from the records of its entries that lack nothing, newest first.

    No model changes them, so one record says it all; what is drawn at the width of each
    model is averaged over models.
    """
    whole = [entry.submission for entry in entries if not lacking(board, entry.submission)]
    if not whole or board.kind not in _ROWS:
        return []
    newest = sorted(whole, key=lambda s: str(s.record.timing.get("started", "")), reverse=True)
    return _ROWS[board.kind](board, newest)


# ---------------------------------------------------------------- by kind


def _controlled(board: Board, submissions: Sequence[Submission]) -> list[Beside]:
    first = _scores(board, submissions[0].record)
    reference = [None if s.reference is None else s.reference.value for s in first]
    unique = [None if s.reference_unique_r2 is None else s.reference_unique_r2.value for s in first]
    raw_ranked = board.statistic == "raw_r"
    people = Beside(
        PEOPLE,
        "people",
        _mean(reference if raw_ranked else unique),
        {"raw r": _mean(reference)},
        "all other people predict each person; measured, no upper bound"
        + ("" if raw_ranked else "; no permutation is taken off"),
    )
    names = dict.fromkeys(row.control for score in first for row in score.controls)
    rows = [people]
    for name in names:
        chosen = submissions if name in _OF_MODELS else submissions[:1]
        values = [
            _mean([_control(score.controls, name) for score in _scores(board, one.record)])
            for one in chosen
        ]
        known = [value for value in values if value is not None]
        if not known:
            continue
        note = f"mean over {len(known)} models" if name in _OF_MODELS and len(known) > 1 else ""
        raw = float(np.mean(known))
        # by itself it adds nothing to nuisance: it is nuisance
        value = raw if raw_ranked else None
        rows.append(Beside(name, "nuisance", value, {"raw r": raw}, note))
    return rows


def _scores(board: Board, record: Record) -> list[ControlledScore]:
    return [score for score in record.controlled if score.benchmark in board.benchmarks]


def _control(rows: Iterable[ControlledRow], name: str) -> float | None:
    return next((row.r for row in rows if row.control == name), None)


def _published(board: Board, submissions: Sequence[Submission]) -> list[Beside]:
    def heads(record: Record) -> list[float | None]:
        return [
            row.reference
            for row in record.scores
            if row.benchmark in board.benchmarks and row.subject == EVERYBODY
        ]

    note = "all other people predict each person; measured, no upper bound"
    rows = [Beside(PEOPLE, "people", _mean(heads(submissions[0].record)), note=note)]
    names = dict.fromkeys(row.control for row in submissions[0].record.controls)
    for name in names:
        chosen = submissions if name in _OF_MODELS else submissions[:1]
        values, divided = [], []
        for one in chosen:
            own = [
                row
                for row in one.record.controls
                if row.control == name and row.benchmark in board.benchmarks
            ]
            values.append(_mean([row.raw for row in own]))
            divided.append(_mean([row.score for row in own]))
        known = [value for value in values if value is not None]
        if known:
            note = f"mean over {len(known)} models" if len(known) > 1 else ""
            shares = [value for value in divided if value is not None]
            ratio = float(np.mean(shares)) if len(shares) == len(divided) else None
            row = Beside(name, "nuisance", float(np.mean(known)), {"r / ceiling": ratio}, note)
            rows.append(row)
    return rows


def _behavior(board: Board, submissions: Sequence[Submission]) -> list[Beside]:
    own = [s for s in submissions[0].record.behavior if s.benchmark in board.benchmarks]
    people = Beside(
        PEOPLE,
        "people",
        _mean([score.error_consistency.reference for score in own]),
        {"same answer": _mean([score.agreement.reference for score in own])},
        "each person against the others; measured, no upper bound",
    )
    rows = [people]
    for name in CONTROLS:
        found = [row for score in own for row in score.controls if row.control == name]
        value = _mean([row.error_consistency for row in found])
        if value is not None and len(found) == len(own):
            same = _mean([row.agreement for row in found])
            rows.append(Beside(name, "guess", value, {"same answer": same}))
    return rows


def _accuracy(board: Board, submissions: Sequence[Submission]) -> list[Beside]:
    own = [b for b in submissions[0].record.answer_bias if b.task in board.tasks]
    values: dict[str, Shown] = {
        "accuracy": _mean([bias.best_constant[1] for bias in own]),
        "always one": _mean([bias.best_constant[1] for bias in own]),
        "AUC": 0.5 if all(len(bias.choices) == 2 for bias in own) else None,
        "invalid": 0.0,
    }
    chance = _mean([1.0 / len(bias.choices) for bias in own])
    note = "the one that does best, chosen with the labels at hand"
    return [Beside("always one answer", "guess", chance, values, note)]


def _guidance(board: Board, submissions: Sequence[Submission]) -> list[Beside]:
    return [Beside("no gain", "guess", 0.0, note="guided as well as the arm it is least above")]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


_ROWS: dict[str, Callable[[Board, Sequence[Submission]], list[Beside]]] = {
    "controlled": _controlled,
    "published": _published,
    "behavior": _behavior,
    "accuracy": _accuracy,
    "guidance": _guidance,
}
