"""What is shown of a run: sections of paragraphs, lists, tables and figures.

One list of blocks is written for each kind of score; :mod:`.terminal`, :mod:`.html` and
:mod:`.markdown` render it. A block marked ``wide`` is for a page, where there is room: the terminal
leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from markupsafe import Markup

from brainbench.results.plots.plot import Plot
from brainbench.results.plots.score_bar import draw_bar
from brainbench.results.spreadsheet import Cell, as_csv
from brainbench.results.wording import Interval, number

# rows of one table or items of one list; a record with more does not come from a run
MAX_ROWS = 1000
_MAX_CELLS = 15_000
_MAX_ITEMS = 300
# pixels of a letter and around a cell, and what a phone has room for inside a folded box
_LETTER, _PADDING, _PHONE = 7.2, 19, 330
# letters of a row's name that stand on one line there
_NAME = 12

Mood = Literal["", "good", "bad", "warning"]


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    kind: ClassVar = "words"
    text: str
    tone: str = ""
    """``note``: small print; ``lead``: what a reader must not miss."""
    name: str = ""
    """What the paragraph begins with, such as a verdict, followed by a colon."""
    mood: Mood = ""
    """Whether the name is good news; coloured in a terminal."""
    wide: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list; each item may begin with a name."""

    kind: ClassVar = "bullets"
    items: Sequence[tuple[str, str]]
    """Name, or nothing, and text."""
    tone: str = ""
    """``warning`` where it says what is wrong."""
    mood: Mood = ""
    """Whether it is good news; names are coloured in a terminal."""
    wide: bool = False

    @property
    def shown(self) -> Sequence[tuple[str, str]]:
        """The items that are printed."""
        return self.items[:_MAX_ITEMS]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : its heading.
    short : its heading where there is little room; by default the name.
    wide : whether it is for a page only.
    optional : whether a terminal leaves it out when every row has n/a, 0 or nothing there.
    """

    name: str
    short: str = ""
    wide: bool = False
    optional: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def heading(self) -> str:
        """The heading where there is little room."""
        return self.short or self.name


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row names it."""

    kind: ClassVar = "table"
    caption: str
    columns: Sequence[str | Column]
    rows: Sequence[Sequence[str]]
    numbers: bool = True
    """Whether all columns but the first hold numbers."""
    searched: bool = False
    """Whether its rows can be searched."""
    strong: Sequence[str | int] = ()
    """Rows that stand out, by name or number."""
    groups: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Number of a row → name of the rows from there on, and what they rest on."""
    wide: bool = False
    matrix: bool = False
    """Whether it is read across rows, so that a narrow page scrolls it; else each row is a card."""
    plain: Mapping[str, str] = field(default_factory=dict)
    """First cell of a row → the name that a page shows, with the cell itself in small print."""

    @property
    def heads(self) -> list[Column]:
        """The columns, each with what a renderer needs to know."""
        return [Column(one) if isinstance(one, str) else one for one in self.columns]

    def is_strong(self, place: int) -> bool:
        """Whether a row stands out."""
        return place in self.strong or self.rows[place][0] in self.strong

    @property
    def layout(self) -> str:
        """On a narrow page: ``matrix`` scrolls, ``stacked`` is cards, ``pairs``, ``narrow`` fit."""
        heads = [head.name for head in self.heads]
        if self.matrix or not any(heads):
            return "matrix" if self.matrix else "pairs"
        widths = [
            max([*map(len, name.split()), *(len(row[place]) for row in self.shown)], default=0)
            for place, name in enumerate(heads)
        ]
        # names of rows go on below
        widths[0] = min(widths[0], _NAME)
        narrow = sum(_LETTER * width + _PADDING for width in widths) <= _PHONE
        return "narrow" if narrow else "stacked"

    @property
    def shown(self) -> Sequence[Sequence[str]]:
        """The rows that are printed."""
        return self.rows[: min(MAX_ROWS, _MAX_CELLS // max(1, len(self.columns)))]

    @property
    def left_out(self) -> int:
        """How many rows are not printed."""
        return len(self.rows) - len(self.shown)


@dataclass(frozen=True)
class Figure:
    """A picture with what it shows, and its numbers to download. Terminals leave it out."""

    kind: ClassVar = "figure"
    picture: Markup
    caption: str
    table: Table | None = None
    wide: ClassVar = True
    name: str = ""
    """Of the file with its numbers."""
    data: Sequence[Sequence[Cell]] = ()
    """The numbers in it, a header first; empty where there are none."""

    @classmethod
    def of(cls, plot: Plot, caption: str, table: Table | None = None) -> Figure:
        """A plot with a caption."""
        return cls(plot.picture, caption, table, plot.name, plot.data)

    @property
    def csv(self) -> str:
        """Its numbers as a file; nothing where there are none."""
        return as_csv(self.data) if len(self.data) > 1 else ""


@dataclass(frozen=True)
class SideBySide:
    """Figures side by side where there is room."""

    kind: ClassVar = "beside"
    figures: Sequence[Figure]
    wide: ClassVar = True


@dataclass(frozen=True)
class Folded:
    """Blocks that open on a click, and in print."""

    kind: ClassVar = "folded"
    title: str
    blocks: Sequence[Block]
    wide: bool = False


@dataclass(frozen=True)
class Code:
    """A command or plain values, as they are typed."""

    kind: ClassVar = "code"
    text: str
    wide: bool = False


@dataclass(frozen=True)
class ScoreLine:
    """One score as one line: the number, its interval, what it is held against, a verdict.

    Parameters
    ----------
    name : what is scored, such as ``alignment``.
    statistic : what the number is, such as ``z beyond position``.
    value, interval : the number, and its 95 % interval where it has one.
    against, held : what the number is held against, and the number of that.
    verdict : at most eight words.
    mood : whether the verdict is good news.
    of : the data that it is a score of.
    over : what the interval is over, such as ``people``.
    digits : decimals of all numbers.
    """

    name: str
    statistic: str
    value: float
    interval: Interval | None
    against: str
    held: float | None
    verdict: str
    mood: Mood = ""
    of: str = ""
    over: str = ""
    digits: int = 3

    @property
    def number(self) -> str:
        """The score."""
        return self._shown(self.value)

    @property
    def ends(self) -> str:
        """``0.1 to 0.2``; nothing without an interval."""
        return "" if self.interval is None else " to ".join(map(self._shown, self.interval))

    @property
    def beside(self) -> str:
        """``people 0.3``."""
        return f"{self.against} {self._shown(self.held)}".strip()

    @property
    def details(self) -> str:
        """``z beyond position [0.5, 6.8], untrained networks 0.8; xiao2026``."""
        ends = f" [{self.ends.replace(' to ', ', ')}]" if self.ends else ""
        beside = f", {self.beside}" if self.beside else ""
        return f"{self.statistic}{ends}{beside}{f'; {self.of}' if self.of else ''}"

    def picture(self, key: str) -> Markup:
        """The interval as a bar, for a page on which the key is unique."""
        return draw_bar(key, self.name, self.value, self.interval, self.held, str(self))

    def __str__(self) -> str:
        return f"{self.name} {self.number}: {self.verdict} ({self.details})"

    def _shown(self, value: float | None) -> str:
        shown = number(value, self.digits, "")
        # a minus before nothing but zeros is rounding
        return shown.removeprefix("-") if not shown.strip("-0.") else shown


@dataclass(frozen=True)
class Scores:
    """Scores, a line each, with their intervals as bars."""

    kind: ClassVar = "scores"
    lines: Sequence[ScoreLine]
    key: str = "card"
    """What the keys of the bars begin with, unique on the page."""
    wide: ClassVar = False


@dataclass(frozen=True)
class Items:
    """Many items, which a page's script filters and opens one by one."""

    kind: ClassVar = "items"
    json: str
    """What the script reads, safe inside a script element."""
    table: Table
    """The first items, where no script runs."""
    count: str
    """How many there are, in words."""
    wide: ClassVar = True


Block = Words | Bullets | Table | Figure | SideBySide | Folded | Code | Scores | Items


@dataclass(frozen=True)
class Section:
    """One part of what is shown.

    Parameters
    ----------
    key : its place in the page's address, unique.
    title : its heading, in words.
    ident : what records and commands call it; empty where they do not.
    badge : what its numbers are of, such as the protocol.
    about : what its numbers mean, in small print: first on a page, last in a terminal.
    parts : sections of the next level.
    """

    key: str
    title: str
    blocks: Sequence[Block] = ()
    badge: str = ""
    parts: Sequence[Section] = field(default_factory=tuple)
    about: str = ""
    ident: str = ""
