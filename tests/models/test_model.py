"""Activations hold what they say: states of each site, and a contrast that fits them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from brainbench.errors import DataError
from brainbench.models import Activations

LAYERS = {"attention": (2, 5), "hidden": (2, 5)}


def states(shape: tuple[int, ...] = (4, 2, 3), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def both(**changes: Any) -> dict[Any, Any]:
    return {"attention": states(), "hidden": states((4, 2, 5)), **changes}


def spoilt(value: float) -> np.ndarray:
    array = states((4, 2, 5))
    array[3, 1, 4] = value
    return array


def test_there_need_be_no_contrast() -> None:
    assert Activations(both(), LAYERS).contrast is None


def test_a_contrast_has_the_shapes_of_the_values() -> None:
    contrast = both()
    found = Activations(both(), LAYERS, (), contrast)
    assert found.contrast is contrast
    assert found.n_items == 4


REFUSED: dict[str, tuple[dict[Any, Any], str]] = {
    "a site less": ({"attention": states()}, "hidden.contrast is missing"),
    "no site": ({}, "attention.contrast is missing"),
    "a site more": (both(mlp=states()), "mlp.contrast is given, but there is no mlp"),
    "other items": (
        both(hidden=states((3, 2, 5))),
        r"hidden.contrast: expected .* got \(3, 2, 5\)",
    ),
    "other layers": (both(hidden=states((4, 1, 5))), r"got \(4, 1, 5\)"),
    "other units": (both(hidden=states((4, 2, 3))), r"\(4, 2, 5\) as hidden, got \(4, 2, 3\)"),
    "a list": (both(hidden=[[[1.0]]]), "hidden.contrast: .* got list"),
    "NaN": (both(hidden=spoilt(np.nan)), "hidden.contrast: NaN or infinite .* in layer 5"),
    "infinite": (both(hidden=spoilt(np.inf)), "hidden.contrast: NaN or infinite .* in layer 5"),
}


@pytest.mark.parametrize(("contrast", "message"), REFUSED.values(), ids=REFUSED)
def test_a_contrast_that_does_not_fit_is_refused(contrast: dict[Any, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Activations(both(), LAYERS, (), contrast)
