"""Values with intervals on one axis: scores beside people and nuisance, gains beside arms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from markupsafe import Markup

from brainbench.results.plots.plot import Plot
from brainbench.results.plots.svg import Axis, drawing, element, text
from brainbench.results.spreadsheet import Cell
from brainbench.results.wording import Interval, clip, finite, number

Shape = Literal["dot", "triangle", "diamond", "tick"]
Role = Literal["model", "people", "nuisance"]

WIDTH = 360
_MARGIN, _LINE, _HEAD, _GAP, _FOOT = 8, 13, 17, 9, 34
_MAX_ROWS = 60


@dataclass(frozen=True)
class Mark:
    """One value; its shape tells what it is as much as its colour does."""

    value: float | None
    shape: Shape
    role: Role
    title: str
    interval: Interval | None = None

    @property
    def name(self) -> str:
        """What it is, without its number."""
        return self.title.rpartition(": ")[0] or self.title


@dataclass(frozen=True)
class DotRow:
    """A name, a word about it, and lines of marks under them."""

    label: str
    lines: Sequence[Sequence[Mark]]
    note: str = ""


def on_one_line(row: DotRow) -> DotRow:
    """The same marks on top of each other, where there is little room.

    Parameters
    ----------
    row : what stands behind, such as strokes, is drawn first: its last line.
    """
    return replace(row, lines=[[*chain.from_iterable(reversed(row.lines))]])


def draw_dots(key: str, title: str, axis_label: str, rows: Sequence[DotRow]) -> Plot:
    """The picture: a row's name above its marks, so that it is read on a narrow screen too.

    Parameters
    ----------
    key : unique on the page.
    axis_label : what the values are, and their unit.

    Returns
    -------
    The picture, every mark named with its number for those who do not see it, and all numbers.
    """
    shown = rows[:_MAX_ROWS]
    marks = list(chain.from_iterable(chain.from_iterable(row.lines for row in shown)))
    axis = Axis.over(chain.from_iterable(map(_ends, marks)), _MARGIN, WIDTH - _MARGIN)
    heights = [_HEAD + _LINE * len(row.lines) + _GAP for row in shown]
    bottom = float(sum(heights))
    parts = list(_grid(axis, bottom, axis_label))
    top = 0.0
    for row, height in zip(shown, heights, strict=True):
        parts += _row(row, axis, top)
        top += height
    words = f"{axis_label}. {'; '.join(chain.from_iterable(map(_seen, shown)))}"
    picture = drawing(key, title, words, WIDTH, bottom + _FOOT, parts)
    return Plot(key, picture, [("row", "mark", "value", "low", "high"), *_data(rows)])


def _seen(row: DotRow) -> Iterable[str]:
    """Every mark by its title; strokes, of which there may be many, by their range."""
    marks = list(chain.from_iterable(row.lines))
    yield from (mark.title for mark in marks if mark.shape != "tick")
    strokes = [
        v for mark in marks if mark.shape == "tick" and (v := finite(mark.value)) is not None
    ]
    if strokes:
        yield f"{row.label}, strokes: {number(min(strokes))} to {number(max(strokes))}"


def _data(rows: Sequence[DotRow]) -> Iterable[tuple[Cell, ...]]:
    for row in rows:
        for mark in chain.from_iterable(row.lines):
            yield row.label, mark.name, mark.value, *(mark.interval or (None, None))


def _ends(mark: Mark) -> Iterable[float | None]:
    return (mark.value, *(mark.interval or ()))


def _grid(axis: Axis, bottom: float, label: str) -> Iterable[Markup]:
    digits = axis.digits()
    for tick in axis.ticks():
        x = axis.at(tick)
        style = "zero" if abs(tick) < 1e-12 else "grid"
        yield element("line", x1=x, x2=x, y1=0, y2=bottom, class_=style)
        yield text(number(tick, digits), x, bottom + 13, "tick", "middle")
    yield text(label, WIDTH / 2, bottom + 28, "muted", "middle")


def _row(row: DotRow, axis: Axis, top: float) -> Iterable[Markup]:
    room = 54 - len(clip(row.note, 22))
    yield text(clip(row.label, room), _MARGIN, top + 12, "label")
    if row.note:
        yield text(clip(row.note, 22), WIDTH - _MARGIN, top + 12, "note", "end")
    for index, line in enumerate(row.lines):
        y = top + _HEAD + _LINE * (index + 0.5)
        for mark in line:
            yield from _mark(mark, axis, y)


def _mark(mark: Mark, axis: Axis, y: float) -> Iterable[Markup]:
    drawn: list[Markup] = []
    ends = mark.interval
    if ends is not None and all(finite(end) is not None for end in ends):
        x1, x2 = (axis.at(end) for end in ends)
        drawn.append(element("line", x1=x1, x2=x2, y1=y, y2=y, class_=f"bar {mark.role}"))
    value = finite(mark.value)
    if value is not None:
        drawn.append(_shape(mark, axis.at(value), y))
    if drawn:
        yield element("g", element("title", clip(mark.title)), *drawn)


def _shape(mark: Mark, x: float, y: float) -> Markup:
    style = f"mark {mark.role}"
    if mark.shape == "dot":
        return element("circle", cx=x, cy=y, r=4.5, class_=style)
    if mark.shape == "tick":
        return element("line", x1=x, x2=x, y1=y - 5, y2=y + 5, class_=f"bar {mark.role}")
    corners = {
        "triangle": ((0, -5), (5, 4), (-5, 4)),
        "diamond": ((0, -5), (5, 0), (0, 5), (-5, 0)),
    }[mark.shape]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return element("polygon", points=points, class_=style)
