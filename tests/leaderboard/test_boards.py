"""Definitions of boards: those that ship fit the code; others are told what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from brainbench.benchmarks import list_benchmarks, load_benchmark
from brainbench.errors import DataError, UsageError
from brainbench.leaderboard.boards import by_page, load_boards
from brainbench.leaderboard.columns import STATISTICS, columns_of
from brainbench.leaderboard.known import own_versions


def test_boards_that_ship_are_of_what_this_brainbench_scores() -> None:
    boards = load_boards()
    assert {"alignment", "alignment-published", "behavior", "accuracy", "overall"} <= {
        board.name for board in boards
    }
    for board in boards:
        protocol = board.kind if board.kind == "published" else "controlled"
        for name, version in board.benchmarks.items():
            assert name in list_benchmarks(), name
            assert load_benchmark(name, protocol).version == version, name
        for name, version in board.tasks.items():
            assert own_versions()[name] == version, name
        assert board.statistic in STATISTICS
        assert len({column.title for column in columns_of(board)}) == len(columns_of(board))


def test_published_and_controlled_are_two_rankings_of_one_page() -> None:
    pages = by_page(load_boards())
    assert [board.name for board in pages["alignment"]] == ["alignment", "alignment-published"]
    assert {board.kind for board in pages["alignment"]} == {"controlled", "published"}


GOOD = {
    "name": "mine", "title": "Mine", "page": "mine", "kind": "behavior", "label": "l", "what": "w",
    "statistic": "error_consistency", "benchmarks": {"ds003076.behavior.all-consistency": 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"statistic": "raw_r"}, "a board of kind behavior is ranked by error_consistency"),
        ({"benchmarks": {}}, "names nothing to score"),
        ({"name": "../x"}, "must be 1 to 100 Latin letters"),
        ({"colour": "red"}, "Extra inputs"),
        ({"draws": 3}, "greater than or equal to 100"),
    ],
)
def test_files_that_are_no_board(change: dict[str, object], reason: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**GOOD, **change}))
    with pytest.raises(DataError, match=reason):
        load_boards(tmp_path)


def test_boards_that_do_not_fit_together(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no board"):
        load_boards(tmp_path)
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(GOOD))
    assert [board.name for board in load_boards(tmp_path)] == ["mine"]
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(GOOD))
    with pytest.raises(DataError, match="two boards are named mine"):
        load_boards(tmp_path)
    overall = {**GOOD, "name": "all", "kind": "overall", "statistic": "mean_win_rate",
               "benchmarks": {}, "parts": ["mine", "gone"]}  # fmt: skip
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(overall))
    with pytest.raises(DataError, match="all is made of 'gone', which is no board"):
        load_boards(tmp_path)
