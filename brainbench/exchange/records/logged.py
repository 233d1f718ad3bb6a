"""Samples of lm-eval tasks whose texts were kept (``--log-samples``), read back from a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from brainbench.results.file_names import file_stem
from brainbench.results.finished import FinishedRun
from brainbench.results.sample_files import read_samples, sample_files

_TEXTS = ("doc", "arguments", "target", "resps", "filtered_resps")
# fields of a row that are no metric
_NOT_METRICS = frozenset({
    "doc_id", "id", "base_id", "doc_hash", "prompt_hash", "target_hash", "filter", "answers",
    "label", "said", "log_odds", "metrics", *_TEXTS,
})  # fmt: skip

Row = dict[str, Any]


def logged_samples(run: FinishedRun) -> Iterator[tuple[str, list[Row]]]:
    """Task → its rows with texts; tasks without them are left out.

    Raises
    ------
    DataError
        When a file of samples cannot be read.
    """
    files = sample_files(run.folder)
    for task in run.record.tasks:
        path = files.get(file_stem(task))
        rows = [] if path is None else read_samples(path)
        if rows and all(name in row for row in rows for name in _TEXTS):
            yield task, rows


def metrics_of(row: Row) -> dict[str, float]:
    """Metric → number, of one row."""
    return {
        name: float(value)
        for name, value in row.items()
        if name not in _NOT_METRICS and isinstance(value, int | float)
    }


def prompt_of(row: Row) -> str:
    """What the model was asked, all of it."""
    first = row["arguments"][0] if row["arguments"] else [""]
    return str(first[0]) if isinstance(first, list) and first else str(first)


def choices_of(row: Row) -> list[str] | None:
    """Answers that were compared; None where one was generated."""
    asked = row["arguments"]
    if len(asked) < 2:
        return None
    return [str(each[1]).strip() for each in asked if isinstance(each, list) and len(each) > 1]


def target_of(row: Row) -> str:
    """The right answer; of compared ones its text, where the task states its place among them."""
    target, choices = row["target"], choices_of(row)
    placed = type(target) is int and choices is not None and 0 <= target < len(choices)
    return choices[target] if placed and choices else str(target)


def answer_of(row: Row) -> str:
    """The likeliest of the compared answers, or the text that was generated."""
    choices, given = choices_of(row), row["filtered_resps"]
    if not choices:
        first = given[0] if given else ""
        return str(first[0] if isinstance(first, list) and first else first)
    odds = [_likelihood(each) for each in given]
    return choices[max(range(len(choices)), key=odds.__getitem__)] if odds else ""


def _likelihood(given: Any) -> float:
    value = given[0] if isinstance(given, list) and given else given
    # JSON has no infinity: it is kept as a word
    return float(value) if isinstance(value, int | float | str) else float("-inf")
