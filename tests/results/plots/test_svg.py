"""Parts of a drawing."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from brainbench.results.plots.svg import Axis, drawing, element, text

HOSTILE = "\"><script>alert('x')</script>&"


def test_every_text_and_value_is_escaped() -> None:
    made = element("text", HOSTILE, class_=HOSTILE, stroke_width=1.25)
    read = ElementTree.fromstring(str(made))
    assert read.text == HOSTILE
    assert read.attrib == {"class": HOSTILE, "stroke-width": "1.25"}
    assert "<script>" not in made


def test_markup_is_kept_and_none_is_left_out() -> None:
    inner = element("circle", r=2.0, class_=None)
    assert inner == Markup('<circle r="2"/>')
    assert element("g", inner) == Markup('<g><circle r="2"/></g>')
    assert isinstance(text("a", 1, 2), Markup)


def test_a_drawing_says_what_it_shows() -> None:
    made = drawing("key", HOSTILE, "What is seen", 100, 50.5, [element("rect", x=0)])
    read = ElementTree.fromstring(str(made))
    space = "{http://www.w3.org/2000/svg}"
    assert read.attrib["role"] == "img"
    assert read.attrib["aria-labelledby"] == "key-title key-desc"
    assert read.attrib["viewBox"] == "0 0 100 50.5"
    title = read.find(f"{space}title")
    assert title is not None
    assert (title.text, title.attrib["id"]) == (HOSTILE, "key-title")


@pytest.mark.parametrize(
    "values",
    [
        [0.1, 0.5],
        [-0.2, -0.1],
        [-3.0, 8.0],
        [],
        [0.0],
        [None, math.nan, math.inf, 1e300],
        [1e-12],
        [9e8, -9e8],
    ],
)
def test_an_axis_holds_what_can_be_drawn_and_0(values: list[float | None]) -> None:
    axis = Axis.over(values, 10, 110)
    held = [v for v in values if v is not None and math.isfinite(v) and abs(v) < 1e9]
    for value in [*held, 0.0]:
        assert axis.low <= value <= axis.high
        assert 10 <= axis.at(value) <= 110
    ticks = axis.ticks()
    assert any(abs(tick) < 1e-15 for tick in ticks)
    assert 2 <= len(ticks) <= 8
    assert all(axis.low - 1e-9 <= tick <= axis.high + 1e-9 for tick in ticks)


def test_places_are_linear_and_held_inside() -> None:
    axis = Axis(0.0, 2.0, 100.0, 200.0)
    assert [axis.at(v) for v in (0.0, 0.5, 2.0, 5.0, -1.0)] == [100, 125, 200, 200, 100]


@pytest.mark.parametrize(("high", "digits"), [(0.004, 3), (0.5, 1), (30.0, 0), (1e9, 0)])
def test_ticks_are_told_apart(high: float, digits: int) -> None:
    axis = Axis(0.0, high, 0, 100)
    assert axis.digits() == digits
    told = [f"{tick:.{digits}f}" for tick in axis.ticks()]
    assert len(set(told)) == len(told)
