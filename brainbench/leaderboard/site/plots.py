"""Drawings of a board: where a score lies, and alignment against accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from brainbench.results.plots.svg import Axis, drawing, element, text

_WIDTH, _HEIGHT = 120.0, 14.0
# with more points their intervals hide each other
_MAX_INTERVALS = 40
Interval = tuple[float, float]


def score_axis(values: Iterable[float | None]) -> Axis:
    """The axis that all rows of a board share; 0 is on it."""
    return Axis.over(values, 4.0, _WIDTH - 4.0)


def draw_score(axis: Axis, value: float | None, interval: Interval | None, class_: str) -> Markup:
    """One score as a dot on its interval, 0 as a line; the numbers are in the next column.

    Parameters
    ----------
    axis : of the board, in pixels.
    value : the score; None: no dot.
    interval : of the score; None: no line.
    class_ : of the drawing, for its colours.
    """
    middle = _HEIGHT / 2
    parts = [element("path", d=f"M{axis.at(0.0):.1f} 0V{_HEIGHT:.0f}", class_="zero")]
    if interval is not None:
        low, high = (axis.at(end) for end in interval)
        parts.append(element("path", d=f"M{low:.1f} {middle:.0f}H{high:.1f}", class_="span"))
    if value is not None:
        parts.append(element("circle", cx=round(axis.at(value), 1), cy=middle, r=3.5))
    return element(
        "svg",
        *parts,
        class_=f"score {class_}",
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        width=_WIDTH,
        height=_HEIGHT,
        aria_hidden="true",
    )


@dataclass(frozen=True)
class Point:
    """A model in the plane.

    Attributes
    ----------
    name : as it is shown.
    address : of its page.
    x, y : scores with their intervals.
    """

    name: str
    address: str
    x: tuple[float, Interval]
    y: tuple[float, Interval]


@dataclass(frozen=True)
class Line:
    """A value that needs no model, across the plane."""

    name: str
    value: float
    upright: bool


def draw_plane(
    key: str, titles: tuple[str, str], points: Sequence[Point], lines: Sequence[Line]
) -> Markup:
    """Two scores of every model, each point a link to its page.

    Parameters
    ----------
    key : unique on the page.
    titles : of x and y.
    points : one for each model; with more than 40, none has its intervals.
    lines : values that need no model, upright at x or level at y.
    """
    width, height, left, bottom = 640.0, 420.0, 70.0, 52.0
    x = _axis([p.x for p in points], [a.value for a in lines if a.upright], left, width - 20)
    y = _axis(
        [p.y for p in points], [a.value for a in lines if not a.upright], height - bottom, 16.0
    )
    parts = [*_frame(x, y, titles), *(_line(line, x, y) for line in lines)]
    if len(points) <= _MAX_INTERVALS:
        parts += [_cross(point, x, y) for point in points]
    named = len(points) <= 12
    parts += [_dot(point, x, y, named) for point in points]
    listed = "; ".join(f"{p.name}: {p.x[0]:.3f}, {p.y[0]:.4f}" for p in points[:50])
    title = f"{titles[1]} against {titles[0]}"
    return drawing(key, title, listed, width, height, parts)


def _axis(
    scores: Sequence[tuple[float, Interval]], others: Sequence[float], start: float, end: float
) -> Axis:
    """An axis that holds values and intervals, without 0 where that is far away."""
    few = len(scores) <= _MAX_INTERVALS
    held = [*others, *(value for value, _ in scores)]
    held += [edge for _, interval in scores for edge in interval] if few else []
    low, high = min(held, default=0.0), max(held, default=1.0)
    room = 0.06 * (high - low) or 0.05
    return Axis(low - room, high + room, start, end)


def _frame(x: Axis, y: Axis, titles: tuple[str, str]) -> list[Markup]:
    parts = [
        element("path", d=f"M{x.start:.0f} {y.start:.0f}H{x.end:.0f}", class_="axis"),
        element("path", d=f"M{x.start:.0f} {y.start:.0f}V{y.end:.0f}", class_="axis"),
        text(titles[0], (x.start + x.end) / 2, y.start + 40, "title", "middle"),
        element(
            "text",
            titles[1],
            transform=f"translate(14 {(y.start + y.end) / 2:.0f}) rotate(-90)",
            class_="title",
            text_anchor="middle",
        ),
    ]
    for tick in x.ticks():
        parts.append(text(f"{tick:.{x.digits()}f}", x.at(tick), y.start + 18, "tick", "middle"))
    for tick in y.ticks():
        place = y.at(tick)
        parts.append(text(f"{tick:.{y.digits()}f}", x.start - 6, place + 4, "tick", "end"))
        parts.append(element("path", d=f"M{x.start:.0f} {place:.1f}H{x.end:.0f}", class_="grid"))
    return parts


def _line(line: Line, x: Axis, y: Axis) -> Markup:
    if line.upright:
        place = x.at(line.value)
        path = f"M{place:.1f} {y.start:.0f}V{y.end:.0f}"
        words = text(line.name, place + 4, y.start - 6, "tick")
    else:
        place = y.at(line.value)
        path = f"M{x.start:.0f} {place:.1f}H{x.end:.0f}"
        words = text(line.name, x.start + 6, place - 4, "tick")
    return element("g", element("path", d=path, class_="against"), words)


def _cross(point: Point, x: Axis, y: Axis) -> Markup:
    across, up = x.at(point.x[0]), y.at(point.y[0])
    (left, right), (low, high) = point.x[1], point.y[1]
    path = f"M{x.at(left):.1f} {up:.1f}H{x.at(right):.1f}"
    path += f"M{across:.1f} {y.at(low):.1f}V{y.at(high):.1f}"
    return element("path", d=path, class_="span")


def _dot(point: Point, x: Axis, y: Axis, named: bool) -> Markup:
    across, up = x.at(point.x[0]), y.at(point.y[0])
    parts = [
        element("title", f"{point.name}: {point.x[0]:.3f}, {point.y[0]:.4f}"),
        element("circle", cx=across, cy=up, r=5.0),
    ]
    if named:
        late = across > (x.start + x.end) / 2
        shift = -9.0 if late else 9.0
        parts.append(text(point.name, across + shift, up - 7, "name", "end" if late else "start"))
    return element("a", *parts, href=point.address)
