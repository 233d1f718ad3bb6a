"""A steering on disk comes back as it was, and nothing else comes back."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save
from safetensors.torch import save as save_torch
from tiny_steerings import make_steering

from brainbench.errors import DataError, UsageError
from brainbench.models import MadeFor, load_steering, save_steering
from brainbench.models.steering import artifact

MADE = MadeFor("tiny", "0" * 64, "llama", 4, 32)
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    steering = make_steering(
        MADE, ("syllogistic", "all"), strength=1.5, tokens="generated",
        recipe={"form": "controlled", "steps": [1, 2.5, None]}, data_sha256="d" * 64,
    )  # fmt: skip
    return save_steering(steering, tmp_path / "made")


def rewrite(folder: Path, change: Change, tensors: bytes | None = None) -> None:
    """Change the card; with other tensors, whose hash it then names."""
    card = json.loads((folder / "steering.json").read_text())
    if tensors is not None:
        (folder / "steering.safetensors").write_bytes(tensors)
        card["tensors_sha256"] = hashlib.sha256(tensors).hexdigest()
    change(card)
    (folder / "steering.json").write_text(json.dumps(card))


def held(folder: Path) -> dict[str, np.ndarray]:
    with safe_open(folder / "steering.safetensors", "numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def test_it_comes_back_as_it_was(folder: Path) -> None:
    found = load_steering(folder)
    made = make_steering(MADE, ("syllogistic", "all"), strength=1.5, tokens="generated")
    assert found.sha256 == made.sha256
    assert (found.name, found.made_for, found.label) == ("test", MADE, "test")
    assert found.recipe == {"form": "controlled", "steps": [1, 2.5, None]}
    assert found.data_sha256 == "d" * 64
    # and once more, the same bytes
    again = save_steering(found, folder.parent / "again")
    for name in ("steering.json", "steering.safetensors"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_the_folder_holds_two_open_files_and_a_model_card(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md", "steering.json", "steering.safetensors",
    ]  # fmt: skip
    tensors = held(folder)
    assert sorted(tensors) == ["all/1", "all/2", "syllogistic/1", "syllogistic/2"]
    assert {(t.shape, t.dtype.name) for t in tensors.values()} == {((32,), "float32")}
    card = json.loads((folder / "steering.json").read_text())
    assert card["norms"]["all"]["2"] == pytest.approx(float(np.linalg.norm(tensors["all/2"])))
    assert (card["groups"], card["layers"]) == (["syllogistic", "all"], [1, 2])
    assert card["model"]["weights_sha256"] == "0" * 64


def test_it_is_written_over_whole_or_not_at_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(UsageError, match=r"cannot write to .*No space left"):
            save_steering(make_steering(MADE, seed=1), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    save_steering(make_steering(MADE, seed=1), folder)
    assert load_steering(folder).sha256 == make_steering(MADE, seed=1).sha256


@pytest.mark.parametrize(
    "recipe", [{"x": float("nan")}, {"x": object()}, {"x": {1, 2}}], ids=["nan", "object", "set"]
)
def test_a_recipe_that_json_does_not_hold_is_refused(recipe: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written as JSON"):
        save_steering(make_steering(MADE, recipe=recipe), tmp_path / "x")
    assert not (tmp_path / "x").exists()


# what others may give


@pytest.mark.parametrize("name", ["steering.json", "steering.safetensors"])
def test_a_folder_without_one_is_none(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(UsageError, match=f"--steer .*: no {name} there; it holds no steering"):
        load_steering(folder)
    (folder / name).mkdir()
    with pytest.raises(UsageError, match=f"no {name} there"):
        load_steering(folder)


def drop(*keys: str) -> Change:
    def change(card: dict[str, Any]) -> None:
        for key in keys[:-1]:
            card = card[key]
        del card[keys[-1]]

    return change


def put(value: Any, *keys: str) -> Change:
    def change(card: dict[str, Any]) -> None:
        for key in keys[:-1]:
            card = card[key]
        card[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put(2, "format_version"), "format_version: Input should be 1"),
        (put("x", "surprise"), "surprise: Extra inputs are not permitted"),
        (put("x", "model", "surprise"), "model.surprise"),
        (drop("strength"), "strength: Field required"),
        (put(float("nan"), "strength"), "strength"),
        (put(float("inf"), "strength"), "strength"),
        (put("mlp", "site"), "site: Input should be 'attention' or 'hidden'"),
        (put("some", "tokens"), "unknown choice of steered tokens 'some'"),
        (put("../../x", "name"), "is not a name for a steering"),
        (put("0" * 63, "model", "weights_sha256"), "model.weights_sha256"),
        (put(31, "model", "units"), "expected 31 units"),
        (put(2, "model", "n_layers"), "has layers 0 to 1"),
        (put(10**9, "model", "units"), "model.units"),
        (put([], "groups"), r"groups \[\], but norms of"),
        (put([1], "layers"), r"layers \[1\], but norms of"),
        (put({"all": {"1": 1.0, "2": 1.0}}, "norms"), "but norms of"),
    ],
)  # fmt: skip
def test_a_card_that_is_off_is_refused(change: Change, told: str, folder: Path) -> None:
    rewrite(folder, change)
    with pytest.raises(DataError, match=told):
        load_steering(folder)


def group_gone(card: dict[str, Any]) -> None:
    card["norms"] = {"all": card["norms"]["all"]}
    card["groups"] = ["all"]


def group_more(card: dict[str, Any]) -> None:
    card["norms"]["transitive"] = card["norms"]["all"]
    card["groups"].append("transitive")


def group_unknown(card: dict[str, Any]) -> None:
    card["norms"]["causal"] = card["norms"].pop("all")
    card["groups"] = ["syllogistic", "causal"]


def test_tensors_are_those_of_the_card_and_no_other(folder: Path) -> None:
    before = (folder / "steering.json").read_bytes()
    for change, told in (
        (group_gone, r"also holds 'syllogistic/1' \(2 tensors in all\)"),
        (group_more, "lacks 'transitive/1'"),
    ):
        (folder / "steering.json").write_bytes(before)
        rewrite(folder, change)
        with pytest.raises(DataError, match=told):
            load_steering(folder)
    (folder / "steering.json").write_bytes(before)
    tensors = held(folder)
    tensors |= {f"causal/{n}": tensors.pop(f"all/{n}") for n in (1, 2)}
    rewrite(folder, group_unknown, save(tensors))
    with pytest.raises(DataError, match="unknown group of directions 'causal'"):
        load_steering(folder)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (np.full(32, np.nan, np.float32), "direction all/1: NaN or infinite"),
        (np.full(32, np.inf, np.float32), "direction all/1: NaN or infinite"),
        (np.ones(31, np.float32), "expected 32 units"),
        (np.ones((2, 16), np.float32), "expected 32 units"),
        (np.ones(32, np.float64), "all/1: expected float32, got float64"),
        (np.ones(32, np.int32), "all/1: expected float32, got int32"),
    ],
    ids=["nan", "inf", "short", "square", "double", "whole"],
)
def test_tensors_that_are_off_are_refused(value: Any, told: str, folder: Path) -> None:
    rewrite(folder, lambda card: None, save({**held(folder), "all/1": value}))
    with pytest.raises(DataError, match=told):
        load_steering(folder)


def test_half_precision_is_refused(folder: Path) -> None:
    some = {name: torch.tensor(value).bfloat16() for name, value in held(folder).items()}
    rewrite(folder, lambda card: None, save_torch(some))
    with pytest.raises(DataError, match=r"float32|damaged"):
        load_steering(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x04N.", b"\xff" * 64, (2**40).to_bytes(8, "little") + b"{}",
     (2).to_bytes(8, "little") + b"{]", b"PK\x03\x04" + b"0" * 40],
    ids=["nothing", "a pickle", "noise", "a long header", "no JSON", "a zip"],
)  # fmt: skip
def test_what_is_no_safetensors_file_is_refused(content: bytes, folder: Path) -> None:
    rewrite(folder, lambda card: None, content)
    with pytest.raises(DataError, match=r"steering\.safetensors is damaged"):
        load_steering(folder)


@pytest.mark.parametrize(
    "content", [b"", b"[", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a": 1e999}']
)
def test_what_is_no_card_is_refused(content: bytes, folder: Path) -> None:
    (folder / "steering.json").write_bytes(content)
    with pytest.raises(DataError, match=r"steering\.json cannot be used"):
        load_steering(folder)


def test_tensors_of_another_steering_are_told_by_their_hash(folder: Path) -> None:
    path = folder / "steering.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    found = hashlib.sha256(bytes(content)).hexdigest()
    with pytest.raises(DataError, match=rf"expected sha256 [0-9a-f]{{64}}, found {found}"):
        load_steering(folder)


@pytest.mark.parametrize("name", ["steering.json", "steering.safetensors"])
def test_files_that_are_too_large_are_not_read(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 2**20
    monkeypatch.setattr(artifact, "_MAX_CARD", most)
    monkeypatch.setattr(artifact, "_MAX_TENSORS", most)
    with (folder / name).open("ab") as file:
        file.truncate(2**34)  # takes no room on the disk
    with pytest.raises(DataError, match=f"{name} is larger than 1 MiB"):
        load_steering(folder)
