"""Blocks as HTML: one template for the report and for pages of a board."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from markupsafe import Markup

import brainbench
from brainbench.results.blocks import (
    Block,
    Bullets,
    Code,
    Column,
    Figure,
    Folded,
    ScoreLine,
    Scores,
    Table,
    Words,
)
from brainbench.results.blocks.html import blocks_style, page_environment


def shown(block: Block, longest: int = 600) -> str:
    made = page_environment("brainbench.results.report", longest)
    template = made.from_string('{% from "blocks.html" import show %}{{ show(block) }}')
    return template.render(block=block)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (Words("a < b", "lead"), '<p class="lead">a &lt; b</p>\n'),
        (Words("few seeds", name="inconclusive"), "<p><b>inconclusive:</b> few seeds</p>\n"),
        (
            Bullets([("a.b", "c"), ("", "d")], "warning"),
            '<ul class="warning">\n<li><b>a.<wbr>b:</b> c</li>\n<li>d</li>\n</ul>\n',
        ),
        (Code("x"), '<pre tabindex="0"><code>x</code></pre>\n'),
        (Folded("t", [Words("a")]), "<details><summary>t</summary>\n<p>a</p>\n</details>\n"),
    ],
)
def test_a_block_is_its_element(block: Block, expected: str) -> None:
    assert shown(block) == expected


def test_a_page_has_all_columns_by_their_whole_names() -> None:
    columns = (
        "task",
        Column("at threshold", short="at thr.", optional=True),
        Column("b", wide=True),
    )
    made = shown(Table("caption", columns, [("t", "n/a", "1")]))
    for name in ("task", "at threshold", "b"):
        assert f'<th scope="col">{name}</th>' in made
    assert "at thr." not in made
    cells = '<td class="none">n/a</td><td>1</td>'
    assert f'<th scope="row">t</th>{cells}' in made


def test_texts_are_cut_and_escaped() -> None:
    made = shown(Words("<script>" + "x" * 900 + "\x1b"), 100)
    assert "<script>" not in made
    assert made.count("x") < 100
    assert "…" in made


def test_a_group_has_a_heading_over_its_rows() -> None:
    made = shown(Table("c", ("", "n"), [("r", "1"), ("s", "2")], groups={1: ("a", "<b>")}))
    heading = '<tr><th scope="rowgroup" colspan="2">a &lt;b&gt;</th></tr>'
    assert made.index(">r<") < made.index(heading) < made.index(">s<")


def test_the_name_of_a_row_links_to_its_page_where_it_has_one() -> None:
    table = Table("c", ("cell", "n"), [("a.b_c", "1"), ("<i>", "2")])
    made = page_environment("brainbench.results.report", 600)
    template = made.from_string('{% from "blocks.html" import show %}{{ show(block, pages) }}')
    text = template.render(block=Folded("t", [table]), pages={"a.b_c": "../x.html"})
    assert '<th scope="row"><a href="../x.html">a.<wbr>b_<wbr>c</a></th>' in text
    assert '<th scope="row">&lt;i&gt;</th>' in text


def test_a_score_is_its_number_a_bar_and_a_verdict() -> None:
    line = ScoreLine("alignment", "z", 3.7, (0.5, 6.8), "untrained <b>", 0.8, "found", "good")
    made = shown(Scores([line, line], "card"))
    assert made.count("<li class") == 2
    for text in ("<b>alignment</b>", "<strong>3.700</strong>", ">found</span>",
                 "z [0.500, 6.800], untrained &lt;b&gt; 0.800"):  # fmt: skip
        assert text in made
    assert made.count('id="card-bar-1-title"') == made.count('id="card-bar-2-title"') == 1
    assert shown(Scores([])).strip() == ""


def test_all_pages_share_one_style_and_none_repeats_it() -> None:
    """What a scorecard looks like stands in one file; colours have one set of names."""
    style = blocks_style()
    assert ".scorecard li {" in style
    assert "prefers-color-scheme: dark" in style
    root = Path(brainbench.__file__).parent
    own = [path for path in root.rglob("*.css") if path.parent.parent.name != "blocks"]
    assert {path.name for path in own} == {"report.css", "board.css"}
    for path in own:
        text = path.read_text("utf-8")
        assert ".scorecard" not in text, path
        assert "prefers-color-scheme" not in text, path
    every = "".join([style, *(path.read_text("utf-8") for path in own)])
    assert set(re.findall(r"var\((--[a-z-]+)\)", every)) <= set(re.findall(r"(--[a-z-]+):", style))


def test_a_cell_says_its_column_where_rows_become_cards() -> None:
    rows = [("a", "1.0 [0.0, 2.0], of all items and people", "n/a")]
    made = shown(Table("c", ("", "own z", "p"), rows))
    assert '<table class="stacked numbers">' in made
    assert f'<td class="long" data-label="own z">{rows[0][1]}</td>' in made
    assert '<td class="none" data-label="p">n/a</td>' in made
    narrow = shown(Table("c", ("", "own z", "p"), [("a", "1.0", "n/a")]))
    assert '<table class="narrow numbers">' in narrow
    assert "data-label" not in narrow
    matrix = shown(Table("c", ("", "own z"), [("a", "1.0")], matrix=True))
    assert '<table class="matrix numbers">' in matrix
    assert "data-label" not in matrix
    assert '<table class="pairs">' in shown(Table("c", ("", ""), [("a", "b")], numbers=False))


def test_a_row_has_its_plain_name_and_its_id_on_pointing_at_it() -> None:
    table = Table("c", ("cell", "n"), [("d.md", "1")], plain={"d.md": "multiple demand"})
    assert '<th scope="row"><span title="d.md">multiple demand</span></th>' in shown(table)


def test_the_data_of_a_picture_is_a_file_within_the_page() -> None:
    rows = [("row", "value"), ('<a "b">', 0.5), ("=1", -2.0)]
    figure = Figure(Markup("<svg></svg>"), "A picture.", name="k", data=rows)
    made = shown(figure)
    address = re.search(r'href="data:text/csv;charset=utf-8,([^"]*)" download="k.csv"', made)
    assert address is not None
    assert unquote(address[1]) == 'row,value\n"<a ""b"">",0.5\n\'=1,-2.0\n'
    assert "data:" not in shown(Figure(Markup("<svg></svg>"), "A picture."))


def test_headings_lead_to_their_meaning_where_the_page_has_a_glossary() -> None:
    table = Table("c", ("", "own z"), [("a", "1.0")])
    made = page_environment("brainbench.results.report", 600, explains=True)
    template = made.from_string('{% from "blocks.html" import show %}{{ show(block) }}')
    assert '<a class="term" href="#term-own">own z</a>' in template.render(block=table)
    assert 'class="term"' not in shown(table)
