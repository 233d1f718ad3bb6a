"""Statistics of boards, and the settings shown with an entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainbench.leaderboard.boards.board import Board
from brainbench.leaderboard.kinds.base import BoardColumn, Shown
from brainbench.leaderboard.kinds.registry import KINDS
from brainbench.results import Record


def columns_of(board: Board) -> tuple[BoardColumn, ...]:
    """Columns of a board."""
    return KINDS[board.kind].columns_of(board)


def values_of(board: Board, record: Record, cells: Mapping[str, float]) -> list[Shown]:
    """What stands in the columns of a board for one entry, in their order.

    Parameters
    ----------
    board : any ranking.
    record : of the entry.
    cells : what the entry got in each cell.
    """
    return list(KINDS[board.kind].values(board, record, cells))


def variant_of(record: Record) -> list[str]:
    """How a model was run where it is not the usual way, in a word each."""
    options = record.config.get("options")
    given: dict[str, Any] = options if isinstance(options, dict) else {}
    settings = [f"{given['readout']} readout"] if given.get("readout", "last") != "last" else []
    settings += ["thinks first"] if given.get("think") else []
    settings += ["chat template"] if record.config.get("apply_chat_template") else []
    settings += ["system instruction"] if record.config.get("system_instruction") else []
    settings += ["untrained"] if given.get("untrained") is not None else []
    settings += ["adapter"] if given.get("peft") else []
    steering = record.model.steering
    settings += [f"steered × {steering.strength:g}"] if steering else []
    return [str(one)[:40] for one in settings]
