"""What stands on the pages of a board: rows of text, ready to be escaped and laid out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from markupsafe import Markup

from brainbench.leaderboard.boards.simulated import load_simulated, simulated_words
from brainbench.leaderboard.boards.standings import Entry, Key, Standing, distinguishable, key_of
from brainbench.leaderboard.boards.statistics import (
    columns_of,
    values_of,
)
from brainbench.leaderboard.kinds.base import Baseline, BoardColumn, Shown
from brainbench.leaderboard.kinds.registry import STATISTICS
from brainbench.leaderboard.site.names import name_of
from brainbench.leaderboard.site.numbers import number
from brainbench.leaderboard.site.plots import draw_score, score_axis
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results.plots.svg import Axis

_SAFE = re.compile(r"[^A-Za-z0-9._+-]+")
# bounds of the groups that sizes are filtered by
SIZES = (
    ("below 100 million", 1e8),
    ("100 million to 1 billion", 1e9),
    ("1 to 10 billion", 1e10),
    ("10 to 100 billion", 1e11),
    ("100 billion and more", float("inf")),
)
UNKNOWN = "unknown"
_IN_WORDS = {
    "incomplete": "incomplete",
    "taught": "learned from these data",
    "constant": "says nothing",
    "superseded": "older run",
}


@dataclass(frozen=True)
class Value:
    """A cell of a table: what is read, and what it is sorted by."""

    text: str
    sort: str


@dataclass(frozen=True)
class BoardRow:
    """One row of a board.

    Attributes
    ----------
    name, org, address : of the model; no address for what is none.
    rank, score : cells.
    interval : as text.
    drawn : the score on the axis of the board.
    values : in the board's columns.
    size, family : cells; ``size_group`` and ``family_group`` are filtered by.
    chips : in a word each, what is not usual.
    note : why it is apart, or what else to know.
    """

    name: str
    org: str
    address: str | None
    rank: Value
    score: Value
    interval: str
    drawn: Markup
    values: Sequence[Value]
    size: Value
    size_group: str
    family: str
    chips: Sequence[str]
    note: str


@dataclass(frozen=True)
class Panel:
    """A ranking of a page.

    Attributes
    ----------
    name, label, what : of the board.
    rule : what ranks, in words; ``equation`` as a formula, ``drawn`` what the bootstrap draws.
    measured : how often simulated boards of this kind are right, in words.
    title : of the score's column.
    columns : the others.
    models, beside, apart : rows.
    by_name : whether no model is distinguishable from another, so that they stand by name.
    tests : of a board of gains, what it ranks by, as text.
    """

    name: str
    label: str
    what: str
    rule: str
    equation: str
    drawn: str
    measured: str
    title: str
    columns: Sequence[BoardColumn]
    models: Sequence[BoardRow]
    beside: Sequence[BoardRow]
    apart: Sequence[BoardRow]
    draws: int
    by_name: bool
    tests: Sequence[str] = ()


def addresses(keys: Iterable[Key]) -> dict[Key, str]:
    """File name of each model's page, without its ending; no two are alike on any machine."""
    found: dict[Key, str] = {}
    taken: set[str] = set()
    for key in sorted(set(keys)):
        org, model, digest = key
        name = f"{_slug(org)}__{_slug(model)}"
        if name.lower() in taken:
            name = f"{name}-{sha256(repr((org, model, digest)).encode()).hexdigest()[:12]}"
        taken.add(name.lower())
        found[key] = name
    return found


def _slug(text: str) -> str:
    return _SAFE.sub("-", text).strip("-.")[:80] or "model"


_ROLES = {"people": "people", "nuisance": "nuisance", "guess": "no model"}


def make_panel(standing: Standing, beside: Sequence[Baseline], where: dict[Key, str]) -> Panel:
    """A ranking with its rows; every score is drawn on one axis.

    Parameters
    ----------
    standing : of one board.
    beside : its rows that are not models.
    where : whose an entry is → file name of the model's page, without its ending.
    """
    board, rule = standing.board, STATISTICS[standing.board.statistic]
    ends = [end for entry in standing.ranked for end in entry.interval or ()]
    axis = score_axis([*ends, *(entry.value for entry in standing.ranked),
                       *(row.value for row in beside)])  # fmt: skip
    return Panel(
        name=board.name,
        label=board.label,
        what=board.what,
        rule=rule.what,
        equation=rule.equation,
        drawn=rule.drawn,
        measured=simulated_words(board, load_simulated()),
        title=rule.title,
        columns=columns_of(board),
        models=[_model_row(standing, entry, axis, where) for entry in standing.ranked],
        beside=[_beside_row(standing, row, axis) for row in beside],
        apart=[_model_row(standing, entry, axis, where) for entry in standing.apart],
        draws=board.draws,
        by_name=len(standing.ranked) > 1 and not distinguishable(standing.ranked),
        tests=[name.rpartition("/")[2] for name in board.gains],
    )


