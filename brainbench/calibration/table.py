"""A calibration as a person reads it."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.calibration.record import LEVEL, LIMIT, Calibration, CalibrationRow
from brainbench.calibration.scenarios import Kind

IN_WORDS: dict[Kind, str] = {
    "nothing": "Nothing there",
    "in span": "Confounds in the columns' span",
    "narrow": "Models of few dimensions",
    "planted": "A layer of the model",
    "layer": "Layer found in every fold",
    "mis-specified": "Confounds outside the span",
}
_Cell = Callable[[CalibrationRow], str | Text]
_PUBLISHED = ("published r", "above 0")
_SHOWN: dict[Kind, tuple[str, ...]] = {
    "nothing": ("≤ 7 %", "unique R²", *_PUBLISHED),
    "in span": ("≤ 7 %", "unique R²", *_PUBLISHED),
    "narrow": ("≤ 7 %", "unique R²"),
    "mis-specified": ("unique R²", *_PUBLISHED),
    "planted": ("unique R²", "covers", "t covers", "layer"),
    "layer": ("layer",),
}


def render_calibration(found: Calibration) -> RenderableType:
    """A table for each kind of scenario, a line each."""
    parts: list[RenderableType] = []
    for kind, words in IN_WORDS.items():
        rows = [row for row in found.rows if row.kind == kind]
        if not rows:
            continue
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        table.header_style = "dim"
        table.add_column(Text(words, style="bold"), no_wrap=True, width=31)
        shown = [name for name in _SHOWN[kind] if any(_COLUMNS[name](row) for row in rows)]
        columns = {**_ALWAYS, **{name: _COLUMNS[name] for name in shown}}
        for name in columns:
            table.add_column(name, justify="right", no_wrap=True)
        for row in rows:
            table.add_row(in_short(row), *(make(row) for make in columns.values()))
        parts += [table, ""]
    return Group(*parts, Text(_legend(found), style="dim"))


def in_short(row: CalibrationRow) -> str:
    """What a row planted: ``length, 30 %``; ``alike`` where people mix a layer partly alike."""
    if not row.share:
        return row.scenario
    alike = " alike" if row.kind == "planted" and row.alike else ""
    return f"{row.scenario}, {row.share:.0%}{alike}"


def type_in_short(row: CalibrationRow) -> str:
    """``syll.``, ``trans.`` or ``pooled``."""
    names = {"all": "pooled", "syllogistic": "syll.", "transitive": "trans."}
    return names.get(row.reasoning_type, row.reasoning_type)


def _rate(row: CalibrationRow) -> Text:
    return Text(f"{row.rate:.1%}", style="bold red" if row.within_limit == "over" else "bold")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


_ALWAYS: dict[str, _Cell] = {
    "type": type_in_short,
    "n": lambda row: f"{row.n:,}",
    "found": _rate,
    "95 %": lambda row: f"{100 * row.interval[0]:.1f}-{100 * row.interval[1]:.1f}",
}
_COLUMNS: dict[str, _Cell] = {
    "≤ 7 %": lambda row: row.within_limit or "",
    "unique R²": lambda row: "" if row.unique_r2 is None else f"{row.unique_r2:.4f}",
    "covers": lambda row: _percent(row.coverage),
    "t covers": lambda row: _percent(row.coverage_student),
    "layer": lambda row: _percent(row.layer_recovered),
    "published r": lambda row: "" if row.published is None else f"{row.published.r:.3f}",
    "above 0": lambda row: "" if row.published is None else f"{row.published.above_zero:.0%}",
}


def _legend(found: Calibration) -> str:
    people = ", ".join(f"{r:.3f} ({kind})" for kind, r in found.people_r.items())
    filled = ", ".join(f"{size:.1f} ({kind})" for kind, size in found.dimensions.items())
    plan = found.plan
    draws = sorted({plan.draws, plan.tested_draws, plan.pooled_draws})
    parts = [
        "" if found.complete else "Unfinished: rows are missing.",
        f"{found.design.people} simulated people; others predict a person with r {people}; "
        f"items fill so many dimensions: {filled}.",
        f"found: data sets with p at most {LEVEL} for unique R², uncorrected, of "
        f"{' or '.join(map(str, draws))} permutations, with its exact 95 % interval; "
        f"≤ {LIMIT:.0%}: whether the one-sided upper 95 % bound is, where nothing should be found.",
        "covers: 95 % intervals over people that hold the mean of new people, same items; "
        "t covers: so would Student's t, which is not used.",
        "layer: folds that chose the planted one.",
        _alike(found),
        "published r: what the published protocol scores on some of the same data; above 0: its "
        "95 % interval over people is.",
    ]
    return " ".join(part for part in parts if part)


def _alike(found: Calibration) -> str:
    shares = sorted({row.alike for row in found.rows if row.kind == "planted" and row.alike})
    parts = " or ".join(f"{share:.0%}" for share in shares)
    return f"alike: {parts} of the mixing into voxels is the same for all people." if parts else ""
