"""Accuracy on tasks as a person reads it in a terminal of 110 columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.reasoning import AnswerBias
from brainbench.results.record import Record
from brainbench.results.wording import number

_WIDTH = 24
# columns that are shown where a row says something there, and what they mean
_MEANING = {
    "items": "in brackets, how many do not belong together, as orders of one problem do and "
    "questions about one story",
    "accuracy": "an invalid answer is not right",
    "always": "the answer that does best when it is always given",
    "balanced": "mean over answers of the share answered right",
    "AUC": "of the log-odds, 0.5 by chance",
    "d′": "0 for a constant answer",
    "says": "how often it gives that answer",
    "at thr.": "accuracy when the first answer counts as given above log-odds chosen on the "
    "validation split",
    "inv.": "neither of the answers",
    "cut": "by the limit of generation",
}
_ERRORS = "±: standard errors, what belongs together taken as one."
# metrics that stand for a task without choices, the first that it has
_HEADLINES = ("acc", "exact_match", "acc_norm", "f1", "word_perplexity", "perplexity")


def render_accuracy(record: Record) -> list[RenderableType]:
    """Tasks with the same choices beside blind answers, their readings; then all others."""
    if not record.accuracy:
        return []
    parts: list[RenderableType] = []
    columns: list[str] = []
    if record.answer_bias:
        table, columns = _biases(record.answer_bias)
        parts += ["", table, *map(_reading, record.answer_bias)]
    told = {bias.task for bias in record.answer_bias}
    others = {task: m for task, m in record.accuracy.items() if task not in told}
    if others:
        parts += ["", _metrics(record, others)]
    return [*parts, _legend(columns)]


def _biases(rows: Iterable[AnswerBias]) -> tuple[Table, list[str]]:
    """The table, and the headers of the columns that say something."""
    shown = {row.task: _cells(row) for row in rows}
    kept = [name for name in _MEANING if any(cells[name] for cells in shown.values())]
    table = _table("", *kept)
    for task, cells in shown.items():
        table.add_row(
            _short(task), *(Text(cells[c], style="bold" if c == "accuracy" else "") for c in kept)
        )
    return table, kept


def _cells(row: AnswerBias) -> dict[str, str]:
    choice, always = row.best_constant
    items = str(row.n_items)
    if row.n_clusters < row.n_items:
        items += f" ({row.n_clusters})"
    return {
        "items": items,
        "accuracy": _with_error(row.accuracy, row.accuracy_stderr),
        "always": f"{choice} {always:.3f}",
        "balanced": number(row.balanced_accuracy, lacking=""),
        "AUC": _with_error(row.auc, row.auc_stderr),
        "d′": number(row.dprime, 2, lacking=""),
        "says": "" if row.said is None else f"{choice} {row.said[choice]:.0%}",
        "at thr.": number(row.accuracy_at_threshold, lacking=""),
        "inv.": str(row.n_invalid or ""),
        "cut": str(row.n_truncated or ""),
    }


def _metrics(record: Record, tasks: Mapping[str, Mapping[str, Any]]) -> Table:
    """Groups, and tasks whose answers are not among the same choices."""
    table = _table("", "items", "metric", "value", "balanced", "AUC", "d′")
    for task, metrics in tasks.items():
        found = _headline(metrics)
        info = record.tasks.get(task)
        count = info.n_items if info else metrics.get("sample_len")
        rest = [
            number(value, lacking="") if isinstance(value, int | float) else ""
            for name in ("balanced_acc", "auc", "dprime")
            for value in [metrics.get(f"{name},none")]
        ]
        name, value = ("", "no number") if found is None else found
        row = Text(value, style="bold")
        table.add_row(_short(task), "" if count is None else str(count), name, row, *rest)
    return table


def _headline(metrics: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name and value of the metric that stands for a task."""
    numbers = {
        key: value
        for key, value in metrics.items()
        if "," in key and "_stderr" not in key and isinstance(value, int | float)
    }
    known = (key for name in _HEADLINES for key in numbers if key.partition(",")[0] == name)
    key = next(known, next(iter(numbers), None))
    if key is None:
        return None
    name, _, kind = key.partition(",")
    error = metrics.get(f"{name}_stderr,{kind}")
    shown = name if kind == "none" else f"{name} ({kind})"
    return shown, _with_error(numbers[key], error if isinstance(error, float) else None)


def _table(first: str, *names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.header_style = "dim"
    table.add_column(first, max_width=_WIDTH, overflow="fold")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _reading(row: AnswerBias) -> Text:
    return Text(f"{_short(row.task)}: ", style="dim").append(row.reading, style="default")


def _legend(columns: Sequence[str]) -> Text:
    if not columns:
        return Text("±: standard error, as lm-eval gives it.", style="dim")
    parts = [f"{name}: {_MEANING[name]}" for name in columns if _MEANING[name]]
    return Text(". ".join([*parts, _ERRORS]), style="dim")


def _short(task: str) -> str:
    return task.removeprefix("brainbench_")


def _with_error(value: float | None, error: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if error is None else f"{value:.3f} ± {error:.3f}"
