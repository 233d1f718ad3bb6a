"""Rows as CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

Cell = str | float | int | None
# what a spreadsheet would run
_RUN = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: Cell) -> Cell:
    """A value that no spreadsheet takes for a formula.

    Parameters
    ----------
    value : a text gets a quote before what would be run; None and NaN are empty.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if isinstance(value, str):
        # by itself it ends a line for some readers, and no writer puts it in quotes
        held = value.replace("\r", " ")
        return f"'{held}" if value.startswith(_RUN) else held
    return "" if value is None else value


def as_csv(rows: Iterable[Sequence[Cell]]) -> str:
    """One line for each row, numbers at full precision.

    Parameters
    ----------
    rows : the header among them.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def frame_as_csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV, its texts safe as :func:`safe_cell` makes them.

    Parameters
    ----------
    frame : names of models, regions and items in it may be anyone's.
    """
    texts = frame.select_dtypes(exclude=["number", "bool"])
    safe = frame.assign(**{str(name): texts[name].map(_safe_text) for name in texts})
    return safe.to_csv(index=False, lineterminator="\n").encode()


def _safe_text(value: Any) -> Any:
    return safe_cell(value) if isinstance(value, str) else value
