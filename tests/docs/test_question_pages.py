"""Each question page begins with a command and what it prints today, and is short."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs_blocks import DOCS, blocks
from scorecards import record_of
from shown_tables import lines as details

import brainbench
from brainbench.results import render_scorecard
from scripts import load_script

SCRIPT = load_script("shown_outputs")
NAVIGATION = (DOCS.parent / "mkdocs.yml").read_text("utf-8")
# the output of its first command is compared where the command is run: tests/docs/test_own_data.py
QUESTIONS = (*SCRIPT.PAGES, "own-data")


def questions_in_the_navigation() -> list[str]:
    config = yaml.safe_load(re.sub(r"!!python\S+", "", NAVIGATION))
    (part,) = [named["Questions"] for named in config["nav"] if "Questions" in named]
    return [path.removesuffix(".md") for page in part for path in page.values()]


def test_a_newcomer_sees_them_all() -> None:
    assert set(QUESTIONS) <= set(questions_in_the_navigation())


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_page_begins_with_a_command_and_is_short(name: str) -> None:
    lines = (DOCS / f"{name}.md").read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert lines[2] == "```console"
    assert lines[3].startswith("$ brainbench ")
    end = lines.index("```")
    assert end > 8, "a command without its output"
    assert len(lines) <= 120
    assert "](glossary.md" in "\n".join(lines)


@pytest.mark.parametrize("name", SCRIPT.PAGES)
def test_outputs_are_those_printed_today(name: str) -> None:
    shown = SCRIPT.blocks(DOCS / f"{name}.md")
    assert shown
    for block in shown:
        with SCRIPT.stage():
            for one in block:
                today = SCRIPT.printed(one.command)
                assert SCRIPT.agrees(one.output, today), f"run scripts/shown_outputs.py {name}"


@pytest.mark.parametrize(
    ("shown", "agrees"),
    [
        ("a\nb\nc\nd\n", True),
        ("a\nb\nc\n", False),
        ("a\n…\nd\n", True),
        ("…\nb\nc\n…\n", True),
        ("a\n…\ne\n", False),
        ("c\n…\nb\n", False),
    ],
)
def test_what_agrees(shown: str, agrees: bool) -> None:
    assert SCRIPT.agrees(shown, "a\nb\nc\nd\n") is agrees


def test_a_page_is_remade(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    left = "```console\n$ brainbench list suites\n```\n"
    page.write_text(f"{left}\n```console\n$ brainbench list runs results\nold\n```\n", "utf-8")
    with SCRIPT.stage():
        text = SCRIPT.remade(page)
    assert text.startswith(left), "a command without an output stays without"
    assert "old" not in text
    assert "SmolLM2-135M-Instruct" in text


def test_the_scorecard_is_shorter_than_the_tables() -> None:
    from io import StringIO

    from rich.console import Console

    screen = Console(width=80, file=StringIO(), color_system=None)
    screen.print(render_scorecard(record_of("f50c41311891"), "results/MODEL/RUN"))
    printed = screen.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(details(record_of("f50c41311891"))) > 3 * len(printed)


def test_the_python_of_scoring_a_model_runs(
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
    page = DOCS / "score-my-model.md"
    (code,) = [block.text for block in blocks(page) if block.language == "python"]
    exec(compile(code, page.name, "exec"), {})
    assert len(asked) == 1
    said = capsys.readouterr().out
    assert said.startswith("nano, built in\n")
    assert "nuisance does as well in 6 of 6" in said
    assert len(re.findall(r"^xiao2026\.\S+-ridge 0\.\d{3}: ", said, re.M)) == 9
    assert "r as published" in said
    assert (tmp_path / "scores.png").stat().st_size > 5000
