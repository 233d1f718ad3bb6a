"""Parts of a drawing: elements whose every text is escaped, and axes with round ticks."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from brainbench.results.wording import clip, finite

Attribute = str | float | int | None


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """One element; children that are no ``Markup``, and all values, are escaped.

    ``class_`` is written ``class``, ``stroke_width`` ``stroke-width``; None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_written(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(str(escape(child)) for child in children)
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")


def text(words: str, x: float, y: float, class_: str = "", anchor: str = "start") -> Markup:
    """One line of text.

    Parameters
    ----------
    words : escaped.
    x, y : place of the anchor, in pixels.
    class_ : class for the style sheet; empty for none.
    anchor : end of the line that is at the place: ``start``, ``middle`` or ``end``.
    """
    return element("text", words, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def drawing(
    key: str, title: str, description: str, width: float, height: float, parts: Iterable[Markup]
) -> Markup:
    """A whole picture with a title and a description for those who do not see it.

    Parameters
    ----------
    key : unique on the page.
    """
    return element(
        "svg",
        element("title", clip(title), id=f"{key}-title"),
        element("desc", clip(description, 2000), id=f"{key}-desc"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_written(width)} {_written(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
    )


@dataclass(frozen=True)
class Axis:
    """From values to places.

    Parameters
    ----------
    low, high : values at the two ends.
    start, end : their places, in pixels.
    """

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Iterable[float | None], start: float, end: float) -> Axis:
        """An axis that holds all values that can be drawn, and 0, with some room.

        Parameters
        ----------
        values : to be drawn; what cannot be is left out.
        start, end : places of the two ends, in pixels.
        """
        held = [value for value in map(finite, values) if value is not None] + [0.0]
        low, high = min(held), max(held)
        if low == high:
            return cls(0.0, 1.0, start, end)
        room = 0.06 * (high - low)
        return cls(low - room if low < 0 else low, high + room if high > 0 else high, start, end)

    def at(self, value: float) -> float:
        """The place of a value, held inside the axis."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values inside the axis, 0 among them."""
        rough = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [index * step for index in range(first, last + 1)]

    def digits(self) -> int:
        """Decimals that tell the ticks apart."""
        ticks = self.ticks()
        step = ticks[1] - ticks[0] if len(ticks) > 1 else self.high - self.low
        return max(0, min(6, -math.floor(math.log10(step) + 1e-9)))


def _written(value: str | float | int) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def image(content: bytes, words: str) -> Markup:
    """A PNG inside the page, with the words that stand for it.

    Parameters
    ----------
    content : bytes of the PNG.
    words : for those who do not see it.
    """
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return element("img", src=source, alt=words, width=760)
