"""Adapters are put where they belong, and taken off without a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file
from tiers import families
from tiny_models import build_model
from trainable import LAYERS, assert_unchanged, draw_adapter, imprint, make_model, make_signals

from brainbench.errors import DataError, UsageError
from brainbench.guidance.finetuning.adapters import (
    adapted,
    adapter,
    attention_linears,
    base_of,
    lora_config,
    randomise_adapter,
    write_adapter,
)
from brainbench.models import LanguageModel, ModelOptions, load_model
from brainbench.models.architectures import find_sites
from brainbench.models.checkpoints.adapter_base import Base

PROBLEMS = make_signals(8).problems
BASE = Base("tiny", None, "0" * 64)


def save(model: LanguageModel, folder: Path, seed: int = 0, spread: float = 0.3) -> Path:
    """An adapter that changes the model."""
    network = model.loader.model
    with adapter(network, lora_config(network, LAYERS, 4, 8), 0, base_of(model)) as wrapped:
        draw_adapter(wrapped, seed, spread)
        write_adapter(wrapped, folder)
    return folder


@pytest.fixture
def on_disk(tmp_path: Path) -> LanguageModel:
    """A tiny model that was loaded from its files."""
    model = make_model()
    model.loader.model.save_pretrained(tmp_path / "tiny")
    model.loader.tokenizer.save_pretrained(tmp_path / "tiny")
    found = load_model(tmp_path / "tiny")
    assert isinstance(found, LanguageModel)
    return found


# where


@pytest.mark.parametrize("family", families())
def test_the_attention_of_the_layers_and_nothing_else_is_trained(family: str) -> None:
    network = build_model(family)
    attention = find_sites(network).attention
    config = lora_config(network, LAYERS, 4, 8)
    wanted = {id(module) for module in attention_linears(network, LAYERS).values()}
    before = imprint(network)
    with adapter(network, config, 0, BASE) as wrapped:
        layers = [module for module in wrapped.modules() if isinstance(module, LoraLayer)]
        assert {id(layer.get_base_layer()) for layer in layers} == wanted
        inside = {id(module) for layer in LAYERS for module in attention[layer].modules()}
        assert {id(layer) for layer in layers} <= inside
        trained = {name for name, p in wrapped.named_parameters() if p.requires_grad}
        assert trained
        assert all("lora_" in name for name in trained)
    assert_unchanged(network, before)


def test_names_are_short_where_they_are_plain() -> None:
    config = lora_config(build_model("llama"), LAYERS, 8, 16)
    assert sorted(config.target_modules) == ["k_proj", "o_proj", "q_proj", "v_proj"]
    assert (config.layers_to_transform, config.layers_pattern) == ([1, 2], "layers")
    # the block has a c_proj of its own behind its MLP
    assert sorted(lora_config(build_model("gpt2"), LAYERS, 8, 16).target_modules) == [
        "attn.c_attn",
        "attn.c_proj",
    ]


def test_names_are_whole_where_others_are_called_alike() -> None:
    network = build_model("gemma3")  # with eyes, whose attention has the same names
    config = lora_config(network, (0, 1), 8, 16)
    assert config.layers_to_transform is None
    assert set(config.target_modules) == set(attention_linears(network, (0, 1)))


def test_attention_without_projections_is_told() -> None:
    network = build_model("llama")
    attention = find_sites(network).attention[1]
    norm = torch.nn.LayerNorm(8)
    attention._modules.clear()
    attention.add_module("norm", norm)
    with pytest.raises(DataError, match=r"attention of layer 1 \(LlamaAttention\) holds no linear"):
        lora_config(network, LAYERS, 8, 16)
    attention._modules.clear()  # of no parameters: it is not found as attention
    with pytest.raises(DataError, match="layer 1 holds no self-attention that an adapter fits"):
        lora_config(network, LAYERS, 8, 16)


# new ones


def test_a_new_adapter_changes_nothing_and_its_seed_draws_it() -> None:
    network = build_model("llama")
    tokens = torch.tensor([[5, 6, 7]])
    expected = network(input_ids=tokens).logits
    drawn = []
    state = torch.random.get_rng_state()
    for seed in (0, 0, 1):
        config = lora_config(network, LAYERS, 4, 8)
        with adapter(network, config, seed, BASE) as wrapped:
            assert torch.equal(wrapped(input_ids=tokens).logits, expected)
            drawn.append(torch.cat([p.flatten() for p in wrapped.parameters() if p.requires_grad]))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=type)
def test_no_adapter_is_left_after_an_error(error: BaseException) -> None:
    network = build_model("llama").train()
    network.model.layers[0].eval()
    before = imprint(network)

    def fail() -> None:
        with adapter(network, lora_config(network, LAYERS, 4, 8), 0, BASE) as wrapped:
            wrapped(input_ids=torch.tensor([[5, 6]])).logits.sum().backward()
            wrapped.eval()
            network.config.use_cache = False
            raise error

    with pytest.raises(type(error)):
        fail()
    network.zero_grad()
    assert_unchanged(network, before)


def test_half_precision_is_trained_in_float32() -> None:
    network = build_model("llama", dtype=torch.bfloat16)
    with adapter(network, lora_config(network, LAYERS, 4, 8), 0, BASE) as wrapped:
        kinds = {p.dtype for p in wrapped.parameters() if p.requires_grad}
    assert kinds == {torch.float32}


# files


def test_equal_adapters_are_equal_files(tmp_path: Path) -> None:
    model = make_model()
    folders = [save(model, tmp_path / name) for name in ("one", "two")]
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    assert sorted(path.name for path in folders[0].iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    config = json.loads((folders[0] / "adapter_config.json").read_text("utf-8"))
    assert config["base_model_name_or_path"] == "tiny-llama"
    assert config["peft_type"] == "LORA"


def test_weights_that_are_no_numbers_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="weights are NaN or infinite"):
        save(make_model(), tmp_path / "nan", spread=float("inf"))
    assert not (tmp_path / "nan").exists()


# in memory


def test_the_model_in_memory_is_the_one_that_peft_opens(
    on_disk: LanguageModel, tmp_path: Path
) -> None:
    folder = save(on_disk, tmp_path / "mine")
    network = on_disk.loader.model
    expected, before = on_disk.answer(PROBLEMS), imprint(network)
    opened = load_model(tmp_path / "tiny", ModelOptions(peft=str(folder)))
    assert isinstance(opened, LanguageModel)
    with adapted(on_disk, folder) as now:
        assert (now.identifier, now.sha256) == (opened.identifier, opened.sha256)
        found, states = now.answer(PROBLEMS), now.activations(PROBLEMS)
    assert_unchanged(network, before)
    again = LanguageModel("opened", "its hash", opened.loader)  # nothing read from the cache
    assert (found.log_odds == again.answer(PROBLEMS).log_odds).all()
    for site, values in again.activations(PROBLEMS).values.items():
        assert (states.values[site] == values).all()
    assert (found.log_odds != expected.log_odds).all()
    fresh = LanguageModel("fresh", "another hash", on_disk.loader)
    assert (fresh.answer(PROBLEMS).log_odds == expected.log_odds).all()


def test_a_model_made_in_memory_is_adapted_too(tmp_path: Path) -> None:
    model = make_model("gpt2")
    folder, before = save(model, tmp_path / "mine"), imprint(model.loader.model)
    plain = model.sha256
    with adapted(model, folder) as now:
        assert now.identifier == "tiny-gpt2+mine"
        assert now.sha256 != plain
        assert now.answer(PROBLEMS).log_odds.shape == (8,)
    assert_unchanged(model.loader.model, before)
    assert model.sha256 == plain


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_an_adapter_of_another_model_is_refused(family: str, tmp_path: Path) -> None:
    folder = save(make_model("gemma2", hidden_size=64, num_attention_heads=8), tmp_path / "mine")
    model = make_model(family)
    before = imprint(model.loader.model)
    with pytest.raises(DataError, match=f"mine does not fit tiny-{family}"), adapted(model, folder):
        pass
    assert_unchanged(model.loader.model, before)


def test_an_adapter_with_a_weight_that_has_no_place_is_refused(tmp_path: Path) -> None:
    folder = save(make_model(), tmp_path / "mine")
    weights = load_file(folder / "adapter_model.safetensors")
    some = next(iter(weights))
    weights[some.replace("layers.", "layers.7")] = weights[some].clone()
    save_file(weights, folder / "adapter_model.safetensors")
    model = make_model()
    before = imprint(model.loader.model)
    with pytest.raises(DataError, match=r"lacks .*layers\.7"), adapted(model, folder):
        pass
    assert_unchanged(model.loader.model, before)


def test_no_adapter_is_left_after_an_error_within(tmp_path: Path) -> None:
    model = make_model()
    folder, before = save(model, tmp_path / "mine"), imprint(model.loader.model)
    with pytest.raises(KeyboardInterrupt), adapted(model, folder):
        raise KeyboardInterrupt
    assert_unchanged(model.loader.model, before)
    with pytest.raises(UsageError, match="no adapter_config"):
        adapted(model, tmp_path).__enter__()


# random directions


def updates(folder: Path) -> dict[str, torch.Tensor]:
    held = load_file(folder / "adapter_model.safetensors")
    return {
        name: (held[name.replace("lora_A", "lora_B")].double() @ held[name].double()).flatten()
        for name in held
        if "lora_A" in name
    }


def test_a_random_direction_is_as_long_and_turns_elsewhere(tmp_path: Path) -> None:
    model = make_model()
    folder = save(model, tmp_path / "mine")
    turned = [
        randomise_adapter(folder, tmp_path / f"turned-{i}", seed)
        for i, seed in enumerate((0, 0, 1))
    ]
    mine, first, same, other = (updates(path) for path in (folder, *turned))
    assert len(mine) == 8
    for name, update in mine.items():
        torch.testing.assert_close(first[name].norm(), update.norm(), rtol=1e-5, atol=0)
        assert torch.equal(first[name], same[name])
        for one, two in ((first, mine), (first, other)):
            cosine = one[name] @ two[name] / one[name].norm() / two[name].norm()
            assert abs(cosine) < 0.3
    before = model.answer(PROBLEMS).log_odds
    with adapted(model, turned[0]) as now:
        assert (now.answer(PROBLEMS).log_odds != before).all()


def test_an_update_of_nothing_stays_nothing(tmp_path: Path) -> None:
    model = make_model()
    network = model.loader.model
    with adapter(network, lora_config(network, LAYERS, 4, 8), 0, BASE) as wrapped:
        write_adapter(wrapped, tmp_path / "new")
    randomise_adapter(tmp_path / "new", tmp_path / "turned", 0)
    assert not any(update.any() for update in updates(tmp_path / "turned").values())


def test_what_is_no_plain_adapter_is_not_turned(tmp_path: Path) -> None:
    folder = save(make_model(), tmp_path / "mine")
    with pytest.raises(UsageError, match="is the trained adapter itself"):
        randomise_adapter(folder, folder, 0)
    held: dict[str, Any] = load_file(folder / "adapter_model.safetensors")
    save_file({**held, "base_model.head.weight": torch.ones(2)},
              folder / "adapter_model.safetensors")  # fmt: skip
    with pytest.raises(DataError, match="holds other weights too"):
        randomise_adapter(folder, tmp_path / "turned", 0)
    (tmp_path / "file").write_text("", "utf-8")
    clean = save(make_model(), tmp_path / "clean")
    with pytest.raises(UsageError, match="cannot write to"):
        randomise_adapter(clean, tmp_path / "file" / "below", 0)


def test_others_adapters_load_too(tmp_path: Path) -> None:
    """As peft itself writes them."""
    model = make_model()
    with torch.random.fork_rng():
        torch.manual_seed(5)
        other = get_peft_model(build_model("llama"), LoraConfig(r=2, target_modules=["q_proj"]))
        draw_adapter(other, 3)
    other.save_pretrained(tmp_path / "theirs", save_embedding_layers=False)
    with adapted(model, tmp_path / "theirs") as now:
        found = now.answer(PROBLEMS).log_odds
    assert (found == LanguageModel.of(other.merge_and_unload(), model.loader.tokenizer, "x")
            .answer(PROBLEMS).log_odds).all()  # fmt: skip
