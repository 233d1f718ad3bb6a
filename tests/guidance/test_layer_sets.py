"""Layers by name and by number."""

from __future__ import annotations

import pytest

from brainbench.errors import UsageError
from brainbench.guidance.layer_sets import (
    ALL,
    MIDDLE,
    as_mask,
    layer_sets,
    name_layers,
    parse_layers,
)


@pytest.mark.parametrize("count", range(2, 81))
def test_the_middle_is_from_a_quarter_to_three_quarters(count: int) -> None:
    middle = layer_sets(count)[MIDDLE]
    assert middle == tuple(n for n in range(count) if count / 4 <= n < 3 * count / 4)
    assert middle
    assert layer_sets(count)[ALL] == tuple(range(count))
    # validation prefers the first of equals: the paper's
    assert list(layer_sets(count)) == [MIDDLE, ALL]


def test_sizes_of_known_models() -> None:
    # SmolLM2-135M has 30 layers, Qwen2.5-1.5B 28
    assert layer_sets(30)[MIDDLE] == tuple(range(8, 23))
    assert layer_sets(28)[MIDDLE] == tuple(range(7, 21))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, (2, 3, 4, 5)),
        ("middle", (2, 3, 4, 5)),
        ("all", tuple(range(8))),
        ("3", (3,)),
        ("7,0, 2-4,3", (0, 2, 3, 4, 7)),
    ],
)
def test_names_numbers_and_ranges(text: str | None, expected: tuple[int, ...]) -> None:
    assert parse_layers(text, 8) == expected


@pytest.mark.parametrize("text", ["", "upper", "1;2", "-1", "2-", "1.5"])
def test_what_is_no_layer_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="expected middle, all, or numbers as in 3,5-8"):
        parse_layers(text, 8)


@pytest.mark.parametrize("text", ["8", "5-9", "5-3"])
def test_layers_that_are_not_there(text: str) -> None:
    with pytest.raises(UsageError, match=f"layers '{text}': this model has layers 0 to 7"):
        parse_layers(text, 8)


def test_a_mask_marks_them() -> None:
    assert as_mask((1, 3), 5) == [0.0, 1.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("layers", "words"),
    [((), "none"), ((3,), "3"), ((8, 9, 10), "8 to 10"), ((7, 2, 3, 5, 6), "2 to 3, 5 to 7")],
)
def test_layers_in_words(layers: tuple[int, ...], words: str) -> None:
    assert name_layers(layers) == words
