"""An adapter is held against the model that it was trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import build_model

from brainbench.errors import DataError
from brainbench.models import LanguageModel, ModelOptions, load_model
from brainbench.models.checkpoints.adapter_base import (
    CONFIG,
    TRAINING,
    WEIGHTS,
    Base,
    check_adapter,
    check_base,
)
from brainbench.models.checkpoints.checkpoint import Checkpoint, find_checkpoint, hash_weights

HUB = Checkpoint("Org/Model", Path("unused"), None, "c0ffee", {"model.safetensors": "1" * 64})


def describe(folder: Path, base: object, **more: Any) -> Path:
    """A folder with an adapter's configuration."""
    folder.mkdir(exist_ok=True)
    told = {"base_model_name_or_path": base, "peft_type": "LORA", **more}
    (folder / CONFIG).write_text(json.dumps(told), "utf-8")
    (folder / WEIGHTS).write_bytes(b"weights")
    return folder


def train(folder: Path, weights: str, **more: Any) -> Path:
    """What brainbench writes beside an adapter that it trained."""
    told = {"model": {"identifier": "one", "weights_sha256": weights, **more}}
    (folder / TRAINING).write_text(json.dumps(told), "utf-8")
    return folder


# trained by brainbench


def test_the_weights_it_was_trained_on_are_those_it_changes(tmp_path: Path) -> None:
    base = Base.of_files(HUB)
    folder = train(describe(tmp_path / "mine", "elsewhere"), base.weights_sha256)
    assert check_base(folder, base) == ()
    other = replace(base, weights_sha256="2" * 64)
    with pytest.raises(
        DataError,
        match=rf"adapter mine was trained on one, weights_sha256 {base.weights_sha256}; "
        rf"Org/Model at c0ffee has {'2' * 64}\. .*give that model, or train another",
    ):
        check_base(folder, other)


def test_one_of_a_model_in_memory_compares_with_one_in_memory(tmp_path: Path) -> None:
    folder = train(describe(tmp_path / "mine", "my model"), "3" * 64, in_memory=True)
    here = Base.of_memory(build_model("llama"), "my model", "3" * 64)
    assert check_base(folder, here) == ()
    with pytest.raises(DataError, match="was trained on one"):
        check_base(folder, replace(here, weights_sha256="4" * 64))
    # tensors and files have hashes of their own: that they differ says nothing
    (told,) = check_base(folder, Base.of_files(HUB))
    assert "was trained on my model, as its adapter_config.json says" in told


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model": 3}', '{"model": {}}', "[" * 10000])
def test_a_training_that_cannot_be_read_is_as_none(content: str, tmp_path: Path) -> None:
    folder = describe(tmp_path / "mine", "Org/Model")
    (folder / TRAINING).write_text(content, "utf-8")
    assert check_base(folder, Base.of_files(HUB)) == ()


# trained by others


@pytest.mark.parametrize(
    ("named", "more"),
    [("Org/Model", {}), ("org/model", {"revision": None}), ("Org/Model", {"revision": "c0ffee"})],
)
def test_the_hub_id_that_it_names(named: str, more: dict[str, Any], tmp_path: Path) -> None:
    assert check_base(describe(tmp_path / "theirs", named, **more), Base.of_files(HUB)) == ()


@pytest.mark.parametrize(
    ("named", "more", "says"),
    [
        ("Org/Other", {}, "was trained on Org/Other, as its"),
        ("Org/Model", {"revision": "beef"}, "was trained on Org/Model at beef, as its"),
        ("Model", {}, "was trained on Model, as its"),
        ("/models/Model", {}, "was trained on /models/Model, as its"),
        ("", {}, "does not name its base model in adapter_config.json"),
        (None, {}, "does not name its base model in adapter_config.json"),
        (["Org/Model"], {}, "does not name its base model in adapter_config.json"),
    ],
)
def test_another_one_is_told(
    named: object, more: dict[str, Any], says: str, tmp_path: Path
) -> None:
    (told,) = check_base(describe(tmp_path / "theirs", named, **more), Base.of_files(HUB))
    assert told.startswith(f"the adapter theirs {says}")
    assert "applied to Org/Model at c0ffee, and nothing shows that these are the same" in told


def test_a_folder_is_told_by_its_whole_path(llama_folder: Path, tmp_path: Path) -> None:
    base = Base.of_files(find_checkpoint(llama_folder))
    assert base.name == str(llama_folder.resolve())
    assert check_base(describe(tmp_path / "a", str(llama_folder)), base) == ()
    assert len(check_base(describe(tmp_path / "b", llama_folder.name), base)) == 1
    assert len(check_base(describe(tmp_path / "c", str(tmp_path / llama_folder.name)), base)) == 1


def test_what_others_find_the_base_by(tmp_path: Path) -> None:
    assert Base.of_files(HUB).name == "Org/Model"
    quantised = replace(HUB, name="Org/Model:Q4", gguf_file="Q4.gguf")
    assert (Base.of_files(quantised).name, Base.of_files(quantised).revision) == (
        "Org/Model",
        "c0ffee",
    )
    local = Checkpoint("Q4", tmp_path, "Q4.gguf", None, {"Q4.gguf": "5" * 64})
    assert Base.of_files(local).name == str(tmp_path.resolve() / "Q4.gguf")
    assert Base.of_files(local).weights_sha256 == hash_weights({"Q4.gguf": "5" * 64})
    network = build_model("llama")
    assert Base.of_memory(network, "my model", "").name == "my model"
    network.config._name_or_path = "Org/Model"
    assert Base.of_memory(network, "my model", "").name == "Org/Model"
    network.config._name_or_path = str(tmp_path)
    assert Base.of_memory(network, "my model", "").name == str(tmp_path.resolve())


# its hash


@pytest.mark.parametrize("place", ["/a/b/one", "/c/one", "C:\\models\\one", "/é/one"])
def test_where_the_base_lies_does_not_change_the_hash(place: str, tmp_path: Path) -> None:
    _, bare = check_adapter(describe(tmp_path / "x", "one"))
    assert check_adapter(describe(tmp_path / "y", place))[1] == bare
    assert check_adapter(describe(tmp_path / "z", f"{place}2"))[1] != bare
    assert check_adapter(describe(tmp_path / "w", "org/one"))[1] != bare


def test_a_configuration_that_cannot_be_read_is_hashed_as_it_is(tmp_path: Path) -> None:
    folder, found = describe(tmp_path / "x", "one"), set()
    for content in (b"", b"{", b"\xff", b"[]", b"[" * 10000):
        (folder / CONFIG).write_bytes(content)
        found.add(check_adapter(folder)[1])
    assert len(found) == 5


# --peft


def test_an_adapter_of_another_model_is_refused_and_a_strangers_is_noted(
    adapter: Path, llama_folder: Path, tmp_path: Path, said: list[str]
) -> None:
    options = ModelOptions(peft=str(adapter))
    model = load_model(llama_folder, options)
    assert isinstance(model, LanguageModel)
    assert model.notes == tuple(said)
    assert "nothing shows that these are the same weights" in said[0]
    own = hash_weights(find_checkpoint(llama_folder).files)
    train(adapter, own)
    model = load_model(llama_folder, options)
    assert isinstance(model, LanguageModel)
    assert model.notes == ()
    other = tmp_path / "two"
    build_model("llama", seed=1).save_pretrained(other)
    torch.manual_seed(0)
    with pytest.raises(DataError, match="the adapter my-lora was trained on one"):
        load_model(other, options)
