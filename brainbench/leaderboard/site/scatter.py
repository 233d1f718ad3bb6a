"""Two scores of every model as points, with intervals, and names that do not hide each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from brainbench.results.plots.svg import Axis, drawing, element, text
from brainbench.results.wording import clip

Interval = tuple[float, float]
Box = tuple[float, float, float, float]
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760.0, 470.0, 64.0, 16.0, 44.0, 52.0
# with more points their intervals hide each other, and names do with fewer
_MAX_INTERVALS, _MAX_NAMES = 40, 25
_LETTER, _LINE = 7.2, 16.0
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Point:
    """A model in the plane.

    Attributes
    ----------
    name : as it is shown.
    address : of its page.
    x, y : scores with their intervals.
    class_ : of the point, for its colours.
    """

    name: str
    address: str
    x: tuple[float, Interval | None]
    y: tuple[float, Interval | None]
    class_: str = "model"


@dataclass(frozen=True)
class Line:
    """A value that needs no model, across the plane."""

    name: str
    value: float
    upright: bool
    class_: str = "guess"


@dataclass
class _Taken:
    """What is drawn already: boxes that no name may touch, and lines it should not cross."""

    boxes: list[Box] = field(default_factory=list)
    lines: list[Box] = field(default_factory=list)

    def cost(self, box: Box) -> float:
        inside = box[0] >= _LEFT and box[2] <= _WIDTH and box[1] >= 0.0 and box[3] <= _HEIGHT
        overlaps = sum(_overlap(box, other) for other in self.boxes)
        crossed = sum(_overlap(box, line) > 0 for line in self.lines)
        return overlaps * 10 + crossed + (0 if inside else 1e6)


def draw_scatter(
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
    x = _axis([p.x for p in points], [a.value for a in lines if a.upright], _LEFT, _WIDTH - _RIGHT)
    y = _axis(
        [p.y for p in points], [a.value for a in lines if not a.upright], _HEIGHT - _BOTTOM, _TOP
    )
    taken = _Taken()
    parts = [*_frame(x, y, titles), *(_line(line, x, y, taken) for line in lines)]
    crosses = [_cross(point, x, y, taken) for point in points]
    if len(points) <= _MAX_INTERVALS:
        parts += [element("path", d=path, class_="span") for path in crosses]
    for point in points:
        across, up = x.at(point.x[0]), y.at(point.y[0])
        taken.boxes.append((across - 7, up - 7, across + 7, up + 7))
    named = len(points) <= _MAX_NAMES
    parts += [_dot(point, x, y, taken if named else None) for point in points]
    listed = "; ".join(_words(point, titles) for point in points[:50])
    marks = "; ".join(f"{line.name} {line.value:.3f}" for line in lines)
    title = f"{titles[1]} against {titles[0]}"
    return drawing(key, title, f"{listed}. Lines: {marks}." if marks else f"{listed}.", _WIDTH,
                   _HEIGHT, parts)  # fmt: skip


def _words(point: Point, titles: tuple[str, str]) -> str:
    def with_ends(title: str, score: tuple[float, Interval | None]) -> str:
        ends = "" if score[1] is None else f" ({score[1][0]:.2f} to {score[1][1]:.2f})"
        return f"{title} {score[0]:.2f}{ends}"

    across, up = with_ends(titles[0], point.x), with_ends(titles[1], point.y)
    return f"{clip(point.name, 60)}: {across}, {up}"


def _axis(
    scores: Sequence[tuple[float, Interval | None]],
    others: Sequence[float],
    start: float,
    end: float,
) -> Axis:
    """An axis that holds values and intervals, without 0 where that is far away."""
    few = len(scores) <= _MAX_INTERVALS
    held = [*others, *(value for value, _ in scores)]
    held += [edge for _, interval in scores for edge in interval or ()] if few else []
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
        parts.append(text(_tick(tick, x), x.at(tick), y.start + 18, "tick", "middle"))
    for tick in y.ticks():
        place = y.at(tick)
        parts.append(text(_tick(tick, y), x.start - 6, place + 4, "tick", "end"))
        parts.append(element("path", d=f"M{x.start:.0f} {place:.1f}H{x.end:.0f}", class_="grid"))
    return parts


def _tick(value: float, axis: Axis) -> str:
    return f"{value + 0.0:.{axis.digits()}f}".replace("-", "\N{MINUS SIGN}")


def _line(line: Line, x: Axis, y: Axis, taken: _Taken) -> Markup:
    """A line, with its name where no other line's is."""
    wide = _LETTER * len(line.name)
    if line.upright:
        place = x.at(line.value)
        places = [(place + side, up) for up in (_TOP - 8, _TOP - 22)
                  for side in (-wide / 2, -wide, 0.0)]  # fmt: skip
        taken.lines.append((place - 1, y.end, place + 1, y.start))
    else:
        place = y.at(line.value)
        path = f"M{x.start:.0f} {place:.1f}H{x.end:.0f}"
        places = [(x.end - wide, place - 5), (x.start + 6, place - 5), (x.end - wide, place + 13)]
        taken.lines.append((x.start, place - 1, x.end, place + 1))
    left, base = min(places, key=lambda at: taken.cost(_box(at, wide)))
    taken.boxes.append(_box((left, base), wide))
    if line.upright:  # as far as its name, where names are above one another
        path = f"M{place:.1f} {y.start:.0f}V{base + 4:.0f}"
    words = text(line.name, left, base, f"tick {line.class_}")
    return element("g", element("path", d=path, class_=f"against {line.class_}"), words)


def _box(at: tuple[float, float], wide: float) -> Box:
    return at[0], at[1] - _LINE + 4, at[0] + wide, at[1] + 4


def _cross(point: Point, x: Axis, y: Axis, taken: _Taken) -> str:
    across, up = x.at(point.x[0]), y.at(point.y[0])
    path = ""
    if point.x[1] is not None:
        left, right = map(x.at, point.x[1])
        path += f"M{left:.1f} {up:.1f}H{right:.1f}"
        taken.lines.append((left, up - 1, right, up + 1))
    if point.y[1] is not None:
        low, high = map(y.at, point.y[1])
        path += f"M{across:.1f} {low:.1f}V{high:.1f}"
        taken.lines.append((across - 1, high, across + 1, low))
    return path or f"M{across:.1f} {up:.1f}"


def _dot(point: Point, x: Axis, y: Axis, taken: _Taken | None) -> Markup:
    across, up = x.at(point.x[0]), y.at(point.y[0])
    parts = [
        element("title", _words(point, ("x", "y"))),
        element("circle", cx=across, cy=up, r=5.5, class_=f"mark {point.class_}"),
    ]
    if taken is not None:
        name = clip(point.name, _LONGEST_NAME)
        wide = _LETTER * len(name)
        places = [
            (left, up + down)
            for down in (-8.0, 19.0, -22.0, 33.0, -36.0, 47.0)
            for left in (across + 9, across - 9 - wide)
        ]
        left, base = min(places, key=lambda at: taken.cost(_box(at, wide)))
        taken.boxes.append(_box((left, base), wide))
        parts.append(text(name, left, base, "name"))
    return element("a", *parts, href=point.address)


def _overlap(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0
