"""Blocks as HTML, by templates that escape every text."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from brainbench.results.glossary import term_of
from brainbench.results.wording import clip

# what needs no escaping in a data: URI, nor in an attribute
_PLAIN = "-._~,:;=()/*"
_STYLES = ("blocks.css", "scorecard.css")


@cache
def page_environment(package: str, longest: int, explains: bool = False) -> Environment:
    """Templates of a package that can import ``blocks.html``, which shows a block.

    Parameters
    ----------
    package : dotted name of the package with the folder ``templates``.
    longest : characters of one text; the rest is cut. Markup made here stays whole.
    explains : whether the page has a glossary, to which terms in headings lead.
    """

    def clipped(value: Any) -> Any:
        # markup was made here; everything else comes from a record
        return value if isinstance(value, Markup) else clip(str(value), longest)

    made = Environment(
        loader=ChoiceLoader(
            [PackageLoader(package), PackageLoader("brainbench.results.blocks", "templates")]
        ),
        autoescape=True,
        finalize=clipped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["breakable"] = lambda value: _breakable(clipped(value))
    made.filters["explained"] = lambda value: _explained(clipped(value), explains)
    made.filters["download"] = _download
    made.filters["script_data"] = _script_data
    return made


@cache
def blocks_style() -> Markup:
    """The style sheet of blocks, scorecards and their pictures, for every page that shows them.

    A page gives its own rules after it.
    """
    folder = resources.files("brainbench.results.blocks") / "templates"
    parts = ((folder / name).read_text("utf-8").strip() for name in _STYLES)
    return Markup("\n".join(parts))


def _explained(text: str, explains: bool) -> Markup:
    """A heading that leads to the term that it is, or names."""
    term = term_of(text) if explains else None
    if term is None:
        return escape(text)
    return Markup('<a class="term" href="#{}">{}</a>').format(term.key, text)


def _download(csv: str) -> Markup:
    """The address of a file that is within the page."""
    return Markup(f"data:text/csv;charset=utf-8,{quote(csv, safe=_PLAIN)}")


def _script_data(json: str) -> Markup:
    """JSON inside a script element, which ends at the first ``<`` that is not in it."""
    if "<" in json:
        raise ValueError("JSON for a script element holds <, which ends the element")
    return Markup(json)


def _breakable(text: str) -> Markup:
    """A text that may continue on the next line after a point, a slash or an underscore."""
    return Markup(re.sub(r"([._/])(?=[^\W\d])", r"\1<wbr>", str(escape(text))))
