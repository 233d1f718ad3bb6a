"""Response bias: answers compared with constant ones.

An *item* is ``[cluster, label, answer, log_odds]``, as task files pass it to ``tasks/metrics.py``:
``answer`` is None for an invalid one, ``log_odds`` None where there are none. The functions
there measure answers of other tasks here too: the first of two choices counts as True.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

from brainbench.errors import DataError
from brainbench.reasoning.checks.tasks import tasks_folder
from brainbench.reasoning.score import AnswerBias, Threshold

Item = list[Any]
Sample = Mapping[str, Any]
# what our own tasks carry the items in
_CARRIER = "balanced_acc"
_TWO = ("True", "False")


def find_items(task: Any, samples: Sequence[Sample]) -> tuple[tuple[str, ...], list[Item]] | None:
    """Choices and items of a task's samples, as lm-eval logs them.

    None where answers are not among choices, or those differ from item to item.

    Parameters
    ----------
    task : a task of lm-eval.
    samples : its logged samples; of several filters, those of the first are taken.

    Returns
    -------
    The choices, and ``[cluster, label, answer, log_odds]`` of each sample.
    """
    if not samples:
        return None
    first = samples[0].get("filter")
    own = [sample for sample in samples if sample.get("filter") == first]
    carried = [sample.get(_CARRIER) for sample in own]
    if all(isinstance(item, list | tuple) and len(item) == 4 for item in carried):
        choices = {tuple(map(str, sample["doc"].get("choices") or ())) for sample in own}
        if len(choices) == 1 and len(only := choices.pop()) > 1:
            return only, [list(item) for item in carried if item]
    if getattr(task, "OUTPUT_TYPE", None) != "multiple_choice":
        return None
    return _compared(task, own)


def _compared(task: Any, samples: Sequence[Sample]) -> tuple[tuple[str, ...], list[Item]] | None:
    """Of a task that compares the likelihoods of choices."""
    every: set[tuple[str, ...]] = set()
    items: list[Item] = []
    for sample in samples:
        doc, target = sample["doc"], sample["target"]
        try:
            choices = tuple(map(str, task.doc_to_choice(doc)))
        # a task written in Python may have none
        except Exception:
            return None
        every.add(choices)
        likelihoods = [float(answer[0]) for answer in sample["filtered_resps"]][: len(choices)]
        place = choices.index(target) if target in choices else target
        if len(every) > 1 or not isinstance(place, int) or not 0 <= place < len(choices):
            return None
        if len(likelihoods) != len(choices):
            return None
        answer = choices[max(range(len(choices)), key=likelihoods.__getitem__)]
        odds = likelihoods[0] - likelihoods[1] if len(choices) == 2 else None
        cluster = doc.get("base_id") if isinstance(doc, Mapping) else None
        items.append([cluster or sample["doc_id"], choices[place], answer, odds])
    return every.pop(), items


def measure_bias(
    name: str,
    choices: tuple[str, ...],
    items: Sequence[Item],
    n_truncated: int = 0,
    threshold: Threshold | None = None,
) -> AnswerBias:
    """Every measure of some answers.

    Parameters
    ----------
    threshold : chosen on other problems of the kind.
    """
    metrics, two = _metrics(), len(choices) == 2
    binary = _as_true_and_false(items, choices) if two else list(items)
    labels = {label for _, label, _, _ in items}
    every = set(choices) <= labels
    valid = [answer for _, _, answer, _ in items if answer is not None]
    has_odds = two and every and any(odds is not None for _, _, _, odds in items)
    cut = threshold.value if threshold is not None and two else None
    return AnswerBias(
        task=name,
        choices=choices,
        n_items=len(items),
        n_clusters=len({item[0] for item in items}),
        accuracy=metrics.share([answer == label for _, label, answer, _ in items]),
        accuracy_stderr=_number(metrics.acc_stderr(binary)),
        always={c: metrics.share([label == c for _, label, _, _ in items]) for c in choices},
        answer_shares={c: valid.count(c) / len(valid) for c in choices} if valid else None,
        balanced_accuracy=_number(metrics.balanced_acc(binary)) if every else None,
        balanced_accuracy_stderr=_number(metrics.balanced_acc_stderr(binary)) if every else None,
        auc=_number(metrics.auc(binary)) if has_odds else None,
        auc_stderr=_number(metrics.auc_stderr(binary)) if has_odds else None,
        dprime=_number(metrics.dprime(binary)) if two else None,
        n_invalid=len(items) - len(valid),
        n_truncated=n_truncated,
        threshold=cut,
        threshold_task=threshold.task if threshold is not None and cut is not None else None,
        n_threshold=threshold.n_items if threshold is not None and cut is not None else None,
        accuracy_at_threshold=(
            None if cut is None else metrics.acc_at_threshold([[*item, cut] for item in binary])
        ),
    )


def choose_threshold(items: Sequence[Item], choices: tuple[str, ...]) -> float | None:
    """The log-odds above which the first choice must be answered for the best balanced accuracy.

    Parameters
    ----------
    items : each ``[cluster, label, answer, log_odds]``, log-odds of the first choice.
    choices : the two possible answers.

    Returns
    -------
    Natural log of the odds; None where no item has log-odds.
    """
    return _number(_metrics().threshold(_as_true_and_false(items, choices)))


def _as_true_and_false(items: Sequence[Item], choices: tuple[str, ...]) -> list[Item]:
    words = dict(zip(choices, _TWO, strict=True))
    return [
        [cluster, words[label], words.get(answer), odds] for cluster, label, answer, odds in items
    ]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


@cache
def _metrics() -> ModuleType:
    """The measures beside the task files, which import nothing of brainbench."""
    path = tasks_folder() / "metrics.py"
    spec = importlib.util.spec_from_file_location("brainbench_task_metrics", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise DataError(f"{path} is missing: brainbench is not installed whole")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
