"""What would fill a board that has no entry."""

from __future__ import annotations

from brainbench.leaderboard.boards.board import Board

_SUITES = {"finetuning": "guidance-finetuning", "steering": "guidance-steering"}


def filling(board: Board) -> str:
    """The command whose run, submitted, would be an entry.

    Parameters
    ----------
    board : any but an overall one, whose entries come from other boards.
    """
    begin = "brainbench evaluate --model MODEL"
    if board.gains:
        _, dataset = board.gains[0].rsplit("/", 2)[0].rsplit("/", 1)
        suite = _SUITES[board.gains[0].partition("/")[0]]
        return f"{begin} --suite {suite} --dataset {dataset.partition('.')[0]} --tier {board.tier}"
    if board.tasks:
        return f"{begin} --tasks {','.join(board.tasks)}"
    protocol = " --protocol published" if board.kind == "published" else ""
    return f"{begin} --benchmarks {','.join(board.benchmarks)}{protocol}"
