"""Blocks in a terminal of any width: a table that does not fit goes on below, column by column.

No number is cut off. Texts are never read as markup, and control characters never reach the
terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from brainbench.results.blocks.model import Block, Bullets, Code, Folded, Section, Table, Words
from brainbench.results.wording import clip

_STYLES = {"good": "bold green", "bad": "bold red", "warning": "yellow", "": "bold"}
# widest first column; longer names go on below
_NAME_WIDTH = 24
# a column with a longer cell is text, which may be folded to no less than this
_LONGEST_CELL, _TEXT_WIDTH = 30, 18
# what an optional column holds where it says nothing
_NOTHING = {"", "n/a", "0"}
# characters of one text
_LONGEST = 4000
# a name may go on in the next line behind these
_BREAK = re.compile(r"(?<=[ ._/-])")


def show_section(section: Section, heading: bool = True) -> list[RenderableType]:
    """A section with its parts; what its numbers mean stands under them.

    Parameters
    ----------
    heading : whether to print its title.
    """
    parts: list[RenderableType] = ["", _title(section)] if heading else []
    parts += show_blocks(section.blocks)
    for part in section.parts:
        parts += show_section(part)
    if section.about:
        parts.append(Text(_clean(section.about), style="dim"))
    return parts


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
    return parts


def _title(section: Section) -> Text:
    text = Text(_clean(section.title), style="bold")
    return text.append(f"  {_clean(section.badge)}" if section.badge else "", style="not bold dim")


def _words(block: Words) -> Text:
    text = Text(style="dim" if block.tone == "note" else "")
    if block.name:
        text.append(f"{_clean(block.name)}: ", style=_STYLES[block.mood])
    return text.append(_clean(block.text))


def _item(block: Bullets, name: str, text: str) -> Text:
    warned = block.tone == "warning"
    line = Text("! " if warned else "", style="yellow" if warned else "dim")
    line.append(f"{_clean(name)}: " if name else "", style="dim")
    return line.append(_clean(text), style="default not dim")


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
        self.names = [_folded(row[0]) for row in self.rows]
        self.columns = []
        for place, head in enumerate(heads[1:], 1):
            cells = [row[place] for row in self.rows]
            empty = _NOTHING if head.optional else {""}
            if not head.wide and not set(cells) <= empty:
                self.columns.append(_Column(_clean(head.heading), cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.table.caption:
            yield Text(_clean(self.table.caption), style="dim")
        lines = [cell_len(line) for name in self.names for line in name.split("\n")]
        own = min(max([*lines, min(cell_len(self.first), _NAME_WIDTH)]), options.max_width)
        for band in self._bands(options.max_width - own):
            yield self._band(band, own)
        if self.table.left_out:
            yield Text(f"{self.table.left_out} more rows are in the record.", style="dim")

    def _bands(self, room: int) -> list[list[tuple[_Column, int]]]:
        """Columns with their widths, as many side by side as there is room for."""
        bands: list[list[tuple[_Column, int]]] = [[]]
        left = room
        for column in self.columns:
            width = min(column.least, max(1, room - 1))
            if width + 1 > left and bands[-1]:
                bands.append([])
                left = room
            bands[-1].append((column, width))
            left -= width + 1
        return [_spread(band, room) for band in bands]

    def _band(self, band: Sequence[tuple[_Column, int]], own: int) -> RichTable:
        header = bool(self.first or any(column.heading for column, _ in band))
        made = RichTable(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=header)
        made.header_style = "dim"
        made.add_column(Text(self.first), width=own, overflow="fold")
        for column, width in band:
            right = self.table.numbers and not column.is_text
            made.add_column(
                Text(column.heading), width=width, overflow="fold", vertical="top",
                justify="right" if right else "left",
            )  # fmt: skip
        for place, name in enumerate(self.names):
            cells = [Text(column.cells[place]) for column, _ in band]
            strong = self.rows[place][0] in self.table.strong
            made.add_row(Text(name), *cells, style="bold" if strong else "")
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


def _folded(name: str) -> str:
    """A name in lines no longer than the first column, broken where names can be."""
    lines = [""]
    for part in _BREAK.split(name):
        if lines[-1] and cell_len(lines[-1] + part.rstrip()) > _NAME_WIDTH:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)
