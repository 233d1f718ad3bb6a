"""Every file, command and block of two pages on own data, as a reader would type them."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docs_blocks import DOCS, blocks
from rich.console import Console

from brainbench.cli.main import main
from brainbench.results import Record, load_record

PAGE = blocks(DOCS / "own-data.md")
REFERENCE = blocks(DOCS / "assembly-files.md")
# a command over two lines is one
CONSOLE = [re.sub(r"\\\n\s*", "", block.text) for block in PAGE if block.language == "console"]
ASSEMBLY, *IMAGES = [
    line[2:] for text in CONSOLE for line in text.splitlines() if line.startswith("$ ")
]
(TABLE,) = [block.text[2:] for block in REFERENCE if block.language == "console"]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files of the pages."""
    root = tmp_path_factory.mktemp("own-data")
    for block in (*PAGE, *REFERENCE):
        if block.title:
            (root / block.title).write_text(block.text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        yield root


@pytest.fixture
def cli(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Run a line of a page in this process."""

    def run(line: str) -> None:
        words = shlex.split(line)
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
    assert "--assembly sentences.nc" in ASSEMBLY
    assert "--assembly ratings.csv" in TABLE


def test_scanner_images(folder: Path, cli: Callable[[str], None]) -> None:
    pytest.importorskip("nilearn", reason="the extra imaging")
    for line in IMAGES:
        cli(line)
    record = newest(folder)
    assert record.datasets[0].own is not None
    assert record.datasets[0].own.file == "mine"
    assert {score.roi for score in record.published} == {"planted"}


def test_an_assembly(
    folder: Path, cli: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    exec(compile((folder / "make_assembly.py").read_text("utf-8"), "make_assembly.py", "exec"), {})
    screen = Console(width=80, record=True)
    monkeypatch.setattr("brainbench.cli.evaluate.stdout", screen)
    cli(ASSEMBLY)
    hold_output(screen.export_text())
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


def hold_output(printed: str) -> None:
    """The page shows what is printed; the run's id differs, and a last digit may."""
    (shown,) = [text for text in CONSOLE if text.startswith(f"$ {ASSEMBLY}\n")]
    both = [
        re.sub(r"show \w+", "show RUN", " ".join(text.split()))
        for text in (shown.removeprefix(f"$ {ASSEMBLY}\n"), printed)
    ]
    assert NUMBER.sub("#", both[0]) == NUMBER.sub("#", both[1]), "show it again"
    numbers = [[float(found) for found in NUMBER.findall(text)] for text in both]
    assert numbers[0] == pytest.approx(numbers[1], rel=0.02, abs=0.05)


def test_a_table(folder: Path, cli: Callable[[str], None]) -> None:
    cli(TABLE)
    record = newest(folder)
    assert [score.benchmark for score in record.published] == ["stories.language.text-published"]
    said = "\n".join(record.notes)
    assert "no inter-subject reference, and no ceiling: 1 person or column of averages" in said
    assert "no `between` on the ladder" in said
