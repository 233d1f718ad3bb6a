"""Who stands where: submissions of a board, ranked, or apart with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from brainbench.leaderboard.boards.board import Board, lacking, taught_by
from brainbench.leaderboard.boards.bootstrap import (
    ScoreDraws,
    draw_scores,
    join_wins,
    read_cells,
)
from brainbench.leaderboard.boards.ranking import Ranking, letters, rank_scores
from brainbench.leaderboard.kinds.cells import EntryCell
from brainbench.leaderboard.kinds.registry import KINDS
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results.wording import plain_board

Array = NDArray[np.float64]
# who submitted, which model, which weights
Key = tuple[str, str, str]
# what can be ranked, and what it got in each cell
Kept = tuple[Key, Submission, dict[str, EntryCell]]
Apart = Literal["incomplete", "taught", "constant", "superseded"]
OWN = "own run"
_MOST_LETTERED = 40
WHY: dict[Apart, str] = {
    "incomplete": "incomplete",
    "taught": "learned from these people or problems",
    "constant": "gives one answer throughout",
    "superseded": "an older run",
}
_CONSTANT = "gives one answer, or predicts one thing, throughout"


@dataclass(frozen=True)
class Entry:
    """A submission on a board.

    Attributes
    ----------
    key : whose it is.
    submission : the run; of an overall board the first of its parts.
    value : its score; None where it is not ranked for want of one.
    interval : of the score by itself, at a nominal 95 %, as its scorecard has it; ranks rest on
        paired differences instead.
    ranks : first and last rank that it may have; None where it is not ranked.
    cells : what it got in each cell that it has.
    apart : why it is not ranked.
    reasons : the same in plain words.
    """

    key: Key
    submission: Submission
    value: float | None = None
    interval: tuple[float, float] | None = None
    ranks: tuple[int, int] | None = None
    cells: Mapping[str, float] = field(default_factory=dict)
    apart: Apart | None = None
    reasons: tuple[str, ...] = ()

    @property
    def org(self) -> str:
        """Who submitted it."""
        return self.key[0]

    @property
    def model(self) -> str:
        """Name on the board."""
        return self.key[1]

    @property
    def rank(self) -> str:
        """``3``, or ``2–4`` where others are not distinguishable from it."""
        if self.ranks is None:
            return ""
        best, worst = self.ranks
        return str(best) if best == worst else f"{best}–{worst}"


@dataclass(frozen=True)
class Standing:
    """A board with its entries.

    Attributes
    ----------
    ranked : by score, highest first.
    apart : entries that are shown and not ranked, by name.
    drawn : of the ranked, in their order.
    letters : of the ranked, in their order: two that share one are not distinguishable; empty where
        there are more models than letters help with.
    """

    board: Board
    ranked: tuple[Entry, ...]
    apart: tuple[Entry, ...]
    drawn: ScoreDraws
    letters: tuple[str, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Everybody."""
        return (*self.ranked, *self.apart)


def distinguishable(entries: Sequence[Entry]) -> bool:
    """Whether any entry is ranked above another, for certain enough.

    Parameters
    ----------
    entries : the ranked ones of a board.
    """
    return any(entry.ranks != (1, len(entries)) for entry in entries)


def key_of(submission: Submission) -> Key:
    """Whose a submission is: runs of the same weights by the same people are one model's.

    However it was asked; steered it is another model. Records that do not know the hash of
    their weights alone go by that of weights, number format and wording.
    """
    model, metadata = submission.record.model, submission.metadata
    digest = model.weights_sha256 or model.sha256
    if model.weights_sha256 is not None and model.steering is not None:
        digest = f"{digest} {model.steering.sha256}"
    if metadata is None:
        return OWN, model.shown, digest
    return metadata.org, metadata.model, digest


def stand(boards: Sequence[Board], submissions: Sequence[Submission]) -> dict[str, Standing]:
    """Name → standing, of every board; overall boards after those they are made of.

    Parameters
    ----------
    boards : in any order; with an overall board those it is made of.
    submissions : runs that could be read.
    """
    found: dict[str, Standing] = {}
    for board in sorted(boards, key=lambda board: board.kind == "overall"):
        found[board.name] = (
            _overall(board, found) if board.kind == "overall" else _stand(board, submissions)
        )
    return {board.name: found[board.name] for board in boards}


