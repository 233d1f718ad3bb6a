"""The first page: one table, models down and four scores across, people and baselines in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from brainbench.leaderboard.boards.board import Board
from brainbench.leaderboard.boards.standings import WHY, Apart, Entry, Key, Standing, key_of
from brainbench.leaderboard.kinds.base import Baseline
from brainbench.leaderboard.kinds.registry import KINDS
from brainbench.leaderboard.site.names import ModelName, name_of
from brainbench.leaderboard.site.plots import draw_score, plain_axis
from brainbench.leaderboard.site.rows import family_of, parameters_of, size_group, size_text
from brainbench.leaderboard.site.scatter import Line, Point, draw_scatter
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results.blocks import ScoreLine
from brainbench.results.plots.svg import Axis
from brainbench.results.scorecard import scorecard
from brainbench.results.wording import Interval, clip, number, plural

WAYS = ("steering", "fine-tuning")
_ONE_ANSWER = ("always True", "always False", "always one answer")
_VARIANTS = ("untrained", "steered", "fine-tuned")
# characters of what an own run says of itself
_LONGEST = 120
NOT_SUBMITTED = "not submitted"
# of runs that were never meant to be
_NOT_RUN = "not run"
# what the number is where it says nothing of a model
_ORIGIN = {"accuracy": 0.5}
_TITLES = {
    "ladder": ("Alignment", "z beyond position"),
    "behavior": ("Behaviour", "κ of errors"),
    "accuracy": ("Accuracy", "balanced"),
    "guidance": ("Gain by guidance", "in AUC, by brain signals"),
}


@dataclass(frozen=True)
class Shown:
    """One score in a cell.

    Attributes
    ----------
    number, ends : as text.
    value, interval : as numbers.
    label : what tells it from others of the cell.
    letters : models that share one are not distinguishable.
    drawn : on the axis of its column.
    """

    number: str
    value: float
    ends: str = ""
    interval: Interval | None = None
    label: str = ""
    letters: str = ""
    verdict: str = ""
    mood: str = ""
    drawn: Markup | None = None
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """A score of a row; ``why`` says why there is none."""

    scores: Sequence[Shown] = ()
    why: str = ""

    @property
    def sort(self) -> str:
        """What its column is sorted by; nothing where there is no score."""
        return f"{max(one.value for one in self.scores):.8g}" if self.scores else ""


@dataclass(frozen=True)
class Row:
    """A model, or what is not one.

    Attributes
    ----------
    name, org, address : of the model; no address for what is none.
    tags : in small print beside the name.
    role : ``model``, ``people``, ``nuisance`` or ``guess``.
    order : what the first column is sorted by.
    cells : one for each column.
    variant : whether it is another model untrained, steered or fine-tuned.
    """

    name: str
    cells: Sequence[Cell]
    role: str = "model"
    tags: Sequence[str] = ()
    org: str = ""
    address: str = ""
    order: str = ""
    size: str = ""
    size_group: str = ""
    family: str = ""
    note: str = ""
    variant: bool = False


@dataclass(frozen=True)
class Column:
    """One of the four scores.

    Attributes
    ----------
    kind : of board.
    title, statistic : of the column.
    address : of its board.
    told : what is distinguishable, in words.
    boards : that it joins; the first has the reference rows.
    """

    kind: str
    title: str
    statistic: str
    address: str
    told: str
    boards: Sequence[Board]


@dataclass(frozen=True)
class Overview:
    """The table.

    Attributes
    ----------
    columns, rows : models first, by name, then what is not one.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    by_kind: Mapping[str, int] = field(default_factory=dict)

    @property
    def models(self) -> list[Row]:
        """Rows that are models."""
        return [row for row in self.rows if row.role == "model"]

    @property
    def baselines(self) -> list[Row]:
        """Rows that are not."""
        return [row for row in self.rows if row.role != "model"]


