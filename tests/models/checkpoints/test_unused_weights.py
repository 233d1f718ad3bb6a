"""Tensors of a checkpoint that the model has no place for are told, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from checkpoint_files import loader, write_gguf
from safetensors.torch import load_file, save_file

from brainbench.errors import DataError
from brainbench.models import LanguageModel, ModelOptions, load_model
from brainbench.models.checkpoints.unused_weights import check_unused
from brainbench.run import Settings, evaluate

Tiny = Callable[..., Any]


@pytest.fixture
def folder(llama_folder: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    copied = tmp_path / "tiny-llama"
    copied.mkdir()
    for file in llama_folder.iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
    return copied


def add(folder: Path, **more: torch.Tensor) -> None:
    file = folder / "model.safetensors"
    named = {name.replace("__", "."): tensor for name, tensor in more.items()}
    save_file(load_file(file) | named, file, {"format": "pt"})


def configure(folder: Path, **changes: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), "utf-8")


def test_where_every_tensor_has_a_place_nothing_is_told(llama_folder: Path) -> None:
    assert loader(llama_folder).unused == ()


@pytest.mark.parametrize("kept", [2, 3])
def test_layers_that_the_configuration_does_not_have(kept: int, folder: Path) -> None:
    configure(folder, num_hidden_layers=kept)
    with pytest.raises(
        DataError,
        match=rf"tiny-llama holds weights of layer 3, its configuration has {kept} layers, 0 to "
        rf"{kept - 1}: they do not belong together\. {9 * (4 - kept)} tensors would not be used",
    ):
        loader(folder).model  # noqa: B018


def test_biases_that_the_configuration_does_not_have(
    tiny: Tiny, chat_tokenizer: Any, tmp_path: Path
) -> None:
    tiny("llama", attention_bias=True).save_pretrained(tmp_path)
    chat_tokenizer.save_pretrained(tmp_path)
    configure(tmp_path, attention_bias=False)
    (told,) = loader(tmp_path).unused
    assert "16 tensors of its checkpoint are not used, the model has no place for them" in told
    assert "model.layers.0.self_attn.k_proj.bias, " in told
    assert told.endswith(", …")


def test_more_tensors_than_the_model_has(folder: Path) -> None:
    add(folder, **{f"other__{i}": torch.ones(1) for i in range(60)})
    with pytest.raises(DataError, match="holds 60 tensors that its configuration has no place"):
        loader(folder).model  # noqa: B018


def test_one_is_told_in_the_singular(folder: Path) -> None:
    add(folder, score__weight=torch.ones(2, 32))
    assert loader(folder).unused == (
        "tiny-llama: 1 tensor of its checkpoint is not used, the model has no place for them: "
        "score.weight",
    )


def test_what_older_checkpoints_carry_along_is_not_told(folder: Path) -> None:
    inverse = {
        f"model__layers__{i}__self_attn__rotary_emb__inv_freq": torch.ones(4) for i in (0, 3)
    }
    add(folder, **inverse)
    assert loader(folder).unused == ()


def test_an_output_layer_that_is_tied_is_not_told(
    tiny: Tiny, chat_tokenizer: Any, tmp_path: Path
) -> None:
    tiny("llama", tie_word_embeddings=True).save_pretrained(tmp_path)
    chat_tokenizer.save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    add(tmp_path, lm_head__weight=weights["model.embed_tokens.weight"].clone())
    assert loader(tmp_path).unused == ()


def test_eyes_of_a_model_that_is_asked_in_text_are_no_error(tiny: Tiny) -> None:
    eyes = [f"vision_tower.encoder.layers.{i}.{part}" for i in range(30) for part in "abcd"]
    (told,) = check_unused(eyes, tiny("llama"), "seeing")
    assert "seeing: 120 tensors of its checkpoint are not used" in told


@pytest.mark.parametrize("prefix", ["", "model.", "language_model.model.", "model.language_model."])
def test_layers_are_found_under_every_name(prefix: str, tiny: Tiny) -> None:
    with pytest.raises(DataError, match="weights of layer 11, its configuration has 4 layers"):
        check_unused([f"{prefix}layers.11.mlp.up_proj.weight"], tiny("llama"), "m")


# GGUF


@pytest.mark.parametrize("family", ["layers", "more"])
def test_tensors_of_a_gguf_file(
    family: str,
    tiny: Tiny,
    chat_tokenizer: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny("llama")
    if family == "layers":
        monkeypatch.setattr(gguf.GGUFWriter, "add_block_count", _two_blocks)
    else:
        names = model.state_dict() | {"rope_freqs.weight": torch.ones(4)}
        monkeypatch.setattr(model, "state_dict", lambda: names)
    found = loader(write_gguf(tmp_path / "tiny.gguf", model, chat_tokenizer))
    if family == "layers":
        with pytest.raises(DataError, match="weights of layer 3, its configuration has 2 layers"):
            found.model  # noqa: B018
    else:
        assert found.unused[0].endswith("place for them: rope_freqs.weight")


def _two_blocks(writer: Any, count: int) -> None:
    writer.add_uint32("llama.block_count", 2)


def test_of_a_whole_gguf_file_nothing_is_told(
    tiny: Tiny, chat_tokenizer: Any, tmp_path: Path
) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny("llama"), chat_tokenizer)
    assert loader(file).unused == ()


# the record


@pytest.mark.usefixtures("own_cache")
def test_a_record_tells_it_also_where_nothing_is_loaded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    add(folder, score__weight=torch.ones(2, 32))

    def run(name: str) -> list[str]:
        said.clear()
        record = evaluate(
            folder,
            benchmarks=["phantom.noise.syllogistic-ridge"],
            settings=Settings(protocol="published", limit=10, options=ModelOptions(device="cpu")),
            output_path=tmp_path / name,
        )
        assert sum("is not used" in text for text in said) == (name == "first")
        return [note for note in record.notes if "is not used" in note]

    first = run("first")
    assert len(first) == 1
    from brainbench.models.checkpoints.loading import CheckpointLoader

    def fail(self: CheckpointLoader) -> Any:
        raise AssertionError("it was loaded again")

    monkeypatch.setattr(CheckpointLoader, "_with_weights", fail)
    assert run("second") == first


def test_a_model_in_memory_leaves_nothing_out(tiny: Tiny, chat_tokenizer: Any) -> None:
    assert LanguageModel.of(tiny("llama"), chat_tokenizer, "mine").loading_warnings() == ()
    nano = load_model("nano")
    assert isinstance(nano, LanguageModel)
    assert nano.loading_warnings() == nano.untrained(0).loading_warnings() == ()
