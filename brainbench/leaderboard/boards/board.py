"""What a board ranks, and by which rule: ``leaderboards/*.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

import brainbench
from brainbench.datasets import share_people
from brainbench.errors import DataError, UsageError
from brainbench.foreign import fault_of, parse_yaml, read_text
from brainbench.guidance.gains.verdict import AGAINST, find_change
from brainbench.guidance.score import Change, GuidanceScore
from brainbench.leaderboard.expected import expected_data
from brainbench.leaderboard.submissions.metadata import check_name
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record

Kind = Literal["controlled", "published", "behavior", "accuracy", "guidance", "overall"]
Statistic = Literal[
    "unique_r2_above_null",
    "raw_r",
    "median_r",
    "error_consistency",
    "balanced_accuracy",
    "least_gain_of_auc",
    "mean_win_rate",
]
# what can rank which kind of board
_FITTING: dict[str, tuple[str, ...]] = {
    "controlled": ("unique_r2_above_null", "raw_r"),
    "published": ("median_r",),
    "behavior": ("error_consistency",),
    "accuracy": ("balanced_accuracy",),
    "guidance": ("least_gain_of_auc",),
    "overall": ("mean_win_rate",),
}


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
    kind: Kind
    label: str
    """What tells it from other rankings of its page: the protocol."""
    what: str
    """What it says, in plain words."""
    statistic: Statistic
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
        if self.statistic not in _FITTING[self.kind]:
            fitting = " or ".join(_FITTING[self.kind])
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
        When a file is no board, or boards do not fit together.
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
                raise DataError(f"{where}: {board.name} is made of {part!r}, which is no board")
    return sorted(boards, key=lambda board: (board.order, board.name))


def lacking(board: Board, submission: Submission) -> list[str] | None:
    """What an entry lacks for a board, in plain words; None where it has nothing of it.

    An overall board joins several runs: no single one is on it.
    """
    record = submission.record
    if board.kind == "accuracy":
        found = _lacking_tasks(board, submission)
    elif board.kind == "guidance":
        tiers = {gain.identifier: gain.tier for gain in record.gains}
        if board.tier not in (tiers.get(name) for name in board.gains):
            return None
        found = _lacking_gains(board, record)
    elif board.kind == "overall":
        return None
    else:
        found = _lacking_benchmarks(board, submission)
    if len(found) == len(board.cells) and all(why == "not read" for why in found.values()):
        return None
    limit = record.config.get("limit")
    said = [f"{name}: {why}" for name, why in found.items()]
    return [f"limited to {limit} items", *said] if limit is not None else said


def taught_by(board: Board, record: Record) -> list[str]:
    """Which people of a board a model learned from, in plain words; on them it is not ranked."""
    scored = dict.fromkeys(name.partition(".")[0] for name in board.benchmarks)
    return [
        f"learned from {origin}, whose people these are"
        for origin in record.model.learned_from
        if any(share_people(origin, name) for name in scored)
    ]


# ---------------------------------------------------------------- parts


def _read(path: Path) -> Board:
    try:
        return Board.model_validate(parse_yaml(read_text(path)))
    except (DataError, ValueError) as error:
        raise DataError(f"{path} is no board: {fault_of(error)}") from error


def _lacking_gains(board: Board, record: Record) -> dict[str, str]:
    gains = {gain.identifier: gain for gain in record.gains if gain.tier == board.tier}
    found: dict[str, str] = {}
    for name in board.gains:
        gain = gains.get(name)
        changes = least_changes(gain) if gain is not None else {}
        lost = [arm for arm, change in changes.items() if change is None]
        if gain is None:
            found[name] = "not read"
        elif lost:
            found[name] = (
                f"no difference of AUC with an interval of any width against {' and '.join(lost)}"
            )
    return found


def least_changes(gain: GuidanceScore) -> dict[str, Change | None]:
    """Arm that a claim needs → change of AUC against it; None without one, or its interval.

    An interval without width is none: no seed and no problem drawn anew changed the difference,
    so they say nothing of how far chance would.
    """
    differences = {difference.against: difference for difference in gain.differences}
    changes = {arm: find_change(differences.get(arm), "auc") for arm in AGAINST}
    return {
        arm: None if change is None or not _has_width(change.interval) else change
        for arm, change in changes.items()
    }


def _has_width(interval: tuple[float, float] | None) -> bool:
    return interval is not None and interval[1] > interval[0]


def _lacking_benchmarks(board: Board, submission: Submission) -> dict[str, str]:
    record = submission.record
    scored = scored_versions(board.kind, record)
    data = {dataset.name: dataset.data_sha256 for dataset in record.datasets}
    found: dict[str, str] = {}
    for name, version in board.benchmarks.items():
        dataset = name.partition(".")[0]
        if name not in scored:
            found[name] = "not read"
        elif scored[name] != version:
            found[name] = f"version {scored[name]}, the board is of {version}"
        elif data.get(dataset) != expected_data(dataset):
            found[name] = "other data than the card's"
        elif board.kind == "behavior" and not submission.samples.get(dataset):
            found[name] = "no answers were shipped"
    return found


def scored_versions(kind: str, record: Record) -> dict[str, int]:
    """Benchmark → version, of the scores of one kind that a record holds."""
    if kind == "controlled":
        return {score.benchmark: score.version for score in record.controlled}
    if kind == "behavior":
        return {score.benchmark: score.version for score in record.behavior}
    return {row.benchmark: row.version for row in record.scores if row.protocol == kind}


def _lacking_tasks(board: Board, submission: Submission) -> dict[str, str]:
    record = submission.record
    biases = {bias.task for bias in record.answer_bias}
    found: dict[str, str] = {}
    for name, version in board.tasks.items():
        task = record.tasks.get(name)
        if task is None or name not in biases:
            found[name] = "not read"
        elif task.version.removesuffix(".0") != version:
            found[name] = f"version {task.version[:20]}, the board is of {version}"
        elif task.n_shot != board.n_shot:
            found[name] = f"{task.n_shot} examples, the board is of {board.n_shot}"
        elif task.n_items != task.n_docs:
            found[name] = f"{task.n_items} of {task.n_docs} items"
        elif not submission.samples.get(name):
            found[name] = "no answers were shipped"
        else:
            labels = _labels(submission.samples[name])
            if labels is None:
                found[name] = "the answers shipped do not say what was right, or what was said"
            elif len(labels) < 2:
                found[name] = f"every problem is labelled {min(labels)[:20]}"
    return found


def _labels(rows: Sequence[Mapping[str, Any]]) -> set[str] | None:
    """What problems are labelled; None where a row does not hold what was right and said."""
    own = [row for row in rows if row.get("filter") == rows[0].get("filter")]
    if any("label" not in row or "said" not in row for row in own):
        return None
    return {str(row["label"]) for row in own}


def by_page(boards: Sequence[Board]) -> dict[str, list[Board]]:
    """Page → its boards, in their order."""
    pages: dict[str, list[Board]] = {}
    for board in boards:
        pages.setdefault(board.page, []).append(board)
    return pages
