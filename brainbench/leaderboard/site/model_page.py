"""What a run got, cell by cell: tables of a model's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brainbench.benchmarks import ControlledScore
from brainbench.reasoning import AnswerBias
from brainbench.results import Record

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class PageTable:
    """A table whose first column names what a row is of.

    Attributes
    ----------
    title : its caption.
    headers : of the columns after the first.
    rows : name, then cells.
    linked : whether names are benchmarks, each with a page.
    """

    title: str
    headers: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    linked: bool = True


def tables_of(record: Record) -> list[PageTable]:
    """Tables of everything that a run scored."""
    made = (_controlled(record), _published(record), _behavior(record), _tasks(record),
            *_gains(record))  # fmt: skip
    return [table for table in made if table.rows]


def _controlled(record: Record) -> PageTable:
    headers = (
        "raw r", "people", "ratio", "unique R²", "95 % over people", "p (Holm)", "verdict",
        "strongest nuisance",
    )  # fmt: skip
    rows = [
        (
            score.benchmark,
            (
                number(score.raw.value),
                number(None if score.reference is None else score.reference.value),
                number(score.ratio, 2),
                number(score.unique_r2.value, 4),
                interval(score.unique_r2.interval, 4),
                number(score.p_corrected),
                score.verdict,
                _strongest(score),
            ),
        )
        for score in record.controlled
    ]
    return PageTable("Alignment, controlled protocol", headers, rows)


def _strongest(score: ControlledScore) -> str:
    known = [(row.r, row.control) for row in score.controls if row.r is not None]
    if not known:
        return "n/a"
    value, name = max(known)
    return f"{name} {number(value)}"


def _published(record: Record) -> PageTable:
    headers = ("raw r", "± MAD", "best layer", "people", "r / ceiling", "strongest nuisance")
    rows = []
    for score in record.published:
        rivals = [(row.raw, row.control) for row in score.controls if row.raw is not None]
        strongest = f"{max(rivals)[1]} {number(max(rivals)[0])}" if rivals else "n/a"
        cells = (
            number(score.raw),
            number(score.mad),
            str(score.layer),
            number(score.reference),
            number(score.score, 2),
            strongest,
        )
        rows.append((score.benchmark, cells))
    return PageTable("Alignment, published protocol", headers, rows)


def _behavior(record: Record) -> PageTable:
    headers = (
        "κ of errors", "95 % over people", "people", "same answer", "balanced accuracy", "AUC",
        "says True", "invalid",
    )  # fmt: skip
    rows = [
        (
            score.benchmark,
            (
                number(score.error_consistency.value),
                interval(score.error_consistency.interval),
                number(score.error_consistency.reference),
                number(score.agreement.value),
                number(score.balanced_accuracy),
                number(score.auc),
                share(score.said_true),
                str(score.n_invalid),
            ),
        )
        for score in record.behavior
    ]
    return PageTable("Behaviour", headers, rows)


def _tasks(record: Record) -> PageTable:
    headers = (
        "problems", "accuracy", "always one", "balanced", "AUC", "d′", "at threshold", "says most",
        "invalid",
    )  # fmt: skip
    rows = []
    for bias in record.answer_bias:
        count = str(bias.n_items)
        if bias.n_clusters < bias.n_items:
            count += f" ({bias.n_clusters})"
        choice, best = bias.best_constant
        cells = (
            count,
            number(bias.accuracy),
            f"{choice} {number(best)}",
            number(bias.balanced_accuracy),
            number(bias.auc),
            number(bias.dprime, 2),
            number(bias.accuracy_at_threshold),
            _most(bias),
            str(bias.n_invalid),
        )
        rows.append((bias.task, cells))
    return PageTable("Accuracy", headers, rows)


def _most(bias: AnswerBias) -> str:
    if not bias.said:
        return "n/a"
    choice = max(bias.said, key=lambda name: (bias.said or {})[name])
    return f"{choice} {share(bias.said[choice])}"


def _gains(record: Record) -> Iterator[PageTable]:
    for gain in record.gains:
        headers = ("AUC", "Δ AUC", "95 %", "accuracy", "Δ at threshold", "95 %", "says True")
        changes = {
            (difference.against, change.metric): change
            for difference in gain.differences
            for change in difference.changes
        }
        rows = []
        for arm in gain.arms:
            area = changes.get((arm.arm, "auc"))
            cut = changes.get((arm.arm, "accuracy_at_threshold"))
            cells = (
                number(arm.auc),
                "" if area is None else number(area.value),
                "" if area is None else interval(area.interval),
                number(arm.accuracy),
                "" if cut is None else number(cut.value),
                "" if cut is None else interval(cut.interval),
                share(arm.says_true),
            )
            rows.append((arm.arm, cells))
        title = f"Guidance {gain.identifier}: {gain.verdict}. Guided less each arm"
        yield PageTable(title, headers, rows, linked=False)


def number(value: float | None, digits: int = 3) -> str:
    """A number, or n/a, with a minus that reads as one."""
    if value is None:
        return "n/a"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0.0 else text.replace("-", "−")


def interval(ends: Interval, digits: int = 3) -> str:
    """Both ends, or n/a."""
    return "n/a" if ends is None else f"{number(ends[0], digits)} to {number(ends[1], digits)}"


def share(value: float | None) -> str:
    """A share as a percentage, or n/a."""
    return "n/a" if value is None else f"{value:.0%}"
