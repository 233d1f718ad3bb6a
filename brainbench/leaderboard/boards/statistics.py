"""What stands beside the score of an entry, by kind of board."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainbench.guidance.arms import LABEL_ONLY, PERMUTED
from brainbench.leaderboard.boards.board import Board
from brainbench.leaderboard.kinds.published import EVERYBODY
from brainbench.results import Record

Shown = float | str | None


@dataclass(frozen=True)
class Statistic:
    """What a board is ranked by, in words.

    Attributes
    ----------
    title : of the column.
    what : in plain words.
    equation : as text.
    digits : after the point.
    drawn : what the bootstrap draws anew.
    """

    title: str
    what: str
    equation: str
    digits: int
    drawn: str


@dataclass(frozen=True)
class BoardColumn:
    """One more column of a board.

    Attributes
    ----------
    title : its header.
    what : what it means.
    digits : after the point, of numbers.
    """

    title: str
    what: str
    digits: int = 3


STATISTICS: dict[str, Statistic] = {
    "unique_r2_above_null": Statistic(
        "unique R²",
        "R² that the model adds to all nuisance, less the mean of the same under permutation; "
        "mean over people, then over cells. What says nothing has 0, on average",
        "mean over cells of (mean over people of unique R² − its mean under permutation)",
        4,
        "people; what the record's intervals, with penalties chosen anew, are wider by is added",
    ),
    "raw_r": Statistic(
        "raw r",
        "correlation on runs held out, nuisance left in; mean over people, then over cells",
        "mean over cells of the mean over people of r",
        3,
        "people",
    ),
    "median_r": Statistic(
        "raw r",
        "correlation at the best layer; median over voxels, then over people; mean over cells",
        "mean over cells of the median over people of the median over voxels of r",
        3,
        "people; the layer is not chosen anew",
    ),
    "error_consistency": Statistic(
        "κ of errors",
        "being right and wrong on the same problems, beyond what both accuracies imply; mean "
        "over people, then over cells",
        "mean over cells of the mean over people of κ",
        3,
        "people",
    ),
    "balanced_accuracy": Statistic(
        "balanced accuracy",
        "mean over answers of the share of their problems that are answered right, then over "
        "tasks; an invalid answer is not right",
        "mean over tasks of the mean over answers of recall",
        3,
        "problems, all orders of one together",
    ),
    "least_gain_of_auc": Statistic(
        "least Δ AUC",
        "AUC of the guided model less that of the arm it is least above: guided by signals of "
        "other items, or by the labels alone; mean over tests",
        "mean over tests of min over arms of (AUC guided − AUC of the arm)",
        3,
        "nothing: normal, of the width of the interval in the record",
    ),
    "mean_win_rate": Statistic(
        "wins",
        "share of the other models that it is above, equals counting half; mean over boards",
        "mean over boards of (rank from below − 1) / (models − 1)",
        3,
        "people and problems, as on each board",
    ),
}

COLUMNS: dict[str, tuple[BoardColumn, ...]] = {
    "controlled": (
        BoardColumn("raw r", "correlation on runs held out, nuisance left in; mean over cells"),
        BoardColumn(
            "nuisance reaches", "cells in which a row that knows no model is not below its r"
        ),
        BoardColumn("above null", "cells in which the verdict is that the model adds to nuisance"),
    ),
    "published": (
        BoardColumn("r / ceiling", "divided form, at its own best layer; mean over cells", 2),
        BoardColumn(
            "nuisance reaches", "cells in which a row that knows no model is not below its r"
        ),
    ),
    "behavior": (
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
    ),
    "accuracy": (
        BoardColumn("accuracy", "mean over tasks; an invalid answer is not right"),
        BoardColumn("always one", "accuracy of the answer that does best when it is always given"),
        BoardColumn("AUC", "of the log-odds; mean over tasks"),
        BoardColumn("says most", "the answer it gives most, and how often"),
        BoardColumn("invalid", "answers that are none of the choices", 0),
    ),
    "guidance": (
        BoardColumn("Δ AUC, permuted", "against signals of other items; mean over tests"),
        BoardColumn("Δ AUC, labels", "against the labels alone; mean over tests"),
        BoardColumn(
            "Δ at threshold",
            "accuracy at the validation threshold, the lesser of both; mean over tests",
        ),
        BoardColumn("helps", "tests with the verdict that brain signals help"),
    ),
    "overall": (),
}


def columns_of(board: Board) -> tuple[BoardColumn, ...]:
    """Columns of a board; an overall one has those of its parts."""
    if board.kind == "overall":
        what = "share of the other models that it is above there"
        return tuple(BoardColumn(name.replace("-", " "), what, 2) for name in board.parts)
    return COLUMNS[board.kind]


def values_of(board: Board, record: Record, cells: Mapping[str, float]) -> list[Shown]:
    """What stands in the columns of a board for one entry, in their order."""
    if board.kind == "overall":
        return [cells.get(part) for part in board.parts]
    return _VALUES[board.kind](board, record)


def variant_of(record: Record) -> list[str]:
    """How a model was run where it is not the usual way, in a word each."""
    options = record.config.get("options")
    given: dict[str, Any] = options if isinstance(options, dict) else {}
    said = [f"{given['readout']} readout"] if given.get("readout", "last") != "last" else []
    said += ["thinks first"] if given.get("think") else []
    said += ["chat template"] if record.config.get("apply_chat_template") else []
    said += ["untrained"] if given.get("untrained") is not None else []
    said += ["adapter"] if given.get("peft") else []
    steering = record.model.steering
    said += [f"steered × {steering.strength:g}"] if steering else []
    return [str(one)[:40] for one in said]


# ---------------------------------------------------------------- by kind


def _controlled(board: Board, record: Record) -> list[Shown]:
    own = [score for score in record.controlled if score.benchmark in board.benchmarks]
    return [
        _mean(score.raw.value for score in own),
        _of([any("model" in row.reaches for row in score.controls) for score in own]),
        _of([score.verdict == "above null" for score in own]),
    ]


def _published(board: Board, record: Record) -> list[Shown]:
    own = [r for r in record.scores if r.benchmark in board.benchmarks and r.subject == EVERYBODY]
    reached = {row.benchmark for row in record.controls if "model" in row.reaches}
    return [_mean(row.score for row in own), _of([row.benchmark in reached for row in own])]


def _behavior(board: Board, record: Record) -> list[Shown]:
    own = [score for score in record.behavior if score.benchmark in board.benchmarks]
    return [
        _mean(score.agreement.value for score in own),
        _mean(score.balanced_accuracy for score in own),
        _mean(score.auc for score in own),
        _of([any("error_consistency" in c.reaches_model for c in s.controls) for s in own]),
    ]


def _accuracy(board: Board, record: Record) -> list[Shown]:
    own = [bias for bias in record.answer_bias if bias.task in board.tasks]
    said: dict[str, list[float]] = {}
    for bias in own:
        for choice, share in (bias.said or {}).items():
            said.setdefault(choice, []).append(share)
    most = max(said.items(), key=lambda item: float(np.mean(item[1])), default=None)
    return [
        _mean(bias.accuracy for bias in own),
        _mean(bias.best_constant[1] for bias in own),
        _mean(bias.auc for bias in own),
        None if most is None else f"{most[0][:20]} {np.mean(most[1]):.0%}",
        float(sum(bias.n_invalid for bias in own)),
    ]


def _guidance(board: Board, record: Record) -> list[Shown]:
    own = [gain for gain in record.gains if gain.identifier in board.gains]

    def changes(metric: str, against: str) -> list[float]:
        return [
            change.value
            for gain in own
            for difference in gain.differences
            if difference.against == against
            for change in difference.changes
            if change.metric == metric
        ]

    lesser = [changes("accuracy_at_threshold", arm) for arm in (PERMUTED, LABEL_ONLY)]
    known = [_mean(values) for values in lesser]
    helps = [gain.verdict == "brain signals help" for gain in own]
    return [
        _mean(changes("auc", PERMUTED)),
        _mean(changes("auc", LABEL_ONLY)),
        None if None in known else min(value for value in known if value is not None),
        _of(helps),
    ]


def _mean(values: Iterable[float | None]) -> float | None:
    """Mean where every value is there: what lacks some is no mean of all."""
    held = list(values)
    known = [value for value in held if value is not None]
    return float(np.mean(known)) if known and len(known) == len(held) else None


def _of(flags: list[bool]) -> str:
    return f"{sum(flags)} of {len(flags)}"


_VALUES: dict[str, Callable[[Board, Record], list[Shown]]] = {
    "controlled": _controlled,
    "published": _published,
    "behavior": _behavior,
    "accuracy": _accuracy,
    "guidance": _guidance,
}
