"""What is not ours is the file it is said to be, with its licence beside it."""

from __future__ import annotations

import hashlib
import re
from importlib import resources

from brainbench.results.blocks.html import blocks_style

STATIC = resources.files("brainbench.leaderboard") / "static"


def test_the_library_is_the_one_that_is_named() -> None:
    told = (STATIC / "README.md").read_text("utf-8")
    digest = re.search(r"sha256 `([0-9a-f]{64})`", told)
    assert digest is not None
    content = (STATIC / "sortable.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest[1]
    assert len(content) < 2000
    assert "public domain" in (STATIC / "sortable.LICENSE").read_text("utf-8")


def test_nothing_that_is_loaded_asks_for_more() -> None:
    texts = {
        name: (STATIC / name).read_text("utf-8")
        for name in ("board.css", "board.js", "sortable.min.js")
    }
    for name, text in (texts | {"blocks.css": blocks_style()}).items():
        for word in ("http:", "https:", "fetch(", "import(", "XMLHttpRequest", "@import", "url(",
                     "eval(", "innerHTML"):  # fmt: skip
            assert word not in text, (name, word)
