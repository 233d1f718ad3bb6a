"""Answers of two runs to the same items, paired over what was asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainbench.errors import DataError
from brainbench.results.compare.asked import asked_task
from brainbench.results.compare.comparison import Refusal, Row
from brainbench.results.compare.paired import (
    Estimate,
    auc_difference,
    balanced_difference,
    mcnemar,
    mean_difference,
)
from brainbench.results.finished import FinishedRun
from brainbench.results.sample_files import read_samples, sample_files

# metrics of one item, from 0 to 1, of which more is better
_METRICS = ("acc", "exact_match", "acc_norm", "f1")
_SAME = ("doc_hash", "target_hash", "label")


@dataclass(frozen=True)
class Item:
    """One question as it was answered."""

    cluster: str
    label: str | None
    right: float
    odds: float | None
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Answered:
    """A task, or a dataset's problems, in one run.

    ``first`` is the label whose log-odds they are; None where that is not known.
    """

    name: str
    design: Mapping[str, object]
    first: str | None


def compare_tasks(baseline: FinishedRun, other: FinishedRun) -> Iterator[Row | Refusal]:
    """Rows of each task in both, refusals of the rest."""
    before, after = _answered(baseline), _answered(other)
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            run = "the baseline" if name in before else "the other run"
            lost = name in before and asked_task(other.record, name)
            yield Refusal(kind="task", name=name, reason=f"only {run} has it", lost=lost)
            continue
        first, second = before[name], after[name]
        reason = next(
            (f"other {what}: {_short(value)} and {_short(second.design.get(what))}"
             for what, value in first.design.items() if value != second.design.get(what)), None,
        )  # fmt: skip
        if reason is not None:
            yield Refusal(kind="task", name=name, reason=reason, lost=True)
            continue
        try:
            yield from _rows(first, _items(baseline, name), _items(other, name))
        except DataError as error:
            yield Refusal(kind="task", name=name, reason=str(error), lost=True)


def count_prompts(baseline: FinishedRun, other: FinishedRun, name: str) -> tuple[int, int]:
    """Items of a task whose prompts differ, and items that both were asked."""
    try:
        before, after = _items(baseline, name), _items(other, name)
    except DataError:
        return 0, 0
    shared = [key for key in before if key in after]
    differing = sum(
        before[key].row.get("prompt_hash") != after[key].row.get("prompt_hash") for key in shared
    )
    return differing, len(shared)


def task_names(run: FinishedRun) -> list[str]:
    """Tasks and datasets whose answers can be compared."""
    return list(_answered(run))


def _answered(run: FinishedRun) -> dict[str, Answered]:
    record = run.record
    firsts = {row.task: row.choices[0] for row in record.answer_bias if len(row.choices) == 2}
    found = {
        name: Answered(name, {"task": info.sha256, "version": info.version}, firsts.get(name))
        for name, info in record.tasks.items()
        if name in record.accuracy
    }
    hashes = {dataset.name: dataset.data_sha256 for dataset in record.datasets}
    kept = sample_files(run.folder)
    for name in dict.fromkeys(row.dataset for row in record.behavior):
        if name in kept:
            found.setdefault(name, Answered(name, {"data": hashes.get(name)}, "1"))
    return found


def _rows(
    task: Answered, before: Mapping[str, Item], after: Mapping[str, Item]
) -> Iterator[Row | Refusal]:
    if set(before) != set(after):
        shared = len(set(before) & set(after))
        raise DataError(
            f"other items: {len(before)} and {len(after)}, of which {shared} are the same"
        )
    pairs = [(before[key], after[key]) for key in before]
    for first, second in pairs:
        for field in _SAME:
            if first.row.get(field) != second.row.get(field):
                raise DataError(f"items of the same name differ in {field}")
    clusters = [first.cluster for first, _ in pairs]
    change = np.array([second.right - first.right for first, second in pairs])
    rights = np.array([[first.right, second.right] for first, second in pairs])
    exact = _exact(clusters, rights)
    yield _row(task, "accuracy", rights.mean(axis=0), mean_difference(change, clusters), exact)
    labels = [first.label for first, _ in pairs if first.label is not None]
    if len(labels) == len(pairs) and len(set(labels)) > 1:
        both = [_balanced(rights[:, side], labels) for side in (0, 1)]
        yield _row(task, "balanced accuracy", both, balanced_difference(change, labels, clusters))
    yield from _auc(task, pairs)


def _auc(task: Answered, pairs: Sequence[tuple[Item, Item]]) -> Iterator[Row | Refusal]:
    """Of the items with log-odds, if they are the same: a run may lack those that it has wrong."""
    own = [tuple(i for i, pair in enumerate(pairs) if pair[side].odds is not None)
           for side in (0, 1)]  # fmt: skip
    if task.first is None or own == [(), ()]:
        return
    if own[0] != own[1]:
        counts = " and ".join(str(len(places)) for places in own)
        reason = f"AUC: log-odds of other items: of {counts} of {len(pairs)}"
        yield Refusal(kind="task", name=task.name, reason=reason, lost=bool(own[0]))
        return
    held = [pairs[place] for place in own[0]]
    positive = [first.label == task.first for first, _ in held]
    odds = np.array([[first.odds, second.odds] for first, second in held], float)
    clusters = [first.cluster for first, _ in held]
    found = auc_difference(odds[:, 0], odds[:, 1], positive, clusters)
    if found is None:
        reason = "AUC: all items with log-odds have the same label"
        yield Refusal(kind="task", name=task.name, reason=reason)
        return
    areas = [_area(odds[:, side], np.array(positive)) for side in (0, 1)]
    yield _row(task, "AUC", areas, found)


def _row(
    task: Answered,
    metric: str,
    both: Sequence[float],
    found: Estimate,
    exact: tuple[float, int, int] | None = None,
) -> Row:
    p, gained, lost = exact or (None, None, None)
    return Row(
        kind="task",
        name=task.name,
        metric=metric,
        baseline=float(both[0]),
        other=float(both[1]),
        difference=found.value,
        stderr=found.stderr,
        interval=found.interval,
        p=found.p,
        over="items",
        n=found.n,
        clusters=found.clusters,
        mcnemar_p=p,
        gained=gained,
        lost=lost,
    )


def _exact(clusters: Sequence[str], rights: Any) -> tuple[float, int, int] | None:
    """McNemar on the first item of each cluster; None where being right is a share."""
    if not np.isin(rights, (0.0, 1.0)).all():
        return None
    _, places = np.unique(np.asarray(clusters), return_index=True)
    return mcnemar(rights[places, 0], rights[places, 1])


def _balanced(right: Any, labels: Sequence[str]) -> float:
    held = np.asarray(labels)
    return float(np.mean([right[held == label].mean() for label in dict.fromkeys(labels)]))


def _area(odds: Any, positive: Any) -> float:
    """Share of pairs in order; ties count ½."""
    true, false = odds[positive], np.sort(odds[~positive])
    below = np.searchsorted(false, true, "left") + np.searchsorted(false, true, "right")
    return float(below.mean() / 2 / false.size)


def _items(run: FinishedRun, name: str) -> dict[str, Item]:
    files = sample_files(run.folder)
    if name not in files:
        raise DataError(f"{run.name} has no samples/{name}.jsonl: single answers are needed")
    found: dict[str, Item] = {}
    kept: Any = None
    for row in read_samples(files[name]):
        # a task with several filters logs each item once for each
        kept = row.get("filter") if not found else kept
        if row.get("filter") != kept:
            continue
        key = str(
            next((row[k] for k in ("id", "doc_hash", "doc_id") if row.get(k) is not None), "")
        )
        if key in found:
            raise DataError(f"{run.name}, samples/{name}.jsonl: {key[:80]!r} is there twice")
        found[key] = _item(row, key, f"{run.name}, samples/{name}.jsonl")
    if not found:
        raise DataError(f"{run.name}, samples/{name}.jsonl holds no item")
    return found


def _item(row: Mapping[str, Any], key: str, where: str) -> Item:
    label, said = row.get("label"), row.get("said")
    if label is not None and "said" in row:
        right = float(said == label)
    else:
        numbers = [row[m] for m in _METRICS if isinstance(row.get(m), bool | int | float)]
        if not numbers or not math.isfinite(numbers[0]):
            raise DataError(
                f"{where}: items have neither label and answer nor one of {', '.join(_METRICS)}"
            )
        right = float(numbers[0])
    cluster = row.get("base_id")
    return Item(
        str(key if cluster is None else cluster),
        None if label is None else str(label),
        right,
        _odds(row.get("log_odds")),
        row,
    )


def _odds(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if value in ("inf", "-inf"):
        return float(value)
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 16 else f"{text[:12]}…"
