"""Blocks as Markdown: structure is ours, and every text stays text."""

from __future__ import annotations

from brainbench.results.blocks import (
    Bullets,
    Code,
    Column,
    Folded,
    ScoreLine,
    Scores,
    Section,
    Table,
    Words,
)
from brainbench.results.blocks.markdown import markdown_blocks, markdown_section, plain

HOSTILE = "<img src=x> | @all `x` *b* [l](u) #1\n- item"


def test_a_table_has_its_columns_and_a_row_that_stands_out() -> None:
    table = Table(
        "Caption",
        ("", Column("metric", short="m"), Column("c", wide=True)),
        [("a", "1", "2"), ("b", "", "3")],
        strong=["a", "b"],
    )
    assert markdown_blocks([table]) == [
        "Caption", "", "|  | m |", "|---|---:|", "| **a** | **1** |", "| **b** |  |", "",
    ]  # fmt: skip


def test_a_section_nests_folds_and_ends_in_small_print() -> None:
    section = Section(
        "key",
        "Title",
        [Words("text"), Words("lost", "lead"), Folded("More", [Bullets([("name", "item")])])],
        badge="badge",
        parts=[Section("part", "Part", [Words("better", name="verdict"), Code("a\nb")])],
        about="about",
    )
    assert markdown_section(section) == [
        "### Title (badge)", "", "text", "", "**lost**", "",
        "<details>", "<summary>More</summary>", "", "- **name:** item", "", "</details>", "",
        "#### Part", "", "**verdict:** better", "", "    a", "    b", "", "<sub>about</sub>", "",
    ]  # fmt: skip


def test_no_text_of_a_record_is_markup() -> None:
    blocks = [
        Words(HOSTILE),
        Bullets([(HOSTILE, HOSTILE)]),
        Table(HOSTILE, (HOSTILE, HOSTILE), [(HOSTILE, HOSTILE)]),
        Folded(HOSTILE, [Words(HOSTILE, "note")]),
    ]
    text = "\n".join(markdown_blocks(blocks))
    assert "<img" not in text
    assert "@all" not in text
    assert "\n- item" not in text
    for row in (line for line in text.splitlines() if line.startswith("| ")):
        assert row.replace(r"\|", "").count("|") == 3


def test_a_text_is_flat_and_short() -> None:
    assert plain("a\n  b\tc") == "a b c"
    assert len(plain("x" * 900)) == 200


def test_a_group_is_named_before_its_first_row() -> None:
    table = Table("", ("metric", "n"), [("r", "1"), ("s", "2")], groups={0: ("a", "8|9 people")})
    assert markdown_blocks([table]) == [
        "|  | metric | n |", "|---|---|---:|", r"| a<br>8\|9 people | r | 1 |", "|  | s | 2 |", "",
    ]  # fmt: skip


def test_scores_are_a_table() -> None:
    line = ScoreLine("alignment", "z", 3.7, (0.5, 6.8), "untrained", 0.8, "found", digits=1)
    assert markdown_blocks([Scores([line])]) == [
        "|  | number | 95 % | held against | verdict |", "|---|---|---|---|---|",
        "| alignment: z | 3.7 | 0.5 to 6.8 | untrained 0.8 | found |", "",
    ]  # fmt: skip
