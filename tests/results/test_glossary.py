"""Terms are explained once, in a sentence or two, and found where they are used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brainbench.results.glossary import Term, glossary, term_of, terms_in

DOCS = Path(__file__).parents[2] / "docs"
# shown by a sentence of their own, the longest that a reader of a table takes in
LONGEST = 330


@pytest.mark.parametrize("term", glossary(), ids=lambda term: term.name)
def test_a_term_is_explained_in_one_to_three_sentences(term: Term) -> None:
    assert term.text.endswith(".")
    assert term.text[0].isupper() or term.text.startswith("The row")
    assert 30 < len(term.text) <= LONGEST
    assert 1 <= len(re.findall(r"[.](?= [A-Z]|$)", term.text)) <= 4


@pytest.mark.parametrize("term", [one for one in glossary() if one.see], ids=lambda one: one.name)
def test_the_page_that_says_more_exists(term: Term) -> None:
    page, _, anchor = term.see.partition("#")
    text = (DOCS / page).read_text("utf-8")
    made = [
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    ]
    assert not anchor or anchor in made


def test_names_and_keys_are_unique() -> None:
    terms = glossary()
    assert len(terms) >= 60
    assert len({term.name.casefold() for term in terms}) == len(terms)
    assert len({term.key for term in terms}) == len(terms)
    assert all(re.fullmatch(r"term-[a-z0-9-]+", term.key) for term in terms)


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("p", "p"),
        ("own z", "own"),
        ("unique R²", "unique R²"),
        ("p Holm", "p"),
        ("AUC guided", "AUC"),
        ("Nuisance, row by row", "nuisance"),
        ("κ of errors", "error consistency"),
        ("κ of answers", "Cohen's kappa"),
        ("balanced accuracy", "balanced accuracy"),
        ("z beyond position", "z"),
    ],
)
def test_headings_are_known(heading: str, name: str) -> None:
    found = term_of(heading)
    assert found is not None
    assert found.name == name


def test_an_everyday_word_is_no_term_within_a_sentence() -> None:
    assert term_of("what a record of people says in between") is None
    assert [term.name for term in terms_in(["between", "the larger one"])] == ["between"]


def test_terms_of_sentences_come_in_the_order_of_the_glossary() -> None:
    texts = ["Beyond all nuisance, unique R² has a 95 % interval.", "the ladder"]
    assert [term.name for term in terms_in(texts)] == [
        "ladder",
        "nuisance",
        "unique R²",
        "95 % interval",
    ]


def test_a_text_of_a_record_costs_no_time() -> None:
    assert terms_in(["p(" * 100_000]) == []
