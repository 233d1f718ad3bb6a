"""A comparison as a person reads it in a terminal of 110 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.results.compare.comparison import (
    Comparison,
    ComparisonRow,
    Differing,
    Pair,
    Refusal,
    by_reason,
)
from brainbench.results.compare.words import (
    LEGEND,
    LOST,
    about,
    both,
    change,
    corrected,
    groups,
    reading,
    shown,
    verdict,
)

_STYLES = {"better": "green", "worse": "bold red", "the same": "dim", "identical": "dim"}
_LOUD = {"worse": "bold red", "one answer": "bold red", "lost": "bold red"}
_MAX = 40


def render_comparison(comparison: Comparison) -> RenderableType:
    """Each pair: what differs, rows, what is refused; then what got worse, and what is lost."""
    parts: list[RenderableType] = []
    for pair in comparison.pairs:
        parts += _pair(pair)
    return Group(*parts, "", Text(LEGEND, style="dim"), "", *_verdicts(comparison))


def _verdicts(comparison: Comparison) -> list[Text]:
    lines = []
    several = len(comparison.pairs) > 1
    for pair in comparison.pairs:
        where = f" ({pair.other})" if several else ""
        for word, text in verdict(pair, comparison.tolerance):
            style = _LOUD.get(word, "yellow")
            lines.append(_told(word, style, text + where) if word else Text(text + where))
    return [*lines, *([Text(LOST)] if comparison.lost else [])]


def _pair(pair: Pair) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Text(f"{pair.other}\nagainst {pair.baseline}", style="bold"), *_differs(pair.differs)
    ]  # fmt: skip
    if pair.numerics:
        parts.append(Text(pair.numerics, style="yellow"))
    if pair.rows:
        parts += _rows(pair.rows)
    return [*parts, *_refused(pair.refused), ""]


def _rows(rows: Sequence[ComparisonRow]) -> list[RenderableType]:
    """Headers; then a line for what is compared, and one for each metric."""
    parts: list[RenderableType] = ["", _table(header=True)]
    for held in groups(rows):
        table = _table(header=False)
        name = Text(held[0].name.removeprefix("brainbench_"), style="bold")
        parts.append(name.append(f"  {about(held[0])}", style="dim"))
        for row in held:
            read = Text(reading(row), style=_STYLES.get(row.reading, ""))
            table.add_row(Text(row.metric), *both(row), change(row), corrected(row), read)
        parts.append(table)
    return parts


def _table(header: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=header)
    table.header_style = "dim"
    table.add_column("", width=32, overflow="fold")
    widths = {"baseline": 9, "other": 9, "difference [95 %]": 26, "p": 6}
    for name, width in widths.items():
        table.add_column(name, width=width, justify="right", no_wrap=True)
    table.add_column("", width=20, no_wrap=True)
    return table


def _differs(found: Sequence[Differing]) -> list[Text]:
    if not found:
        return [Text("the same model, data, versions, settings and seeds", style="dim")]
    lines = [
        Text(f"{one.kind}: {one.name}: {shown(one.baseline)} → {shown(one.other)}", style="dim")
        for one in found[:_MAX]
    ]
    if len(found) > _MAX:
        lines.append(Text(f"and {len(found) - _MAX} more, see --json", style="dim"))
    return lines


def _refused(found: Sequence[Refusal]) -> list[RenderableType]:
    return [
        _told("not compared", "yellow", f"{', '.join(names)}: {reason}")
        for reason, names in by_reason(found).items()
    ]


def _told(what: str, style: str, text: str) -> Text:
    return Text(f"{what}: ", style=style).append(text, style="default")
