"""The code that computes attention can be chosen; what cannot be had is an error before loading."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainbench.errors import UnknownNameError, UsageError
from brainbench.models.checkpoints.attention import attention_of, check_attention
from brainbench.models.language_model import LanguageModel
from brainbench.models.opening import open_language_model
from brainbench.models.options import ModelOptions


def opened(folder: Path, **options: Any) -> LanguageModel:
    return open_language_model(folder, ModelOptions(device="cpu", **options))


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("asked", ["eager", "sdpa"])
def test_what_is_asked_for_computes(asked: str, llama_folder: Path, problems: Any) -> None:
    model = opened(llama_folder, attn_implementation=asked)
    assert model.loader.model.config._attn_implementation == asked
    plain = opened(llama_folder)
    found, expected = model.activations(problems), plain.activations(problems)
    np.testing.assert_allclose(found.values["hidden"], expected.values["hidden"], atol=2e-4)
    assert model.facts["attn_implementation"] == model.computed_with["attn_implementation"] == asked
    assert "attn_implementation" not in plain.computed_with
    # the same weights and answers, but for rounding
    assert model.sha256 == plain.sha256


def test_untrained_twins_are_computed_by_it_too(llama_folder: Path) -> None:
    twin = opened(llama_folder, attn_implementation="eager").untrained(0)
    assert twin.loader.model.config._attn_implementation == "eager"


def test_there_is_no_such_implementation(llama_folder: Path) -> None:
    with pytest.raises(UnknownNameError, match="attention implementation 'egaer'; did you mean"):
        opened(llama_folder, attn_implementation="egaer")


def test_flash_attention_needs_its_package_a_card_and_half_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "flash_attention_2"
    where = "brainbench.models.checkpoints.attention.find_spec"
    monkeypatch.setattr(where, lambda module: None)
    with pytest.raises(UsageError, match=r"package flash_attn, .* pip install flash-attn"):
        check_attention(name, "cuda", "bfloat16")
    monkeypatch.setattr(where, lambda module: object())
    check_attention(name, "cuda", "bfloat16")
    for device, dtype in (("cpu", "bfloat16"), ("cuda:0", "float32")):
        with pytest.raises(UsageError, match=f"not on {device} in {dtype}: take sdpa"):
            check_attention(name, device, dtype)


def test_an_implementation_that_leaves_something_out_is_refused(tiny: Any) -> None:
    config = tiny("gemma2").config
    with pytest.raises(UsageError, match="leaves out the soft cap"):
        attention_of(config, "sdpa")
    assert attention_of(config, "flex_attention") == {"attn_implementation": "flex_attention"}
    assert attention_of(config) == {"attn_implementation": "eager"}


@pytest.mark.parametrize("key", ["dtype", "torch_dtype"])
@pytest.mark.parametrize("part", [False, True], ids=["flat", "nested"])
def test_auto_is_what_the_checkpoint_is_in(
    key: str, part: bool, llama_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(llama_folder, tmp_path / "half")
    settings = json.loads((folder / "config.json").read_text("utf-8"))
    settings = {name: value for name, value in settings.items() if "dtype" not in name}
    settings |= {"text_config": {key: "bfloat16"}} if part else {key: "bfloat16"}
    (folder / "config.json").write_text(json.dumps(settings), "utf-8")
    assert opened(folder, dtype="auto").dtype == "bfloat16"
    assert opened(folder).dtype == "float32"


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_gives_nearly_the_same_states(
    dtype: str, llama_folder: Path, problems: Any
) -> None:
    model = opened(llama_folder, dtype=dtype)
    found = model.activations(problems).values["hidden"]
    expected = opened(llama_folder).activations(problems).values["hidden"]
    assert {str(p.dtype) for p in model.loader.model.parameters()} == {f"torch.{dtype}"}
    assert found.dtype == np.float32
    difference = np.abs(found - expected).max() / np.abs(expected).max()
    assert 0 < difference < 0.06
