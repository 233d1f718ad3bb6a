"""A record as a terminal shows it; tables of a section, and their cells by row and column."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console

from brainbench.results import Record, render_record
from brainbench.results.blocks import Block, Folded, Section, Table


def lines(made: Record, width: int = 100) -> list[str]:
    """What a terminal of that width prints of a record."""
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render_record(made))
    return console.export_text().splitlines()


def tables(section: Section | None) -> list[Table]:
    """All of a section, folded ones too."""
    assert section is not None

    def held(blocks: Iterable[Block]) -> Iterable[Table]:
        for block in blocks:
            if isinstance(block, Table):
                yield block
            elif isinstance(block, Folded):
                yield from held(block.blocks)

    return [*held(section.blocks), *(t for part in section.parts for t in tables(part))]


def cells(table: Table) -> dict[str, dict[str, str]]:
    """Row → column → text, with plain spaces."""
    names = [head.name for head in table.heads]
    return {
        row[0]: {name: cell.replace("\u00a0", " ") for name, cell in zip(names, row, strict=True)}
        for row in table.rows
    }


def table_named(section: Section | None, caption: str) -> dict[str, dict[str, str]]:
    """Cells of the first table whose caption holds a text."""
    return cells(next(table for table in tables(section) if caption in table.caption))