# ---------------------------------------------------------------- one board


def _stand(board: Board, submissions: Sequence[Submission]) -> Standing:
    apart: list[Entry] = []
    whole: dict[Key, list[Submission]] = {}
    cells: dict[int, dict[str, EntryCell]] = {}
    for submission in submissions:
        key = key_of(submission)
        try:
            lacks = lacking(board, submission)
            if lacks is None:
                continue
            why = _apart(board, submission, lacks)
            if why is None:
                cells[id(submission)] = read_cells(board, submission)
        # an error of one run is reported for that run alone
        except Exception as error:
            why = "incomplete", (_unread(error),)
        if why is None:
            whole.setdefault(key, []).append(submission)
        else:
            apart.append(Entry(key, submission, apart=why[0], reasons=why[1]))
    kept: list[Kept] = []
    for key, runs in whole.items():
        newest = max(runs, key=_age)
        kept.append((key, newest, cells[id(newest)]))
        reason = f"replaced by its newer run {newest.record.run_id}"
        apart += [
            Entry(key, run, apart="superseded", reasons=(reason,))
            for run in runs
            if run is not newest
        ]
    kept, strange = _alike(kept)
    apart += strange
    try:
        return _ranked(board, kept, apart)
    except Exception:
        broken = [_alone(board, one) for one in kept]
        sound = [one for one, entry in zip(kept, broken, strict=True) if entry is None]
        if len(sound) == len(kept):
            raise
        return _ranked(board, sound, [*apart, *(entry for entry in broken if entry)])


def _apart(
    board: Board, submission: Submission, lacks: Sequence[str]
) -> tuple[Apart, tuple[str, ...]] | None:
    """Why a run is not ranked; None where it is."""
    taught = taught_by(board, submission.record)
    if taught:
        return "taught", tuple(taught)
    if lacks:
        return "incomplete", tuple(lacks)
    return ("constant", (_CONSTANT,)) if _constant(board, submission) else None


def _unread(error: Exception) -> str:
    return f"brainbench cannot read it for this board: {type(error).__name__}"


def _alone(board: Board, one: Kept) -> Entry | None:
    """The entry apart of a run that cannot be ranked even by itself."""
    try:
        _ranked(board, [one], [])
    except Exception as error:
        return Entry(one[0], one[1], apart="incomplete", reasons=(_unread(error),))
    return None


def _age(submission: Submission) -> tuple[str, str, str]:
    metadata, record = submission.metadata, submission.record
    day = "" if metadata is None else metadata.submitted.isoformat()
    return day, str(record.timing.get("started", "")), record.run_id


def _constant(board: Board, submission: Submission) -> bool:
    """Whether an entry says nothing of any item: then it gets nothing."""
    return KINDS[board.kind].is_constant(board, submission)


def _alike(kept: list[Kept]) -> tuple[list[Kept], list[Entry]]:
    """Entries on the people, problems and orders of items of most, and the others."""
    groups: dict[tuple[tuple[str, ...], ...], list[Kept]] = {}
    for one in kept:
        groups.setdefault(tuple(cell.drawn_from for cell in one[2].values()), []).append(one)
    most = max(groups.values(), key=len, default=[])
    units = [cell.units for cell in most[0][2].values()] if most else []
    strange = [
        Entry(key, submission, apart="incomplete", reasons=(_unlike(units, cells),))
        for group in groups.values()
        for key, submission, cells in (group if group is not most else ())
    ]
    return most, strange


def _unlike(units: Sequence[tuple[str, ...]], cells: Mapping[str, EntryCell]) -> str:
    """What an entry does not have in common with most."""
    if [cell.units for cell in cells.values()] != units:
        return "other people or problems than most entries"
    return "compared under other orders of the items than most entries"


