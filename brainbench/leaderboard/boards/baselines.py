"""Rows of a board that are not models: people among themselves, and what needs no model."""

from __future__ import annotations

from collections.abc import Iterable

from brainbench.leaderboard.boards.board import Board, lacking
from brainbench.leaderboard.boards.standings import Entry
from brainbench.leaderboard.kinds.base import Baseline
from brainbench.leaderboard.kinds.registry import KINDS


def rows_beside(board: Board, entries: Iterable[Entry]) -> list[Baseline]:
    """Rows of a board from the records of its entries that lack nothing.

    No model changes them but those that are drawn at its width: of all records the median,
    so that no single one says what stands there.

    Parameters
    ----------
    board : any ranking.
    entries : of the board; those that lack something are passed over.

    Returns
    -------
    No rows where every entry lacks something.
    """
    whole = [
        entry.submission.record
        for entry in entries
        if entry.apart != "incomplete" and not lacking(board, entry.submission)
    ]
    return KINDS[board.kind].baselines(board, whole) if whole else []
