"""Every file, command and block of docs/own-data.md, as a reader would type them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docs_blocks import DOCS, blocks

from brainbench.cli.main import main
from brainbench.results import Record, load_record

PAGE = blocks(DOCS / "own-data.md")
COMMANDS = [line[2:] for b in PAGE if b.language == "console" for line in b.text.splitlines()]
IMAGES, ASSEMBLY, TABLE = COMMANDS[:3], COMMANDS[3:5], COMMANDS[5:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files of the page."""
    root = tmp_path_factory.mktemp("own-data")
    for block in PAGE:
        if block.title:
            (root / block.title).write_text(block.text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        yield root


@pytest.fixture
def cli(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Run a line of the page; a script of the page, in this process."""

    def run(line: str) -> None:
        words = shlex.split(line)
        if words[0] == "python":
            text = (folder / words[1]).read_text("utf-8")
            exec(compile(text, words[1], "exec"), {})
            return
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as caught:
            main()
        assert not caught.value.code, line

    return run


def newest(folder: Path) -> Record:
    path = max(folder.glob("results/*/*/results.json"), key=lambda path: path.stat().st_mtime_ns)
    return load_record(path)


def test_all_commands_are_run_here() -> None:
    assert [line.split()[1] for line in IMAGES] == ["prepare", "prepare", "evaluate"]
    assert [line.split()[1] for line in ASSEMBLY] == ["make_assembly.py", "evaluate"]
    assert ["--assembly ratings.csv" in line for line in TABLE] == [True]


def test_scanner_images(folder: Path, cli: Callable[[str], None]) -> None:
    pytest.importorskip("nilearn", reason="the extra imaging")
    for line in IMAGES:
        cli(line)
    record = newest(folder)
    assert record.datasets[0].own is not None
    assert record.datasets[0].own.file == "mine"
    assert {score.roi for score in record.published} == {"planted"}


def test_an_assembly(folder: Path, cli: Callable[[str], None]) -> None:
    for line in ASSEMBLY:
        cli(line)
    record = newest(folder)
    (score,) = record.controlled
    assert (score.benchmark, score.n_items) == ("sentences.language.text-ridge", 24)
    assert {row.control for row in score.controls} >= {"position", "surprisal"}
    assert {row.rung for row in record.ladder} >= {"position", "condition"}
    names: dict[str, Any] = {}
    for block in PAGE:
        if block.language == "python" and block.title is None:
            exec(compile(block.text, "own-data.md", "exec"), names)
    assert names["score"].benchmark == "sentences.language.text-published"
    assert len(names["folds"]) == 4
    assert (folder / "checked.nc").is_file()


def test_a_table(folder: Path, cli: Callable[[str], None]) -> None:
    for line in TABLE:
        cli(line)
    record = newest(folder)
    assert [score.benchmark for score in record.published] == ["stories.language.text-published"]
    said = "\n".join(record.notes)
    assert "no inter-subject reference, and no ceiling: 1 person or column of averages" in said
    assert "no `between` on the ladder" in said
