"""Rows as CSV."""

from __future__ import annotations

import csv
import io
import math

import pandas as pd
import pytest

from brainbench.results.spreadsheet import as_csv, frame_as_csv


def test_numbers_are_whole_and_texts_survive() -> None:
    rows = [("name", "value"), ('a "quoted", text\nof two lines', 0.1 + 0.2), ("none", None)]
    read = list(csv.reader(io.StringIO(as_csv(rows))))
    assert read == [["name", "value"], [rows[1][0], "0.30000000000000004"], ["none", ""]]
    assert as_csv(rows) == as_csv(rows)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_text_is_a_formula(text: str) -> None:
    (row,) = csv.reader(io.StringIO(as_csv([[text, -1.5]]), newline=""))
    assert row == ["'" + text.replace("\r", " "), "-1.5"]


@pytest.mark.parametrize(
    ("value", "written"), [(math.nan, ""), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
)
def test_what_is_no_number_is_written_as_others_read_it(value: float, written: str) -> None:
    assert as_csv([["x", value]]) == f"x,{written}\n"


def test_no_text_of_a_table_is_a_formula_and_no_number_changes() -> None:
    table = pd.DataFrame(
        {"model": ["=HYPERLINK(1)", "-x", "plain"], "value": [-1.5, 0.1 + 0.2, None]}
    )
    written = frame_as_csv(table).decode()
    assert written == "model,value\n'=HYPERLINK(1),-1.5\n'-x,0.30000000000000004\nplain,\n"
    assert frame_as_csv(table.head(0)) == b"model,value\n"