def make_overview(
    boards: Sequence[Board],
    submissions: Sequence[Submission],
    standings: Mapping[str, Standing],
    beside: Mapping[str, Sequence[Baseline]],
    where: Mapping[Key, str],
) -> Overview:
    """The overview of a site.

    Parameters
    ----------
    boards : in their order; the first of a kind gives a column.
    submissions : accepted ones.
    standings : name of a board → who stands where.
    beside : name of a board → its rows that are not models.
    where : whose a submission is → file name of the model's page, without its ending.
    """
    columns = _columns(boards, standings)
    models = _models(submissions)
    cells = [[_cell(column, keys, own, standings) for column in columns]
             for keys, own in models.values()]  # fmt: skip
    baselines = _baselines(columns, beside)
    for place, column in enumerate(columns):
        origin = _ORIGIN.get(column.kind, 0.0)
        drawn = [*(own[place] for own in cells), *(row.cells[place] for row in baselines)]
        axis = plain_axis(
            [origin, *(each for cell in drawn for one in cell.scores
                       for each in (one.value, *(one.interval or ())))]
        )  # fmt: skip
        for own in cells:
            own[place] = _drawn(own[place], axis, origin, "model")
    rows = [
        _row(keys[0], own, made, where)
        for (keys, own), made in zip(models.values(), cells, strict=True)
    ]
    return Overview(
        columns,
        [*sorted(rows, key=lambda row: row.order), *baselines],
        {column.kind: place for place, column in enumerate(columns)},
    )


def _columns(boards: Sequence[Board], standings: Mapping[str, Standing]) -> list[Column]:
    found = []
    for kind, (title, statistic) in _TITLES.items():
        own = [board for board in boards if board.kind == kind]
        if own:
            shown = own if kind == "guidance" else own[:1]
            filled = next((b for b in shown if standings[b.name].entries), shown[0])
            told = "" if kind == "guidance" else _told(standings[shown[0].name])
            address = filled.address if standings[filled.name].entries else ""
            found.append(Column(kind, title, statistic, address, told, shown))
    return found


def _told(standing: Standing) -> str:
    """What is distinguishable in a column."""
    count, given = len(standing.ranked), set(standing.letters)
    if count < 2:
        return ""
    if given == {"a"}:
        return f"none of {count} models is distinguishable from another"
    if given == {""}:
        return "ranks are on its board"
    return "models that share a letter are not distinguishable"


def _models(
    submissions: Sequence[Submission],
) -> dict[Key, tuple[list[Key], list[Submission]]]:
    """Runs by model: those that do not know the hash of their weights go with those of their name
    that do, where these are one model's.
    """
    keys: dict[Key, tuple[list[Key], list[Submission]]] = {}
    for one in sorted(submissions, key=lambda one: one.record.model.weights_sha256 is None):
        key = key_of(one)
        if key not in keys and one.record.model.weights_sha256 is None:
            alike = [other for other in keys if other[:2] == key[:2]]
            key = alike[0] if len(alike) == 1 else key
        known, runs = keys.setdefault(key, ([key], []))
        runs.append(one)
        if key_of(one) not in known:
            known.append(key_of(one))
    return keys


def _cell(
    column: Column, keys: Sequence[Key], runs: Sequence[Submission],
    standings: Mapping[str, Standing],
) -> Cell:  # fmt: skip
    if column.kind == "guidance":
        return _gains(runs)
    board = column.boards[0]
    standing = standings[board.name]
    letters = dict(zip((e.key for e in standing.ranked), standing.letters, strict=True))
    lettered = len(set(standing.letters)) > 1
    own = [entry for entry in standing.entries if entry.key in keys]
    for entry in own:
        line = _line(board, entry) if entry.apart in (None, "constant") else None
        if line is not None:
            return Cell([_shown(line, letters=letters.get(entry.key, "") if lettered else "")])
    reasons: tuple[Apart, ...] = ("taught", "constant", "incomplete")
    for apart in reasons:
        for entry in own:
            if entry.apart == apart:
                more = f": {entry.reasons[0]}" if apart == "incomplete" and entry.reasons else ""
                return Cell(why=f"{WHY[apart]}{more}")
    return _missing(runs)


def _missing(runs: Sequence[Submission]) -> Cell:
    own = all(one.metadata is None for one in runs)
    return Cell(why=_NOT_RUN if own else NOT_SUBMITTED)


def _line(board: Board, entry: Entry) -> ScoreLine | None:
    return KINDS[board.kind].line(board, entry.submission.record)


def _gains(runs: Sequence[Submission]) -> Cell:
    """The newest whole run of each way of guiding, over all its tests."""
    limited = False
    found: dict[str, ScoreLine] = {}
    for one in sorted(runs, key=lambda one: str(one.record.timing.get("started", ""))):
        lines = {line.name: line for line in scorecard(one.record).lines if line.name in WAYS}
        if one.record.config.get("limit") is not None:
            limited |= bool(lines)
        else:
            found |= lines
    if not found:
        return Cell(why="incomplete: limited to some items") if limited else _missing(runs)
    return Cell([_shown(found[name], label=name) for name in WAYS if name in found])


