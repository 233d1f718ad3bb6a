"""One model of what is shown, and three renderers: terminal, HTML and Markdown."""

from brainbench.results.blocks.model import (
    MAX_ROWS,
    Block,
    Bullets,
    Code,
    Column,
    Figure,
    Folded,
    Items,
    ScoreLine,
    Scores,
    Section,
    SideBySide,
    Table,
    Words,
)

__all__ = [
    "MAX_ROWS",
    "Block",
    "Bullets",
    "Code",
    "Column",
    "Figure",
    "Folded",
    "Items",
    "ScoreLine",
    "Scores",
    "Section",
    "SideBySide",
    "Table",
    "Words",
]
