"""Numbers as shades: rows by columns, columns in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from markupsafe import Markup

from brainbench.results.plots.plot import Plot
from brainbench.results.plots.svg import drawing, element, text
from brainbench.results.wording import clip, finite, number

_HEAD, _FOOT, _WIDE, _LETTER = 96, 34, 26, 5.6
_LEGEND = (-1.0, -0.5, 0.0, 0.5, 1.0)
# fewer rows than this are all named
_ALL_NAMED = 16


@dataclass(frozen=True)
class HeatMapColumn:
    """A column's name under the name of its group."""

    group: str
    name: str


@dataclass(frozen=True)
class HeatMap:
    """What is drawn.

    Parameters
    ----------
    key : unique on the page.
    values : row name → column index → value; what is missing is drawn empty.
    largest : the value of the darkest shade, of either sign.
    marked : row name → columns with a dot.
    row_height : in pixels.
    """

    key: str
    title: str
    description: str
    columns: Sequence[HeatMapColumn]
    values: Mapping[str, Mapping[int, float | None]]
    largest: float
    marked: Mapping[str, Sequence[int]] = field(default_factory=dict)
    row_height: int = 11


def draw_heat_map(picture: HeatMap) -> Plot:
    """Shades of one colour above 0, of another below; more is denser, 0 is clear.

    Returns
    -------
    The picture, with the largest value of each column for those who do not see it, and all numbers.
    """
    names = list(picture.values)
    left = 14 + _LETTER * min(24, max((len(name) for name in names), default=0))
    wide = max(7.0, min(_WIDE, 320 / max(1, len(picture.columns))))
    bottom = _HEAD + picture.row_height * len(names)
    parts = [*_columns(picture.columns, left, wide)]
    for index, name in enumerate(names):
        parts += _row(picture, index, name, left, wide)
    parts += _legend(picture.largest, left, bottom + 8)
    width = max(left + wide * len(picture.columns) + 6, left + 5 * 46)
    words = f"{picture.description} {_seen(picture)}"
    drawn = drawing(picture.key, picture.title, words, width, float(bottom + _FOOT), parts)
    heads = ("", *(f"{column.group}, {column.name}" for column in picture.columns))
    rows = (
        (name, *(cells.get(place) for place in range(len(picture.columns))))
        for name, cells in picture.values.items()
    )
    return Plot(picture.key, drawn, [heads, *rows])


def _seen(picture: HeatMap) -> str:
    """``Largest in language, syllogisms: layer 3, 0.012.``"""
    found = []
    for place, column in enumerate(picture.columns):
        held = [
            (value, name)
            for name, cells in picture.values.items()
            if (value := finite(cells.get(place))) is not None
        ]
        if held:
            value, name = max(held)
            found.append(f"{column.group}, {column.name}: {name}, {number(value, 4)}")
    return f"Largest in {'; '.join(found)}." if found else "There are no numbers."


def _columns(columns: Sequence[HeatMapColumn], left: float, wide: float) -> Iterable[Markup]:
    start = 0
    for group, members in groupby(columns, key=lambda column: column.group):
        count = len(list(members))
        middle = left + wide * (start + count / 2)
        room = max(3, int(wide * count / _LETTER) - 1)
        for line, words in enumerate(_folded(group, room)):
            yield text(words, middle, 10 + 11 * line, "tick strong", "middle")
        if start:
            x = left + wide * start - 0.5
            yield element("line", x1=x, x2=x, y1=2, y2=_HEAD - 4, class_="grid")
        start += count
    for index, column in enumerate(columns):
        x, y = left + wide * (index + 0.5) + 3, _HEAD - 5
        words = clip(column.name, 12)
        yield element("text", words, class_="tick", transform=f"translate({x:.1f} {y}) rotate(-90)")


def _folded(group: str, room: int) -> list[str]:
    """A group's name on two lines at most."""
    words = group.replace("_", " ").split() or [group]
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [clip(line, room) for line in lines[:2]]


def _row(picture: HeatMap, index: int, name: str, left: float, wide: float) -> Iterable[Markup]:
    height = picture.row_height
    y = _HEAD + height * index
    few = len(picture.values) <= _ALL_NAMED
    if few or _round(name):
        yield text(clip(name, 24), left - 4, y + height / 2 + 3.2, "tick", "end")
    cells = picture.values[name]
    for column, about in enumerate(picture.columns):
        value = cells.get(column)
        title = f"{about.group}, {about.name}, {name}: {number(value, 4)}"
        x = left + wide * column
        yield element(
            "rect",
            element("title", clip(title, 200)),
            x=x,
            y=y,
            width=wide - 1,
            height=height - 1,
            **_shade(value, picture.largest),
        )
        if column in picture.marked.get(name, ()):
            yield element(
                "circle", cx=x + wide / 2 - 0.5, cy=y + height / 2 - 0.5, r=2.4, class_="dot"
            )


def _round(name: str) -> bool:
    """Whether a row of many is named: those of layers 0, 5, 10, …"""
    last = name.rpartition(" ")[2]
    return not last.isdigit() or int(last) % 5 == 0


def _shade(value: float | None, largest: float) -> dict[str, str | float]:
    held = finite(value)
    if held is None or largest <= 0:
        return {"class_": "empty"}
    density = min(1.0, abs(held) / largest)
    return {"class_": "above" if held >= 0 else "below", "fill_opacity": round(density, 2)}


def _legend(largest: float, left: float, y: float) -> Iterable[Markup]:
    for index, share in enumerate(_LEGEND):
        x = left + 46 * index
        yield element("rect", x=x, y=y, width=44, height=9, **_shade(share * largest, largest))
        past = {-1.0: "≤ ", 1.0: "≥ "}.get(share, "")
        yield text(past + number(share * largest, 3), x + 22, y + 21, "tick", "middle")
