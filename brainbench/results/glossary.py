"""The words of reports, boards and docs, each explained once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

# longer texts are looked through no further
_LONGEST = 4000


@dataclass(frozen=True)
class Term:
    """A word of the field or of this suite.

    Parameters
    ----------
    name : as it is written inside a sentence.
    text : what it means, in one or two sentences.
    group : what it belongs to, such as ``Statistics``.
    see : page of the docs that says more, such as ``ladder.md#the-rungs``; empty for none.
    also : other forms in which it is written.
    heads : forms that mean it only as a whole heading, for they have an everyday meaning too.
    alone : whether that holds for its name and all its forms.
    """

    name: str
    text: str
    group: str
    see: str = ""
    also: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    alone: bool = False

    @property
    def key(self) -> str:
        """Its place in a page's address, unique: ``term-unique-r2``."""
        plain = self.name.lower().translate({ord("²"): "2", ord("′"): "-prime", ord("ρ"): "rho"})
        return "term-" + re.sub(r"[^a-z0-9]+", "-", plain).strip("-")

    @property
    def forms(self) -> tuple[str, ...]:
        """Every way in which it is written, its name first."""
        return (self.name, *self.also, *self.heads)

    @property
    def inside(self) -> tuple[str, ...]:
        """The ways that mean it inside a sentence too."""
        return () if self.alone else (self.name, *self.also)


@cache
def glossary() -> tuple[Term, ...]:
    """All terms, in the order of their groups.

    Returns
    -------
    Those of ``glossary.yaml``.
    """
    text = (resources.files("brainbench.results") / "glossary.yaml").read_text("utf-8")
    return tuple(
        Term(
            str(name),
            " ".join(held["text"].split()),
            group,
            held.get("see", ""),
            tuple(held.get("also", ())),
            tuple(held.get("heads", ())),
            held.get("alone", False),
        )
        for group, terms in yaml.safe_load(text).items()
        for name, held in terms.items()
    )


def term_of(heading: str) -> Term | None:
    """The term that a heading is, or the first and longest of those that it holds.

    Parameters
    ----------
    heading : of a column, a row, a part of a page; a short text.

    Returns
    -------
    None where it is none, and holds none.
    """
    plain = " ".join(heading.split()).casefold()
    if found := _by_form().get(plain):
        return found
    held = _inside().search(plain[:_LONGEST])
    return _by_form()[held.group()] if held else None


def terms_in(texts: Iterable[str]) -> list[Term]:
    """The terms that texts hold, in the order of the glossary.

    Parameters
    ----------
    texts : headings and sentences. A term with an everyday meaning counts where it is a whole text.
    """
    found: set[str] = set()
    for text in dict.fromkeys(texts):
        plain = " ".join(text[:_LONGEST].split()).casefold()
        if plain in _by_form():
            found.add(_by_form()[plain].name)
        found |= {_by_form()[form].name for form in _inside().findall(plain)}
    return [term for term in glossary() if term.name in found]


@cache
def _by_form() -> dict[str, Term]:
    """Every form, without capitals → its term; a name counts before another term's form."""
    names = {term.name.casefold(): term for term in glossary()}
    return {form.casefold(): term for term in glossary() for form in term.forms} | names


@cache
def _inside() -> re.Pattern[str]:
    """What is looked for inside a text, the longest first."""
    forms = [form.casefold() for term in glossary() for form in term.inside]
    longest = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
