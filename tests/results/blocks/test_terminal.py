"""Blocks in a terminal: nothing is cut off at any width, and no text of a record acts on it."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console, Group

from brainbench.results.blocks import Bullets, Code, Column, Folded, Section, Table, Words
from brainbench.results.blocks.terminal import show_blocks, show_section

NUMBERS = Table(
    "Every score",
    ("benchmark", *(Column(f"metric number {i}", short=f"m{i}") for i in range(9))),
    [(f"xiao2026.language.syllogistic-ridge-{row}",
      *(f"{row}.{i}12 [{row}.{i}00,\N{NO-BREAK SPACE}{row}.{i}99]" for i in range(9)))
     for row in range(3)],
)  # fmt: skip


def printed(blocks: object, width: int = 80) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(Group(*show_blocks(blocks)))  # type: ignore[arg-type]
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("width", [50, 80, 100, 110, 300])
def test_every_number_is_printed_whole_at_every_width(width: int) -> None:
    lines = printed([NUMBERS], width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    for row in NUMBERS.rows:
        for cell in row[1:]:
            assert text.count(cell.replace("\N{NO-BREAK SPACE}", " ")) == 1


def test_columns_that_do_not_fit_go_on_below_with_the_names_of_the_rows() -> None:
    lines = printed([NUMBERS], 80)
    headers = [line.split() for line in lines if re.search(r"\bm\d", line)]
    assert headers[0][-2:] == ["m0", "m1"]
    assert [name for header in headers for name in header if name[0] == "m"] == [
        f"m{i}" for i in range(9)
    ]
    # a name that is too long for its column breaks where a name can
    assert sum(line.startswith("syllogistic-ridge-2 ") for line in lines) == len(headers)
    assert any(line.startswith("xiao2026.language.syllogistic-ridge-2 ")
               for line in printed([NUMBERS], 120))  # fmt: skip


def test_what_all_long_names_share_is_told_once() -> None:
    names = [f"xiao2026.deductive_reasoning.{kind}-ridge" for kind in ("all", "syllogistic")]
    lines = printed([Table("", ("cell", "r"), [(name, "0.1") for name in names])], 80)
    assert [line.split() for line in lines][-2:] == [["all", "0.1"], ["syllogistic", "0.1"]]
    assert "xiao2026.deductive_reasoning.*-ridge" in "".join(" ".join(lines).split())
    # one name alone stays whole, on two lines where it must
    alone = printed([Table("", ("cell", "r"), [(names[1], "0.1")])], 80)
    assert alone[1].startswith("xiao2026.deductive_reasoning.")
    assert alone[2].startswith("syllogistic-ridge")


def test_what_every_row_has_alike_takes_no_column_where_there_is_little_room() -> None:
    columns = ("cell", "first number", "second number", "units read", "third number", "fourth")
    rows = [(name, f"{name}.1 [0.1, 0.2]", f"{name}.2 [0.1, 0.2]", "all units",
             f"{name}.3 [0.1, 0.2]", f"{name}.4 [0.1, 0.2]") for name in "abc"]  # fmt: skip
    lines = printed([Table("", columns, rows)], 50)
    assert lines[0] == "In every row: units read all units."
    assert "\n".join(lines).count("all units") == 1
    wide = printed([Table("", columns, rows)], 140)
    assert "In every row" not in wide[0]
    assert "\n".join(wide).count("all units") == 3


def test_rows_of_one_name_are_told_apart_in_every_band() -> None:
    columns = ("guided by", "read on", *(f"number {i}" for i in range(5)))
    rows = [("language", test, *(f"{place}.{i} [0.1, 0.2]" for i in range(5)))
            for place, test in enumerate(("syllogisms", "order"))]  # fmt: skip
    lines = printed([Table("", columns, rows)], 60)
    bands = sum("guided by" in line for line in lines)
    assert bands > 1
    for test in ("syllogisms", "order"):
        assert sum(f"language, {test}" in line for line in lines) == bands


def test_a_page_has_columns_that_a_terminal_leaves_out() -> None:
    table = Table(
        "",
        ("", "a", Column("b", wide=True), Column("c", optional=True), Column("d", optional=True)),
        [("x", "1", "2", "0", "n/a"), ("y", "3", "4", "n/a", "7"), ("z", "", "", "", "")],
    )
    lines = [line.split() for line in printed([table])]
    assert lines == [["a", "d"], ["x", "1", "n/a"], ["y", "3", "7"], ["z"]]


def test_long_texts_are_folded_in_the_room_that_is_left() -> None:
    reason = "not above the null, and an effect as large as what people share would be found"
    lines = printed([Table("", ("", "r", "reading"), [("cell", "0.1", reason)])])
    assert max(map(len, lines)) <= 80
    assert len(lines) == 3
    assert " ".join(" ".join(lines).split()).endswith(reason.split("would", 1)[1].strip())


def test_texts_of_a_record_are_neither_markup_nor_control_characters() -> None:
    text = "[bold red]a[/] \x1b[31mb\x07 \u202ec"
    blocks = [
        Words(text, name=text),
        Bullets([(text, text)], "warning"),
        Table(text, (text, text), [(text, text)]),
        Code(text),
    ]
    shown = "\n".join(printed(blocks, 300))
    assert shown.count("[bold red]a[/]") >= 8
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", shown)


def test_a_section_ends_with_what_its_numbers_mean() -> None:
    section = Section(
        "key",
        "Title",
        [Words("small", "note"), Words("reading", "lead", name="verdict", mood="good")],
        badge="badge",
        about="about",
        parts=[Section("part", "Part", [Folded("open", [Words("inside")])])],
    )
    console = Console(width=80, file=io.StringIO(), color_system=None)
    console.print(Group(*show_section(section)))
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "", "Title  badge", "small", "verdict: reading", "", "Part", "inside", "about",
    ]  # fmt: skip


def test_what_is_for_a_page_only_is_left_out() -> None:
    held = Table("", ("", "a"), [("x", "1")], wide=True)
    blocks = [Words("a", wide=True), held, Folded("b", [Words("c")], wide=True), Words("d")]
    assert printed(blocks) == ["d"]


def test_rows_that_are_too_many_are_counted() -> None:
    lines = printed([Table("", ("", "n"), [(str(i), "1") for i in range(1005)])])
    assert lines[-1] == "5 more rows are in the record."
    assert len(lines) == 1002


def test_rows_of_a_group_stand_under_its_name_and_a_row_can_stand_out() -> None:
    table = Table(
        "",
        ("metric", *(f"number{i}" for i in range(12))),
        [(name, *(f"{name}{i}" for i in range(12))) for name in ("a", "b", "a")],
        groups={0: ("first", "8 people"), 2: ("second [x]", "")},
        strong=[1],
    )
    lines = printed([table], 60)
    bands = sum("metric" in line for line in lines)
    assert bands > 1
    assert lines.count("first  8 people") == 1
    assert [lines.count(name) for name in ("first", "second [x]")] == [bands - 1, bands]
    assert [table.is_strong(place) for place in range(3)] == [False, True, False]
    assert sum(line.startswith("b ") for line in lines) == bands
