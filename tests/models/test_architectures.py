"""Every family: its sites are where they are said to be, and batches change no number.

What a prompt should give is computed by transformers alone, one prompt at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tiers import FAMILIES
from torch import nn

from brainbench.errors import DataError, UsageError
from brainbench.models.architectures import (
    Family,
    family_of_kind,
    find_family,
    find_sites,
    require_attention,
    require_cache,
)
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.forward.reader import Reader, Reading
from brainbench.models.forward.trial import try_sites
from brainbench.models.prompts.batches import Batch, Tokens, plan_batches
from brainbench.models.prompts.verbalizer import Spellings
from brainbench.models.steering.hooks import steered
from scripts import load_script

SPELLINGS = Spellings((10, 11), (20, 21, 22))
Draw = Callable[..., list[Tokens]]
Tiny = Callable[..., Any]
# longer and shorter than the window of 8, behind a beginning that is longer
LENGTHS = (1, 3, 8, 9, 20, 33)
SHARED = 20
# where a test does not ask what is said, nothing is
pytestmark = pytest.mark.usefixtures("silent")


@dataclass
class Alone:
    """What transformers gives for one prompt by itself, at its last token."""

    hidden: np.ndarray
    normed: np.ndarray
    attention: np.ndarray
    logits: np.ndarray


def projection(attention: nn.Module) -> nn.Module:
    names = ("o_proj", "c_proj", "out_proj", "dense")
    (found,) = [part for name, part in attention.named_children() if name in names]
    return found


def final_norm(model: nn.Module) -> nn.Module:
    ends = (".norm", ".ln_f", ".final_layer_norm")
    (found,) = [m for n, m in model.named_modules() if n.endswith(ends) and "vision" not in n]
    return found


def run_alone(model: Any, prompt: Tokens) -> Alone:
    heard: list[torch.Tensor] = []
    handles = [
        projection(attention).register_forward_hook(lambda m, i, out: heard.append(out[0, -1]))
        for attention in find_sites(model).attention
    ]
    with torch.no_grad():
        given = model(input_ids=torch.tensor([prompt]), output_hidden_states=True, use_cache=False)
    for handle in handles:
        handle.remove()
    # the first is the embedding, the last is normed
    states = torch.stack([state[0, -1] for state in given.hidden_states[1:]]).numpy()
    return Alone(
        states[:-1], states[-1], torch.stack(heard).numpy(), given.logits[0, -1].double().numpy()
    )


def reader(model: Any) -> Reader:
    return Reader(Loaded(model, None), SPELLINGS)


def read(model: Any, batches: list[Batch]) -> Reading:
    """Rows of all batches, in the order of the prompts."""
    reading = reader(model)
    rows = [row for batch in batches for row in batch.rows]
    return Reading.join([reading.read(batch) for batch in batches]).at(np.argsort(rows).tolist())


def assert_near(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize("share", [True, False], ids=["shared beginning", "whole prompts"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_padded_batch_gives_the_numbers_of_single_prompts(
    family: str, dtype: torch.dtype, share: bool, tiny: Tiny, draw_prompts: Draw
) -> None:
    model = tiny(family, dtype=dtype)
    prompts = draw_prompts(LENGTHS, SHARED)
    batches = plan_batches(prompts, ["one"] * len(prompts), 4, share)
    assert len(batches) == 2
    assert len(batches[0].prefix) == (SHARED if share else 0)
    assert len({len(suffix) for suffix in batches[1].suffixes}) > 1, "nothing is padded"

    found = read(model, batches)
    alone = [run_alone(model, prompt) for prompt in prompts]

    # states and logits are kept as float32 whatever the model computes with
    tolerance = 2e-5 if dtype == torch.float32 else 2e-7
    hidden, attention = found.states["hidden"], found.states["attention"]
    assert hidden.dtype == attention.dtype == np.float32
    assert_near(hidden[:, :-1], np.stack([one.hidden for one in alone]), tolerance)
    assert_near(attention, np.stack([one.attention for one in alone]), tolerance)
    with torch.inference_mode():
        normed = final_norm(model)(torch.tensor(hidden[:, -1:], dtype=dtype))[:, 0].numpy()
    # the last block's output stands before the final norm
    assert_near(normed, np.stack([one.normed for one in alone]), tolerance)

    logits = np.stack([one.logits for one in alone])
    odds = np.log(np.exp(logits[:, [10, 11]]).sum(1) / np.exp(logits[:, [20, 21, 22]]).sum(1))
    np.testing.assert_allclose(found.log_odds, odds, rtol=0, atol=tolerance * np.abs(logits).max())
    np.testing.assert_array_equal(found.tokens, logits.argmax(1))
    np.testing.assert_array_equal(found.cut_off, 0)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_attention_is_zero_where_its_output_projection_is(
    family: str, tiny: Tiny, draw_prompts: Draw
) -> None:
    model = tiny(family)
    batches = plan_batches(draw_prompts((3, 9), 10), ["one"] * 2, 4)
    assert np.abs(read(model, batches).states["attention"]).min(axis=(0, 2)).all()
    with torch.no_grad():
        for attention in find_sites(model).attention:
            for parameter in projection(attention).parameters():
                parameter.zero_()
    states = read(model, batches).states
    np.testing.assert_array_equal(states["attention"], 0)
    assert np.abs(states["hidden"]).max() > 0


@pytest.mark.parametrize("family", ["gemma2", "gemma3_text", "gemma3", "olmo2", "olmo3", "glm4"])
def test_attention_stands_before_the_norm_that_follows_it(
    family: str, tiny: Tiny, draw_prompts: Draw
) -> None:
    model = tiny(family)
    name = "post_self_attn_layernorm" if family == "glm4" else "post_attention_layernorm"
    into: list[torch.Tensor] = []
    out: list[torch.Tensor] = []
    for block in find_sites(model).hidden:
        norm = getattr(block, name)
        norm.register_forward_pre_hook(lambda m, inputs: into.append(inputs[0][:, -1]))
        norm.register_forward_hook(lambda m, inputs, output: out.append(output[:, -1]))
    (batch,) = plan_batches(draw_prompts((12,)), ["one"], 1)
    found = reader(model).read(batch).states["attention"][0]
    np.testing.assert_array_equal(found, torch.cat(into).numpy())
    assert np.abs(found - torch.cat(out).numpy()).max() > 0.1 * np.abs(found).max()


def test_a_window_matters_in_these_tests(tiny: Tiny, draw_prompts: Draw) -> None:
    (batch,) = plan_batches(draw_prompts((30,)), ["one"], 1)
    for family in ("mistral", "gemma2", "gemma3_text", "phi3", "qwen2"):
        short, wide = (
            reader(tiny(family, sliding_window=window)).read(batch) for window in (8, 64)
        )
        difference = np.abs(short.states["hidden"] - wide.states["hidden"]).max()
        assert difference > 0.01 * np.abs(wide.states["hidden"]).max(), family


def test_a_window_that_a_family_does_not_use_is_not_used(tiny: Tiny, draw_prompts: Draw) -> None:
    batches = plan_batches(draw_prompts(LENGTHS, SHARED), ["one"] * 6, 4)
    # left over in the configuration of a Mistral that was made a Llama
    found = read(tiny("llama", sliding_window=8), batches)
    expected = read(tiny("llama"), batches)
    np.testing.assert_array_equal(found.states["hidden"], expected.states["hidden"])


def test_layers_are_in_the_order_in_which_they_run(tiny: Tiny) -> None:
    ran: list[int] = []
    model = tiny("llama")
    sites = find_sites(model)
    for i, block in enumerate(sites.hidden):
        block.register_forward_hook(lambda m, inputs, output, i=i: ran.append(i))
    model(input_ids=torch.tensor([[5, 6, 7]]))
    assert ran == [0, 1, 2, 3]
    assert all(a is b.self_attn for a, b in zip(sites.attention, sites.hidden, strict=True))


def test_a_model_without_a_list_of_blocks_is_refused() -> None:
    model = nn.Linear(2, 2)
    model.config = SimpleNamespace(model_type="flat", num_hidden_layers=4)  # type: ignore[assignment]
    with pytest.raises(DataError, match=r"blocks of this 'flat' model are not found.* holds 4 of"):
        find_sites(model)


def test_a_module_without_configuration_is_named_by_its_class() -> None:
    with pytest.raises(DataError, match="'Linear'"):
        find_sites(nn.Linear(2, 2))


def test_what_a_model_is_called_does_not_matter(tiny: Tiny) -> None:
    model = tiny("llama")
    model.config.model_type = "of-my-own"
    sites = find_sites(model)
    assert sites.hidden == tuple(model.model.layers)
    assert sites.attention == tuple(block.self_attn for block in model.model.layers)
    assert find_family(model) == Family("model.layers", "self_attn")


def test_the_attention_of_bloom_is_found_before_its_residual_sum(tiny: Tiny) -> None:
    model = tiny("bloom")
    assert find_family(model) == Family("transformer.h", "self_attention.dense")
    below = find_sites(model.transformer)
    assert below == find_sites(model)
    assert try_sites(model).attention_fault is None
    assert len(below.attention) == 4


def test_sites_of_a_family_are_known_without_weights() -> None:
    assert family_of_kind("gpt2") == Family("transformer.h", "attn")
    assert family_of_kind("gpt2").blocks_in_base == "h"
    # its base is the model itself; the default configuration of the other has no size of a head
    assert family_of_kind("llama4_text").blocks_in_base == "model.layers"
    assert family_of_kind("ministral").blocks_in_base == "layers"
    with pytest.raises(DataError, match="transformers makes no model of the family 'none-such'"):
        family_of_kind("none-such")


def test_layers_without_attention_keep_their_numbers() -> None:
    model = load_script("check_families").tiny_model("qwen3_next")
    sites = find_sites(model)
    assert sites.layers("attention") == (1, 3)
    assert sites.layers("hidden") == (0, 1, 2, 3)
    assert list(sites.modules("attention")) == [1, 3]
    added = steered(sites, "attention", {0: torch.zeros(32)})
    with pytest.raises(UsageError, match="layers of the model with attention are 1, 3"), added:
        pass
    with pytest.raises(DataError, match=r"fine-tuning needs .*has it in 2 of 4"):
        require_attention(model, "fine-tuning")
    with pytest.raises(DataError, match="'qwen3_next' do not keep them in every layer"):
        require_cache(model, "answering tasks")