def family_of(submission: Submission) -> str:
    """Family of a model as it is filtered by."""
    metadata = submission.metadata
    return (metadata.family if metadata else submission.record.model.family) or UNKNOWN


def parameters_of(submission: Submission) -> int | None:
    """Number of a model's parameters."""
    metadata = submission.metadata
    return metadata.parameters if metadata else submission.record.model.parameters


def size_text(parameters: int | None) -> str:
    """``135 M``, ``7.6 B``."""
    if parameters is None:
        return UNKNOWN
    for unit, factor in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if parameters >= factor:
            value = parameters / factor
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return str(parameters)


def size_group(parameters: int | None) -> str:
    """The group that a size is filtered by."""
    if parameters is None:
        return UNKNOWN
    return next(name for name, bound in SIZES if parameters < bound)


def shown(value: Shown, digits: int) -> Value:
    """A cell of a table.

    Parameters
    ----------
    value : number or text; None where it is not known.
    digits : after the point, of numbers.
    """
    if value is None:
        return Value("n/a", "")
    if isinstance(value, str):
        leading = re.match(r"\d+", value)
        return Value(value, leading[0] if leading else value.lower())
    return Value(number(value, digits), f"{value:.8g}")


def _model_row(standing: Standing, entry: Entry, axis: Axis, where: dict[Key, str]) -> BoardRow:
    board, record = standing.board, entry.submission.record
    digits = STATISTICS[board.statistic].digits
    columns = columns_of(board)
    whole = entry.apart is None
    values = values_of(board, record, entry.cells) if whole else [None] * len(columns)
    cells = [
        shown(value, column.digits) if whole else Value("", "")
        for value, column in zip(values, columns, strict=True)
    ]
    parameters = parameters_of(entry.submission)
    called = name_of(entry.submission)
    best, worst = entry.ranks or (None, None)
    apart = [] if entry.apart is None else [_IN_WORDS[entry.apart]]
    return BoardRow(
        name=called.base,
        org=entry.org,
        address=f"models/{where[entry.key]}.html",
        rank=Value(entry.rank, "" if best is None else f"{best + (worst or 0) / 1e5:.5f}"),
        score=shown(entry.value, digits) if whole else Value("", ""),
        interval=_interval_text(entry.interval, digits),
        drawn=draw_score(axis, entry.value, entry.interval, "model") if whole else Markup(""),
        values=cells,
        size=Value(size_text(parameters), "" if parameters is None else str(parameters)),
        size_group=size_group(parameters),
        family=family_of(entry.submission),
        chips=[*apart, *called.tags],
        note=_few(entry.reasons),
    )


def _beside_row(standing: Standing, row: Baseline, axis: Axis) -> BoardRow:
    board = standing.board
    rule = STATISTICS[board.statistic]
    values = [
        Value("", "") if value is None else shown(value, column.digits)
        for column in columns_of(board)
        for value in (row.values.get(column.title),)
    ]
    return BoardRow(
        name=row.name,
        org="",
        address=None,
        rank=Value("", ""),
        score=Value("", "") if row.value is None else shown(row.value, rule.digits),
        interval="",
        drawn=Markup("") if row.value is None else draw_score(axis, row.value, None, row.role),
        values=values,
        size=Value("", ""),
        size_group="",
        family="",
        chips=[_ROLES[row.role]],
        note=row.note,
    )


def _interval_text(interval: tuple[float, float] | None, digits: int) -> str:
    if interval is None:
        return ""
    return " to ".join(number(end, digits) for end in interval)


def _few(reasons: Sequence[str]) -> str:
    rest = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    return "; ".join(reasons[:3]) + rest


def groups(submissions: Sequence[Submission]) -> tuple[list[str], list[str]]:
    """Families and sizes that there are, to be filtered by."""
    families = sorted({family_of(one) for one in submissions}, key=str.lower)
    held = {size_group(parameters_of(one)) for one in submissions}
    return families, [name for name in (*(name for name, _ in SIZES), UNKNOWN) if name in held]


def newest_first(submissions: Sequence[Submission]) -> dict[Key, list[Submission]]:
    """Runs of each model."""
    runs: dict[Key, list[Submission]] = {}
    for one in submissions:
        runs.setdefault(key_of(one), []).append(one)
    for own in runs.values():
        own.sort(key=lambda s: str(s.record.timing.get("started", "")), reverse=True)
    return runs
