"""The page of a benchmark: what its data say of themselves is text."""

from __future__ import annotations

import pytest

from brainbench.leaderboard.site.benchmark_page import Page
from brainbench.results.blocks.html import page_environment


@pytest.mark.parametrize(
    ("source", "is_link"),
    [
        ("https://example.org/data", True),
        ("http://example.org/data", True),
        ("javascript:alert(1)", False),
        ("our cupboard", False),
    ],
)
def test_only_an_address_of_the_web_is_a_link(source: str, is_link: bool) -> None:
    page = Page("x.y.all-ridge", "title", [("source", source)], (), "", [])
    template = page_environment("brainbench.leaderboard", 1000).get_template("benchmark.html")
    context = template.new_context({"page": page, "root": "../"})
    main = "".join(template.blocks["main"](context))
    assert source in main
    assert (f'href="{source}"' in main) is is_link
