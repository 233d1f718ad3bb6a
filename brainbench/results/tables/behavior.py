"""Scores of behaviour as a person reads them in a terminal of 100 columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.benchmarks import MEASURES, BehaviorControl, Measure, Statistic
from brainbench.results.record import BehaviorRow
from brainbench.results.wording import number

_COLUMNS: dict[Measure, str] = {
    "error_consistency": "κ errors",
    "answer_kappa": "κ answers",
    "agreement": "agreement",
    "above_chance": "above ch.",
    "confidence_accuracy": "ρ right",
    "certainty_time": "ρ |.| time",
    "confidence_time": "ρ time",
}
_LABEL_WIDTH, _WIDTH = 22, 10


def render_behavior(rows: Sequence[BehaviorRow]) -> list[RenderableType]:
    """Each benchmark with people among themselves, the controls and warnings under it."""
    parts: list[RenderableType] = []
    common = set.intersection(*(set(row.warnings) for row in rows)) if len(rows) > 1 else set()
    for place, row in enumerate(rows):
        parts += ["", _heading(row), _table(row, header=place == 0)]
        lacking = [f"{c.control} ({c.reason})" for c in row.controls if _is_empty(c)]
        if lacking:
            parts.append(Text(f"n/a: {', '.join(lacking)}", style="dim"))
        reaching = [control for control in row.controls if control.reaches_model]
        if reaching:
            names = ", ".join(control.control for control in reaching)
            parts.append(_warning(f"{names}: what is marked * is not below the model"))
        # in the table already, or the same for all
        shown = common | {control.warning for control in reaching}
        parts += [_warning(text) for text in row.warnings if text not in shown]
    if not rows:
        return []
    said = [text for text in rows[0].warnings if text in common]
    return [*parts, "", *(_warning(text) for text in said), _legend()]


def _heading(row: BehaviorRow) -> Text:
    """The benchmark, its size, and the model's own accuracy and bias."""
    text = Text(row.benchmark, style="bold")
    invalid = f", {row.n_invalid} answers invalid" if row.n_invalid else ""
    text.append(f"  {row.n_people} people, {row.n_items} items{invalid}\n", style="dim")
    text.append(
        f"model: accuracy {number(row.accuracy)}, balanced {number(row.balanced_accuracy)}, "
        f"AUC {number(row.auc)}, says True {number(row.said_true, 2)} "
        f"where {row.labelled_true:.2f} follow",
        style="dim",
    )
    return text


def _table(row: BehaviorRow, header: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=header)
    table.header_style = "dim"
    table.add_column("", width=_LABEL_WIDTH, no_wrap=True)
    for name in MEASURES:
        table.add_column(f"{_COLUMNS[name]} ", width=_WIDTH, justify="right", no_wrap=True)
    statistics: list[Statistic] = [getattr(row, name) for name in MEASURES]

    def line(label: str, cells: list[str], style: str = "dim") -> None:
        # a place for the mark, so that digits stand under digits
        marked = [cell if cell.endswith("*") else f"{cell} " for cell in cells]
        table.add_row(Text(label, style=style), *(Text(cell, style=style) for cell in marked))

    line("model", [number(s.value) for s in statistics], "bold")
    line("  over people", [_range(s.interval) for s in statistics])
    line("  over items", [_range(s.interval_items) for s in statistics])
    line("people", [number(s.reference) for s in statistics], "default")
    line("  over people", [_range(s.reference_interval) for s in statistics])
    line("model / people", [number(s.ratio, 2, "") for s in statistics], "default")
    line("bound", [number(getattr(s, "bound", None), 3, "") for s in statistics])
    for control in row.controls:
        if not _is_empty(control):
            line(control.control, [_cell(control, name) for name in MEASURES], _style(control))
    return table


def _cell(control: BehaviorControl, name: Measure) -> str:
    value: float | None = getattr(control, name)
    mark = "*" if name in control.reaches_model else ""
    return "" if value is None else f"{value:.3f}{mark}"


def _style(control: BehaviorControl) -> str:
    return "yellow" if control.reaches_model else "dim"


def _is_empty(control: BehaviorControl) -> bool:
    return all(getattr(control, name) is None for name in MEASURES)


def _legend() -> Text:
    return Text(
        "κ errors: sharing right and wrong answers beyond what both accuracies imply. κ answers, "
        "agreement, above ch.: the same answer, as it is or beyond what both shares of True imply. "
        "All four are means over people. ρ: Spearman over items; ρ right: log-odds of the right "
        "answer with the share of people who were right; ρ time: the same with people's response "
        "time; ρ |.| time: log-odds of either answer, whatever its side. over: 95 % intervals, "
        "people or items left out in turn. people: each person against the others, measured, no "
        "upper bound. bound: √reliability of the people's mean. * reaches the model: not below "
        "it; under ρ as far from 0.",
        style="dim",
    )


def _warning(text: str) -> Text:
    return Text("! ", style="yellow").append(text, style="default")


def _range(interval: tuple[float, float] | None) -> str:
    """Both ends, without the 0 before the point: two that are negative must fit."""
    if interval is None:
        return ""
    return re.sub(r"\b0\.", ".", " ".join(f"{end:.2f}" for end in interval))
