"""Benchmarks of a model that vLLM computes: the record, and what does not go with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import stand_in_vllm
from stand_in_vllm import LLM
from tiny_models import CHAT_TEMPLATE, build_model, make_tokenizer

from brainbench.errors import UsageError
from brainbench.guidance.options import GuidanceOptions
from brainbench.models import ModelOptions
from brainbench.paths import activations_path
from brainbench.reasoning import TaskOptions
from brainbench.results import Record
from brainbench.run import Settings, evaluate

ALIGNMENT = "phantom.noise.transitive-ridge"
VLLM = TaskOptions(backend="vllm", model_args={"max_num_seqs": 4})


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[LLM]:
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "own-cache"))
    return stand_in_vllm.install(monkeypatch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models") / "tiny"
    build_model("llama").save_pretrained(made)
    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(made)
    return made


def run(model: Any, output: Path, options: TaskOptions = VLLM, **given: Any) -> Record:
    settings = Settings(
        protocol="published", limit=10, options=ModelOptions(device="cpu"), task_options=options
    )
    asked = {"benchmarks": [ALIGNMENT], "settings": settings, **given}
    return evaluate(model, output_path=output, **asked)


def test_states_are_scored_as_those_of_transformers(
    folder: Path, engine: type[LLM], tmp_path: Path
) -> None:
    record = run(folder, tmp_path)
    right = run(folder, tmp_path, TaskOptions())
    assert record.status == "success"
    found, asked = ([row.score for row in one.published] for one in (record, right))
    assert found == pytest.approx(asked, abs=1e-3)
    assert record.model.sha256 == right.model.sha256
    # another run all the same, which says what computed it
    assert record.run_id != right.run_id
    assert record.config["backend"] == "vllm"
    assert record.config["model_args"] == {"max_num_seqs": 4}
    assert record.versions["vllm"] == "0.32.0"
    assert "backend" not in right.config
    assert "vllm" not in right.versions
    (made,) = engine.made
    assert made.ended


def test_a_finished_run_starts_no_engine(folder: Path, engine: type[LLM], tmp_path: Path) -> None:
    first = run(folder, tmp_path)
    assert run(folder, tmp_path).run_id == first.run_id
    assert len(engine.made) == 1
    other = run(folder, tmp_path, TaskOptions(backend="vllm", model_args={"max_num_seqs": 3}))
    assert other.run_id != first.run_id


def test_tasks_beside_them_have_an_engine_of_their_own(
    folder: Path, engine: type[LLM], tmp_path: Path
) -> None:
    asked = {"tasks": ["brainbench_quick_belief"]}
    options = TaskOptions(backend="vllm")
    record = run(folder, tmp_path, options, **asked)
    right = run(folder, tmp_path, TaskOptions(), **asked)
    found, expected = (
        [row.score for row in one.published] + [one.accuracy["brainbench_quick_belief"]["acc,none"]]
        for one in (record, right)
    )
    assert found == pytest.approx(expected, abs=1e-3)
    states, tasks = engine.made
    assert states.ended
    assert "worker_extension_cls" not in tasks.given


def test_guidance_is_refused(folder: Path, engine: type[LLM], tmp_path: Path) -> None:
    settings = Settings(task_options=VLLM, guidance=GuidanceOptions(tier="reduced"))
    with pytest.raises(UsageError, match="guidance steers and trains in transformers"):
        evaluate(folder, suite="guidance", dataset="phantom_guidance", settings=settings,
                 output_path=tmp_path)  # fmt: skip
    assert engine.made == []


def test_a_file_of_activations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a language model that brainbench runs"):
        run(Path(str(activations_path())), tmp_path)


def test_options_of_tasks_still_need_a_task(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="options of tasks are given, but no task"):
        run(folder, tmp_path, TaskOptions(backend="vllm", num_fewshot=2))
