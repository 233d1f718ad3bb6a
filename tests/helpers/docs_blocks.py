"""Pages of the docs, read for their code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "docs"
_FENCE = re.compile(r"^```(?P<language>\w*)[ \t]*(?P<more>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, the file it is shown as, and its text."""

    language: str
    title: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    """In the order they stand."""
    found = []
    for match in _FENCE.finditer(page.read_text("utf-8")):
        title = re.search(r'title="([^"]+)"', match["more"])
        found.append(Block(match["language"], title and title[1], match["text"]))
    return found