def _shown(line: ScoreLine, *, label: str = "", letters: str = "") -> Shown:
    return Shown(
        line.number,
        line.value,
        f"[{line.ends.replace(' to ', ', ')}]" if line.ends else "",
        line.interval,
        label,
        letters,
        line.verdict,
        line.mood,
    )


def _drawn(cell: Cell, axis: Axis, origin: float, class_: str) -> Cell:
    return Cell(
        [
            replace(one, drawn=draw_score(axis, one.value, one.interval, class_, origin))
            for one in cell.scores
        ],
        cell.why,
    )


def _row(
    key: Key, runs: Sequence[Submission], cells: Sequence[Cell], where: Mapping[Key, str]
) -> Row:
    newest = max(runs, key=lambda one: str(one.record.timing.get("started", "")))
    name: ModelName = name_of(newest)
    parameters = parameters_of(newest)
    return Row(
        name.base,
        cells,
        tags=name.tags,
        org=key[0],
        address=f"models/{where[key]}.html",
        order=f"{name.base.lower()} {name.variant}{name.detail}",
        size="" if parameters is None else size_text(parameters),
        size_group=size_group(parameters),
        family=family_of(newest),
        variant=name.variant in _VARIANTS,
        note=clip(newest.record.model.description or "", _LONGEST)
        if "activations only" in name.tags
        else "",
    )


def overview_scatter(overview: Overview) -> Markup | None:
    """Alignment against behaviour: the two scores in which models differ most from one another.

    Parameters
    ----------
    overview : with both columns; None without models that have both.
    """
    places = [overview.by_kind.get(kind) for kind in ("behavior", "ladder")]
    if None in places:
        return None
    x, y = (overview.columns[place or 0] for place in places)
    points, lines = [], []
    for row in overview.rows:
        across, up = (row.cells[place or 0].scores for place in places)
        if row.role != "model":
            lines += [Line(one.note or row.name, one.value, True, row.role) for one in across]
            lines += [Line(row.name, one.value, False, row.role) for one in up]
        elif across and up:
            name = f"{row.name}, {row.tags[0]}" if row.variant else row.name
            ends = [(one[0].value, one[0].interval) for one in (across, up)]
            kind = "variant" if row.variant else "model"
            points.append(Point(name, row.address, ends[0], ends[1], kind))
    if not points:
        return None
    titles = (f"{x.title}: {x.statistic}", f"{y.title}: {y.statistic}")
    return draw_scatter("scatter", titles, points, lines)


# ---------------------------------------------------------------- rows that are not models


def _baselines(columns: Sequence[Column], beside: Mapping[str, Sequence[Baseline]]) -> list[Row]:
    """People, one answer to everything, and networks of the same shape that learned nothing."""
    chosen: list[tuple[str, str, str, Callable[[Baseline], bool]]] = [
        ("people", "people among themselves", "people", lambda row: row.role == "people"),
        ("guess", "one answer to everything", "no model", lambda row: row.name in _ONE_ANSWER),
        ("nuisance", "untrained networks", "no training",
         lambda row: row.name == "untrained networks"),
    ]  # fmt: skip
    rows = []
    for role, name, tag, fits in chosen:
        cells = [
            Cell() if column.kind == "guidance" else _best(
                [row for row in beside[column.boards[0].name] if fits(row)], column, name
            )
            for column in columns
        ]  # fmt: skip
        if any(cell.scores for cell in cells):
            rows.append(Row(name, cells, role, (tag,), order=name))
    return rows


def _best(rows: Iterable[Baseline], column: Column, name: str) -> Cell:
    """The highest of a role: what a model has to be above."""
    held = [(row.value, row) for row in rows if row.value is not None]
    if not held:
        return Cell()
    value, best = max(held, key=lambda pair: pair[0])
    digits = 1 if column.kind == "ladder" else 3
    note = "" if best.name == name or best.role == "people" else best.name
    if best.role == "nuisance":
        note = best.note
    # no minus before nothing but zeros
    return Cell([Shown(number(round(value, digits) + 0.0, digits), value, note=note)])


def counted(overview: Overview) -> str:
    """``5 models and 3 variants of them``."""
    variants = sum(row.variant for row in overview.models)
    plain = len(overview.models) - variants
    more = f", and {plural(variants, 'variant')} of them" if variants else ""
    return f"{plural(plain, 'model')}{more}"
