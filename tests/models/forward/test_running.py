"""Models as they stand in memory: offloaded, with NaN, with a tokenizer that is not theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import disk_offload, dispatch_model
from tiny_models import CHAT_TEMPLATE, VOCABULARY, build_model, make_tokenizer

from brainbench.errors import DataError
from brainbench.models import LanguageModel
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.forward.running import input_device, not_finite
from brainbench.models.forward.thinking import ThinkingReader
from brainbench.models.model import SITES
from brainbench.models.opening import open_language_model
from brainbench.models.options import ModelOptions
from brainbench.models.prompts.chat import Chat
from brainbench.models.prompts.encoder import Encoder
from brainbench.models.prompts.verbalizer import find_spellings
from brainbench.problems import Problem

ON_DISK: dict[str, Callable[[Any, Path], Any]] = {
    "all of it": lambda model, folder: disk_offload(model, str(folder), torch.device("cpu")),
    "some layers": lambda model, folder: dispatch_model(
        model,
        {
            "model.embed_tokens": "disk", "model.layers.0": "cpu", "model.layers.1": "disk",
            "model.layers.2": "disk", "model.layers.3": "cpu", "model.norm": "cpu",
            "model.rotary_emb": "cpu", "lm_head": "cpu",
        },
        main_device="cpu",
        offload_dir=str(folder),
        force_hooks=True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("offload", ON_DISK)
def test_an_offloaded_model_is_read_as_one_in_memory(
    offload: str, chat_tokenizer: Any, problems: Sequence[Problem], tmp_path: Path
) -> None:
    whole = LanguageModel.of(build_model("llama"), chat_tokenizer, "m")
    network = ON_DISK[offload](build_model("llama"), tmp_path)
    assert any(parameter.is_meta for parameter in network.parameters())
    model = LanguageModel.of(network, chat_tokenizer, "m")
    assert model.device == "cpu"
    found, expected = model.activations(problems), whole.activations(problems)
    for site in SITES:
        np.testing.assert_array_equal(found.values[site], expected.values[site])
    np.testing.assert_array_equal(model.answer(problems).log_odds, whole.answer(problems).log_odds)
    assert model.facts["parameters"] == whole.facts["parameters"]


def test_a_model_without_weights_is_told() -> None:
    with torch.device("meta"):
        model = build_model("llama")
    with pytest.raises(DataError, match=r"weights are not in memory"):
        input_device(model)


@pytest.mark.parametrize(
    ("dtype", "told"),
    [
        (torch.float32, r"not and are computed with in float32: configuration and weights"),
        (torch.bfloat16, r"do not fit bfloat16; try --dtype float32"),
        (torch.float16, r"do not fit float16; try --dtype float32"),
    ],
)
def test_the_dtype_in_use_is_not_advised(dtype: torch.dtype, told: str) -> None:
    model = build_model("llama", dtype=dtype)
    with pytest.raises(DataError, match=told):
        raise not_finite(model)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_of_nan_are_named(
    value: float, chat_tokenizer: Any, problems: Sequence[Problem]
) -> None:
    network = build_model("llama")
    with torch.no_grad():
        network.model.layers[2].mlp.up_proj.weight[0, 0] = value
    model = LanguageModel.of(network, chat_tokenizer, "m")
    with pytest.raises(DataError, match=r"weights of it: model\.layers\.2\.mlp\.up_proj") as caught:
        model.answer(problems)
    assert "float32;" not in str(caught.value)


# a tokenizer with more tokens than the embedding has rows


@pytest.fixture
def beyond(tmp_path: Path) -> Path:
    """A checkpoint whose chat template writes a token that its embedding lacks."""
    build_model("llama").save_pretrained(tmp_path / "m")
    tokenizer = make_tokenizer()
    tokenizer.add_tokens([f"<|x{i}|>" for i in range(20)])
    tokenizer.chat_template = CHAT_TEMPLATE.replace("<s>assistant:", "<|x19|>assistant:")
    tokenizer.save_pretrained(tmp_path / "m")
    return tmp_path / "m"


ASKED: dict[str, Callable[[LanguageModel, Sequence[Problem]], object]] = {
    "states": lambda model, problems: model.activations(problems),
    "answers": lambda model, problems: model.answer(problems),
    "tasks": lambda model, _: model.chat.encoder.encode(["user: <|x19|>"]),
    "answers of tasks": lambda model, _: model.chat.encoder.pairs([("Is it?", "<|x19|>")]),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("readout", ["last", "premises", "localised"])
def test_tokens_beyond_the_embedding_are_told_before_it_is_run(
    asked: str, readout: str, beyond: Path, problems: Sequence[Problem],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    model = open_language_model(beyond, ModelOptions(readout=readout))
    monkeypatch.setattr(type(model.loader), "model", property(lambda self: pytest.fail("loaded")))
    n = len(model.loader.tokenizer)
    told = rf"has token {n - 1} \('<\|x19\|>'\), the model's embedding has {VOCABULARY} rows"
    with pytest.raises(DataError, match=told):
        ASKED[asked](model, problems)


def test_tokens_beyond_the_embedding_that_nobody_writes_do_no_harm(
    problems: Sequence[Problem],
) -> None:
    tokenizer = make_tokenizer()
    tokenizer.add_tokens([f"<|x{i}|>" for i in range(20)])
    tokenizer.add_tokens([" TRUE", "TRUE"])
    tokenizer.chat_template = CHAT_TEMPLATE
    model = LanguageModel.of(build_model("llama"), tokenizer, "m")
    assert np.isfinite(model.answer(problems).log_odds).all()
    beyond = find_spellings(tokenizer).true
    assert max(beyond) >= VOCABULARY
    kept = find_spellings(tokenizer, VOCABULARY).true
    assert kept
    assert max(kept) < VOCABULARY


def test_a_first_token_beyond_the_embedding_is_told() -> None:
    tokenizer = make_tokenizer()
    tokenizer.add_tokens([f"<|x{i}|>" for i in range(20)])
    tokenizer.bos_token = "<|x19|>"
    with pytest.raises(DataError, match="the model's embedding has 400 rows"):
        Encoder(tokenizer, VOCABULARY).pairs([("", "True")])


def test_thinking_pads_with_a_token_that_the_embedding_has() -> None:
    tokenizer = make_tokenizer()
    tokenizer.add_tokens([f"<|x{i}|>" for i in range(20)])
    tokenizer.pad_token = "<|x19|>"
    tokenizer.chat_template = CHAT_TEMPLATE
    network = build_model("llama")
    reader = ThinkingReader(Loaded(network, tokenizer), find_spellings(tokenizer, VOCABULARY), 3)
    thoughts, _ = reader._generate([(1, 5, 9), (1, 5)])
    assert len(thoughts) == 2


# chat templates by name


def test_of_several_chat_templates_the_default_one_is_used() -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = {"default": CHAT_TEMPLATE, "tool_use": "{{ 1 / 0 }}"}
    assert Chat(tokenizer).template == CHAT_TEMPLATE


def test_chat_templates_without_a_default_are_named() -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = {"tool_use": CHAT_TEMPLATE, "rag": CHAT_TEMPLATE}
    with pytest.raises(DataError, match=r"by name \(rag, tool_use\), and none named 'default'"):
        Chat(tokenizer).text([{"role": "user", "content": "Is it?"}])
