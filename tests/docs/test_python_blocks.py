"""Python in the docs that needs nothing but ``import brainbench``, run as it stands."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from docs_blocks import DOCS, blocks

# their blocks are one notebook each: the built-in model and simulated people, offline
PAGES = ("steering.md", "finetuning.md", "steer-and-finetune.md")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path


def code(page: str) -> list[str]:
    return [block.text for block in blocks(DOCS / page) if block.language == "python"]


@pytest.mark.parametrize("page", PAGES)
def test_only_the_public_face_is_taught(page: str) -> None:
    for text in code(page):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                assert not str(node.module).startswith("brainbench."), node.module
            elif isinstance(node, ast.Import):
                assert {name.name for name in node.names} <= {"brainbench", "numpy"}


def test_steering(empty: Path) -> None:
    names: dict[str, Any] = {}
    for text in code("steering.md"):
        exec(compile(text, "steering.md", "exec"), names)
    assert (empty / "my-steering" / "steering.json").is_file()
    assert names["mine"].groups == ("all",)
    assert (empty / "mine" / "steering.safetensors").is_file()
    assert (empty / "steering.pt").is_file()
    assert any("every token" in text for text in names["differs"])
    assert names["steered"].identifier == "nano+steer-phantom-signal@4"


def test_finetuning(empty: Path) -> None:
    names: dict[str, Any] = {}
    for text in code("finetuning.md"):
        exec(compile(text, "finetuning.md", "exec"), names)
    trained = names["trained"]
    assert (empty / "guided" / "adapter_model.safetensors").is_file()
    assert len(trained.history.validation) == 3
    assert trained.record.recipe["weight"] == 0.1
    assert names["guided"].identifier == "nano+guided"


def test_steering_a_model_in_memory(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in code("steer-and-finetune.md"):
        exec(compile(text, "steer-and-finetune.md", "exec"), {})
    assert capsys.readouterr().out == "nano+steer-phantom-signal@4\n"
