"""Whether scores of tasks follow from the answers that were shipped with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from brainbench.leaderboard.checks.faults import Fault, different, number, recomputed, same, shown
from brainbench.leaderboard.expected import KnownProblem, own_problems, own_versions
from brainbench.leaderboard.kinds.accuracy import Rows, task_items
from brainbench.reasoning import AnswerBias, Threshold
from brainbench.reasoning.response_bias import measure_bias
from brainbench.results import Record

# what of an AnswerBias follows from the answers
_COMPARED = (
    "n_items", "n_clusters", "accuracy", "accuracy_stderr", "balanced_accuracy",
    "balanced_accuracy_stderr", "auc", "auc_stderr", "dprime", "n_invalid",
    "accuracy_at_threshold",
)  # fmt: skip
# metrics of lm-eval that are the mean of a number of each item
_MEANS = ("acc", "exact_match", "acc_norm")
# metrics of lm-eval → field of an AnswerBias
_SPELLED = {
    "acc,none": "accuracy",
    "balanced_acc,none": "balanced_accuracy",
    "auc,none": "auc",
    "dprime,none": "dprime",
}


def accuracy_faults(record: Record, samples: Mapping[str, Rows]) -> Iterator[Fault]:
    """Faults of every task.

    Parameters
    ----------
    samples : task → rows, as far as they were shipped.
    """
    biases = {bias.task: bias for bias in record.answer_bias}
    if len(biases) < len(record.answer_bias):
        yield Fault("answer_bias", "holds a task twice")
    for name in biases:
        if name not in record.accuracy:
            yield Fault(f"answer_bias ({name[:80]})", "is of a task that the record does not score")
    for name, metrics in record.accuracy.items():
        place = f"accuracy ({name[:80]})"
        bias = biases.get(name)
        if bias is not None:
            yield from _spelling_faults(place, metrics, bias)
        if name not in record.tasks:
            if not _is_group(record, name):
                yield Fault(place, "is of a task that the record does not name in tasks")
            continue
        yield from _count_faults(record, name)
        rows = samples.get(name)
        if rows is None:
            continue
        yield from _mean_faults(place, record, name, metrics, rows)
        yield from _item_faults(record, name, rows)
        if bias is not None:
            yield from _bias_faults(bias, rows)


# ---------------------------------------------------------------- parts


def _is_group(record: Record, name: str) -> bool:
    """A group is not a task itself: it has no items of its own, and a task is of it."""
    return any(other != name for other in record.tasks) and name not in {
        bias.task for bias in record.answer_bias
    }


def _spelling_faults(place: str, metrics: Mapping[str, Any], bias: AnswerBias) -> Iterator[Fault]:
    """lm-eval's numbers and brainbench's are of the same answers."""
    for key, field in _SPELLED.items():
        value = metrics.get(key)
        if isinstance(value, int | float):
            of = f"answer_bias.{field}"
            yield from recomputed(f"{place}.{key}", float(value), getattr(bias, field), of)
    if len(set(bias.choices)) != len(bias.choices) or len(bias.choices) < 2:
        yield Fault(f"{place}.choices", "are not two or more that differ")
        return
    best = max(bias.always.values(), default=0.0)
    if set(bias.always) != set(bias.choices):
        yield Fault(f"{place}.always", "is not of the task's choices")
    elif not same(sum(bias.always.values()), 1.0, 1e-3):
        yield Fault(f"{place}.always", f"adds up to {number(sum(bias.always.values()))}, not to 1")
    largest = max((bias.answer_shares or {}).values(), default=0.0)
    if largest == 1.0 and bias.n_invalid == 0:
        if bias.accuracy > best + 1e-9:
            problem = f"is {number(bias.accuracy)} for one answer to everything"
            yield Fault(f"{place}.accuracy", f"{problem}, which is at best {number(best)}")
        chance = 1.0 / len(bias.choices)
        if bias.balanced_accuracy is not None and not same(bias.balanced_accuracy, chance):
            problem = f"is {number(bias.balanced_accuracy)} for one answer to everything"
            yield Fault(f"{place}.balanced_accuracy", f"{problem}, which gets {number(chance)}")
        if bias.dprime is not None and not same(bias.dprime, 0.0):
            yield Fault(f"{place}.dprime", "is not 0 for one answer to everything")


def _mean_faults(
    place: str, record: Record, name: str, metrics: Mapping[str, Any], rows: Rows
) -> Iterator[Fault]:
    filters = {row.get("filter") for row in rows}
    count = len({row.get("doc_id") for row in rows})
    if len(rows) != count * max(1, len(filters)):
        yield Fault(place, "has samples that hold an item twice, or not under every filter")
        return
    yield from different(f"tasks.{name}.n_items", record.tasks[name].n_items, count, "samples are")
    for key, value in metrics.items():
        metric, _, kind = key.partition(",")
        own = [row[metric] for row in rows if row.get("filter") == kind and metric in row]
        numbers = [v for v in own if isinstance(v, bool | int | float)]
        if metric in _MEANS and numbers and len(numbers) == len(own):
            stated = float(value) if isinstance(value, int | float) else None
            found = float(np.mean(numbers))
            yield from recomputed(f"{place}.{key}", stated, found, "its samples")


def _count_faults(record: Record, name: str) -> Iterator[Fault]:
    """Problems of brainbench's own are as many as their file holds, and asked to the limit."""
    known = own_problems(name)
    if known is None:
        return
    place, task, asked = f"tasks.{name[:80]}", record.tasks[name], _asked(record, known)
    yield from different(f"{place}.n_docs", task.n_docs, len(known), "the task's problems are")
    yield from different(f"{place}.n_items", task.n_items, len(asked), "the problems asked are")


