"""Boards of alignment: how clearly a model is found beyond position, and what explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import ClassVar

from brainbench.benchmarks import LadderScore
from brainbench.benchmarks.ladder.names import IN_WORDS, UNTRAINED
from brainbench.benchmarks.ladder.pairing import as_found
from brainbench.benchmarks.ladder.score import BaselineRow, together
from brainbench.leaderboard.kinds.base import (
    NOT_READ,
    Baseline,
    BenchmarkBoards,
    BoardColumn,
    BoardStatistic,
    RankedBoard,
    Shown,
)
from brainbench.leaderboard.kinds.cells import EntryCell, found_cell
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.quantities import Interval
from brainbench.results import Record
from brainbench.results.blocks import ScoreLine
from brainbench.results.scorecard.alignment import ladder_interval, ladder_line

# models are compared under the same permutations, which are those of one seed
SEED = 0
NOT_CLIMBED = "its encoding scores were read, the ladder was not"


class LadderBoards(BenchmarkBoards):
    """How clearly people's responses show a model, over all regions and reasoning types."""

    name: ClassVar = "ladder"
    title: ClassVar = "ladder"
    statistics: ClassVar = {
        "z_beyond_position": BoardStatistic(
            "z",
            "how far the model's items and people's are more alike than items exchanged within "
            "runs, position and neighbouring trials taken out; over all regions and reasoning "
            "types. What has nothing to do with the responses has 0, on average",
            "largest of own, between and their sum, each in standard deviations over permutations",
            1,
            "people, and orders of the items within runs",
        ),
    }
    columns: ClassVar = (
        BoardColumn("p", "of the same, one-sided", 4),
        BoardColumn("explained by", "the first rung at which the model is not found any more"),
        BoardColumn(
            "share of variance", "of each person's, that the model explains beyond position"
        ),
    )
    headers: ClassVar = ("z", "p", "explained by")
    digits: ClassVar = {"z": 1, "p": 4}

    def versions(self, record: Record) -> dict[str, int]:
        return {context.benchmark: context.version for context in record.ladder_context}

    def lacking(self, board: RankedBoard, submission: Submission) -> dict[str, str] | None:
        found = super().lacking(board, submission) or {}
        record = submission.record
        seed, encoded = record.config.get("seed"), {score.dataset for score in record.controlled}
        for name in board.benchmarks:
            if name not in found and seed != SEED:
                found[name] = (
                    f"seed {seed}: models are compared under the permutations of seed {SEED}"
                )
            elif found.get(name) == NOT_READ and name.partition(".")[0] in encoded:
                # a run on the same responses belongs here, with what it lacks
                found[name] = NOT_CLIMBED
        return found

    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        return {
            context.benchmark: found_cell(
                context.compared.subjects, as_found(context.compared), context.compared.orders
            )
            for context in submission.record.ladder_context
        }

    def line(self, board: RankedBoard, record: Record) -> ScoreLine | None:
        found = [score for score in _scores(board, record) if together(score.rows)]
        return ladder_line(found[0]) if found else None

    def interval(self, board: RankedBoard, record: Record) -> Interval | None:
        (score,) = _scores(board, record)
        return ladder_interval(score.context)

    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        (score,) = _scores(board, record)
        effect = next(
            (e.share for e in score.context.effects
             if e.term == "own" and e.rung == score.context.compared.rung),
            None,
        )  # fmt: skip
        return [_p(score), explained_by(score), effect]

    def baselines(self, board: RankedBoard, records: Sequence[Record]) -> list[Baseline]:
        scores = [score for record in records for score in _scores(board, record)]
        named: dict[str, list[BaselineRow]] = {}
        for score in scores:
            for row in score.context.baselines:
                if row.term == "larger" and row.rung == score.context.compared.rung:
                    named.setdefault(row.baseline, []).append(row)
        return [
            Baseline(
                "untrained networks" if name == UNTRAINED else name,
                "nuisance",
                median(row.z for row in rows),
                {"p": median(row.p for row in rows)},
                f"median of {len(rows)}" if name == UNTRAINED else "",
            )
            for name, rows in named.items()
        ]

    def row(self, name: str, record: Record) -> Sequence[Shown]:
        score = _score(name, record)
        return [score.headline, _p(score), explained_by(score)]

    def beside(self, name: str, record: Record) -> list[tuple[str, float | None]]:
        score = _score(name, record)
        return [
            (f"{row.baseline} {row.draw}" if row.baseline == UNTRAINED else row.baseline, row.z)
            for row in score.context.baselines
            if row.term == "larger" and row.rung == score.context.compared.rung
        ]


def explained_by(score: LadderScore) -> str:
    """The rung at which a model stops, in words."""
    if score.outcome == "not found":
        return "not found"
    return "nothing listed" if score.stops is None else IN_WORDS[score.stops]


def _p(score: LadderScore) -> float:
    return together(score.rows)[score.context.compared.rung].p


def _score(name: str, record: Record) -> LadderScore:
    return next(score for score in LadderScore.read_from(record) if score.benchmark == name)


def _scores(board: RankedBoard, record: Record) -> list[LadderScore]:
    return [score for score in LadderScore.read_from(record) if score.benchmark in board.benchmarks]
