"""Blocks in a terminal of any width: a table that does not fit goes on below, column by column.

No number is cut off. Texts are never read as markup, and control characters never reach the
terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from brainbench.results.blocks.model import (
    Block,
    Bullets,
    Code,
    Folded,
    Scores,
    Section,
    Table,
    Words,
)
from brainbench.results.blocks.score_lines import STYLES, ScoreLines
from brainbench.results.wording import clip

# share of the width that the first column takes at most; longer names go on below
_NAMES = 0.4
# and of names that are joined with what tells them apart
_LONG_NAMES = 0.65
# a column with a longer cell is text, which may be folded to no less than this
_LONGEST_CELL, _TEXT_WIDTH = 34, 18
# what an optional column holds where it says nothing
_NOTHING = {"", "n/a", "0"}
# characters of one text
_LONGEST = 4000
# a name may go on in the next line behind these
_BREAK = re.compile(r"(?<=[ ._/-])")


def render_section(section: Section) -> RenderableType:
    """A section as one thing to print."""
    return Group(*show_section(section))


def show_section(section: Section, about: bool = True) -> list[RenderableType]:
    """A section with its parts; what its numbers mean stands under them.

    Parameters
    ----------
    about : whether to print what its numbers mean; see :func:`show_about`.
    """
    parts: list[RenderableType] = ["", _title(section), *show_blocks(section.blocks)]
    for part in section.parts:
        parts += show_section(part)
    return [*parts, *(show_about(section) if about else [])]


def show_about(section: Section) -> list[RenderableType]:
    """What the numbers of a section mean, in small print."""
    return [Text(_clean(section.about), style="dim")] if section.about else []


def show_blocks(blocks: Iterable[Block]) -> list[RenderableType]:
    """Blocks that a terminal can show, in their order; wide ones are left out."""
    parts: list[RenderableType] = []
    for block in blocks:
        if block.wide:
            continue
        if isinstance(block, Words):
            parts.append(_words(block))
        elif isinstance(block, Bullets):
            parts += [_item(block, name, text) for name, text in block.shown]
        elif isinstance(block, Table) and block.rows:
            parts.append(_FittedTable(block))
        elif isinstance(block, Folded):
            parts += show_blocks(block.blocks)
        elif isinstance(block, Code):
            parts.append(Text(_clean(block.text)))
        elif isinstance(block, Scores):
            parts.append(ScoreLines(block))
    return parts


def _title(section: Section) -> Text:
    text = Text(_clean(section.title), style="bold")
    for small in filter(None, (section.badge, section.ident)):
        text.append(f"  {_clean(small)}", style="not bold dim")
    return text


def _words(block: Words) -> Text:
    text = Text(style="dim" if block.tone == "note" else "")
    if block.name:
        text.append(f"{_clean(block.name)}: ", style=STYLES[block.mood])
    return text.append(_clean(block.text))


def _item(block: Bullets, name: str, text: str) -> Text:
    line = Text("! " if block.tone == "warning" else "", style="yellow")
    style = STYLES[block.mood] if block.mood else "dim"
    line.append(f"{_clean(name)}: " if name else "", style=style)
    return line.append(_clean(text), style="default")


def _clean(text: str) -> str:
    """Without control characters, and with spaces that every terminal has."""
    return clip(text, _LONGEST).replace("\N{NO-BREAK SPACE}", " ")


@dataclass(frozen=True)
class _Column:
    """Heading and cells of a column, and the widths it can have."""

    heading: str
    cells: Sequence[str]

    @property
    def natural(self) -> int:
        return max(map(cell_len, self.cells), default=0)

    @property
    def is_text(self) -> bool:
        return self.natural > _LONGEST_CELL

    @property
    def least(self) -> int:
        """The width at which no number is broken, nor a word of the heading."""
        heading = max(map(cell_len, self.heading.split()), default=0)
        if not self.is_text:
            return max(self.natural, heading)
        words = (cell_len(word) for cell in self.cells for word in cell.split())
        return max(min(max(words, default=0), _LONGEST_CELL), heading, _TEXT_WIDTH)


class _FittedTable:
    """A table as bands of columns under each other, each with the names of the rows."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.rows = [[_clean(cell) for cell in row] for row in table.shown]
        heads = table.heads
        self.first = _clean(heads[0].heading)
        self.columns = []
        for place, head in enumerate(heads[1:], 1):
            cells = [row[place] for row in self.rows]
            empty = _NOTHING if head.optional else {""}
            if not head.wide and not set(cells) <= empty:
                self.columns.append(_Column(_clean(head.heading), cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.table.caption:
            yield ""
            yield Text(_clean(self.table.caption), style="dim")
        width = options.max_width
        names, columns = [row[0] for row in self.rows], self.columns
        share = _NAMES
        if self._has_bands(names, width) and len(names) > 1 and not self.table.groups:
            # two rows may be alike by chance
            alike = len(names) > 2
            same = [column for column in columns if alike and len({*column.cells}) == 1]
            columns = [column for column in columns if column not in same]
            told_apart, columns = _told_apart(names, columns)
            share, names = (share if told_apart == names else _LONG_NAMES), told_apart
            if same:
                told = ", ".join(f"{column.heading} {column.cells[0]}" for column in same)
                yield Text(f"In every row: {told}.", style="dim")
        first, names, own = self._named(names, int(share * width))
        for number, band in enumerate(self._bands(columns, width - own)):
            yield from self._band(band, first, names, own, whole=number == 0)
        if self.table.left_out:
            yield Text(f"{self.table.left_out} more rows are in the record.", style="dim")

    def _has_bands(self, names: list[str], width: int) -> bool:
        """Whether columns go on below."""
        own = self._named(names, int(_NAMES * width))[2]
        return len(self._bands(self.columns, width - own)) > 1

    def _named(self, names: list[str], widest: int) -> tuple[str, list[str], int]:
        """Heading and cells of the first column, and its width."""
        widest = max(1, widest)
        first, names = _shortened(self.first, names, widest)
        names = [_folded(name, widest) for name in names]
        lines = [cell_len(line) for name in names for line in name.split("\n")]
        return first, names, max([*lines, min(cell_len(first), widest)])

    @staticmethod
    def _bands(columns: Sequence[_Column], room: int) -> list[list[tuple[_Column, int]]]:
        """Columns with their widths, as many side by side as there is room for."""
        bands: list[list[tuple[_Column, int]]] = [[]]
        left = room
        for column in columns:
            width = min(column.least, max(1, room - 1))
            if width + 1 > left and bands[-1]:
                bands.append([])
                left = room
            bands[-1].append((column, width))
            left -= width + 1
        return [_spread(band, room) for band in bands]

    def _band(
        self,
        band: Sequence[tuple[_Column, int]],
        first: str,
        names: Sequence[str],
        own: int,
        whole: bool,
    ) -> Iterable[RenderableType]:
        """Headings and rows, those of a group under its name and, once, what they rest on."""
        made = _empty(band, first, own, self.table.numbers)
        for place, name in enumerate(names):
            if place in self.table.groups:
                yield made
                made = _empty(band, first, own, self.table.numbers)
                made.show_header = False
                yield self._group(place, whole)
            cells = [Text(column.cells[place]) for column, _ in band]
            made.add_row(Text(name), *cells, style="bold" if self.table.is_strong(place) else "")
        yield made

    def _group(self, place: int, whole: bool) -> Text:
        name, about = map(_clean, self.table.groups[place])
        return Text(name, style="bold").append(
            f"  {about}" if about and whole else "", style="not bold dim"
        )


def _told_apart(names: list[str], columns: list[_Column]) -> tuple[list[str], list[_Column]]:
    """Names of rows that are alike, with the text columns that tell them apart."""
    while len({*names}) < len(names) and columns and all(map(_is_word, columns[0].cells)):
        names = [f"{name}, {cell}" for name, cell in zip(names, columns[0].cells, strict=True)]
        columns = columns[1:]
    return names, columns


def _is_word(cell: str) -> bool:
    return cell[:1].isalpha() and cell not in _NOTHING


def _empty(band: Sequence[tuple[_Column, int]], first: str, own: int, numbers: bool) -> RichTable:
    """Columns without rows."""
    header = bool(first or any(column.heading for column, _ in band))
    made = RichTable(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=header)
    made.header_style = "dim"
    made.add_column(Text(first), width=own, overflow="fold")
    for column, width in band:
        right = numbers and not column.is_text
        made.add_column(
            Text(column.heading), width=width, overflow="fold", vertical="top",
            justify="right" if right else "left",
        )  # fmt: skip
    return made


def _spread(band: list[tuple[_Column, int]], room: int) -> list[tuple[_Column, int]]:
    """Texts get the room that is left."""
    left = room - sum(width + 1 for _, width in band)
    wider = []
    for column, width in band:
        more = min(left, max(0, column.natural - width)) if column.is_text else 0
        left -= more
        wider.append((column, width + more))
    return wider


def _shortened(first: str, names: list[str], widest: int) -> tuple[str, list[str]]:
    """Names that are too long, without what all of them share; the heading then has it."""
    if len(names) < 2 or max(map(cell_len, names)) <= widest:
        return first, names
    shared = _common(names)
    start = shared[: max(shared.rfind("."), shared.rfind("/")) + 1]
    end = _common([name[len(start) :][::-1] for name in names])[::-1]
    end = end[end.find("-") :] if "-" in end else ""
    if not start and not end:
        return first, names
    return f"{start}*{end}", [name[len(start) : len(name) - len(end)] for name in names]


def _common(names: Sequence[str]) -> str:
    """What all names begin with."""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike)


def _folded(name: str, widest: int) -> str:
    """A name in lines no longer than the first column, broken where names can be."""
    lines = [""]
    for part in _BREAK.split(name):
        if lines[-1] and cell_len(lines[-1] + part.rstrip()) > widest:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)
