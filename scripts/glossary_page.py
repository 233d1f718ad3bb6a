"""Make docs/glossary.md from the terms that reports explain.

    python scripts/glossary_page.py

A test holds the page to brainbench/results/glossary.yaml.
"""

from __future__ import annotations

import textwrap
from itertools import groupby
from pathlib import Path

from brainbench.results.glossary import Term, glossary

PAGE = Path(__file__).resolve().parent.parent / "docs" / "glossary.md"
_HEAD = """# Glossary

The words of scorecards, reports, boards and these pages. `python scripts/glossary_page.py` makes
this page from `brainbench/results/glossary.yaml`, from which reports explain them too."""


def page() -> str:
    """The whole page, a list for each group of terms."""
    parts = [_HEAD]
    for group, terms in groupby(glossary(), key=lambda term: term.group):
        parts += ["", f"## {group}", "", *(_line(term) for term in terms)]
    return "\n".join(parts) + "\n"


def _line(term: Term) -> str:
    more = f" [More]({term.see})" if term.see else ""
    line = f'- <a id="{term.key}"></a>**{term.name}**: {term.text}{more}'
    return textwrap.fill(line, 120, subsequent_indent="  ", break_on_hyphens=False)


def main() -> None:
    PAGE.write_text(page(), "utf-8")
    print(PAGE.name)


if __name__ == "__main__":
    main()
