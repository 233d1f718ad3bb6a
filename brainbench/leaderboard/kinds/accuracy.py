"""Items of a task as a board reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from brainbench.reasoning.response_bias import Item

Rows = Sequence[Mapping[str, Any]]


def task_items(rows: Rows) -> list[Item] | None:
    """``[cluster, label, said, log_odds]`` of each row; None where a row does not hold them."""
    if not rows:
        return None
    first = rows[0].get("filter")
    own = [row for row in rows if row.get("filter") == first]
    if any("label" not in row or "said" not in row for row in own):
        return None
    return [
        [
            str(row.get("base_id", row.get("id", row.get("doc_id")))),
            str(row["label"]),
            None if row["said"] is None else str(row["said"]),
            _odds(row.get("log_odds")),
        ]
        for row in own
    ]


def is_constant(items: Sequence[Item]) -> bool:
    """Whether one answer is given throughout, or none."""
    return len({said for _, _, said, _ in items if said is not None}) < 2


def _odds(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if value in ("inf", "-inf") else None
    return None if value is None else float(value)
