"""A comparison as a person reads it in a terminal of 110 columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.results.compare.comparison import (
    Comparison,
    Differing,
    Pair,
    Refusal,
    Row,
    by_reason,
)

_STYLES = {
    "better": "green", "worse": "bold red", "higher": "", "lower": "", "no clear difference": "",
    "the same": "dim",
}  # fmt: skip
_MOST = 40
LOST = (
    "lost: in the baseline, and not to be compared, so that nothing tells whether it got worse; "
    "run the baseline or the other run anew, in the same way"
)


def render_comparison(comparison: Comparison) -> RenderableType:
    """Each pair: what differs, rows, what is refused; then what got worse, and what is lost."""
    parts: list[RenderableType] = []
    for pair in comparison.pairs:
        parts += _pair(pair)
    parts += ["", _legend(), "", *verdict(comparison)]
    return Group(*parts)


def verdict(comparison: Comparison) -> list[Text]:
    """What got worse, by name, or that nothing did; then what is lost."""
    worse, lost = [], []
    for pair in comparison.pairs:
        where = f" ({pair.other})" if len(comparison.pairs) > 1 else ""
        worse += [
            _told("worse", "bold red", f"{row.name}, {row.metric}: {change(row)}{where}")
            for row in pair.regressions
        ]
        lost += [
            _told("lost", "bold red", f"{', '.join(names)}: {reason}{where}")
            for reason, names in by_reason(pair.lost).items()
        ]
    if not worse:
        count = sum(len(pair.judged) for pair in comparison.pairs)
        beyond = f" by more than {comparison.tolerance:g}" if comparison.tolerance else ""
        worse.append(Text(f"nothing of {count} rows got worse{beyond}"))
    return [*worse, *lost, *([Text(LOST)] if lost else [])]


def change(row: Row) -> str:
    """``-0.012 [-0.020, -0.004]``."""
    shown = f"{row.difference:+.4f}"
    if row.interval is None:
        return shown
    return f"{shown} [{row.interval[0]:.4f}, {row.interval[1]:.4f}]"


def both(row: Row) -> tuple[str, str]:
    """The values of both runs; of R² to one digit more."""
    digits = 4 if "R²" in row.metric else 3
    first, second = (
        "" if value is None else f"{value:.{digits}f}" for value in (row.baseline, row.other)
    )
    return first, second


def count(row: Row) -> str:
    """What the row rests on: ``10 people``, ``208 items (96)``."""
    if row.kind == "search":
        return f"{row.n} pairs, two numbers"
    if row.over == "nothing":
        return f"{row.n} problems"
    clusters = row.clusters is not None and row.clusters < row.n
    return f"{row.n} {row.over}" + (f" ({row.clusters})" if clusters else "")


def shown(value: Any) -> str:
    """A value that differs, short enough for a line."""
    text = "none" if value is None else str(value)
    if re.fullmatch("[0-9a-f]{64}", text):
        return f"{text[:12]}…"
    return text if len(text) <= 48 else f"{text[:47]}…"


def _pair(pair: Pair) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Text(f"{pair.other}\nagainst {pair.baseline}", style="bold"), *_differs(pair.differs)
    ]  # fmt: skip
    if pair.rows:
        parts += _rows(pair.rows)
    return [*parts, *_refused(pair.refused), ""]


def _rows(rows: Sequence[Row]) -> list[RenderableType]:
    """Headers; then a line for what is compared, and one for each metric."""
    parts: list[RenderableType] = ["", _table(header=True)]
    for _, members in groupby(rows, key=lambda row: (row.name, row.over)):
        held = list(members)
        first, table = held[0], _table(header=False)
        name = Text(first.name.removeprefix("brainbench_"), style="bold")
        about = [first.protocol, count(first), _exact(first)]
        parts.append(name.append("  " + ", ".join(filter(None, about)), style="dim"))
        for row in held:
            p = "" if row.p is None else f"{row.p:.3f}"
            read = Text(row.reading, style=_STYLES[row.reading])
            table.add_row(Text(row.metric), *both(row), change(row), p, read)
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


def _exact(row: Row) -> str:
    if row.mcnemar_p is None:
        return ""
    return f"McNemar p {row.mcnemar_p:.3f} ({row.gained} gained, {row.lost} lost)"


def _differs(found: Sequence[Differing]) -> list[Text]:
    if not found:
        return [Text("the same model, data, versions, settings and seeds", style="dim")]
    lines = [
        Text(f"{one.kind}: {one.name}: {shown(one.baseline)} → {shown(one.other)}", style="dim")
        for one in found[:_MOST]
    ]
    if len(found) > _MOST:
        lines.append(Text(f"and {len(found) - _MOST} more, see --json", style="dim"))
    return lines


def _refused(found: Sequence[Refusal]) -> list[RenderableType]:
    return [
        _told("not compared", "yellow", f"{', '.join(names)}: {reason}")
        for reason, names in by_reason(found).items()
    ]


def _told(what: str, style: str, text: str) -> Text:
    return Text(f"{what}: ", style=style).append(text, style="default")


def _legend() -> Text:
    return Text(
        "difference: mean over pairs, other minus baseline; 95 % by Student's t over people, or "
        "over items with what belongs together taken as one (in brackets how many); of unique R² "
        "and gains no narrower than if both runs were independent. p: two-sided, not corrected for "
        "the number of rows. McNemar: exact, one item of each cluster. As published, baseline and "
        "other are medians over people, the difference a mean. higher, lower: without an interval, "
        "for nothing tells the error. Of a targeted search neither is better.",
        style="dim",
    )
