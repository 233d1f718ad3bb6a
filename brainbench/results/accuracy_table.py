"""Accuracy on tasks as a person reads it in a terminal of 110 columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.reasoning import AnswerBias
from brainbench.results.record import Record

_WIDTH = 24
# metrics that stand for a task without choices, the first that it has
_HEADLINES = ("acc", "exact_match", "acc_norm", "f1", "word_perplexity", "perplexity")


def render_accuracy(record: Record) -> list[RenderableType]:
    """Tasks with the same choices beside blind answers, their readings; then all others."""
    if not record.accuracy:
        return []
    parts: list[RenderableType] = []
    if record.answer_bias:
        parts += ["", _biases(record.answer_bias), *map(_reading, record.answer_bias)]
    told = {bias.task for bias in record.answer_bias}
    others = {task: m for task, m in record.accuracy.items() if task not in told}
    if others:
        parts += ["", _metrics(record, others)]
    return [*parts, _legend(bool(record.answer_bias))]


def _biases(rows: Iterable[AnswerBias]) -> Table:
    table = _table("", "items", "accuracy", "always", "balanced", "AUC", "d′", "says", "at thr.",
                   "inv.", "cut")  # fmt: skip
    for row in rows:
        choice, always = row.best_constant
        items = str(row.n_items)
        if row.n_clusters < row.n_items:
            items += f" ({row.n_clusters})"
        said = "" if row.said is None else f"{choice} {row.said[choice]:.0%}"
        table.add_row(
            _short(row.task),
            items,
            Text(_with_error(row.accuracy, row.accuracy_stderr), style="bold"),
            f"{choice} {always:.3f}",
            _number(row.balanced_accuracy),
            _with_error(row.auc, row.auc_stderr),
            _number(row.dprime, 2),
            said,
            _number(row.accuracy_at_threshold),
            str(row.n_invalid),
            str(row.n_truncated),
        )
    return table


def _metrics(record: Record, tasks: Mapping[str, Mapping[str, Any]]) -> Table:
    """Groups, and tasks whose answers are not among the same choices."""
    table = _table("", "items", "metric", "value", "balanced", "AUC", "d′")
    for task, metrics in tasks.items():
        found = _headline(metrics)
        info = record.tasks.get(task)
        count = info.n_items if info else metrics.get("sample_len")
        rest = [_number(metrics.get(f"{name},none")) for name in ("balanced_acc", "auc", "dprime")]
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
    table.add_column(first, max_width=_WIDTH, no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _reading(row: AnswerBias) -> Text:
    return Text(f"{_short(row.task)}: ", style="dim").append(row.reading, style="default")


def _legend(biases: bool) -> Text:
    if not biases:
        return Text("±: standard error, as lm-eval gives it.", style="dim")
    return Text(
        "items: in brackets, different problems where one is shown in several orders; ±: standard "
        "errors, such problems taken together. An invalid answer is not right. always: the answer "
        "that does best when it is always given. balanced: mean over answers of the share answered "
        "right. AUC: of the log-odds, 0.5 by chance. d′: 0 for a constant answer. says: how often "
        "it gives that answer. at thr.: accuracy when the first answer counts as given above "
        "log-odds chosen on the validation split. inv.: neither of the answers. cut: by the limit "
        "of generation.",
        style="dim",
    )


def _short(task: str) -> str:
    return task.removeprefix("brainbench_")


def _with_error(value: float | None, error: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if error is None else f"{value:.3f} ± {error:.3f}"


def _number(value: Any, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if isinstance(value, int | float) else ""
