"""The glossary of the docs is the one of the reports, and pages link to terms that are there."""

from __future__ import annotations

import re

from docs_blocks import DOCS

from brainbench.results.glossary import glossary
from scripts import load_script

SCRIPT = load_script("glossary_page")


def test_the_page_is_made_from_the_terms() -> None:
    text = SCRIPT.PAGE.read_text("utf-8")
    assert text == SCRIPT.page(), "run scripts/glossary_page.py"
    assert text.count("\n- <a id=") == len(glossary()) > 50
    assert len({term.key for term in glossary()}) == len(glossary())


def test_links_to_terms_lead_somewhere() -> None:
    keys = {term.key for term in glossary()}
    linked = [
        (page.name, key)
        for page in (*DOCS.glob("*.md"), DOCS.parent / "README.md")
        for key in re.findall(r"glossary\.md#([\w-]+)", page.read_text("utf-8"))
    ]
    assert [one for one in linked if one[1] not in keys] == []
    assert len(linked) > 10
