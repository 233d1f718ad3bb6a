"""Numbers and texts as a report says them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from brainbench.results import wording


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "n/a"),
        (0.12345, "0.123"),
        (-0.5, "-0.500"),
        (1234, "1,234"),
        (2**2000, "about 2^2000"),
        (math.nan, "not a number"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (1e300, "1e+300"),
        (True, "yes"),
    ],
)
def test_a_number_is_told_whatever_it_is(value: Any, told: str) -> None:
    assert wording.number(value) == told


def test_what_stands_together_is_not_broken_between_lines() -> None:
    assert wording.with_interval(0.1, (0.0, 0.25), 2) == "0.10 [0.00,\u00a00.25]"
    assert wording.with_interval(None, None) == "n/a"
    assert wording.with_error(0.5, 0.125, 2) == "0.50\u00a0±\u00a00.12"
    assert wording.with_error(None, 0.1) == ""
    assert wording.percent(0.256) == "26\u00a0%"
    assert wording.percent(math.nan) == "not a number"


def test_long_texts_are_cut_and_what_is_no_letter_is_marked() -> None:
    cut = wording.clip("x" * 10_000)
    assert len(cut) == wording.LONGEST
    assert cut.endswith("…")
    assert wording.clip("a\u202eb\x00c\ud800d\n") == "a\ufffdb\ufffdc\ufffdd\n"


def test_lists_counts_and_sizes() -> None:
    assert wording.listed("abc", 2) == "a, b and 1 more"
    assert wording.listed(["one"]) == "one"
    assert wording.plural(1, "person", "people") == "1 person"
    assert wording.plural(2, "person", "people") == "2 people"
    assert wording.size(134_515_008) == "134.5 million"
    assert wording.size(7_000_000_000) == "7.0 billion"
    assert wording.size(999) == "999"


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, 1e300, 10**400])
def test_what_cannot_be_drawn_is_left_out(value: float | None) -> None:
    assert wording.finite(value) is None
    assert wording.finite(0.5) == 0.5


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("behavior", "behaviour"),
        ("behavior-children", "behaviour, children"),
        ("guidance-steering-reduced", "guidance, steering reduced"),
    ],
)
def test_boards_have_names_that_people_read(name: str, read: str) -> None:
    assert wording.plain_board(name) == read
