"""Values with intervals on one axis."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from brainbench.results.plots.dot_plot import DotRow, Mark, draw_dots, on_one_line

SPACE = "{http://www.w3.org/2000/svg}"


def drawn(*marks: Mark, label: str = "cell", note: str = "") -> ElementTree.Element:
    return ElementTree.fromstring(str(draw_dots("k", "t", "r", [DotRow(label, [marks], note)])))


def test_a_mark_lies_between_the_ends_of_its_interval() -> None:
    read = drawn(Mark(0.2, "dot", "model", "model: 0.2", (0.1, 0.4)))
    (circle,) = read.iter(f"{SPACE}circle")
    (bar,) = [line for line in read.iter(f"{SPACE}line") if "model" in line.get("class", "")]
    x, x1, x2 = float(circle.get("cx", "")), float(bar.get("x1", "")), float(bar.get("x2", ""))
    # coordinates are written to hundredths of a pixel
    assert (x - x1) / (x2 - x1) == pytest.approx(1 / 3, abs=0.001)


def test_shapes_and_colours_tell_apart_and_each_mark_is_named() -> None:
    read = drawn(
        Mark(0.1, "dot", "model", "the model"),
        Mark(0.2, "triangle", "people", "the people"),
        Mark(0.3, "diamond", "people", "another"),
        Mark(0.4, "tick", "nuisance", "length"),
    )
    assert len(list(read.iter(f"{SPACE}circle"))) == 1
    polygons = [len(one.get("points", "").split()) for one in read.iter(f"{SPACE}polygon")]
    assert polygons == [3, 4]
    titles = [group.findtext(f"{SPACE}title") for group in read.iter(f"{SPACE}g")]
    assert titles == ["the model", "the people", "another", "length"]
    told = read.findtext(f"{SPACE}desc") or ""
    assert "the model" in told


def test_what_is_no_number_is_not_drawn() -> None:
    read = drawn(
        Mark(None, "dot", "model", "none"),
        Mark(math.nan, "dot", "model", "nan"),
        Mark(math.inf, "triangle", "people", "inf", (0.0, math.inf)),
        Mark(0.1, "dot", "model", "held", (math.nan, 0.2)),
    )
    assert [group.findtext(f"{SPACE}title") for group in read.iter(f"{SPACE}g")] == ["held"]
    assert not [one for one in read.iter() if "nan" in str(one.attrib) or "inf" in str(one.attrib)]


def test_names_are_text_and_are_cut() -> None:
    read = drawn(Mark(0.1, "dot", "model", "m"), label="<b>" + "x" * 500, note="<i>")
    texts = [one.text or "" for one in read.iter(f"{SPACE}text")]
    assert texts[-2].startswith("<b>xxx")
    assert len(texts[-2]) < 60
    assert texts[-1] == "<i>"


def test_a_thousand_rows_are_no_page_of_their_own() -> None:
    rows = [DotRow(f"row {i}", [[Mark(i / 1000, "dot", "model", "m")]]) for i in range(1000)]
    made = ElementTree.fromstring(str(draw_dots("k", "t", "r", rows)))
    assert float(made.get("height", "")) < 5000


def test_numbers_can_be_taken_away_at_full_precision() -> None:
    rows = [
        DotRow("a, b", [[Mark(1 / 3, "dot", "model", "a, b, model: 0.333", (0.1, 0.5))]]),
        DotRow("c", [[Mark(None, "tick", "nuisance", "c, length: n/a")]]),
    ]
    assert draw_dots("k", "t", "r", rows).data == [
        ("row", "mark", "value", "low", "high"),
        ("a, b", "a, b, model", 1 / 3, 0.1, 0.5),
        ("c", "c, length", None, None, None),
    ]


def test_who_does_not_see_it_is_told_of_every_mark() -> None:
    strokes = [Mark(x / 10, "tick", "nuisance", f"{x}") for x in range(1, 4)]
    read = drawn(Mark(0.5, "dot", "model", "the model: 0.5"), *strokes)
    assert read.findtext(f"{SPACE}desc") == "r. the model: 0.5; cell, strokes: 0.100 to 0.300"


def test_marks_of_a_row_can_share_a_line() -> None:
    mark = Mark(0.5, "dot", "model", "m")
    stroke = Mark(0.1, "tick", "nuisance", "s")
    (line,) = on_one_line(DotRow("a", [[mark], [stroke]])).lines
    assert list(line) == [stroke, mark]
