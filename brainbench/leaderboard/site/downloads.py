"""Everything that a board shows as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from brainbench.leaderboard.boards.standings import Entry, Standing
from brainbench.leaderboard.boards.statistics import columns_of, values_of, variant_of
from brainbench.leaderboard.kinds.base import Baseline
from brainbench.results.spreadsheet import as_csv as write_csv

_SHARED = (
    "standing", "rank_best", "rank_worst", "org", "model", "score", "score_low", "score_high",
)  # fmt: skip
_ABOUT = (
    "parameters", "family", "licence", "revision", "weights_sha256", "sha256", "run", "submitted",
    "variant", "why",
)  # fmt: skip


def board_rows(standing: Standing, baselines: Sequence[Baseline]) -> list[dict[str, Any]]:
    """A board as plain values, one row for each entry, then its reference rows.

    Parameters
    ----------
    standing : of one board.
    baselines : its rows that are not models.

    Returns
    -------
    One dictionary each; its ``columns`` and ``cells`` are dictionaries too, by title and by name.
    """
    rows = [_entry_row(standing, entry) for entry in standing.entries]
    return [*rows, *(_beside_row(standing, row) for row in baselines)]


def as_csv(standing: Standing, rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows of :func:`board_rows` with a header; no cell is a formula of a spreadsheet.

    Parameters
    ----------
    standing : of one board.
    rows : one for each line.
    """
    board = standing.board
    titles = [column.title for column in columns_of(board)]
    names = [*_SHARED, *titles, *board.cells, *_ABOUT]
    flat = ({**row, **row["columns"], **row["cells"]} for row in rows)
    return write_csv([names, *([row.get(name) for name in names] for row in flat)])


def as_json(boards: Sequence[tuple[Standing, Sequence[Mapping[str, Any]]]]) -> str:
    """Every board with its definition and rows."""
    held = [
        {"board": standing.board.model_dump(mode="json"), "rows": list(rows)}
        for standing, rows in boards
    ]
    return json.dumps({"format": 1, "boards": held}, indent=1, allow_nan=False) + "\n"


def _entry_row(standing: Standing, entry: Entry) -> dict[str, Any]:
    metadata, record = entry.submission.metadata, entry.submission.record
    board = standing.board
    whole = entry.apart is None
    values = values_of(board, record, entry.cells) if whole else []
    low, high = entry.interval or (None, None)
    best, worst = entry.ranks or (None, None)
    return {
        "standing": entry.apart or "ranked",
        "rank_best": best,
        "rank_worst": worst,
        "org": entry.org,
        "model": entry.model,
        "score": entry.value,
        "score_low": low,
        "score_high": high,
        "columns": dict(zip([c.title for c in columns_of(board)], values, strict=False)),
        "cells": dict(entry.cells),
        "parameters": metadata.parameters if metadata else record.model.parameters,
        "family": metadata.family if metadata else record.model.family,
        "licence": metadata.licence if metadata else None,
        "revision": record.model.revision,
        "weights_sha256": record.model.weights_sha256,
        "sha256": record.model.sha256,
        "run": record.run_id,
        "submitted": metadata.submitted.isoformat() if metadata else None,
        "variant": ", ".join(variant_of(record)) or None,
        "why": "; ".join(entry.reasons) or None,
    }


def _beside_row(standing: Standing, row: Baseline) -> dict[str, Any]:
    return {
        "standing": row.role,
        "rank_best": None,
        "rank_worst": None,
        "org": None,
        "model": row.name,
        "score": row.value,
        "score_low": None,
        "score_high": None,
        "columns": dict(row.values),
        "cells": {},
        "why": row.note or None,
    }
