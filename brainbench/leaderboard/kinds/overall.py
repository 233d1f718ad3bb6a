"""Boards that are made of other boards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from brainbench.leaderboard.kinds.base import (
    BoardColumn,
    BoardKind,
    BoardStatistic,
    RankedBoard,
    Shown,
)
from brainbench.leaderboard.kinds.cells import EntryCell
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record
from brainbench.results.wording import plain_board


class OverallBoards(BoardKind):
    """The share of other models that one is above, mean over boards."""

    name: ClassVar = "overall"
    statistics: ClassVar = {
        "mean_win_rate": BoardStatistic(
            "wins",
            "share of the other models that it is above, equals counting half; mean over boards",
            "mean over boards of (rank from below − 1) / (models − 1)",
            3,
            "people and problems, as on each board",
        ),
    }

    def columns_of(self, board: RankedBoard) -> tuple[BoardColumn, ...]:
        """One for each of its parts."""
        what = "share of the other models that it is above there"
        return tuple(BoardColumn(plain_board(name), what, 2) for name in board.parts)

    def lacking(self, board: RankedBoard, submission: Submission) -> dict[str, str] | None:
        """It joins several runs: no single one is on it."""
        return None

    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        """None: its cells are joined from those of its parts."""
        return {}

    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        return [cells.get(part) for part in board.parts]
