"""The quickstart shows what is printed today, and its Python runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from docs_blocks import DOCS, blocks
from scorecards import record_of
from shown_tables import lines as details

import brainbench
from brainbench.results import render_scorecard

PAGE = DOCS / "quickstart.md"


def test_the_scorecard_is_the_one_that_is_printed() -> None:
    from io import StringIO

    from rich.console import Console

    console = Console(width=80, file=StringIO(), color_system=None)
    console.print(render_scorecard(record_of("f50c41311891"), "f50c41"))
    printed = [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    (shown,) = [block.text for block in blocks(PAGE) if "what it is held against" in block.text]
    assert shown.splitlines() == printed
    assert len(details(record_of("f50c41311891"))) > 3 * len(printed)


def test_its_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="needs the plot extra")
    asked: list[tuple[Any, ...]] = []

    def stored(*given: Any, **more: Any) -> Any:
        """A finished run in the place of one that takes half a minute."""
        asked.append((*given, *more.items()))
        return record_of("a37d3f7cf98f")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(brainbench, "evaluate", stored)
    (code,) = [block.text for block in blocks(PAGE) if block.language == "python"]
    exec(compile(code, PAGE.name, "exec"), {})
    assert len(asked) == 1
    said = capsys.readouterr().out
    assert said.startswith("nano, built in\n")
    assert "nuisance does as well in 6 of 6" in said
    assert len(re.findall(r"^xiao2026\.\S+-ridge 0\.\d{3}: ", said, re.M)) == 9
    assert "r as published" in said
    assert (tmp_path / "scores.png").stat().st_size > 5000
