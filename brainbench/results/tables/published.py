"""A record as a person reads it in a terminal."""

from __future__ import annotations

from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from brainbench.results.record import ControlRow, Record, ScoreRow
from brainbench.results.tables.accuracy import render_accuracy
from brainbench.results.tables.behavior import render_behavior
from brainbench.results.tables.controlled import render_controlled
from brainbench.results.tables.guidance import render_guidance
from brainbench.results.tables.other import render_other
from brainbench.results.tables.search import render_searches
from brainbench.results.wording import number

_MARK = "†"


def render_record(record: Record) -> RenderableType:
    """Each benchmark with its controls under it, warnings, and what the columns mean.

    Alignment first, then behaviour, then accuracy, then what guidance gained, then other kinds of
    scores.
    """
    parts: list[RenderableType] = [_title(record)]
    parts += [Text(f"! {note}", style="yellow") for note in record.notes]
    if record.error:
        parts.append(Text(f"! {record.status}: {record.error}", style="red"))
    headlines = [row for row in record.scores if row.subject == "all"]
    for place, row in enumerate(headlines):
        controls = [c for c in record.controls if c.benchmark == row.benchmark]
        parts += ["", _heading(row), _table(row, controls, header=place == 0)]
        lacking = [f"{c.control} ({c.reason})" for c in controls if c.reason]
        if lacking:
            parts.append(Text(f"n/a: {', '.join(lacking)}", style="dim"))
        parts += [_warning(c.warning) for c in controls if c.warning and "model" in c.reaches]
    if headlines:
        parts += ["", *_shared_warnings(record, headlines), _legend()]
    return Group(
        *parts,
        *render_controlled(record.controlled),
        *render_behavior(record.behavior),
        *render_accuracy(record),
        *render_searches(record.searches),
        *render_guidance(record.gains),
        *render_other(record.other),
    )


def _title(record: Record) -> Text:
    used = {row.protocol for row in record.scores} | {row.protocol for row in record.controlled}
    protocol = ", ".join(sorted(used))
    others = record.behavior or record.gains or record.other
    made = f"protocol: {protocol}" if protocol else "" if others else "no scores"
    if record.accuracy:
        tasks = sum(name in record.accuracy for name in record.tasks)
        asked = f"{tasks} {'task' if tasks == 1 else 'tasks'} of lm-eval"
        made = f"{made}; {asked}" if protocol else asked
    data = ", ".join(
        f"{d.name} {d.version}" + (" (simulated people)" if d.simulated else "")
        for d in record.datasets
    )
    about = f" ({record.model.description})" if record.model.description else ""
    builtin = ", built in" if record.model.builtin else ""
    model = f"{record.model.identifier}{about}{builtin}"
    return Text(f"{model}\n{'; '.join(part for part in (data, made) if part)}", style="bold")


def _heading(row: ScoreRow) -> Text:
    """The benchmark, its size, and how many ceilings cannot be divided by."""
    text = Text(row.benchmark, style="bold")
    details = f"  {row.n_subjects} people, {row.n_items} items, {row.n_voxels} voxels"
    if row.ceiling_near_zero is not None and row.ceiling_near_one is not None:
        voxels = row.n_subjects * row.n_voxels
        details += (
            f"; v0 ≈ 0 in {row.ceiling_near_zero / voxels:.0%}, "
            f"≈ 1 in {row.ceiling_near_one / voxels:.0%}"
        )
    return text.append(details, style="dim")


def _table(row: ScoreRow, controls: list[ControlRow], header: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=header)
    table.header_style = "dim"
    table.add_column("", width=21, no_wrap=True)
    widths = {"raw": 6, "spread": 14, "people": 7, "ceiling": 8, f"r / v0{_MARK}": 8, "reaches": 15}
    for name, width in widths.items():
        justify: Literal["left", "right"] = "left" if name == "reaches" else "right"
        table.add_column(name, width=width, justify=justify, no_wrap=True)
    table.add_row(
        f"model, {row.site} {row.layer}",
        Text(number(row.raw), style="bold"),
        "" if row.mad is None else f"± {row.mad:.3f}",
        number(row.reference),
        number(row.ceiling_median),
        number(row.score, 2),
    )
    for control in controls:
        style = "yellow" if control.reaches else "dim"
        cells = [control.control, number(control.raw), "", "", "", number(control.score, 2), ""]
        if control.reason:
            cells[1], cells[5] = "n/a", ""
        if control.raw_range:
            cells[2] = f"{control.raw_range[0]:.3f} to {control.raw_range[1]:.3f}"
        if control.reaches:
            names = ["people" if what == "reference" else what for what in control.reaches]
            cells[6] = " " + ", ".join(names)
        table.add_row(*(Text(cell, style=style) for cell in cells))
    return table


def _shared_warnings(record: Record, headlines: list[ScoreRow]) -> list[RenderableType]:
    """Warnings that the tables do not show, each once, with its benchmarks if not all."""
    shown = {(c.benchmark, c.warning) for c in record.controls}
    by_text: dict[str, list[str]] = {}
    for row in headlines:
        for warning in row.warnings:
            if (row.benchmark, warning) not in shown:
                by_text.setdefault(warning, []).append(row.benchmark)
    lines: list[RenderableType] = []
    for text, names in by_text.items():
        about = "" if len(names) == len(headlines) else f" ({', '.join(names)})"
        lines.append(_warning(text + about))
    return lines


def _warning(text: str) -> Text:
    return Text("! ", style="yellow").append(text, style="default")


def _legend() -> Text:
    return Text(
        "raw: Pearson r on held-out items; median over voxels, then people; at the best layer, "
        "which is chosen on the items it is scored on. spread: median absolute deviation over "
        "people; for random features the 95 % range of 20 draws. people: all other people predict "
        "each person. ceiling: published v0, extrapolated to many people; both medians as raw is "
        "(the record holds the mean of v0 too). "
        f"{_MARK} median of r / v0 over voxels as published, at its own best layer; not a share of "
        "explained variance. reaches: what a nuisance row is not below.",
        style="dim",
    )
