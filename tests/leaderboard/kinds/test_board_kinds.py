"""A kind of board is one class, and a line in the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from synthetic_runs import make_run

from brainbench.benchmarks import OtherScore
from brainbench.leaderboard.boards.baselines import rows_beside
from brainbench.leaderboard.boards.board import Board
from brainbench.leaderboard.boards.standings import stand
from brainbench.leaderboard.boards.statistics import columns_of, values_of
from brainbench.leaderboard.kinds.base import (
    Baseline,
    BenchmarkBoards,
    BoardColumn,
    BoardStatistic,
    RankedBoard,
    Shown,
)
from brainbench.leaderboard.kinds.cells import EntryCell, mean_cell
from brainbench.leaderboard.kinds.registry import KINDS, STATISTICS
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record

NAME = "xiao2026.language.all-toy"


class ToyBoards(BenchmarkBoards):
    name: ClassVar = "toy"
    statistics: ClassVar = {"mean_toy": BoardStatistic("toy", "w", "e", 3, "people")}
    columns: ClassVar = (BoardColumn("least", "of people"),)

    def versions(self, record: Record) -> dict[str, int]:
        return {score.benchmark: score.version for score in record.other}

    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        people = submission.record.other[0].score["people"]
        return {NAME: mean_cell(list(people), list(people.values()))}

    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        return [min(record.other[0].score["people"].values())]

    def baselines(self, board: RankedBoard, records: Sequence[Record]) -> list[Baseline]:
        return [Baseline("nothing", "guess", 0.0)]


def submitted(seed: int, people: list[float], version: int = 1) -> Submission:
    record, samples = make_run(seed)
    record.other = [
        OtherScore(
            kind="toy", benchmark=NAME, version=version, dataset="xiao2026", value=0.0,
            score={"people": {f"p{i}": value for i, value in enumerate(people)}},
        )
    ]  # fmt: skip
    return Submission(Path(f"run{seed}"), None, record, samples)


def test_one_line_makes_a_board_of_a_new_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "toy", ToyBoards())
    board = Board.model_validate(
        {
            "name": "toy", "title": "Toy", "page": "toy", "kind": "toy", "label": "l", "what": "w",
            "statistic": "mean_toy", "benchmarks": {NAME: 1}, "draws": 100,
        }
    )  # fmt: skip
    low, high = [0.1, 0.2] * 3, [0.5, 0.7] * 3
    runs = [submitted(0, low), submitted(1, high), submitted(2, [1] * 6, version=2)]
    standing = stand([board], runs)["toy"]
    assert [entry.submission for entry in standing.ranked] == [runs[1], runs[0]]
    assert standing.ranked[0].value == pytest.approx(0.6)
    (old,) = standing.apart
    assert old.reasons == (f"{NAME}: version 2, the board is of 1",)
    assert [column.title for column in columns_of(board)] == ["least"]
    assert values_of(board, runs[1].record, {}) == [0.5]
    assert [row.name for row in rows_beside(board, standing.entries)] == ["nothing"]


def test_kinds_that_ship_fit_together() -> None:
    assert list(KINDS) == [kind.name for kind in KINDS.values()]
    names = [name for kind in KINDS.values() for name in kind.statistics]
    assert sorted(names) == sorted(STATISTICS)
    for kind in KINDS.values():
        assert kind.statistics
        assert bool(kind.headers) <= bool(kind.title)
