"""What a page is made of: sections of texts, lists, tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

# what one table or list holds; a record that has more is no record of a run
MAX_ROWS = 1000
_MAX_CELLS = 15_000
_MAX_ITEMS = 300


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    kind: ClassVar = "words"
    text: str
    tone: str = ""
    """``note``: small print; ``lead``: what a reader must not miss."""


@dataclass(frozen=True)
class Bullets:
    """A list; each item may begin with a name."""

    kind: ClassVar = "bullets"
    items: Sequence[tuple[str, str]]
    """Name, or nothing, and text."""
    tone: str = ""
    """``warning`` where it tells what is wrong."""

    @property
    def shown(self) -> Sequence[tuple[str, str]]:
        """The items that are printed."""
        return self.items[:_MAX_ITEMS]


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row names it."""

    kind: ClassVar = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: bool = True
    """Whether all columns but the first hold numbers."""
    searched: bool = False
    """Whether its rows can be searched."""

    @property
    def shown(self) -> Sequence[Sequence[str]]:
        """The rows that are printed."""
        return self.rows[: min(MAX_ROWS, _MAX_CELLS // max(1, len(self.columns)))]

    @property
    def left_out(self) -> int:
        """How many are not."""
        return len(self.rows) - len(self.shown)


@dataclass(frozen=True)
class Figure:
    """A picture with what it shows, and its numbers in a table."""

    kind: ClassVar = "figure"
    picture: Markup
    caption: str
    table: Table | None = None


@dataclass(frozen=True)
class SideBySide:
    """Figures side by side where there is room."""

    kind: ClassVar = "beside"
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Folded:
    """What opens when it is asked for, and in print."""

    kind: ClassVar = "folded"
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Code:
    """A command or plain values, as they are typed."""

    kind: ClassVar = "code"
    text: str


Block = Words | Bullets | Table | Figure | SideBySide | Folded | Code


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Parameters
    ----------
    key : its place in the page's address, unique.
    title : its heading.
    badge : what its numbers are of, such as the protocol.
    """

    key: str
    title: str
    blocks: Sequence[Block] = ()
    badge: str = ""
    parts: Sequence[Section] = field(default_factory=tuple)
    """Sections of the next level."""
