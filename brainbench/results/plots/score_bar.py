"""One score as a bar: its interval, the number on it, and what it is held against."""

from __future__ import annotations

from markupsafe import Markup

from brainbench.results.plots.svg import drawing, element
from brainbench.results.wording import Interval, finite

_WIDTH, _HEIGHT, _MARGIN = 150.0, 16.0, 6.0


def draw_bar(
    key: str,
    title: str,
    value: float | None,
    interval: Interval | None,
    held: float | None,
    words: str,
) -> Markup:
    """The bar on an axis of its own; nothing where there are no two values to draw.

    Parameters
    ----------
    key : unique on the page.
    title : what is scored.
    value, interval, held : the score, its interval and what it is held against.
    words : for those who do not see it.
    """
    known = [each for each in map(finite, (value, held, *(interval or ()))) if each is not None]
    if len(known) < 2 or min(known) == max(known):
        return Markup("")
    low, high = min(known), max(known)

    def at(place: float) -> float:
        return _MARGIN + (place - low) / (high - low) * (_WIDTH - 2 * _MARGIN)

    middle = _HEIGHT / 2
    parts = [element("line", x1=0, x2=_WIDTH, y1=middle, y2=middle, class_="grid")]
    if interval is not None and all(finite(end) is not None for end in interval):
        x1, x2 = map(at, interval)
        parts.append(element("line", x1=x1, x2=x2, y1=middle, y2=middle, class_="bar model"))
    if (against := finite(held)) is not None:
        x = at(against)
        parts.append(element("line", x1=x, x2=x, y1=1, y2=_HEIGHT - 1, class_="bar people"))
    if (own := finite(value)) is not None:
        parts.append(element("circle", cx=at(own), cy=middle, r=4.5, class_="mark model"))
    return drawing(key, title, words, _WIDTH, _HEIGHT, parts)
