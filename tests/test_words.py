"""Package and pages are in plain English: phrases of the old dialect do not come back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import brainbench

ROOT = Path(brainbench.__file__).parent
DOCS = Path(__file__).parents[1]
# phrase → what is written in its place
DIALECT = {
    r"\b(is|are|was|were|be|as) told\b": "is reported, is shown, is given, is a warning",
    r"\btold (apart|from)\b": "distinguishable from, separated from",
    r"\b(tells?|told) of (it|its|each|them|all)\b": "describes, reports",
    r"\bstands? beside\b": "is shown with, comes with",
    r"\b(of it|what) is said\b": "what the answer is, what is written",
    r"\b(is|are) said once\b": "gives one warning",
    r"\b(outdone|asker)\b": "humans_beat_model, evaluator",
    r"(?<!here )\b(is|are) no (evidence|fault|share|verdict|record|sample|such)\b": "is not …",
}


def files() -> Iterator[Path]:
    for pattern in ("*.py", "*.html"):
        # the sentences of old records stand in their reader, as they were
        yield from (path for path in ROOT.rglob(pattern) if path.name != "schema1.py")
    yield from (DOCS / "docs").glob("*.md")
    yield DOCS / "README.md"


def phrases(text: str) -> list[str]:
    return [
        f"{found[0]!r}: {instead}"
        for pattern, instead in DIALECT.items()
        for found in re.finditer(pattern, text)
    ]


def test_no_phrase_of_the_dialect_comes_back() -> None:
    found = {path.name: own for path in files() if (own := phrases(path.read_text("utf-8")))}
    assert found == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("What is told of a copy, as told", 2),
        ("the entry cannot be told from others", 2),
        ("numbers that stand beside it", 1),
        ("it is no evidence", 1),
        ("there is no record; the user said so, and nobody told him", 0),
    ],
)
def test_what_counts(text: str, count: int) -> None:
    assert len(phrases(text)) == count