def _item_faults(record: Record, name: str, rows: Rows) -> Iterator[Fault]:
    """Answers are to each of brainbench's own problems once, with the proven labels."""
    known = own_problems(name)
    if known is None:
        return
    place = f"samples/{name[:80]}.jsonl"
    proven = {problem.id: problem for problem in _asked(record, known)}
    for kind in dict.fromkeys(row.get("filter") for row in rows):
        ids = Counter(str(row.get("id")) for row in rows if row.get("filter") == kind)
        lacking = [key for key in proven if key not in ids]
        if lacking:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            yield Fault(place, f"lacks {lacking[0]}{more} of the task's problems")
        for key, count in ids.items():
            if key not in proven:
                yield Fault(place, f"holds {shown(key)}, which is not a problem that was asked")
                return
            if count > 1:
                yield Fault(place, f"holds {key} {count} times")
                return
    for row in rows:
        problem = proven[str(row.get("id"))]
        where = f"{place} ({problem.id})"
        if str(row.get("base_id")) != problem.base_id:
            difference = f"is of {shown(row.get('base_id'))}, and is an order of {problem.base_id}"
            yield Fault(where, difference)
            return
        if str(row.get("label")) != problem.label:
            yield Fault(where, f"is labelled {shown(row.get('label'))}, and is {problem.label}")
            return


def _asked(record: Record, known: Sequence[KnownProblem]) -> Sequence[KnownProblem]:
    limit = record.config.get("limit")
    return known[:limit] if isinstance(limit, int) and limit > 0 else known


def _bias_faults(bias: AnswerBias, rows: Rows) -> Iterator[Fault]:
    """The table of blind answers again, from the answers shipped."""
    items = task_items(rows)
    place = f"answer_bias ({bias.task[:80]})"
    if items is None:
        if bias.task in own_versions():
            yield Fault(place, "has samples without a label or an answer, which it is made of")
        return
    strange = [answer for _, label, answer, _ in items if label not in bias.choices]
    if strange or any(answer not in (*bias.choices, None) for _, _, answer, _ in items):
        yield Fault(place, "has samples with a label or answer that is not among its choices")
        return
    threshold = None
    if bias.threshold is not None:
        threshold = Threshold(
            task=bias.threshold_task or "", value=bias.threshold, n_items=bias.n_threshold or 0
        )
    found = measure_bias(bias.task, bias.choices, items, bias.n_truncated, threshold)
    for name in _COMPARED:
        yield from recomputed(
            f"{place}.{name}", getattr(bias, name), getattr(found, name), "its samples"
        )
    for name in ("always", "answer_shares"):
        stated, again = getattr(bias, name) or {}, getattr(found, name) or {}
        for choice in bias.choices:
            of = "its samples"
            yield from recomputed(
                f"{place}.{name}.{choice}", stated.get(choice), again.get(choice), of
            )
