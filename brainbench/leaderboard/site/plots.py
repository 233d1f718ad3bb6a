"""Where a score lies, as a dot on its interval, in a row of a table."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from brainbench.results.plots.svg import Axis, element
from brainbench.results.wording import finite

_WIDTH, _HEIGHT = 120.0, 14.0
Interval = tuple[float, float]


def score_axis(values: Iterable[float | None]) -> Axis:
    """The axis that all rows of a board share; 0 is on it."""
    return Axis.over(values, 4.0, _WIDTH - 4.0)


def plain_axis(values: Iterable[float | None]) -> Axis:
    """The axis that all rows of a column share, without 0 where that is far away.

    Parameters
    ----------
    values : to be drawn.
    """
    held = [value for value in map(finite, values) if value is not None] or [0.0]
    low, high = min(held), max(held)
    room = 0.04 * (high - low) or 0.5
    return Axis(low - room, high + room, 4.0, _WIDTH - 4.0)


def draw_score(
    axis: Axis, value: float | None, interval: Interval | None, class_: str, origin: float = 0.0
) -> Markup:
    """One score as a dot on its interval, and a line where it says nothing of a model.

    Parameters
    ----------
    axis : of the board, in pixels.
    value : the score; None: no dot.
    interval : of the score; None: no line.
    class_ : of the drawing, for its colours.
    origin : where the line is.
    """
    middle = _HEIGHT / 2
    parts = [element("path", d=f"M{axis.at(origin):.1f} 0V{_HEIGHT:.0f}", class_="zero")]
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
