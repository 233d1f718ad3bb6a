"""What a board ranks, and by which rule: ``leaderboards/*.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

import brainbench
from brainbench.datasets import share_people_or_problems
from brainbench.errors import DataError, UsageError
from brainbench.foreign import fault_of, parse_yaml, read_text
from brainbench.leaderboard.kinds.base import NOT_READ
from brainbench.leaderboard.kinds.registry import KINDS
from brainbench.leaderboard.submissions.metadata import check_name
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of board; there are {', '.join(KINDS)}")
    return kind


class Board(BaseModel):
    """One ranking: what is on it, and what puts one entry above another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(check_name)]
    """Part of addresses and of file names."""
    title: str
    page: Annotated[str, AfterValidator(check_name)]
    """Boards of one page are rankings of their own, of which one is shown at a time."""
    order: int = 0
    """Of the boards, and of the rankings on a page."""
    kind: Annotated[str, AfterValidator(_known)]
    label: str
    """What tells it from other rankings of its page: the protocol."""
    what: str
    """What it says, in plain words."""
    statistic: str
    benchmarks: dict[str, int] = {}
    """Identifier → version. An entry is complete with all of them."""
    tasks: dict[str, str] = {}
    """Task → version."""
    n_shot: int = 0
    gains: tuple[str, ...] = ()
    """``mode/form/recipe/dataset.roi.type/test`` of each gain."""
    tier: Literal["reduced", "full"] = "full"
    """Of gains: on how many seeds and orders of problems they rest."""
    parts: tuple[str, ...] = ()
    """Boards that an overall board is made of."""
    draws: int = Field(2000, ge=100, le=100_000)
    """Of the bootstrap."""

    @property
    def cells(self) -> tuple[str, ...]:
        """Names of what an entry is scored on."""
        return (*self.benchmarks, *self.tasks, *self.gains, *self.parts)

    @property
    def of_shares(self) -> bool:
        """Whether scores are shares, between 0 and 1."""
        return self.statistic in ("balanced_accuracy", "mean_win_rate")

    @property
    def address(self) -> str:
        """Of its page and its ranking there."""
        return f"{self.page}.html#{self.name}"

    @model_validator(mode="after")
    def _fits(self) -> Board:
        if self.statistic not in KINDS[self.kind].statistics:
            fitting = " or ".join(KINDS[self.kind].statistics)
            raise ValueError(f"a board of kind {self.kind} is ranked by {fitting}")
        if not self.cells:
            raise ValueError("names nothing to score")
        return self


def boards_folder() -> Path:
    """The boards that come with brainbench, installed or in a checkout."""
    package = Path(brainbench.__file__).parent
    inside = package / "leaderboards"
    return inside if inside.is_dir() else package.parent / "leaderboards"


def load_boards(folder: Path | None = None) -> list[Board]:
    """Every board of a folder, in their order.

    Raises
    ------
    DataError
        When a file is not a board, or boards do not fit together.
    UsageError
        When there is none.
    """
    where = boards_folder() if folder is None else folder
    boards = [_read(path) for path in sorted(where.glob("*.yaml"))]
    if not boards:
        raise UsageError(f"{where} holds no board; docs/leaderboard.md says how to write one")
    names = [board.name for board in boards]
    for board in boards:
        if names.count(board.name) > 1:
            raise DataError(f"{where}: two boards are named {board.name}")
        for part in board.parts:
            if part not in names or part == board.name:
                raise DataError(f"{where}: {board.name} is made of {part!r}, which is not a board")
    return sorted(boards, key=lambda board: (board.order, board.name))


def lacking(board: Board, submission: Submission) -> list[str] | None:
    """What an entry lacks for a board, in plain words; None where it has nothing of it.

    An overall board joins several runs: no single one is on it.

    Parameters
    ----------
    board : any ranking.
    submission : a run with its answers, where those were shipped.

    Returns
    -------
    One reason for each cell that is lacking, and one more where the run was limited to some items.
    """
    record = submission.record
    found = KINDS[board.kind].lacking(board, submission)
    if found is None:
        return None
    if len(found) == len(board.cells) and all(why == NOT_READ for why in found.values()):
        return None
    limit = record.config.get("limit")
    if record.config.get("samples"):
        reasons = [f"{name}: {why}" for name, why in found.items()]
        return ["limited to chosen items", *reasons]
    reasons = [f"{name}: {why}" for name, why in found.items()]
    return [f"limited to {limit} items", *reasons] if limit is not None else reasons


def taught_by(board: Board, record: Record) -> list[str]:
    """What of a board a model learned from, in plain words; on that board it is not ranked.

    Parameters
    ----------
    board : its benchmarks name the datasets, and thereby people and problems.
    record : its model names the datasets that it learned from.
    """
    scored = dict.fromkeys(name.partition(".")[0] for name in board.benchmarks)
    return [
        f"learned from {origin}, whose people or problems these are"
        for origin in record.model.learned_from
        if any(share_people_or_problems(origin, name) for name in scored)
    ]


# ---------------------------------------------------------------- parts


def _read(path: Path) -> Board:
    try:
        return Board.model_validate(parse_yaml(read_text(path)))
    except (DataError, ValueError) as error:
        raise DataError(f"{path} is not a board: {fault_of(error)}") from error


def by_page(boards: Sequence[Board]) -> dict[str, list[Board]]:
    """Page → its boards, in their order."""
    pages: dict[str, list[Board]] = {}
    for board in boards:
        pages.setdefault(board.page, []).append(board)
    return pages
