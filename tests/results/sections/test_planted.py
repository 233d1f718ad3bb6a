"""The table of what was planted and found, in words."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, Group

from brainbench.benchmarks.ladder.names import RUNGS
from brainbench.benchmarks.ladder.score import RoiFinding
from brainbench.results.blocks import Table, Words
from brainbench.results.blocks.terminal import show_blocks
from brainbench.results.planted import PlantedRow
from brainbench.results.sections import planted
from brainbench.results.sections.planted import planted_blocks


def row(roi: str, p: list[float], as_planted: bool | None, **parts: float) -> PlantedRow:
    found = RoiFinding(dict(zip(RUNGS, p, strict=False)))
    explained = found.stops if found.outcome == "explained" else None
    return PlantedRow(
        "planted", roi, parts, "nano's attention layer 1", found, explained, as_planted
    )


ROWS = [
    row("signal", [0.0001] * 5, True, signal=0.15),
    row("confound", [0.0001, 0.004, 0.4], True, length=0.2),
    row("noise", [0.55], True),
]


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[PlantedRow]:
    held = list(ROWS)
    monkeypatch.setattr(planted, "planted_rows", lambda record: held)
    return held


def test_one_line_a_region(rows: list[PlantedRow]) -> None:
    table, count = planted_blocks(None)  # type: ignore[arg-type]
    assert isinstance(table, Table)
    assert [[cell.replace("\N{NO-BREAK SPACE}", " ") for cell in line] for line in table.rows] == [
        ["signal", "15 % nano's attention layer 1", "yes (p < 0.001)", "nothing listed", "yes"],
        ["confound", "20 % text length", "yes (p 0.004)", "text length", "yes"],
        ["noise", "nothing", "no (p 0.550)", "", "yes"],
    ]
    assert isinstance(count, Words)
    assert count.text == "3 of 3 regions as planted."


def test_it_fits_eighty_columns_without_a_broken_line(rows: list[PlantedRow]) -> None:
    screen = Console(width=80, file=io.StringIO(), record=True)
    screen.print(Group(*show_blocks(planted_blocks(None))))  # type: ignore[arg-type]
    lines = screen.export_text().replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert any(line.startswith("signal   15 % nano's attention layer 1") for line in lines)
    assert all(len(line) <= 80 for line in lines)
    assert [line.split()[0] for line in lines[-4:-1]] == ["signal", "confound", "noise"]


def test_what_is_not_judged_is_not_counted(rows: list[PlantedRow]) -> None:
    rows[0] = row("signal", [0.5], None, signal=0.15)
    table, count = planted_blocks(None)  # type: ignore[arg-type]
    assert isinstance(table, Table)
    assert isinstance(count, Words)
    assert table.rows[0][-1] == "n/a"
    assert count.text.startswith("2 of 2 regions as planted. The signal")
    rows[2] = row("noise", [0.001, 0.001, 0.4], False)
    assert "1 of 2" in planted_blocks(None)[1].text  # type: ignore[arg-type,union-attr]
