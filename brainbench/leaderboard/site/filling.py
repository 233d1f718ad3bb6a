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
        mode, _, _, data, _ = board.gains[0].split("/", 4)
        dataset, roi, _ = data.split(".")
        tests = ";".join(name.rpartition("/")[2] for name in board.gains)
        return (
            f"{begin} --suite {_SUITES[mode]} --dataset {dataset} --tier {board.tier} "
            f"--guidance-rois {roi} --guidance-tests '{tests}'"
        )
    if board.tasks:
        return f"{begin} --tasks {','.join(board.tasks)}"
    protocol = " --protocol published" if board.kind == "published" else ""
    return f"{begin} --benchmarks {','.join(board.benchmarks)}{protocol}"
