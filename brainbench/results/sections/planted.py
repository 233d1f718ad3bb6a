"""Simulated people: what was planted in each region, and what was found there."""

from __future__ import annotations

from brainbench.benchmarks.ladder.names import IN_WORDS, Rung
from brainbench.benchmarks.ladder.score import LEVEL
from brainbench.results.blocks import Block, Table, Words
from brainbench.results.planted import PlantedRow, planted_rows
from brainbench.results.record import Record
from brainbench.results.wording import number, percent

_NAMES = {"type": "reasoning type", "length": "text length", "drift": "slow drift"}
_JUDGED = {True: "yes", False: "no", None: "n/a"}
_SHORT: dict[Rung, str] = {**IN_WORDS, "position": "position", "behaviour": "behaviour"}


def planted_blocks(record: Record) -> list[Block]:
    """The table, and a sentence that counts it; nothing where nobody was simulated.

    Parameters
    ----------
    record : of any run.
    """
    rows = planted_rows(record)
    if not rows:
        return []
    several = len({row.dataset for row in rows}) > 1
    table = Table(
        "What each region of these simulated people holds, and what the test finds",
        ("region", "planted", "model found", "explained by", "correct"),
        [_cells(row, several) for row in rows],
        numbers=False,
    )
    return [table, Words(_count(rows), "lead")]


def _cells(row: PlantedRow, several: bool) -> tuple[str, ...]:
    name = f"{row.dataset} {row.roi}" if several else row.roi
    return name, _planted(row), _found(row), _explained(row), _JUDGED[row.as_planted]


def _planted(row: PlantedRow) -> str:
    """``15 % nano's attention layer 1``."""
    names = {**_NAMES, "signal": row.source}
    parts = [f"{percent(share)} {names.get(part, part)}" for part, share in row.planted.items()]
    return ", ".join(parts) or "nothing"


def _found(row: PlantedRow) -> str:
    found = row.found
    if found.outcome == "not found":
        assert found.stops is not None
        return f"no ({_p(found.p[found.stops])})"
    assert found.beyond is not None
    return f"yes ({_p(found.p[found.beyond])})"


def _explained(row: PlantedRow) -> str:
    if row.explained_by is not None:
        return _SHORT[row.explained_by]
    return "" if row.found.outcome == "not found" else "nothing listed"


def _count(rows: list[PlantedRow]) -> str:
    judged = [row for row in rows if row.as_planted is not None]
    right = sum(bool(row.as_planted) for row in judged)
    text = f"{right} of {len(judged)} regions as planted."
    if len(judged) < len(rows):
        text += " The signal was planted from another model, which this one need not resemble."
    return text


def _p(value: float) -> str:
    return f"p {number(value, 3)}" if value >= LEVEL / 50 else f"p < {LEVEL / 50:.3f}"
