"""Models that are tried out: what is wrong with one is found, and the record says what was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from brainbench.errors import DataError
from brainbench.models.architectures import known_families
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.forward.reader import Reader
from brainbench.models.forward.trial import tried, try_sites
from brainbench.models.language_model import LanguageModel
from brainbench.models.prompts.batches import plan_batches
from brainbench.models.prompts.verbalizer import Spellings
from scripts import load_script

families = load_script("check_families")
Tiny = Callable[..., Any]
# plain; several windows and norms; fused projections; experts; chunks; MLA; linear attention and
# convolutions between attention; state spaces with it and alone; no cache at all
CHECKED = (
    "llama", "gemma4_text", "gpt2", "gpt_oss", "llama4_text", "deepseek_v3", "bloom",
    "qwen3_5_text", "lfm2", "jamba", "mamba", "rwkv", "openai-gpt", "jetmoe", "deepseek_v4",
    "bert-generation", "mllama",
)  # fmt: skip


def unknown(model: Any) -> Any:
    """The same model, of a family that nobody has checked."""
    model.config.model_type = "of-my-own"
    return model


@pytest.mark.parametrize(
    "kind",
    [
        kind if kind in CHECKED else pytest.param(kind, marks=pytest.mark.exhaustive)
        for kind in sorted({*families.kinds(), *CHECKED})
    ],
)
def test_each_family_is_good_for_what_the_table_says(kind: str) -> None:
    releases = json.loads(families.FAMILIES.read_text("utf-8"))
    written = releases.get(families.version("transformers"))
    if written is None:
        pytest.skip("the table is not of this release of transformers")
    assert families.check(kind) == written[kind]


def test_the_page_shows_the_table() -> None:
    text = families.PAGE.read_text("utf-8")
    releases = json.loads(families.FAMILIES.read_text("utf-8"))
    assert families.page_with(text, families.table(releases)) == text


def test_what_fails_in_one_release_is_not_relied_on_in_another() -> None:
    releases = json.loads(families.FAMILIES.read_text("utf-8"))
    for kind, known in known_families().items():
        rows = [release[kind] for release in releases.values() if kind in release]
        assert known.shares == all(row["shares"] for row in rows)
        assert (known.fault is None) == all(row["fault"] is None for row in rows)


def test_a_family_that_is_not_known_is_tried_and_the_record_says_so(
    tiny: Tiny, chat_tokenizer: Any, problems: Any
) -> None:
    model = LanguageModel.of(unknown(tiny("llama")), chat_tokenizer, "mine")
    (note,) = model.loading_warnings()
    assert note.startswith("brainbench has not checked models of the family 'of-my-own'")
    expected = LanguageModel.of(tiny("llama"), chat_tokenizer, "mine").activations(problems)
    found = model.activations(problems)
    for site in ("attention", "hidden"):
        np.testing.assert_array_equal(found.values[site], expected.values[site])
        assert found.layers[site] == expected.layers[site]


def test_blocks_that_run_twice_are_refused(tiny: Tiny) -> None:
    model = unknown(tiny("llama"))
    block = model.model.layers[1]
    once = block.forward
    block.forward = lambda states, *more, **named: block_twice(once, states, more, named)
    model.model.layers[2] = block
    with pytest.raises(DataError, match="blocks ran in the order"):
        tried(model)


def block_twice(run: Any, states: Any, more: Any, named: Any) -> Any:
    return run(states, *more, **named)


def test_a_model_whose_tokens_see_what_follows_is_refused(tiny: Tiny) -> None:
    model = unknown(tiny("llama"))
    for block in model.model.layers:
        block.self_attn.is_causal = False
        once = block.self_attn.forward
        block.self_attn.forward = lambda *more, once=once, **named: once(
            *more, **{**named, "attention_mask": None}
        )
    with pytest.raises(DataError, match="its tokens see what comes after them"):
        tried(model)


def test_a_prompt_that_fails_is_told(tiny: Tiny) -> None:
    model = unknown(tiny("llama"))
    model.model.layers[0].mlp.forward = lambda states: states.no_such_thing
    with pytest.raises(DataError, match=r"'of-my-own' is not read: a short prompt .*no_such_thing"):
        tried(model)


class _WithResidual(nn.Module):
    """Attention that adds the residual stream itself."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, hidden_states: torch.Tensor, **named: Any) -> Any:
        given = self.inner(hidden_states=hidden_states, **named)
        return (given[0] + hidden_states, *given[1:])


def test_attention_that_adds_the_residual_is_not_read(tiny: Tiny) -> None:
    model = unknown(tiny("llama"))
    for block in model.model.layers:
        block.self_attn = _WithResidual(block.self_attn)
    trial = tried(model)
    assert trial.sites.attention == ()
    assert len(trial.sites.hidden) == 4
    assert "Its attention is not read: the attention of layer 0 does not end" in trial.notes[0]
    assert trial.notes[1].startswith("only hidden states are read")


def test_a_model_that_forgets_its_cache_is_given_whole_prompts(
    tiny: Tiny, draw_prompts: Callable[..., Any]
) -> None:
    model = unknown(tiny("llama"))
    once = model.forward
    # as if it kept nothing of what it read
    model.forward = lambda *more, past_key_values=None, cache=None, use_cache=None, **named: once(
        *more, use_cache=False, **named
    )
    trial = try_sites(model)
    assert not trial.shares
    assert trial.sharing_fault is not None
    prompts = draw_prompts((3, 5), 12)
    batches = plan_batches(prompts, ["one"] * 2, 4)
    assert batches[0].prefix
    reader = Reader(Loaded(model, None), Spellings((10,), (20,)))
    found = reader.read(batches[0])
    plain = Reader(Loaded(tiny("llama"), None), Spellings((10,), (20,))).read(batches[0].whole())
    np.testing.assert_allclose(found.states["hidden"], plain.states["hidden"], atol=1e-5)


@pytest.mark.parametrize("kind", ["qwen3_next", "mamba"])
def test_a_model_with_layers_without_attention_is_read(
    kind: str, chat_tokenizer: Any, problems: Any, tmp_path: Path
) -> None:
    network = families.tiny_model(kind, vocab_size=400, max_position_embeddings=512)
    network.save_pretrained(tmp_path)
    model = LanguageModel.of(network, chat_tokenizer, "mine")
    activations = model.activations(problems)
    assert activations.layers["hidden"] == (0, 1, 2, 3)
    attention = {"qwen3_next": (1, 3), "mamba": None}[kind]
    assert activations.layers.get("attention") == attention
    (note,) = model.loading_warnings()
    assert note.startswith(
        "only hidden states are read" if attention is None else "2 of the model's 4 layers"
    )
    single = [model.activations([problem]) for problem in problems]
    for site, values in activations.values.items():
        alone = np.concatenate([one.values[site] for one in single])
        np.testing.assert_allclose(values, alone, atol=2e-5 * np.abs(alone).max())
    assert len(model.answer(problems).said) == len(problems)


def test_half_precision_passes_the_trial(tiny: Tiny) -> None:
    trial = tried(unknown(tiny("llama", dtype=torch.bfloat16)))
    assert trial.shares
    assert len(trial.sites.attention) == 4
