"""Reading ``samples/*.jsonl`` back, whoever wrote them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from brainbench.errors import DataError
from brainbench.foreign import parse_json

# what no file of samples has more of
MAX_ROWS = 1_000_000
_LONGEST_LINE = 4_000_000


def sample_files(folder: Path) -> dict[str, Path]:
    """Files of a run's samples by :func:`.file_stem` of the task's or dataset's name.

    Links are not followed.
    """
    found = sorted((folder / "samples").glob("*.jsonl"))
    return {path.stem: path for path in found if path.is_file() and not path.is_symlink()}


def read_samples(path: Path, most: int = MAX_ROWS) -> list[dict[str, Any]]:
    """The first rows of a file.

    Parameters
    ----------
    path : file with one JSON object a line.
    most : lines that are read; empty ones count but give no row.

    Raises
    ------
    DataError
        When it cannot be read, or a line is not one JSON object.
    """
    rows = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(islice(iter(lambda: _line(file), ""), most), 1):
                if line.strip():
                    rows.append(_row(line, path, number))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    return rows


def count_samples(path: Path) -> int:
    """Lines of a file.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return sum(1 for _ in islice(file, MAX_ROWS))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _line(file: Any) -> str:
    line: str = file.readline(_LONGEST_LINE)
    return line


def _row(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        row = parse_json(line)
    except ValueError as error:
        raise DataError(f"{path}, line {number} is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise DataError(f"{path}, line {number} is not a JSON object")
    return row
