"""The terms that a page uses, for its glossary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from brainbench.results.blocks import (
    Block,
    Bullets,
    Figure,
    Folded,
    Items,
    Scores,
    Section,
    SideBySide,
    Table,
    Words,
)
from brainbench.results.glossary import Term, terms_in


def terms_of(sections: Sequence[Section]) -> list[Term]:
    """Terms that stand in headings, captions and sentences, in the order of the glossary.

    Parameters
    ----------
    sections : of one page, with all that they hold.
    """
    return terms_in(_texts_of_sections(sections))


def _texts_of_sections(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        yield from (section.title, section.badge, section.about)
        yield from _texts(section.blocks)
        yield from _texts_of_sections(section.parts)


def _texts(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Words):
            yield from (block.name, block.text)
        elif isinstance(block, Bullets):
            for name, text in block.shown:
                yield from (name, text)
        elif isinstance(block, Table):
            yield block.caption
            yield from (head.name for head in block.heads)
            yield from (row[0] for row in block.shown if row)
        elif isinstance(block, Figure):
            yield block.caption
            yield from _texts([block.table] if block.table else [])
        elif isinstance(block, Items):
            yield from _texts([block.table])
        elif isinstance(block, SideBySide):
            yield from _texts(block.figures)
        elif isinstance(block, Folded):
            yield block.title
            yield from _texts(block.blocks)
        elif isinstance(block, Scores):
            for line in block.lines:
                yield from (line.name, line.statistic, line.against)
