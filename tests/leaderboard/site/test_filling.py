"""What would fill a board is a command that the command line takes."""

from __future__ import annotations

import shlex

import pytest
from typer.main import get_command

from brainbench.cli.commands import app
from brainbench.leaderboard.boards.board import Board, load_boards
from brainbench.leaderboard.site.filling import filling

BOARDS = [board for board in load_boards() if board.kind != "overall"]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_command_names_what_the_board_ranks(board: Board) -> None:
    words = shlex.split(filling(board))
    assert words[:2] == ["brainbench", "evaluate"]
    command = get_command(app).commands["evaluate"]  # type: ignore[attr-defined]
    options = {name for one in command.params for name in one.opts}
    assert {word for word in words if word.startswith("--")} <= options
    said = " ".join(words)
    for name in (*board.benchmarks, *board.tasks):
        assert name in said
    for name in board.gains:
        mode, _, _, data, test = name.split("/", 4)
        dataset, roi, _ = data.split(".")
        assert f"--suite guidance-{mode} --dataset {dataset} --tier {board.tier}" in said
        assert f"--guidance-rois {roi}" in said
        assert test in said
