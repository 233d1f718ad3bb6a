"""Open formats, read with checks. No pickle is ever read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.io import loadmat

from brainbench.errors import DataError
from brainbench.foreign import read_text


def read_mat(path: Path, variable: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    """One numeric matrix of a MATLAB 5 file, as float64.

    Parameters
    ----------
    path : the file.
    variable : name of the matrix; no other is read.
    shape : what the card says it has.

    Raises
    ------
    DataError
        When the file is truncated or no .mat file, lacks the matrix, or the matrix has
        another shape or is not numeric. NaN are found when the assembly is built, where
        it is known which voxel they are in.
    """
    try:
        content = loadmat(path, variable_names=[variable])
    except Exception as error:  # scipy raises a dozen kinds on damaged files
        raise DataError(
            f"{path} is truncated or not a MATLAB 5 file ({type(error).__name__}: {error}); "
            "delete it and fetch it again"
        ) from error
    if variable not in content:
        raise DataError(f"{path} holds no variable {variable!r}")
    matrix = np.asarray(content[variable])
    if matrix.dtype.kind not in "fiu":
        raise DataError(f"{path}: {variable} is of type {matrix.dtype}, not numeric")
    if matrix.shape != shape:
        raise DataError(f"{path}: {variable} has shape {matrix.shape}, expected {shape}")
    return matrix.astype(np.float64)


def read_tsv(path: Path, columns: tuple[str, ...], text: str | None = None) -> pd.DataFrame:
    """A BIDS table, every cell as text; ``n/a`` is missing.

    Parameters
    ----------
    path : the file, tab-separated with a header.
    columns : names that the header must hold; others are read too.
    text : what the file holds, where that is known; it is not opened then.

    Raises
    ------
    DataError
        When the file is not a table or lacks one of ``columns``.
    """
    try:
        # as text: versions of pandas round the last digit of a number differently
        source = path if text is None else io.StringIO(text)
        table = pd.read_csv(source, sep="\t", na_values=["n/a"], keep_default_na=False, dtype=str)
    except (ValueError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a tab-separated table: {error}") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    return table


def read_csv(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """A table of comma-separated values, every cell as text; an empty one is an empty text.

    Parameters
    ----------
    path : the file, with a header.
    columns : names that the header must hold; others are read too.

    Raises
    ------
    DataError
        When the file is not a text, has no rows, lacks one of ``columns``, a name stands twice in
        its header, or a row has another number of cells.
    """
    try:
        rows = list(csv.reader(io.StringIO(read_text(path), newline=""), strict=True))
    except csv.Error as error:
        raise DataError(f"{path} is not a comma-separated table: {error}") from error
    names, cells = (rows[0] if rows else []), rows[1:]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise DataError(f"{path}: two columns are named {twice!r}")
    missing = [column for column in columns if column not in names]
    if missing:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    # a line without anything is not a row
    kept = [(number, row) for number, row in enumerate(cells, start=2) if row]
    if not kept:
        raise DataError(f"{path} has no rows" if names else f"{path} is empty")
    for number, row in kept:
        if len(row) != len(names):
            raise DataError(f"{path}, row {number}: {len(row)} cells for {len(names)} columns")
    return pd.DataFrame([row for _, row in kept], columns=names, dtype=str)
