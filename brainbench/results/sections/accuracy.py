"""Accuracy on tasks, beside what blind answers score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from brainbench.reasoning import AnswerBias
from brainbench.results.blocks import Block, Bullets, Column, Figure, Section, Table
from brainbench.results.plots.dot_plot import DotRow, Mark, draw_dots
from brainbench.results.record import Record
from brainbench.results.wording import clip, number, percent, with_error

_MAX = 400
# metrics that stand for a task without choices, the first that it has
_HEADLINES = ("acc", "exact_match", "acc_norm", "f1", "word_perplexity", "perplexity")
_ABOUT = (
    "Items: in brackets, how many do not belong together, as orders of one problem do and "
    "questions about one story. "
    "An invalid answer is not right. Always: the answer that does best when it is always given. "
    "Says: how often it gives that answer. "
    "Balanced: mean over answers of the share answered right, 0.5 of two by chance. AUC: of the "
    "log-odds, 0.5 by chance. d′: 0 for a constant answer. At threshold: the first answer counts "
    "as given above log-odds chosen on the validation split. ±: standard errors, what belongs "
    "together taken as one."
)


def accuracy_section(record: Record) -> Section | None:
    """Tasks with the same choices beside blind answers, then all others; None without tasks."""
    if not record.accuracy and not record.answer_bias:
        return None
    blocks: list[Block] = []
    biases = record.answer_bias[:_MAX]
    if biases:
        blocks += [
            accuracy_figure("accuracy-tasks", biases),
            _bias_table(biases),
            Bullets([(short(row.task), row.reading) for row in biases]),
        ]
    shown = {row.task for row in biases}
    others = {task: m for task, m in list(record.accuracy.items())[:_MAX] if task not in shown}
    if others:
        blocks.append(_metrics_table(record, others))
    about = _ABOUT if biases else "±: standard error, as lm-eval gives it."
    return Section("accuracy", "Accuracy on tasks", blocks, badge="lm-eval", about=about)


def short(task: str) -> str:
    """A task's name without what all of ours begin with."""
    return task.removeprefix("brainbench_")


def accuracy_figure(key: str, biases: Sequence[AnswerBias]) -> Figure:
    """Accuracy of each task, and what always giving one answer gets.

    Parameters
    ----------
    key : unique on the page.
    biases : one row each.
    """
    rows = [DotRow(short(row.task), [_marks(row)]) for row in biases]
    return Figure.of(
        draw_dots(key, "Accuracy and blind answers", "accuracy", rows),
        "Circle: accuracy, with its 95 % interval (exact, for as many problems as the clustered "
        "standard error is worth). Strokes: "
        "always giving one answer, for each answer. Diamond: accuracy at the threshold.",
    )


def _marks(row: AnswerBias) -> list[Mark]:
    error, name = row.accuracy_stderr, short(row.task)
    ends = row.accuracy_interval
    blind = [
        Mark(value, "tick", "nuisance", f"{name}, always {choice}: {number(value)}")
        for choice, value in row.always.items()
    ]
    text = f"{name}: accuracy {with_error(row.accuracy, error)}"
    marks = [*blind, Mark(row.accuracy, "dot", "model", text, ends)]
    if row.accuracy_at_threshold is not None:
        at = row.accuracy_at_threshold
        marks.append(Mark(at, "diamond", "people", f"{name}, at the threshold: {number(at)}"))
    return marks


def _bias_table(biases: Sequence[AnswerBias]) -> Table:
    rows = []
    for row in biases:
        choice, always = row.best_constant if row.always else ("", None)
        items = number(row.n_items)
        if row.n_clusters < row.n_items:
            items += f" ({number(row.n_clusters)})"
        says = (
            ""
            if row.answer_shares is None
            else f"{choice} {percent(row.answer_shares.get(choice))}"
        )
        rows.append((
            short(row.task), items, with_error(row.accuracy, row.accuracy_stderr),
            f"{choice} {number(always)}", says,
            with_error(row.balanced_accuracy, row.balanced_accuracy_stderr) or "n/a",
            with_error(row.auc, row.auc_stderr) or "n/a",
            number(row.dprime, 2), number(row.accuracy_at_threshold),
            number(row.n_invalid), number(row.n_truncated),
        ))  # fmt: skip
    columns: Sequence[str | Column] = (
        "task", "items", "accuracy", "always", Column("says", optional=True),
        *(Column(name, optional=True) for name in ("balanced", "AUC", "d′")),
        Column("at threshold", "at thr.", optional=True), Column("invalid", "inv.", optional=True),
        Column("cut off", "cut", optional=True),
    )  # fmt: skip
    return Table("Tasks whose questions have the same choices", columns, rows)


def _metrics_table(record: Record, tasks: Mapping[str, Mapping[str, Any]]) -> Table:
    """Groups, and tasks whose answers are not among the same choices: all metrics they have."""
    rows = []
    for task, metrics in tasks.items():
        info = record.tasks.get(task)
        count = info.n_items if info else metrics.get("sample_len")
        shown = [text for key in _ordered(metrics)[:60] if (text := _metric(key, metrics))]
        items = number(count) if isinstance(count, int) else ""
        rows.append((short(task), items, shown[0] if shown else "no number",
                     clip("; ".join(shown[1:]))))  # fmt: skip
    return Table(
        "Groups of tasks, and tasks without the same choices",
        ("task", "items", "metric", "other metrics"),
        rows,
        numbers=False,
    )


def _ordered(metrics: Mapping[str, Any]) -> list[str]:
    """The metric that stands for a task first, then all others as they come."""
    found = [key for name in _HEADLINES for key in metrics if key.partition(",")[0] == name]
    return list(dict.fromkeys([*found[:1], *metrics]))


def _metric(key: str, metrics: Mapping[str, Any]) -> str | None:
    value = metrics[key]
    if "," not in key or "_stderr" in key or not isinstance(value, int | float):
        return None
    name, _, kind = key.partition(",")
    error = metrics.get(f"{name}_stderr,{kind}")
    shown = name if kind == "none" else f"{name} ({kind})"
    return f"{shown} {with_error(value, error if isinstance(error, float) else None)}"
