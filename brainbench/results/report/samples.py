"""Items of a run to browse: the first of each task, searched on the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brainbench.errors import DataError
from brainbench.results.blocks import Block, Folded, Section, Table, Words
from brainbench.results.sample_files import count_samples, read_samples, sample_files
from brainbench.results.wording import clip, number

# rows of one file
ROWS = 200
_FILES = 200
_COLUMNS = 24
_CELL, _HASH = 160, 12


def samples_section(folder: Path, rows: int = ROWS) -> Section | None:
    """A table for each file of samples; None where there is none, or no row is wanted.

    Parameters
    ----------
    folder : of the run.
    rows : of each file, the first.
    """
    files = list(sample_files(folder).items())[:_FILES]
    if not files or not rows:
        return None
    about = Words(
        "Questions are shown by id or hash, answers by label and log-odds; texts "
        "only where the run kept them. said: 1 True, 0 False. people_right: share of "
        "people who were right.",
        "note",
    )
    blocks: list[Block] = [about, *(_file(name, path, rows) for name, path in files)]
    return Section("samples", "Samples", blocks)


def _file(name: str, path: Path, rows: int) -> Folded:
    try:
        held, count = read_samples(path, rows), count_samples(path)
    except DataError as error:
        # by name only: a page that is passed on shows no path of this machine
        why = str(error).replace(str(path), path.name)
        return Folded(name, [Words(f"Not shown: {why}", "lead")])
    columns = list(dict.fromkeys(key for row in held for key in row))[:_COLUMNS]
    answered = {"label", "said"} <= set(columns)
    shown = [
        [_cell(key, row.get(key)) for key in columns] + ([_right(row)] if answered else [])
        for row in held
    ]
    first = f"the first {number(len(held))} of " if len(held) < count else ""
    table = Table(
        f"{name}: {first}{number(count)} items",
        [clip(key, 60) for key in columns] + (["right"] if answered else []),
        shown,
        numbers=False,
        searched=True,
    )
    return Folded(f"{name} ({first}{number(count)} items)", [table])


def _right(row: Mapping[str, Any]) -> str:
    if row.get("said") is None:
        return "no answer"
    return "yes" if row["said"] == row.get("label") else "no"


def _cell(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return number(value, 3)
    if isinstance(value, str):
        return clip(value, _HASH if key.endswith(("_hash", "sha256")) else _CELL)
    return clip(json.dumps(_rounded(value), ensure_ascii=False), _CELL)


def _rounded(value: Any) -> Any:
    """Numbers inside lists as they are read, not as they are stored."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Mapping):
        # the digest of what was generated says nothing to a reader
        return {key: _rounded(one) for key, one in value.items() if key != "sha256"}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rounded(one) for one in value]
    return value
