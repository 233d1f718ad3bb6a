"""A table of responses: a row for each item, a column for each person and ROI.

A column of responses is named ``person:ROI``, or ``person:ROI:voxel``; a column of averages over
people is named so too, ``average:language``. All other columns are of the stimuli.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from brainbench.datasets.netcdf import DIMS
from brainbench.datasets.readers import read_csv
from brainbench.errors import DataError

_MISSING = ("", "n/a", "na", "nan")


def read_table(path: Path, labels: Sequence[str] = ()) -> xr.DataArray:
    """Read a table as an assembly.

    Parameters
    ----------
    path : of comma-separated values with a header.
    labels : columns that hold labels or texts even where they look like numbers.

    Returns
    -------
    (presentation, neuroid) responses, NaN where a cell is empty or ``n/a``; columns of the stimuli
    are coordinates, numbers where every cell is one.

    Raises
    ------
    DataError
        When it is not such a table, or a response is no number.
    """
    table = read_csv(path, ())
    names = [str(name) for name in table if _parts(str(name)) is not None]
    if not names:
        given = ", ".join(map(str, table))
        raise DataError(
            f"{path} has no column of responses: its header holds {given}. Name such columns "
            "person:ROI, as in sub-01:language, or average:language for a mean over people"
        )
    parts = [part for name in names if (part := _parts(name)) is not None]
    values = np.column_stack([_numbers(path, name, table[name]) for name in names])
    others = [str(name) for name in table if str(name) not in names]
    return xr.DataArray(
        values,
        dims=DIMS,
        coords={
            "subject": (DIMS[1], np.array([part[0] for part in parts], object)),
            "roi": (DIMS[1], np.array([part[1] for part in parts], object)),
            "neuroid_id": (DIMS[1], np.array(names, object)),
            **{name: (DIMS[0], _plain(table[name], name in labels)) for name in others},
        },
    )


def _parts(name: str) -> tuple[str, str] | None:
    """Person and ROI of a column of responses."""
    parts = [part.strip() for part in name.split(":")]
    return (parts[0], parts[1]) if len(parts) in (2, 3) and all(parts) else None


def _numbers(path: Path, name: str, cells: pd.Series[str]) -> NDArray[np.float64]:
    found = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell.strip().lower() in _MISSING:
            continue
        try:
            found[row] = float(cell)
        except ValueError as error:
            raise DataError(f"{path}, row {row + 2}: {name} is {cell[:40]!r}, no number") from error
    return found


def _plain(cells: pd.Series[str], label: bool) -> NDArray[Any]:
    """Numbers where every cell is one, else texts as they stand."""
    texts = np.array(cells.tolist(), object)
    if label:
        return texts
    try:
        numbers = np.array([float(cell) for cell in texts])
    except ValueError:
        return texts
    whole = np.isfinite(numbers).all() and (numbers == np.round(numbers)).all()
    return numbers.astype(np.int64) if whole else numbers
