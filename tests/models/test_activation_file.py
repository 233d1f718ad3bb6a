"""Files of activations: read back as written, and refused by name when they do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from brainbench.datasets.phantom import load_problems
from brainbench.errors import DataError, UsageError
from brainbench.models import (
    PHANTOM_FILE,
    ActivationFile,
    Activations,
    Site,
    load_model,
    save_activations,
)

PROBLEMS = load_problems()
IDS = [problem.identifier for problem in PROBLEMS]


def values(items: int = len(IDS), layers: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((items, layers, 5)).astype(np.float32)


def write(path: Path, tensors: dict[str, np.ndarray], **metadata: object) -> Path:
    file = path / "some.safetensors"
    save_file(tensors, file, {key: json.dumps(value) for key, value in metadata.items()})
    return file


def test_reads_back_what_was_saved(tmp_path: Path) -> None:
    made = Activations(
        {"attention": values(), "hidden": values(seed=1)},
        {"attention": (0, 3, 6), "hidden": (0, 3, 6)},
    )
    save_activations(tmp_path / "m.safetensors", made, IDS, "some model")
    model = ActivationFile(tmp_path / "m.safetensors")
    found = model.activations(PROBLEMS)
    assert model.identifier == "m"
    assert found.warnings == ()
    assert found.layers == made.layers
    for site in made.values:
        np.testing.assert_array_equal(found.values[site], made.values[site])


@pytest.mark.parametrize("sites", [("attention", "hidden"), ("hidden",)])
def test_a_contrast_is_saved_and_read_back(sites: tuple[Site, ...], tmp_path: Path) -> None:
    made = Activations(
        {site: values(seed=i) for i, site in enumerate(sites)},
        dict.fromkeys(sites, (0, 3, 6)),
        contrast={site: values(seed=9 + i) for i, site in enumerate(sites)},
    )
    save_activations(tmp_path / "m.safetensors", made, IDS, "some model")
    found = ActivationFile(tmp_path / "m.safetensors").activations(PROBLEMS)
    assert found.contrast is not None
    assert made.contrast is not None
    assert set(found.values) == set(found.contrast) == set(sites)
    for site in sites:
        np.testing.assert_array_equal(found.values[site], made.values[site])
        np.testing.assert_array_equal(found.contrast[site], made.contrast[site])


def test_a_file_without_contrast_has_none(tmp_path: Path) -> None:
    file = write(tmp_path, {"hidden": values()}, stimulus_ids=IDS)
    assert ActivationFile(file).activations(PROBLEMS).contrast is None
    with safe_open(file, framework="numpy") as opened:
        assert list(opened.keys()) == ["hidden"]


def test_rows_without_names_are_used_in_order_with_a_warning(tmp_path: Path) -> None:
    file = write(tmp_path, {"hidden": values()})
    found = ActivationFile(file).activations(PROBLEMS)
    assert found.layers["hidden"] == (0, 1, 2)
    assert len(found.warnings) == 1
    assert "does not name its rows" in found.warnings[0]


def spoil_nan(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array[4, 1, 2] = np.nan
    return array


REFUSED = {
    "wrong item count": ({"hidden": values(71)}, {}, "hidden has 71 items, the dataset has 72"),
    "shuffled ids": ({"hidden": values()}, {"stimulus_ids": IDS[::-1]}, "another order"),
    "foreign ids": (
        {"hidden": values()},
        {"stimulus_ids": ["made-up", *IDS[1:]]},
        "'made-up' is unknown",
    ),
    "ids twice": ({"hidden": values()}, {"stimulus_ids": [IDS[1], *IDS[1:]]}, "some twice"),
    "NaN": ({"hidden": spoil_nan(values())}, {}, "hidden: NaN or infinite activations in layer 1"),
    "unknown site": ({"mlp": values()}, {}, "other tensors than sites: mlp"),
    "two dimensions": ({"hidden": values()[:, 0]}, {}, "expected an array (items, layers, units)"),
    "integers": ({"hidden": np.zeros((72, 1, 2), np.int64)}, {}, "is not float16"),
    "layers do not fit": ({"hidden": values()}, {"layers": [0, 1]}, "2 layer numbers for 3 layers"),
    "layers no list": ({"hidden": values()}, {"layers": 3}, "not a JSON list"),
    "layers twice": ({"hidden": values()}, {"layers": [3, 3, 4]}, "different whole numbers"),
    "layers of another kind": ({"hidden": values()}, {"layers": ["a", None, 2]}, "whole numbers"),
    "sites differ": (
        {"attention": values(), "hidden": values(70)},
        {},
        "hidden has 70 items",
    ),
    "a contrast of one site only": (
        {"attention": values(), "hidden": values(), "attention.contrast": values()},
        {},
        "hidden.contrast is missing",
    ),
    "a contrast of another site": (
        {"hidden": values(), "attention.contrast": values(), "hidden.contrast": values()},
        {},
        "attention.contrast is given, but there is no attention",
    ),
    "a contrast alone": ({"hidden.contrast": values()}, {}, "hold no site"),
    "a contrast of other layers": (
        {"hidden": values(), "hidden.contrast": values(layers=2)},
        {},
        "hidden.contrast: expected an array (72, 3, 5) as hidden, got (72, 2, 5)",
    ),
    "a contrast of other items": (
        {"hidden": values(), "hidden.contrast": values(71)},
        {},
        "hidden.contrast: expected an array (72, 3, 5)",
    ),
    "NaN in a contrast": (
        {"hidden": values(), "hidden.contrast": spoil_nan(values())},
        {},
        "hidden.contrast: NaN or infinite activations in layer 1",
    ),
    "integers in a contrast": (
        {"hidden": values(), "hidden.contrast": np.zeros((72, 3, 5), np.int64)},
        {},
        "hidden.contrast is not float16",
    ),
    "a contrast of nothing known": (
        {"hidden": values(), "mlp.contrast": values()},
        {},
        "other tensors than sites: mlp.contrast",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_what_does_not_fit(case: str, tmp_path: Path) -> None:
    tensors, metadata, message = REFUSED[case]
    file = write(tmp_path, tensors, **metadata)
    with pytest.raises(DataError) as caught:
        ActivationFile(file).activations(PROBLEMS)
    assert message in str(caught.value)
    assert "some.safetensors" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\xff" * 200])
def test_refuses_a_damaged_file(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bad.safetensors"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.safetensors cannot be read as safetensors"):
        ActivationFile(file).activations(PROBLEMS)


def test_refuses_a_truncated_file(tmp_path: Path) -> None:
    file = write(tmp_path, {"hidden": values()})
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(DataError, match="cannot be read as safetensors"):
        ActivationFile(file).activations(PROBLEMS)


def test_hash_follows_the_content(tmp_path: Path) -> None:
    one = ActivationFile(write(tmp_path, {"hidden": values()})).sha256
    two = ActivationFile(write(tmp_path, {"hidden": values(seed=1)})).sha256
    assert one != two
    with pytest.raises(DataError, match="cannot be read"):
        _ = ActivationFile(tmp_path / "none.safetensors").sha256


def test_built_in_activations_fit_the_phantom() -> None:
    found = load_model(PHANTOM_FILE).activations(PROBLEMS)
    assert found.n_items == 72
    assert found.warnings == ()
    assert set(found.values) == {"attention", "hidden"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.safetensors", "there is no file at"),
        (object(), "object is not a model"),
    ],
)
def test_unknown_models_are_refused_with_what_to_do(name: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(name)  # type: ignore[arg-type]


def test_an_object_that_is_a_model_is_taken_as_it_is() -> None:
    model = ActivationFile(Path("x.safetensors"))
    assert load_model(model) is model
