"""Numbers as shades."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from brainbench.results.plots.heat_map import HeatMap, HeatMapColumn, draw_heat_map

SPACE = "{http://www.w3.org/2000/svg}"
COLUMNS = [
    HeatMapColumn("language", "all"),
    HeatMapColumn("language", "transitive"),
    HeatMapColumn("md", "all"),
]


def cells(picture: HeatMap) -> dict[str, ElementTree.Element]:
    """What each cell is told to be → its rectangle."""
    read = ElementTree.fromstring(str(draw_heat_map(picture)))
    found = [(one.findtext(f"{SPACE}title"), one) for one in read.iter(f"{SPACE}rect")]
    return {title: one for title, one in found if title}


def test_density_follows_the_value_and_the_sign_has_a_class_of_its_own() -> None:
    values = {"layer 1": {0: 0.2, 1: -0.1, 2: 0.9}, "layer 0": {0: None, 1: math.nan, 2: 0.0}}
    found = cells(HeatMap("k", "t", "d", COLUMNS, values, largest=0.4))
    told = {title: (one.get("class"), one.get("fill-opacity")) for title, one in found.items()}
    assert told == {
        "language, all, layer 1: 0.2000": ("above", "0.5"),
        "language, transitive, layer 1: -0.1000": ("below", "0.25"),
        # past the scale it is as dark as it gets, and its number is told
        "md, all, layer 1: 0.9000": ("above", "1"),
        "language, all, layer 0: n/a": ("empty", None),
        "language, transitive, layer 0: not a number": ("empty", None),
        "md, all, layer 0: 0.0000": ("above", "0"),
    }


def test_marked_cells_have_a_dot_inside() -> None:
    values = {"layer 0": {0: 0.1, 1: 0.2, 2: 0.3}}
    picture = HeatMap("k", "t", "d", COLUMNS, values, 0.3, {"layer 0": [1]})
    read = ElementTree.fromstring(str(draw_heat_map(picture)))
    (dot,) = read.iter(f"{SPACE}circle")
    rect = cells(picture)["language, transitive, layer 0: 0.2000"]
    left, width = float(rect.get("x", "")), float(rect.get("width", ""))
    assert left < float(dot.get("cx", "")) < left + width


def test_groups_are_named_once_over_their_columns_and_the_scale_is_told() -> None:
    picture = HeatMap("k", "t", "d", COLUMNS, {"layer 0": {0: 0.1}}, 0.3)
    read = ElementTree.fromstring(str(draw_heat_map(picture)))
    texts = [one.text for one in read.iter(f"{SPACE}text")]
    assert texts.count("language") == 1
    assert {"md", "transitive", "≤ -0.300", "≥ 0.300", "0.000"} <= set(texts)


def test_of_many_layers_every_fifth_is_named() -> None:
    values = {f"layer {i}": {0: 0.1} for i in reversed(range(30))}
    read = ElementTree.fromstring(str(draw_heat_map(HeatMap("k", "t", "d", COLUMNS, values, 0.3))))
    named = [t.text for t in read.iter(f"{SPACE}text") if str(t.text).startswith("layer")]
    assert named == ["layer 25", "layer 20", "layer 15", "layer 10", "layer 5", "layer 0"]


def test_nothing_but_hostile_values_still_draws() -> None:
    values = {"<b>": {0: math.inf, 1: 1e308, 2: None}}
    columns = [HeatMapColumn("<script>", "'\""), *COLUMNS[1:]]
    found = cells(HeatMap("k", "t", "d", columns, values, 0.0))
    assert {one.get("class") for one in found.values()} == {"empty"}


def test_largest_values_are_told_and_all_can_be_taken_away() -> None:
    values = {"layer 1": {0: 0.2, 1: 1 / 3}, "layer 0": {0: 0.25, 1: math.nan}}
    plot = draw_heat_map(HeatMap("k", "t", "d.", COLUMNS, values, 0.4))
    told = ElementTree.fromstring(str(plot)).findtext(f"{SPACE}desc")
    assert told == (
        "d. Largest in language, all: layer 0, 0.2500; language, transitive: layer 1, 0.3333."
    )
    head, first, second = plot.data
    assert head == ("", "language, all", "language, transitive", "md, all")
    assert first == ("layer 1", 0.2, 1 / 3, None)
    assert second[:2] == ("layer 0", 0.25)
