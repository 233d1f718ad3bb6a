"""What a board needs to know of one kind of score.

A kind of board is one file of this folder and a line in ``registry``: what an entry must have, what
it is ranked by, the columns beside its score, its reference rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median_high
from typing import ClassVar, Literal, Protocol

import numpy as np

from brainbench.leaderboard.expected import expected_data
from brainbench.leaderboard.kinds.cells import EntryCell
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.quantities import Interval
from brainbench.results import Record
from brainbench.results.blocks import ScoreLine

Shown = float | str | None
Role = Literal["people", "nuisance", "guess"]
PEOPLE = "people among themselves"
NOT_READ = "not read"


class RankedBoard(Protocol):
    """What a kind reads of a :class:`~brainbench.leaderboard.boards.board.Board`."""

    @property
    def statistic(self) -> str: ...

    @property
    def benchmarks(self) -> Mapping[str, int]: ...

    @property
    def tasks(self) -> Mapping[str, str]: ...

    @property
    def n_shot(self) -> int: ...

    @property
    def gains(self) -> tuple[str, ...]: ...

    @property
    def tier(self) -> str: ...

    @property
    def parts(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class BoardStatistic:
    """What a board is ranked by, in words.

    Attributes
    ----------
    title : of the column.
    what : in plain words.
    equation : as text.
    digits : after the point.
    drawn : what the bootstrap draws anew.
    """

    title: str
    what: str
    equation: str
    digits: int
    drawn: str


@dataclass(frozen=True)
class BoardColumn:
    """One more column of a board.

    Attributes
    ----------
    title : its header.
    what : what it means.
    digits : after the point, of numbers.
    """

    title: str
    what: str
    digits: int = 3


@dataclass(frozen=True)
class Baseline:
    """One row, unranked.

    Attributes
    ----------
    name : what it is.
    role : what kind of thing.
    value : in what the board is ranked by; None where that makes no sense.
    values : by the title of a column.
    note : what else to know.
    """

    name: str
    role: Role
    value: float | None
    values: dict[str, Shown] = field(default_factory=dict)
    note: str = ""


class BoardKind(ABC):
    """Everything that boards ask of one kind of score.

    Attributes
    ----------
    name : as in the file of a board.
    title : over its tables on the page of a benchmark.
    statistics : what can rank such a board, by name.
    columns : beside the score of an entry.
    headers : columns of its table on the page of a benchmark; empty where it has none there.
    digits : of numbers in these columns, where they are not three.
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""
    statistics: ClassVar[Mapping[str, BoardStatistic]]
    columns: ClassVar[tuple[BoardColumn, ...]] = ()
    headers: ClassVar[tuple[str, ...]] = ()
    digits: ClassVar[Mapping[str, int]] = {}

    def columns_of(self, board: RankedBoard) -> tuple[BoardColumn, ...]:
        """Columns of one board."""
        return self.columns

    @abstractmethod
    def lacking(self, board: RankedBoard, submission: Submission) -> dict[str, str] | None:
        """Cell → what an entry lacks in it, in plain words; None: the entry is not of the board.

        Parameters
        ----------
        board : the ranking.
        submission : a run with its answers, where those were shipped.
        """

    @abstractmethod
    def read_cells(self, board: RankedBoard, submission: Submission) -> dict[str, EntryCell]:
        """What an entry that lacks nothing got, by cell.

        Parameters
        ----------
        board : the ranking.
        submission : a run that lacks nothing of it.
        """

    @abstractmethod
    def values(
        self, board: RankedBoard, record: Record, cells: Mapping[str, float]
    ) -> Sequence[Shown]:
        """What stands in the columns for one entry, in their order.

        Parameters
        ----------
        board : the ranking.
        record : of the entry.
        cells : what the entry got in each cell.

        Returns
        -------
        One value for each of :meth:`columns_of`; None where the record does not hold it.
        """

    def line(self, board: RankedBoard, record: Record) -> ScoreLine | None:
        """The line of a scorecard for what this board ranks; None where there is none.

        Parameters
        ----------
        board : the ranking.
        record : of any run that has a score of this kind.
        """
        return None

    def interval(self, board: RankedBoard, record: Record) -> Interval | None:
        """95 % of the score of one entry by itself, as its scorecard has it.

        Two entries are ranked by their paired difference, which is another quantity.

        Parameters
        ----------
        board : the ranking.
        record : of an entry that lacks nothing of it.
        """
        return None

    def is_constant(self, board: RankedBoard, submission: Submission) -> bool:
        """Whether an entry says nothing of any item.

        Parameters
        ----------
        board : the ranking.
        submission : a run that lacks nothing of it.
        """
        return False

    def baselines(self, board: RankedBoard, records: Sequence[Record]) -> list[Baseline]:
        """Rows that are not models, from records that lack nothing.

        Parameters
        ----------
        board : the ranking.
        records : one of each entry.
        """
        return []

    def version(self, name: str, record: Record) -> str | None:
        """Version of one benchmark's score in a record; None where there is none of this kind.

        Parameters
        ----------
        name : of a benchmark or task.
        record : of any run.
        """
        return None

    def row(self, name: str, record: Record) -> Sequence[Shown]:
        """Under ``headers``, of a benchmark that the record has a score of.

        Parameters
        ----------
        name : of a benchmark or task.
        record : one that holds a score of this kind for it.

        Returns
        -------
        One value for each of ``headers``; a table is sorted by the first.
        """
        return []

    def beside(self, name: str, record: Record) -> list[tuple[str, float | None]]:
        """Rows of the same table that are not models, and their number in its first column.

        Parameters
        ----------
        name : of a benchmark or task.
        record : one that holds a score of this kind for it.
        """
        return []


class BenchmarkBoards(BoardKind):
    """A kind whose cells are benchmarks."""

    answers_shipped: ClassVar[bool] = False
    """Whether an entry needs its answers, item by item."""

    @abstractmethod
    def versions(self, record: Record) -> dict[str, int]:
        """Benchmark → version, of the scores of this kind that a record holds."""

    def lacking(self, board: RankedBoard, submission: Submission) -> dict[str, str] | None:
        """Benchmarks that were not scored, in another version, or on other data."""
        record = submission.record
        scored = self.versions(record)
        data = {dataset.name: dataset.data_sha256 for dataset in record.datasets}
        found: dict[str, str] = {}
        for name, version in board.benchmarks.items():
            dataset = name.partition(".")[0]
            if name not in scored:
                found[name] = NOT_READ
            elif scored[name] != version:
                found[name] = f"version {scored[name]}, the board is of {version}"
            elif data.get(dataset) != expected_data(dataset):
                found[name] = "other data than the card's"
            elif self.answers_shipped and not submission.samples.get(dataset):
                found[name] = "no answers were shipped"
        return found

    def version(self, name: str, record: Record) -> str | None:
        """Of the score of one benchmark."""
        found = self.versions(record).get(name)
        return None if found is None else str(found)


def mean_of(values: Iterable[float | None]) -> float | None:
    """Mean where every value is there; None where one is missing."""
    held = list(values)
    known = [value for value in held if value is not None]
    return float(np.mean(known)) if known and len(known) == len(held) else None


def share_of(flags: Sequence[bool]) -> str:
    """``2 of 6``."""
    return f"{sum(flags)} of {len(flags)}"


def middle(values: Sequence[float | None]) -> float | None:
    """The number in the middle, one that somebody has; None where most have none."""
    known = [value for value in values if value is not None]
    return median_high(known) if 2 * len(known) > len(values) else None
