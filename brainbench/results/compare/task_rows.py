"""Rows of each task: accuracy, balanced accuracy and area under the curve, paired over items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from brainbench.results.compare.answers import (
    rights_of,
    same_odds,
    task_row,
    tell_answers,
)
from brainbench.results.compare.comparison import ComparisonRow, Refusal
from brainbench.results.compare.items import PairedTask
from brainbench.results.compare.paired import auc_difference, balanced_difference, mean_difference
from brainbench.results.compare.pooled import group_tasks, pooled_rows
from brainbench.statistics.answers import auc, balanced_accuracy


def task_rows(tasks: Sequence[PairedTask]) -> Iterator[ComparisonRow | Refusal]:
    """Rows over all tasks that share their choices, then of each task; refusals among them."""
    groups = group_tasks(tasks)
    for group in groups:
        yield from pooled_rows(group)
    alone = {group[0].name for group in groups if len(group) == 1}
    for task in tasks:
        yield from _rows(task, primary=task.name in alone)


def _rows(task: PairedTask, primary: bool) -> Iterator[ComparisonRow | Refusal]:
    clusters = [before.cluster for before, _ in task.pairs]
    rights = rights_of(task.pairs)
    change = rights[:, 1] - rights[:, 0]
    answers = tell_answers(task.pairs, clusters, task.first)
    yield task_row(
        task.name, "accuracy", rights.mean(axis=0), mean_difference(change, clusters, guarded=True),
        primary=primary, identical=answers.changed == 0, answers=answers,
    )  # fmt: skip
    labels = task.labels
    if labels is not None and len(set(labels)) > 1:
        yield task_row(
            task.name,
            "balanced accuracy",
            [balanced_accuracy(rights[:, side], labels) for side in (0, 1)],
            balanced_difference(change, labels, clusters, guarded=True),
            primary=primary,
            identical=answers.changed == 0,
        )
    yield from _auc(task, primary)


def _auc(task: PairedTask, primary: bool) -> Iterator[ComparisonRow | Refusal]:
    """Of the items with log-odds, if they are the same: a run may lack those that it has wrong."""
    own = task.with_odds
    if task.first is None or own == ((), ()):
        return
    if own[0] != own[1]:
        counts = " and ".join(str(len(places)) for places in own)
        reason = f"AUC: log-odds of other items: of {counts} of {len(task.pairs)}"
        yield Refusal(kind="task", name=task.name, reason=reason, lost=bool(own[0]))
        return
    held = [task.pairs[place] for place in own[0]]
    positive = np.array([before.label == task.first for before, _ in held])
    odds = np.array([[before.odds, after.odds] for before, after in held], float)
    clusters = [before.cluster for before, _ in held]
    found = auc_difference(odds[:, 0], odds[:, 1], positive, clusters, guarded=True)
    if found is None:
        reason = "AUC: all items with log-odds have the same label"
        yield Refusal(kind="task", name=task.name, reason=reason)
        return
    areas = [float(auc(odds[:, side], positive)) for side in (0, 1)]
    yield task_row(task.name, "AUC", areas, found, primary=primary, identical=same_odds(held))
