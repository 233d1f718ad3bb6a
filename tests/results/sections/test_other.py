"""Scores of kinds without a section of their own, on a page and in a terminal."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console
from simulated_records import empty

from brainbench.benchmarks import OtherScore
from brainbench.results import Record, render_record
from brainbench.results.report import render_report

NASTY = "<b>[red]x[/red]</b>"


def scored(kind: str, name: str, value: float | None) -> OtherScore:
    score = {"version": 3, "r": value, "layer": 2, "people": {"a": 0.1}, "warnings": [NASTY]}
    return OtherScore(
        kind=kind, benchmark=name, version=3, dataset="lab", value=value, notes=(NASTY,),
        score=score,
    )  # fmt: skip


def record() -> Record:
    made = empty()
    made.other = [scored("toy", "lab.a.toy", 0.25), scored("toy", "lab.b.toy", None)]
    made.other.append(scored(NASTY, "lab.c.x", float("inf")))
    return made


def test_a_page_shows_headline_and_single_numbers_and_warnings(tmp_path: Path) -> None:
    page = render_report(record(), tmp_path)
    assert "Other kinds of scores" in page
    assert "r 0.250, layer 2" in page
    assert "toy 0.250" in page, "in the summary"
    assert "No score came out" not in page
    assert NASTY not in page
    warned = page.replace("<wbr>", "")
    assert "&lt;b&gt;[red]x[/red]&lt;/b&gt; (all of other kinds of scores)" in warned
    assert "Other kinds of scores" not in render_report(empty(), tmp_path)


def test_a_terminal_shows_the_same() -> None:
    console = Console(width=100, record=True, file=StringIO())
    console.print(render_record(record()))
    text = console.export_text()
    assert "no scores" not in text
    lines = [line.split() for line in text.splitlines()]
    assert ["lab.a.toy", "0.250", "r", "0.250,", "layer", "2"] in lines
    assert ["lab.b.toy", "n/a", "layer", "2"] in lines
    assert ["lab.c.x", "∞", "r", "∞,", "layer", "2"] in lines
    assert text.count(f"! {NASTY}") == 1, "once for all"
