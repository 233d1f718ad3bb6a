"""The first run: everything is found as planted, and README's picture is what is printed today."""

from __future__ import annotations

import html
import io
import json
import re
import sys
from pathlib import Path

import pytest
from docs_blocks import blocks
from rich.console import Console

from brainbench.results import Record, render_scorecard
from brainbench.results.planted import planted_rows
from brainbench.run import evaluate

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return evaluate(output_path=tmp_path_factory.mktemp("first"))


def words(svg: str) -> str:
    """The text of a picture, line by line, without the spaces and lines that are empty."""
    lines: dict[str, list[str]] = {}
    for place, text in re.findall(r'<text[^>]*line-(\d+)\)"[^>]*>([^<]*)</text>', svg):
        lines.setdefault(place, []).append(html.unescape(text))
    joined = (" ".join(" ".join(parts).split()) for parts in lines.values())
    return "\n".join(line for line in joined if line)


def test_each_region_is_found_as_it_was_planted(record: Record) -> None:
    signal, confound, noise = planted_rows(record)
    assert record.model.builtin
    assert all(row.as_planted for row in (signal, confound, noise))
    assert (signal.explained_by, confound.explained_by, noise.explained_by) == (
        None, "length", None,
    )  # fmt: skip
    assert noise.found.outcome == "not found"


def test_the_picture_shows_what_is_printed_today(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from draw_first_run import OUTPUT, draw

    monkeypatch.delitem(sys.modules, "draw_first_run")
    kept, today = OUTPUT.read_text("utf-8"), draw(record)
    assert "brainbench evaluate" in words(kept)
    assert "http" not in kept.replace("http://www.w3.org", "").replace("https://www.textual", "")
    assert NUMBER.sub("#", words(kept)) == NUMBER.sub("#", words(today)), "draw it again"
    # another processor may round the last digit differently
    numbers = [[float(text) for text in NUMBER.findall(words(svg))] for svg in (kept, today)]
    assert numbers[0] == pytest.approx(numbers[1], rel=0.02, abs=0.05)


def test_the_quickstart_shows_the_same_regions(record: Record) -> None:
    (shown,) = [
        block.text for block in blocks(ROOT / "docs/quickstart.md") if block.language == "text"
    ]
    screen = Console(width=80, file=io.StringIO(), color_system=None)
    screen.print(render_scorecard(record))
    printed = screen.file.getvalue()  # type: ignore[attr-defined]
    for line in shown.splitlines():
        assert NUMBER.sub("#", line) in NUMBER.sub("#", printed), line


def test_docs_quote_how_often_it_is_found() -> None:
    counted = json.loads((ROOT / "docs/data/first_run.json").read_text("utf-8"))
    sets, right = counted["data_sets"], counted["as_planted"]
    text = " ".join((ROOT / "docs/quickstart.md").read_text("utf-8").split())
    assert (
        f"{right['signal']} of {sets} for the signal, {right['confound']} for the confound, "
        f"{right['noise']} for noise, all three in {counted['every_region']}"
    ) in text
    assert right["signal"] / sets > 0.95
    assert counted["every_region"] / sets > 0.9
