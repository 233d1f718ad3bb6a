"""Boards of accuracy in tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from brainbench.leaderboard.kinds.base import (
    NOT_READ,
    Baseline,
    BoardColumn,
    BoardKind,
    BoardStatistic,
    RankedBoard,
    Shown,
    mean_of,
    middle,
)
from brainbench.leaderboard.kinds.cells import EntryCell, recall_cell
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.quantities import Interval
from brainbench.reasoning import AnswerBias
from brainbench.reasoning.response_bias import Item
from brainbench.results import Record
from brainbench.results.blocks import ScoreLine
from brainbench.results.scorecard.accuracy import accuracy_interval, accuracy_line

Rows = Sequence[Mapping[str, Any]]


class AccuracyBoards(BoardKind):
    """Problems answered rightly, balanced over answers, task by task."""

    name: ClassVar = "accuracy"
    title: ClassVar = "accuracy"
    statistics: ClassVar = {
        "balanced_accuracy": BoardStatistic(
            "balanced accuracy",
            "mean over answers of the share of their problems that are answered right, then over "
            "tasks; an invalid answer is not right",
            "mean over tasks of the mean over answers of recall",
            3,
            "problems, all orders of one together",
        ),
    }
    columns: ClassVar = (
        BoardColumn("accuracy", "mean over tasks; an invalid answer is not right"),
        BoardColumn("always one", "accuracy of the answer that does best when it is always given"),
        BoardColumn("AUC", "of the log-odds; mean over tasks"),
        BoardColumn("says most", "the answer it gives most, and how often"),
        BoardColumn("invalid", "answers that are none of the choices", 0),
    )
    headers: ClassVar = ("accuracy", "balanced", "AUC", "always one")

    def lacking(self, board: RankedBoard, submission: Submission) -> dict[str, str] | None:
        record = submission.record
        biases = {bias.task for bias in record.answer_bias}
        found: dict[str, str] = {}
        for name, version in board.tasks.items():
            task = record.tasks.get(name)
            if task is None or name not in biases:
                found[name] = NOT_READ
            elif task.version.removesuffix(".0") != version:
                found[name] = f"version {task.version[:20]}, the board is of {version}"
            elif task.n_shot != board.n_shot:
                found[name] = f"{task.n_shot} examples, the board is of {board.n_shot}"
            elif task.n_items != task.n_docs:
                found[name] = f"{task.n_items} of {task.n_docs} items"
            elif not submission.samples.get(name):
                found[name] = "no answers were shipped"
            else:
                labels = _labels(submission.samples[name])
                if labels is None:
                    found[name] = "the answers shipped hold no labels, or no answers"
                elif len(labels) < 2:
                    found[name] = f"every problem is labelled {min(labels)[:20]}"
        return found

    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        found = {}
        for name in board.tasks:
            items = task_items(submission.samples[name]) or []
            clusters = sorted({cluster for cluster, *_ in items})
            labels = sorted({label for _, label, _, _ in items})
            place = {cluster: i for i, cluster in enumerate(clusters)}
            parts = np.zeros((len(clusters), 2, len(labels)))
            for cluster, label, answer, _ in items:
                parts[place[cluster], 0, labels.index(label)] += answer == label
                parts[place[cluster], 1, labels.index(label)] += 1
            # with its labels: a problem that is labelled otherwise is another
            counts = (zip(own.astype(int), labels, strict=True) for own in parts[:, 1])
            units = tuple(
                f"{cluster}: {', '.join(f'{n} {label}' for n, label in own)}"
                for cluster, own in zip(clusters, counts, strict=True)
            )
            found[name] = recall_cell(units, parts)
        return found

    def line(self, board: RankedBoard, record: Record) -> ScoreLine | None:
        found = _balanced(board, record)
        return accuracy_line(found) if found else None

    def interval(self, board: RankedBoard, record: Record) -> Interval | None:
        return accuracy_interval(_balanced(board, record))

    def is_constant(self, board: RankedBoard, submission: Submission) -> bool:
        return all(is_constant(task_items(submission.samples[t]) or []) for t in board.tasks)

    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        own = [bias for bias in record.answer_bias if bias.task in board.tasks]
        shares: dict[str, list[float]] = {}
        for bias in own:
            for choice, share in (bias.answer_shares or {}).items():
                shares.setdefault(choice, []).append(share)
        most = max(shares.items(), key=lambda item: float(np.mean(item[1])), default=None)
        return [
            mean_of(bias.accuracy for bias in own),
            mean_of(bias.best_constant[1] for bias in own),
            mean_of(bias.auc for bias in own),
            None if most is None else f"{most[0][:20]} {np.mean(most[1]):.0%}",
            float(sum(bias.n_invalid for bias in own)),
        ]

    def baselines(self, board: RankedBoard, records: Sequence[Record]) -> list[Baseline]:
        biases = [[b for b in one.answer_bias if b.task in board.tasks] for one in records]
        constant = middle([mean_of([bias.best_constant[1] for bias in own]) for own in biases])
        values: dict[str, Shown] = {
            "accuracy": constant,
            "always one": constant,
            "AUC": 0.5 if all(len(bias.choices) == 2 for own in biases for bias in own) else None,
            "invalid": 0.0,
        }
        chance = middle([mean_of([1.0 / len(bias.choices) for bias in own]) for own in biases])
        note = "the one that does best, chosen with the labels at hand"
        return [Baseline("always one answer", "guess", chance, values, note)]

    def version(self, name: str, record: Record) -> str | None:
        task = record.tasks.get(name)
        biases = {bias.task for bias in record.answer_bias}
        return task.version[:20] if task is not None and name in biases else None

    def row(self, name: str, record: Record) -> Sequence[Shown]:
        bias = _bias(name, record)
        return [bias.accuracy, bias.balanced_accuracy, bias.auc, bias.best_constant[1]]

    def beside(self, name: str, record: Record) -> list[tuple[str, float | None]]:
        always = _bias(name, record).always
        return [(f"always {choice}"[:40], value) for choice, value in always.items()]


def _balanced(board: RankedBoard, record: Record) -> list[AnswerBias]:
    return [
        bias
        for bias in record.answer_bias
        if bias.task in board.tasks and bias.balanced_accuracy is not None
    ]


def _bias(name: str, record: Record) -> AnswerBias:
    return next(bias for bias in record.answer_bias if bias.task == name)


def task_items(rows: Rows) -> list[Item] | None:
    """``[cluster, label, answer, log_odds]`` of each row; None where a row does not hold them."""
    if not rows:
        return None
    first = rows[0].get("filter")
    own = [row for row in rows if row.get("filter") == first]
    if any("label" not in row or "said" not in row for row in own):
        return None
    return [
        [
            str(row.get("base_id", row.get("id", row.get("doc_id")))),
            str(row["label"]),
            None if row["said"] is None else str(row["said"]),
            _odds(row.get("log_odds")),
        ]
        for row in own
    ]


def is_constant(items: Sequence[Item]) -> bool:
    """Whether one answer is given throughout, or none."""
    return len({answer for _, _, answer, _ in items if answer is not None}) < 2


def _odds(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if value in ("inf", "-inf") else None
    return None if value is None else float(value)


def _labels(rows: Sequence[Mapping[str, Any]]) -> set[str] | None:
    """What problems are labelled; None where a row lacks its label or answer."""
    own = [row for row in rows if row.get("filter") == rows[0].get("filter")]
    if any("label" not in row or "said" not in row for row in own):
        return None
    return {str(row["label"]) for row in own}
