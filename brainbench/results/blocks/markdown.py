"""Blocks as GitHub's Markdown, as in a comment on a pull request; names from records stay text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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

# characters of a cell, and of a paragraph or an item
_CELL, _TEXT = 600, 2000


def markdown_section(section: Section, level: int = 3) -> list[str]:
    """Lines of a section, its parts one level below; what its numbers mean stands under them.

    Parameters
    ----------
    section : title, badge, blocks and parts.
    level : of its heading, the number of ``#``.
    """
    badge = f" ({plain(section.badge)})" if section.badge else ""
    badge += f" <sub>{plain(section.ident)}</sub>" if section.ident else ""
    lines = [f"{'#' * level} {plain(section.title, _CELL)}{badge}", ""]
    lines += markdown_blocks(section.blocks)
    for part in section.parts:
        lines += markdown_section(part, level + 1)
    return [*lines, *(_small(section.about) if section.about else [])]


def markdown_blocks(blocks: Iterable[Block]) -> list[str]:
    """Lines of blocks that Markdown can show, in their order; wide ones are left out."""
    lines: list[str] = []
    for block in blocks:
        if block.wide:
            continue
        if isinstance(block, Words):
            lines += _words(block)
        elif isinstance(block, Bullets) and block.items:
            lines += [*(_item(name, text) for name, text in block.shown), ""]
        elif isinstance(block, Table) and block.rows:
            lines += [*_table(block), ""]
        elif isinstance(block, Folded):
            held = markdown_blocks(block.blocks)
            title = f"<summary>{plain(block.title)}</summary>"
            lines += ["<details>", title, "", *held, "</details>", ""]
        elif isinstance(block, Scores) and block.lines:
            lines += [*_table(_as_table(block)), ""]
        elif isinstance(block, Code):
            lines += [*(f"    {line}" for line in block.text.splitlines()), ""]
    return lines


def plain(text: str, longest: int = 200) -> str:
    """A text that is not markup, notifies nobody and stays in its cell.

    Parameters
    ----------
    text : white space in it becomes single spaces.
    longest : characters that are kept, counted before any is escaped.
    """
    flat = " ".join(text.split())[:longest]
    safe = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", safe).replace("@", "@\N{ZERO WIDTH SPACE}")


def _words(block: Words) -> list[str]:
    if block.tone == "note":
        return _small(block.text)
    name = f"**{plain(block.name)}:** " if block.name else ""
    text = plain(block.text, _TEXT)
    return [f"**{text}**" if block.tone == "lead" and not name else name + text, ""]


def _small(text: str) -> list[str]:
    return [f"<sub>{plain(text, _TEXT)}</sub>", ""]


def _item(name: str, text: str) -> str:
    return f"- {f'**{plain(name)}:** ' if name else ''}{plain(text, _TEXT)}"


def _table(table: Table) -> list[str]:
    kept = [place for place, head in enumerate(table.heads) if not head.wide]
    heads = [plain(table.heads[place].heading) for place in kept]
    texts = {place for place in kept if place == 0 or not table.numbers}
    rules = ["---" if place in texts else "---:" for place in kept]
    # the name of a group stands before its first row
    before = [""] if table.groups else []
    lines = [plain(table.caption, _TEXT), ""] if table.caption else []
    lines += [_row([*before, *heads]), f"|{'|'.join(['---'] * len(before) + rules)}|"]
    for number, row in enumerate(table.shown):
        cells = [plain(row[place], _CELL) for place in kept]
        if table.is_strong(number):
            cells = [f"**{cell}**" if cell else "" for cell in cells]
        group = "<br>".join(plain(text, _CELL) for text in table.groups.get(number, ()) if text)
        lines.append(_row([group, *cells] if before else cells))
    if table.left_out:
        lines += ["", f"{table.left_out} more rows are in the record."]
    return lines


def _as_table(scores: Scores) -> Table:
    rows = [
        (f"{line.name}: {line.statistic}", line.number, line.ends, line.beside, line.verdict)
        for line in scores.lines
    ]
    columns = ("", "number", "95 %", "held against", "verdict")
    return Table("", columns, rows, numbers=False)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
