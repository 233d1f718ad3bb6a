"""Every number of runs as one table: CSV or Parquet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from brainbench.atomic import write_whole
from brainbench.errors import UsageError
from brainbench.results import Record
from brainbench.results.spreadsheet import frame_as_csv


def runs_table(records: Sequence[Record]) -> pd.DataFrame:
    """The rows of :meth:`.Record.to_dataframe` of several runs, each with its run before it.

    Parameters
    ----------
    records : of any runs.

    Returns
    -------
    Columns ``model``, ``run``, ``started``, then those of a single record.
    """
    parts = []
    for record in records:
        table = record.to_dataframe()
        table.insert(0, "model", record.model.identifier)
        table.insert(1, "run", record.run_id)
        table.insert(2, "started", str(record.timing.get("started", "")))
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def write_csv(records: Sequence[Record], folder: Path) -> list[Path]:
    """``numbers.csv``."""
    return [_written(folder / "numbers.csv", frame_as_csv(runs_table(records)))]


def write_parquet(records: Sequence[Record], folder: Path) -> list[Path]:
    """``numbers.parquet``."""
    held = io.BytesIO()
    try:
        runs_table(records).to_parquet(held, index=False)
    except ImportError as error:
        raise UsageError(f"Parquet needs pyarrow: pip install pyarrow ({error})") from error
    return [_written(folder / "numbers.parquet", held.getvalue())]


def _written(path: Path, content: bytes) -> Path:
    write_whole(path, content)
    return path
