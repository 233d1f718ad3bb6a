"""The plan of the memory: its numbers, what it refuses, and what it names instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from brainbench.errors import DataError
from brainbench.models.checkpoints import loading
from brainbench.models.checkpoints.loading import count_parameters
from brainbench.models.checkpoints.memory import (
    MemoryPlan,
    check_memory,
    free_memory,
    plan_memory,
)
from brainbench.models.opening import open_language_model
from brainbench.models.options import ModelOptions

# as their configurations are
SHAPES = {
    "1.5B": {"hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
                 "num_attention_heads": 12, "num_key_value_heads": 2, "vocab_size": 151936,
                 "tie_word_embeddings": True},
    "7B": {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
               "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064},
    "72B": {"hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80,
                "num_attention_heads": 64, "num_key_value_heads": 8, "vocab_size": 152064},
}  # fmt: skip


@pytest.mark.parametrize(
    ("size", "weights"), [("1.5B", 3.1), ("7B", 15.2), ("72B", 145.4)], ids=str
)
def test_weights_of_models_as_the_paper_has_them(size: str, weights: float) -> None:
    from transformers import Qwen2Config

    config = Qwen2Config(**SHAPES[size])
    n_parameters = count_parameters(config)
    plan = plan_memory(config, "bfloat16", n_parameters=n_parameters)
    assert plan.weights / 1e9 == pytest.approx(weights, abs=0.1)
    double = plan_memory(config, "float32", n_parameters=n_parameters)
    assert double.weights == 2 * plan.weights
    # 32 prompts of 256 tokens, keys and values of each layer and head
    shape = SHAPES[size]
    head = shape["hidden_size"] // shape["num_attention_heads"]
    cache = 2 * shape["num_hidden_layers"] * shape["num_key_value_heads"] * head * 32 * 256 * 2
    assert plan.cache == cache
    assert plan.states == 2 * 32 * shape["num_hidden_layers"] * shape["hidden_size"] * 4 * 2
    # all of 72B in half precision is more than one card of 141 GB, and less than two
    assert (plan.total / 1e9 > 141) == (size == "72B")
    assert plan.total / 1e9 < 2 * 141


def test_the_plan_grows_with_what_it_is_of(tiny: Any) -> None:
    config = tiny("llama").config

    def plan(**changes: Any) -> MemoryPlan:
        return plan_memory(config, "float32", **{"n_parameters": 1000, **changes})

    assert plan(batch_size=64).cache == 2 * plan().cache
    assert plan(tokens=512).cache == 2 * plan().cache
    assert plan(attention="eager").activations > plan().activations
    assert plan(files=77).weights == 77
    experts = plan_memory(tiny("mixtral").config, "float32", n_parameters=1000)
    assert experts.total > 0


def gigabytes(weights: float, rest: float = 0.0, dtype: str = "float32") -> MemoryPlan:
    return MemoryPlan(int(weights * 1e9), 0, int(rest * 1e9), 0, dtype)


def test_weights_that_cannot_fit_are_refused_with_what_would() -> None:
    card = {"cuda:0": int(24e9)}
    with pytest.raises(DataError) as error:
        check_memory(gigabytes(30), card, "some/model")
    assert str(error.value) == (
        "some/model does not fit the memory: its weights alone take 30.0 GB in float32, 24.0 GB "
        "free on cuda:0. What would fit: --dtype bfloat16 takes 15.0 GB; a checkpoint quantised "
        "to 4 bits about 4.1 GB (GPTQ, AWQ, bitsandbytes); 2 such devices, with --device auto"
    )
    with pytest.raises(DataError, match="Take a smaller model"):
        check_memory(gigabytes(3000, dtype="bfloat16"), {"cpu": int(1e9)}, "some/model")


def test_what_may_not_fit_is_a_warning() -> None:
    room = {"cpu": int(20e9)}
    assert check_memory(gigabytes(15, 2), room, "m") is None
    warning = check_memory(gigabytes(15, 9), room, "m")
    assert warning is not None
    assert warning.startswith("m may not fit the memory: planned 24.00 GB in float32: weights 15.")
    assert check_memory(gigabytes(1e6), {}, "m") is None


def test_the_processor_has_memory() -> None:
    free = free_memory("cpu")
    assert 1e7 < free["cpu"] < 1e16
    assert free_memory("mps") == {}


def test_a_model_that_cannot_fit_is_refused_before_its_weights_are_read(
    llama_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = open_language_model(llama_folder, ModelOptions(device="cpu"))
    plan = model.loader.memory  # type: ignore[attr-defined]
    n_parameters = count_parameters(model.loader.config)
    assert plan.weights == 4 * n_parameters
    monkeypatch.setattr(loading, "free_memory", lambda device, spread: {"cpu": plan.weights - 1})
    with pytest.raises(DataError, match=r"^tiny-llama does not fit the memory: its weights alone"):
        assert model.loader.model is None
