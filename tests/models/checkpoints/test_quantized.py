"""Quantised checkpoints: the method is named, and one of transformers' own is read here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from brainbench.models.checkpoints.quantized import quantisation_of, remedy
from brainbench.models.opening import open_language_model
from brainbench.models.options import ModelOptions


@pytest.mark.parametrize(
    ("settings", "method"),
    [
        (None, None),
        ({}, None),
        ({"quant_method": "awq"}, "awq"),
        ({"load_in_8bit": True}, "bitsandbytes"),
        ({"bits": 4}, "a method that its configuration does not name"),
        ("awq", "a method that its configuration does not name"),
        (SimpleNamespace(quant_method=SimpleNamespace(value="gptq")), "gptq"),
    ],
    ids=str,
)
def test_the_method_is_what_the_configuration_says(settings: Any, method: str | None) -> None:
    config = SimpleNamespace(quantization_config=settings)
    assert quantisation_of(config) == method
    assert (method is None) == (remedy(config) == "")


@pytest.mark.usefixtures("own_cache")
def test_weights_of_eight_bits_are_read_without_a_card(
    llama_folder: Path, tmp_path: Path, problems: Any
) -> None:
    folder = shutil.copytree(llama_folder, tmp_path / "eight")
    tensors, whole = load_file(folder / "model.safetensors"), {}
    for name, weight in list(tensors.items()):
        if name.endswith("_proj.weight"):
            scale = weight.abs().max() / 448
            tensors[name] = (weight / scale).to(torch.float8_e4m3fn)
            tensors[name + "_scale_inv"] = scale.reshape(1, 1)
            whole[name] = tensors[name].float() * scale
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    settings = json.loads((folder / "config.json").read_text("utf-8"))
    settings["quantization_config"] = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    (folder / "config.json").write_text(json.dumps(settings), "utf-8")

    model = open_language_model(folder, ModelOptions(device="cpu"))
    assert "its weights are quantised (fp8)" in model.loading_warnings()
    named = dict(model.loader.model.named_parameters())
    for name, weight in whole.items():
        torch.testing.assert_close(named[name].float(), weight, atol=2e-2, rtol=2e-2)
    plain = open_language_model(llama_folder, ModelOptions(device="cpu"))
    found = model.activations(problems).values["hidden"]
    expected = plain.activations(problems).values["hidden"]
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98
