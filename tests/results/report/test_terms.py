"""A page explains the terms that it uses, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from simulated_records import answers, empty, full, task

from brainbench.results.blocks import Section, Table, Words
from brainbench.results.report import render_report
from brainbench.results.report.terms import terms_of


def test_terms_of_headings_and_of_sentences_are_found() -> None:
    table = Table("", ("cell", "own z", "p"), [("balanced", "1", "2")])
    part = Section("b", "Steering", [table])
    section = Section("a", "Aligned", [Words("beyond all nuisance")], parts=[part])
    names = {term.name for term in terms_of([section])}
    assert names == {"alignment", "nuisance", "steering", "own", "p", "cell", "balanced accuracy"}


def test_every_link_leads_to_a_definition(tmp_path: Path) -> None:
    page = render_report(full(), tmp_path)
    links = set(re.findall(r'<a class="term" href="#([^"]+)"', page))
    defined = re.findall(r'<div id="(term-[^"]+)"', page)
    assert len(links) > 10
    assert links <= set(defined)
    assert len(defined) == len(set(defined))


def test_what_is_not_used_is_not_explained(tmp_path: Path) -> None:
    record = empty()
    record.add(task("brainbench_quick", answers(3, n=60)))
    page = render_report(record, tmp_path)
    glossary = page[page.index('<section id="glossary"') :]
    assert "balanced accuracy" in glossary
    assert "term-ladder" not in glossary
    assert "term-steering" not in glossary
