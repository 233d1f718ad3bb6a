"""No two models look alike where their names are shown."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gguf
import numpy as np
import pytest
from simulated_records import empty, write_run

from brainbench.leaderboard.submissions.submission import _as_name
from brainbench.models import ModelOptions, load_model
from brainbench.results import ModelInfo, Record, render_record
from brainbench.results.finished import list_runs, open_run
from brainbench.results.report import render_report
from brainbench.run.model_names import told_apart

PLAIN = ModelOptions()


def model(identifier: str, content: str) -> Any:
    return SimpleNamespace(identifier=identifier, sha256=content * 64)


def info(identifier: str, content: str, source: object, **options: Any) -> ModelInfo:
    held = told_apart(model(identifier, content), source, ModelOptions(**options))
    return ModelInfo(identifier=identifier, sha256=content * 64, **held)


def write_file(path: Path, kind: gguf.LlamaFileType) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_file_type(kind)
    writer.add_tensor("output", np.zeros((2, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_files_of_one_name_are_told_apart_by_folder_format_and_hash(tmp_path: Path) -> None:
    q4 = write_file(tmp_path / "smol" / "model.gguf", gguf.LlamaFileType.MOSTLY_Q4_K_M)
    q8 = write_file(tmp_path / "gemma" / "model.gguf", gguf.LlamaFileType.MOSTLY_Q8_0)
    assert info("model", "a", q4).shown == "model (smol, Q4_K_M, aaaaaa)"
    assert info("model", "b", str(q8)).shown == "model (gemma, Q8_0, bbbbbb)"
    # one file among several of a folder
    several = info("gemma:model", "b", q8.parent, gguf_file="model.gguf")
    assert several.shown == "gemma:model (Q8_0, bbbbbb)"
    named = write_file(tmp_path / "SmolLM2.q4_k_m.gguf", gguf.LlamaFileType.MOSTLY_Q4_K_M)
    assert info("SmolLM2.q4_k_m", "c", named).shown == "SmolLM2.q4_k_m (cccccc)"
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    assert info("broken", "d", broken).shown == "broken (dddddd)"


def test_checkpoints_and_adapters_of_several_trainings(tmp_path: Path) -> None:
    shown = []
    for number, parent in enumerate(("first", "second")):
        folder = tmp_path / parent / "checkpoint-500"
        folder.mkdir(parents=True)
        shown.append(info("checkpoint-500", "ab"[number], folder).shown)
        adapted = info("gpt2+checkpoint-500", "ab"[number], "gpt2", peft=str(folder))
        shown.append(adapted.shown)
    assert shown == [
        "checkpoint-500 (first, aaaaaa)",
        "gpt2+checkpoint-500 (first, aaaaaa)",
        "checkpoint-500 (second, bbbbbb)",
        "gpt2+checkpoint-500 (second, bbbbbb)",
    ]


@pytest.mark.parametrize(
    ("name", "common"),
    [
        ("model", True), ("ggml-model-q4_0", True), ("checkpoint-500", True), ("step1000", True),
        ("final", True), ("weights.best", True), ("3", True), ("adapter", True),
        ("SmolLM2-135M-Instruct", False), ("my-model", False), ("modelscope-qwen", False),
        ("Qwen2.5-0.5B", False), ("testing", False), ("basecamp", False),
    ],
)  # fmt: skip
def test_names_that_many_models_have(name: str, common: bool, tmp_path: Path) -> None:
    folder = tmp_path / "around" / name
    folder.mkdir(parents=True)
    found = told_apart(model(name, "a"), folder, PLAIN)
    assert found == {"folders": ["around"] if common else [], "apart": ["aaaaaa"]}


def test_models_that_lie_in_no_file_of_the_user() -> None:
    assert told_apart(load_model("nano"), None, PLAIN) == {}
    assert info("org/model", "a", "org/model").shown == "org/model (aaaaaa)"
    assert info("mine", "b", model("mine", "b")).shown == "mine (bbbbbb)"


@pytest.fixture
def alike(tmp_path: Path) -> list[Record]:
    """Two records of models of one name."""
    found = []
    for number, parent in enumerate(("one", "two")):
        folder = tmp_path / parent / "model"
        folder.mkdir(parents=True)
        own = info("model", "ab"[number], folder)
        found.append(empty(run_id=f"{number}" * 12).model_copy(update={"model": own}))
    return found


def test_they_are_told_apart_wherever_they_are_shown(alike: list[Record], tmp_path: Path) -> None:
    names = ["model (one, aaaaaa)", "model (two, bbbbbb)"]
    for record, name in zip(alike, names, strict=True):
        folder = write_run(record, tmp_path / "results" / "model" / record.run_id)
        assert open_run(folder).name == f"{name} {record.run_id}"
        assert f"<h1>{name}</h1>" in render_report(record, folder)
        assert repr(record).startswith(name)
        assert str(render_record(record).renderables[0]).startswith(name)  # type: ignore[attr-defined]
    told = list(list_runs(tmp_path / "results").values())
    assert [text.partition(";")[0] for text in told] == names


def test_older_records_keep_their_names(alike: list[Record]) -> None:
    old = alike[0].model.model_dump(mode="json", exclude={"folders", "apart"})
    assert ModelInfo.model_validate(old).shown == "model"
    # and are written as they were
    assert ModelInfo.model_validate(old).model_dump(mode="json") == old


def test_a_board_says_the_format_and_no_folder(tmp_path: Path) -> None:
    file = write_file(tmp_path / "home" / "model.gguf", gguf.LlamaFileType.MOSTLY_Q8_0)
    assert _as_name(info("model", "a", file)) == "model-Q8_0"
    assert _as_name(info("org/SmolLM2", "a", "org/SmolLM2")) == "SmolLM2"
