"""A whole record in a terminal: every number of its tables, in any width."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from rich.console import Console
from simulated_records import controlled, empty, full, published

from brainbench.benchmarks.controlled.score import Estimate, Extrapolation, Reliability, Similarity
from brainbench.results import Record, render_record, render_scorecard
from brainbench.results.blocks import Block, Folded, Section, Table
from brainbench.results.sections import record_sections


def text(record: Record, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(render_record(record))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def narrow(blocks: Iterable[Block]) -> Iterable[Table]:
    """Tables that are not for a page only."""
    for block in blocks:
        if isinstance(block, Table) and not block.wide:
            yield block
        elif isinstance(block, Folded) and not block.wide:
            yield from narrow(block.blocks)


def all_tables(sections: Iterable[Section]) -> Iterable[Table]:
    for section in sections:
        yield from narrow(section.blocks)
        yield from all_tables(section.parts)


@pytest.fixture(scope="module")
def record() -> Record:
    made = full()
    made.add(published("dr", "all"))
    return made


@pytest.mark.parametrize("width", [80, 110])
def test_every_number_of_the_report_that_is_not_for_a_page_only_is_printed(
    record: Record, width: int
) -> None:
    shown = text(record, width)
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    words = " ".join(shown.split())
    held = list(all_tables(record_sections(record, pictures=False)))
    assert len(held) >= 12
    for table in held:
        for row in table.shown:
            for head, cell in list(zip(table.heads, row, strict=True))[1:]:
                plain = cell.replace("\N{NO-BREAK SPACE}", " ")
                # a text may be folded, a number never
                if not head.wide and not head.optional and len(plain) <= 24:
                    assert plain in words, (table.caption, head.name)


def test_kinds_of_scores_come_in_the_order_of_the_report(record: Record) -> None:
    shown = text(record)
    titles = [section.title for section in record_sections(record, pictures=False)]
    places = [shown.index(f"\n{title}") for title in titles]
    assert places == sorted(places)
    assert len(titles) == 5


def test_what_stands_beside_a_controlled_cell_is_told() -> None:
    made = empty()
    made.add(
        controlled(
            extrapolation=Extrapolation(curve=(0.1, 0.2), v0=0.321, tau=2.34, rmse=0.01),
            reliability=Reliability(rho=0.5, bound_r=0.707, bound_r2=0.511),
            rsa=Similarity(together=Estimate(value=0.123, p=0.045), nuisance=0.067),
            readout="localised",
        )
    )
    shown = text(made)
    for told in (
        "0.321 (τ 2.3)", "r 0.707, R² 0.511", "0.123 (p 0.045, nuisance 0.067)", "1,000",
        "localised", "n/a: CKA: not here", "n/a: untrained model: no weights",
    ):  # fmt: skip
        assert told in shown
    words = " ".join(shown.split())
    assert "whether a model is aligned is what the ladder answers" in words
    assert "response time reaches the model (controlled)" in words


def test_what_is_wrong_with_the_run_stands_before_the_first_number() -> None:
    made = empty(status="error", error="out of memory", notes=["read this"])
    made.add(published())
    shown = text(made)
    start = shown[: shown.index("Alignment with brains")]
    assert "! This run is not complete: its status is error: out of memory" in start
    assert "! read this" in start


def test_a_record_acts_on_no_terminal() -> None:
    made = empty(identifier="[red]m[/red]\x1b[2J", notes=["\x1b]0;title\x07[link=x]note[/link]"])
    shown = text(made)
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[red]m[/red]" in shown
    assert "[link=x]note[/link]" in shown


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_command_that_is_to_be_copied_is_never_broken(width: int) -> None:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    run = "'a folder of results with a long name/that goes on/3f2a1b'"
    console.print(render_scorecard(full(), run), crop=False)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert f"details: brainbench show {run} [BENCHMARK]" in lines
    assert sum(len(line) > width for line in lines) == 1