def _ranked(board: Board, kept: list[Kept], apart: Iterable[Entry]) -> Standing:
    drawn = draw_scores(board, [cells for *_, cells in kept])
    ranking = rank_scores(drawn.scores, drawn.draws, drawn.units, board.of_shares)
    entries = [
        Entry(
            key,
            submission,
            float(drawn.scores[i]),
            KINDS[board.kind].interval(board, submission.record),
            (int(ranking.best[i]), int(ranking.worst[i])),
            {name: cell.value for name, cell in cells.items()},
        )
        for i, (key, submission, cells) in enumerate(kept)
    ]
    order = _order(entries)
    return Standing(
        board,
        tuple(entries[i] for i in order),
        tuple(sorted(apart, key=lambda entry: (entry.model, entry.org, str(entry.apart)))),
        drawn.of(order),
        _letters(entries, ranking, order),
    )


def _interval(ranking: Ranking, i: int) -> tuple[float, float] | None:
    """None of one person alone, who says nothing of how far others differ."""
    low, high = ranking.intervals[i]
    return (float(low), float(high)) if np.isfinite([low, high]).all() else None


def _letters(entries: Sequence[Entry], ranking: Ranking, order: Sequence[int]) -> tuple[str, ...]:
    """Given from the highest score down, whatever the order of the rows; none of too many."""
    if len(entries) > _MOST_LETTERED:
        return ("",) * len(entries)
    down = sorted(range(len(entries)), key=lambda i: (-(entries[i].value or 0.0), entries[i].key))
    given = dict(zip(down, letters(ranking.apart[np.ix_(down, down)]), strict=True))
    return tuple(given[i] for i in order)


def _order(entries: Sequence[Entry]) -> list[int]:
    """By score; by name where no entry is distinguishable from another, and equals.

    So the order of folders changes nothing, and no place says what is not known.
    """
    if not distinguishable(entries):
        return sorted(range(len(entries)), key=lambda i: (entries[i].model.lower(), entries[i].key))
    return sorted(
        range(len(entries)), key=lambda i: (-round(entries[i].value or 0.0, 12), entries[i].key)
    )


# ---------------------------------------------------------------- overall


def _overall(board: Board, found: Mapping[str, Standing]) -> Standing:
    """Those ranked on every part, by the mean over parts of the share of others below them."""
    parts = [found[name] for name in board.parts]
    places = [{entry.key: i for i, entry in enumerate(part.ranked)} for part in parts]
    met = dict.fromkeys(entry.key for part in parts for entry in part.entries)
    keys = [key for key in met if all(key in place for place in places)]
    apart = [_not_everywhere(key, parts) for key in met if key not in keys]
    columns = [[place[key] for key in keys] for place in places]
    own = [part.drawn.of(column) for part, column in zip(parts, columns, strict=True)]
    drawn, rates = join_wins(own)
    ranking = rank_scores(drawn.scores, drawn.draws, drawn.units, board.of_shares)
    entries = [
        Entry(
            key,
            parts[0].ranked[columns[0][i]].submission,
            float(drawn.scores[i]),
            _interval(ranking, i),
            (int(ranking.best[i]), int(ranking.worst[i])),
            {part.board.name: float(rate[i]) for part, rate in zip(parts, rates, strict=True)},
        )
        for i, key in enumerate(keys)
    ]
    order = _order(entries)
    return Standing(
        board,
        tuple(entries[i] for i in order),
        tuple(sorted(apart, key=lambda entry: (entry.model, entry.org))),
        drawn.of(order),
        _letters(entries, ranking, order),
    )


def _not_everywhere(key: Key, parts: Sequence[Standing]) -> Entry:
    own = {part.board.name: [e for e in part.entries if e.key == key] for part in parts}
    reasons = []
    for name, entries in own.items():
        if not any(entry.ranks for entry in entries):
            why = next((entry.apart for entry in entries if entry.apart), None)
            reasons.append(f"{plain_board(name)}: {WHY[why] if why else 'not run'}")
    first = next(entry for entries in own.values() for entry in entries)
    return Entry(key, first.submission, apart="incomplete", reasons=tuple(reasons))
