"""Answers of two runs to the same items, read and put in pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from brainbench.errors import DataError
from brainbench.results.compare.asked import asked_task
from brainbench.results.compare.comparison import Refusal
from brainbench.results.file_names import file_stem
from brainbench.results.finished import FinishedRun
from brainbench.results.sample_files import read_samples, sample_files

# metrics of one item, from 0 to 1, of which more is better
_METRICS = ("acc", "exact_match", "acc_norm", "f1")
_SAME = ("doc_hash", "target_hash", "label")


@dataclass(frozen=True)
class Item:
    """One question as it was answered."""

    cluster: str
    """What belongs together; of items without ``base_id`` the item itself."""
    shared: bool
    """Whether a cluster of the same name in another task is the same problem."""
    label: str | None
    said: str | None
    """None for an invalid answer, and where only a metric is there."""
    metric: str | None
    """Of the items that have one in place of label and answer."""
    right: float
    odds: float | None
    row: Mapping[str, Any]


@dataclass(frozen=True)
class AnsweredItems:
    """A task, or a dataset's problems, in one run.

    ``first`` is the label whose log-odds they are; None where that is not known.
    """

    name: str
    design: Mapping[str, object]
    first: str | None


@dataclass(frozen=True)
class PairedTask:
    """A task whose items both runs answered.

    ``first`` is the label whose log-odds they are, ``pairs`` the baseline's item and the other's.
    """

    name: str
    first: str | None
    pairs: Sequence[tuple[Item, Item]]

    @cached_property
    def labels(self) -> list[str] | None:
        """Of each item; None where one has none."""
        found = [first.label for first, _ in self.pairs if first.label is not None]
        return found if len(found) == len(self.pairs) else None

    def same_answers(self, other: PairedTask) -> bool:
        """Whether both hold the same items and what the two runs answered to them.

        Parameters
        ----------
        other : another task or dataset of the same two runs.
        """
        return self.answers == other.answers

    @cached_property
    def answers(self) -> dict[tuple[str, str | None], tuple[tuple[str | None, float | None], ...]]:
        """Name and label of each item → answer and log-odds in the baseline and the other run."""
        return {
            (first.cluster, first.label): tuple((one.said, one.odds) for one in (first, second))
            for first, second in self.pairs
        }

    @cached_property
    def with_odds(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Places of the items that have log-odds in the baseline, and in the other run."""
        before, after = (
            tuple(i for i, pair in enumerate(self.pairs) if pair[side].odds is not None)
            for side in (0, 1)
        )
        return before, after


def pair_tasks(baseline: FinishedRun, other: FinishedRun) -> tuple[list[PairedTask], list[Refusal]]:
    """Tasks that both runs answered, and refusals of the rest.

    Parameters
    ----------
    baseline, other : the two runs, with the folders in which their samples are.

    Returns
    -------
    Tasks in the baseline's order, and why each of the others is not compared.
    """
    before, after = _answered(baseline), _answered(other)
    found: list[PairedTask] = []
    refused: list[Refusal] = []
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            run = "the baseline" if name in before else "the other run"
            lost = name in before and asked_task(other.record, name)
            refused.append(Refusal(kind="task", name=name, reason=f"only {run} has it", lost=lost))
            continue
        first, second = before[name], after[name]
        reason = next(
            (f"other {what}: {_short(value)} and {_short(second.design.get(what))}"
             for what, value in first.design.items() if value != second.design.get(what)), None,
        )  # fmt: skip
        if reason is not None:
            refused.append(Refusal(kind="task", name=name, reason=reason, lost=True))
            continue
        try:
            pairs = _pairs(_items(baseline, name), _items(other, name))
        except DataError as error:
            refused.append(Refusal(kind="task", name=name, reason=str(error), lost=True))
            continue
        task = PairedTask(name, first.first, pairs)
        # datasets of adults and of children hold the same problems, which a run answers once
        if name in baseline.record.tasks or not any(map(task.same_answers, found)):
            found.append(task)
    return found, refused


def count_prompts(baseline: FinishedRun, other: FinishedRun, name: str) -> tuple[int, int]:
    """Items of a task whose prompts differ, and items that both were asked.

    Parameters
    ----------
    baseline, other : the two runs, with the folders in which their samples are.
    name : of the task.

    Returns
    -------
    Number of items with another prompt, number of shared items; 0 and 0 where samples lack.
    """
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


def _answered(run: FinishedRun) -> dict[str, AnsweredItems]:
    record = run.record
    firsts = {row.task: row.choices[0] for row in record.answer_bias if len(row.choices) == 2}
    found = {
        name: AnsweredItems(name, {"task": info.sha256, "version": info.version}, firsts.get(name))
        for name, info in record.tasks.items()
        if name in record.accuracy
    }
    hashes = {dataset.name: dataset.data_sha256 for dataset in record.datasets}
    kept = sample_files(run.folder)
    for name in dict.fromkeys(row.dataset for row in record.behavior):
        if name in kept:
            found.setdefault(name, AnsweredItems(name, {"data": hashes.get(name)}, "1"))
    return found


def _pairs(before: Mapping[str, Item], after: Mapping[str, Item]) -> list[tuple[Item, Item]]:
    """In the baseline's order, or ``DataError`` where they are not the same items."""
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
    return pairs


def _items(run: FinishedRun, name: str) -> dict[str, Item]:
    files = sample_files(run.folder)
    file = files.get(file_stem(name))
    if file is None:
        raise DataError(f"{run.name} has no samples/{name}.jsonl: single answers are needed")
    found: dict[str, Item] = {}
    kept: Any = None
    for row in read_samples(file):
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
    label, answer = row.get("label"), row.get("said")
    metric = None
    if label is not None and "said" in row:
        right = float(answer == label)
    else:
        metric = next((m for m in _METRICS if isinstance(row.get(m), bool | int | float)), None)
        if metric is None or not math.isfinite(row[metric]):
            raise DataError(
                f"{where}: items have neither label and answer nor one of {', '.join(_METRICS)}"
            )
        right = float(row[metric])
    cluster = row.get("base_id")
    return Item(
        cluster=str(key if cluster is None else cluster),
        shared=isinstance(cluster, str),
        label=None if label is None else str(label),
        said=None if answer is None else str(answer),
        metric=metric,
        right=right,
        odds=_odds(row.get("log_odds")),
        row=row,
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
