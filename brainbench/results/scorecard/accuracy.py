"""Accuracy in one line: problems answered rightly, beside always giving one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from brainbench.quantities import Interval
from brainbench.reasoning import AnswerBias
from brainbench.reasoning.uncertainty import share_interval
from brainbench.results.blocks import ScoreLine
from brainbench.results.blocks.model import Mood
from brainbench.results.record import Record
from brainbench.results.scorecard.reading import Reading, mean
from brainbench.results.sections.accuracy import short
from brainbench.results.wording import number, percent, plural
from brainbench.statistics.means import mean_share_interval

_ALWAYS = 0.995


def read_accuracy(record: Record) -> list[Reading]:
    """One line for all tasks whose answers can be balanced; one for other tasks without them."""
    rows = [row for row in record.answer_bias if row.balanced_accuracy is not None]
    if rows:
        return [_reading(rows)]
    line = _plain_line(record)
    return [] if line is None else [Reading(line, _sentence(line))]


def accuracy_line(rows: Sequence[AnswerBias]) -> ScoreLine:
    """Balanced accuracy, mean over tasks as boards rank it, beside always giving one answer.

    Parameters
    ----------
    rows : tasks with a balanced accuracy.
    """
    value = mean(row.balanced_accuracy or 0.0 for row in rows)
    held = mean(1.0 / len(row.choices) for row in rows)
    interval = accuracy_interval(rows)
    verdict, mood = _verdict(rows, value, held, interval)
    return ScoreLine(
        name="accuracy",
        statistic="balanced",
        value=value,
        interval=interval,
        against="always one answer",
        held=held,
        verdict=verdict,
        mood=mood,
        of=short(rows[0].task) if len(rows) == 1 else f"{len(rows)} tasks",
        over="problems",
    )


def accuracy_interval(rows: Sequence[AnswerBias]) -> Interval | None:
    """95 % of the mean of balanced accuracies, over new problems of the same kinds.

    Of one task it is that task's own exact interval, of several
    :func:`~brainbench.statistics.means.mean_share_interval`.

    Parameters
    ----------
    rows : tasks with a balanced accuracy, of different problems.
    """
    values = [row.balanced_accuracy for row in rows if row.balanced_accuracy is not None]
    if not values or len(values) < len(rows):
        return None
    if len(rows) == 1:
        (row,) = rows
        return share_interval(values[0], row.n_items, row.n_clusters, row.balanced_accuracy_stderr)
    errors = [row.balanced_accuracy_stderr for row in rows]
    return mean_share_interval(values, errors, [row.n_clusters for row in rows])


def _verdict(
    rows: Sequence[AnswerBias], value: float, held: float, interval: Interval | None
) -> tuple[str, Mood]:
    if all(_constant(row) for row in rows):
        return "always gives one answer", "bad"
    if interval is not None and interval[0] > held:
        return "better than always one answer", "good"
    if interval is not None and interval[1] < held:
        return "worse than always one answer", "bad"
    return f"{'not clearly' if value > held else 'no'} better than always one answer", ""


def _constant(row: AnswerBias) -> bool:
    return row.answer_shares is None or max(row.answer_shares.values()) >= _ALWAYS


def _reading(rows: Sequence[AnswerBias]) -> Reading:
    line = accuracy_line(rows)
    better = [short(row.task) for row in rows if row.beats_constant]
    most = max(rows, key=lambda row: max((row.answer_shares or {"": 0.0}).values()))
    shares = most.answer_shares or {}
    word = max(shares, key=shares.__getitem__, default="")
    explained = (
        f"On {short(most.task)} it says {word} in {percent(shares[word])} of the problems."
        if word and shares[word] > 0.8
        else ""
    )
    clearly = f" Clearly better on {', '.join(better[:3])}." if better and len(rows) > 1 else ""
    return Reading(
        line,
        _sentence(line) + clearly,
        explained,
        ""
        if line.mood == "good"
        else f"{plural(sum(row.n_items for row in rows), 'problem')} "
        "were asked: the suite accuracy-full asks 7,432, which would settle it.",
    )


def _sentence(line: ScoreLine) -> str:
    beside = f", where {line.against} gets {number(line.held)}" if line.held is not None else ""
    right = f"{percent(line.value)} of the problems are answered rightly"
    return f"{right} ({line.statistic}, {line.of}){beside}."


def _plain_line(record: Record) -> ScoreLine | None:
    """Tasks whose questions have choices of their own: nothing is always right there."""
    values, ends = [], []
    for task, metrics in record.accuracy.items():
        info = record.tasks.get(task)
        found = _share(metrics)
        if info is None or found is None:
            continue
        value, stderr = found
        count = info.n_items or 0
        values.append(value)
        ends.append(share_interval(value, count, count, stderr))
    if not values:
        return None
    return ScoreLine(
        name="accuracy",
        statistic="share right",
        value=mean(values),
        interval=ends[0] if len(values) == 1 else None,
        against="",
        held=None,
        of=plural(len(values), "task"),
        over="problems",
        verdict="no one answer to hold it against",
    )


def _share(metrics: Mapping[str, Any]) -> tuple[float, float | None] | None:
    """Accuracy, or exact matches, and the standard error."""
    for name in ("acc", "exact_match"):
        for key, value in metrics.items():
            head, _, kind = key.partition(",")
            if head == name and isinstance(value, int | float) and 0 <= value <= 1:
                error = metrics.get(f"{name}_stderr,{kind}")
                return float(value), error if isinstance(error, float) else None
    return None
