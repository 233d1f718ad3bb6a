"""Numbers of a record: what each type lets through, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from brainbench.quantities import AtMostOne, Correlation, Count, Interval, Layer, P, Share, Spread

FINE: list[tuple[Any, list[Any]]] = [
    (Share, [0.0, 0.5, 1.0, 1.0 + 1e-12, -1e-12]),
    (P, [1 / 1001, 1.0]),
    (Correlation, [-1.0, 0.0, 1.0 + 1e-12]),
    (AtMostOne, [-1e6, 0.3, 1.0 + 1e-12]),
    (Spread, [0.0, 2.5]),
    (Count, [0, 10**9]),
    (Interval, [(0.1, 0.2), (0.1, 0.1), (0.1 + 1e-13, 0.1), (-1e9, 1e9)]),
    (Layer, [("hidden", 0), ["attention", 31], ("hidden", None)]),
]
REFUSED: list[tuple[Any, list[Any]]] = [
    (Share, [-0.1, 1.01, math.nan, math.inf]),
    (P, [-1.0, 7.0]),
    (Correlation, [-1.1, 3.0, math.nan]),
    (AtMostOne, [1.1, math.inf]),
    (Spread, [-0.1, 1e308]),
    (Count, [-1, 2.5]),
    (Interval, [(0.2, 0.1), (0.1,), "0.1"]),
    (Layer, ["hidden 7", ("hidden", -1), ("hidden",)]),
]


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in FINE for value in values]
)
def test_rounding_costs_no_run_its_result(kind: Any, value: Any) -> None:
    found = TypeAdapter(kind).validate_python(value)
    assert found == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in REFUSED for value in values]
)
def test_what_no_number_of_its_kind_can_be(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_a_layer_is_a_pair_with_one_text() -> None:
    layer = Layer("hidden", 7)
    assert (str(layer), layer) == ("hidden 7", ("hidden", 7))
    assert str(Layer("attention", None)) == "attention localised"
    assert TypeAdapter(Layer).dump_json(layer) == b'["hidden",7]'
