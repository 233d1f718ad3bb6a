"""Whether answers are better than answering blindly.

An *item* is ``[cluster, label, said, log_odds]``, as task files pass it to ``tasks/metrics.py``:
``said`` is None for an invalid answer, ``log_odds`` None where there are none. The functions
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
from brainbench.reasoning.uncertainty import area_side, share_interval

Item = list[Any]
Sample = Mapping[str, Any]
# what our own tasks carry the items in
_CARRIER = "balanced_acc"
_TWO = ("True", "False")
# how much more often than it is right an answer is given, to be told of as leaning
_LEANING = 0.15
# a share that rounds to all of them
_ALWAYS = 0.995


def find_items(task: Any, samples: Sequence[Sample]) -> tuple[tuple[str, ...], list[Item]] | None:
    """Choices and items of a task's samples, as lm-eval logs them.

    None where answers are not among choices, or those differ from item to item.
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
        said = choices[max(range(len(choices)), key=likelihoods.__getitem__)]
        odds = likelihoods[0] - likelihoods[1] if len(choices) == 2 else None
        cluster = doc.get("base_id") if isinstance(doc, Mapping) else None
        items.append([cluster or sample["doc_id"], choices[place], said, odds])
    return every.pop(), items


def measure_bias(
    name: str,
    choices: tuple[str, ...],
    items: Sequence[Item],
    n_truncated: int = 0,
    threshold: Threshold | None = None,
) -> AnswerBias:
    """Every measure of some answers, and its reading.

    Parameters
    ----------
    threshold : chosen on other problems of the kind.
    """
    metrics, two = _metrics(), len(choices) == 2
    told = _as_true_and_false(items, choices) if two else list(items)
    labels = {label for _, label, _, _ in items}
    every = set(choices) <= labels
    valid = [said for _, _, said, _ in items if said is not None]
    has_odds = two and every and any(odds is not None for _, _, _, odds in items)
    cut = threshold.value if threshold is not None and two else None
    bias = AnswerBias(
        task=name,
        choices=choices,
        n_items=len(items),
        n_clusters=len({item[0] for item in items}),
        accuracy=metrics.share([said == label for _, label, said, _ in items]),
        accuracy_stderr=_number(metrics.acc_stderr(told)),
        always={c: metrics.share([label == c for _, label, _, _ in items]) for c in choices},
        said={c: valid.count(c) / len(valid) for c in choices} if valid else None,
        balanced_accuracy=_number(metrics.balanced_acc(told)) if every else None,
        balanced_accuracy_stderr=_number(metrics.balanced_acc_stderr(told)) if every else None,
        auc=_number(metrics.auc(told)) if has_odds else None,
        auc_stderr=_number(metrics.auc_stderr(told)) if has_odds else None,
        dprime=_number(metrics.dprime(told)) if two else None,
        n_invalid=len(items) - len(valid),
        n_truncated=n_truncated,
        threshold=cut,
        threshold_task=threshold.task if threshold is not None and cut is not None else None,
        n_threshold=threshold.n_items if threshold is not None and cut is not None else None,
        accuracy_at_threshold=(
            None if cut is None else metrics.acc_at_threshold([[*item, cut] for item in told])
        ),
        reading="",
    )
    return bias.model_copy(update={"reading": read_bias(bias)})


def choose_threshold(items: Sequence[Item], choices: tuple[str, ...]) -> float | None:
    """The log-odds above which the first choice must be said for the best balanced accuracy."""
    return _number(_metrics().threshold(_as_true_and_false(items, choices)))


def read_bias(bias: AnswerBias) -> str:
    """In plain words: against the best constant answer, where answers lean, what odds tell."""
    constant, accuracy = bias.best_constant
    said, gain = [], bias.accuracy - accuracy
    always = f"always saying {constant} ({bias.accuracy:.3f} against {accuracy:.3f})"
    if bias.said is not None and max(bias.said.values()) >= _ALWAYS:
        word = max(bias.said, key=bias.said.__getitem__)
        said.append(
            f"always says {word}: its accuracy is the share of such problems ({bias.accuracy:.3f})"
        )
    elif gain <= 0:
        said.append(f"no better than {always}")
    elif beats_constant(bias):
        said.append(f"better than {always}")
    else:
        said.append(f"not clearly better than {always}")
    said += _leaning(bias)
    if bias.auc is not None:
        shares = (bias.always[bias.choices[0]], bias.always[bias.choices[-1]])
        side = area_side(bias.auc, bias.auc_stderr, shares, bias.n_clusters)
        if side > 0:
            said.append(f"its log-odds tell the answers apart (AUC {bias.auc:.3f})")
        elif side < 0:
            said.append(f"its log-odds point the wrong way (AUC {bias.auc:.3f})")
        else:
            said.append(f"its log-odds do not tell the answers apart (AUC {bias.auc:.3f})")
    if bias.n_invalid:
        said.append(f"{bias.n_invalid} of {bias.n_items} answers are invalid")
    if bias.n_truncated:
        said.append(f"{bias.n_truncated} were cut off")
    return "; ".join(said)


def accuracy_interval(bias: AnswerBias) -> tuple[float, float] | None:
    """95 % interval of the accuracy; see :func:`.uncertainty.share_interval`."""
    return share_interval(bias.accuracy, bias.n_items, bias.n_clusters, bias.accuracy_stderr)


def beats_constant(bias: AnswerBias) -> bool:
    """Whether the interval of the accuracy lies above the best constant answer's.

    That one's accuracy is a property of the items, and is taken as given.
    """
    found = accuracy_interval(bias)
    best = max(bias.always.values(), default=1.0)
    return found is not None and found[0] > best


def _leaning(bias: AnswerBias) -> list[str]:
    if bias.said is None:
        return ["no answer is valid"]
    word = max(bias.choices, key=lambda choice: (bias.said or {})[choice] - bias.always[choice])
    share, labelled = bias.said[word], bias.always[word]
    if share - labelled <= _LEANING or share >= _ALWAYS:
        return []
    return [f"leans towards {word}: says it in {share:.0%}, right in {labelled:.0%}"]


def _as_true_and_false(items: Sequence[Item], choices: tuple[str, ...]) -> list[Item]:
    words = dict(zip(choices, _TWO, strict=True))
    return [[cluster, words[label], words.get(said), odds] for cluster, label, said, odds in items]


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
