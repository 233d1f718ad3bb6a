"""What an entry got in each cell of a board, by the person or problem that it was got from.

These are what a bootstrap draws anew: people for alignment and behaviour, base problems (all
orders of one together) for tasks. A gain is in a record only with its interval, and is drawn
from a normal of that width.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from brainbench.leaderboard.boards.board import Board, least_changes
from brainbench.leaderboard.boards.ranking import win_rates
from brainbench.leaderboard.kinds.accuracy import task_items
from brainbench.leaderboard.kinds.published import EVERYBODY
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.statistics.inference import Interval

Array = NDArray[np.float64]
Rule = Literal["mean", "median", "recall", "normal"]


@dataclass(frozen=True)
class EntryCell:
    """One cell of one entry.

    Attributes
    ----------
    value : what it got.
    units : people, or base problems.
    parts : by unit. Of ``mean`` and ``median`` (U,) values; of ``recall`` (U, 2, L) how many
        items of each label it answered right, and how many there are; of ``normal`` (1,)
        the standard error.
    rule : how ``parts`` make the value.
    error : standard error that the record gives the value, where people share something that
        was chosen on all of them: ``parts`` alone then vary too little. 0 where they do not.
    """

    value: float
    units: tuple[str, ...]
    parts: Array
    rule: Rule
    error: float = 0.0


@dataclass(frozen=True)
class ScoreDraws:
    """Scores of M entries, and D draws of them.

    Attributes
    ----------
    scores : (M,)
    draws : (D, M)
    units : people or problems drawn from; infinite where the record has errors only.
    """

    scores: Array
    draws: Array
    units: float

    def of(self, entries: Sequence[int]) -> ScoreDraws:
        """The same of some entries, in this order."""
        chosen = np.array(entries, np.intp)
        return ScoreDraws(self.scores[chosen], self.draws[:, chosen], self.units)


def join_wins(parts: Sequence[ScoreDraws]) -> tuple[ScoreDraws, list[Array]]:
    """Mean over boards of the share of other entries that each is above, drawn as each is.

    Parameters
    ----------
    parts : boards with the same entries in the same order.

    Returns
    -------
    The overall board, and (M,) shares on each of its parts.
    """
    rates = [win_rates(part.scores) for part in parts]
    least = min(len(part.draws) for part in parts)
    draws = np.mean([win_rates(part.draws[:least]) for part in parts], axis=0)
    return ScoreDraws(np.mean(rates, axis=0), draws, min(part.units for part in parts)), rates


def read_cells(board: Board, submission: Submission) -> dict[str, EntryCell]:
    """Cells of an entry that lacks nothing, in the order of the board."""
    found = _READERS[board.statistic](board, submission)
    return {name: found[name] for name in board.cells}


def draw_scores(
    board: Board, entries: Sequence[Mapping[str, EntryCell]], seed: int = 0
) -> ScoreDraws:
    """Mean over cells of every entry, as measured and with units drawn anew.

    Every entry meets the same draws, and every cell of one: entries differ by less than each
    of them by itself.

    Parameters
    ----------
    entries : cells of each, all with the same names and units.
    seed : of the draws.
    """
    scores = np.array([np.mean([cell.value for cell in cells.values()]) for cells in entries])
    draws = np.zeros((board.draws, len(entries)))
    names = list(entries[0]) if entries else []
    rules = {cell.rule for cells in entries for cell in cells.values()}
    people = sorted({unit for name in names for unit in entries[0][name].units})
    shared = rules <= {"mean", "median"}
    rng = np.random.default_rng([seed, 20260611])
    drawn = (
        rng.integers(len(people), size=(board.draws, len(people))) if shared and people else None
    )
    count = 0
    for name in names:
        cells = [entry[name] for entry in entries]
        if drawn is not None:
            own = _people_draws(cells, people, drawn)
            draws += own + _lacking_error(cells, own, [seed, *name.encode()])
        elif rules == {"recall"}:
            draws += _recall_draws(cells, board.draws, rng)
            count += len(cells[0].units)
        else:
            errors = np.array([cell.parts[0] for cell in cells])
            values = np.array([cell.value for cell in cells])
            draws += values + errors * rng.standard_normal(draws.shape)
    units = float(len(people)) if shared else float(count) if rules == {"recall"} else np.inf
    return ScoreDraws(scores, draws / max(1, len(names)), units)


# ---------------------------------------------------------------- drawing


def _people_draws(
    cells: Sequence[EntryCell], people: Sequence[str], drawn: NDArray[np.intp]
) -> Array:
    """(D, M) of one cell; people who are not in it are left out of it."""
    own = np.array([people.index(unit) for unit in cells[0].units])
    values = np.array([cell.parts for cell in cells])  # (M, U)
    if cells[0].rule == "median":
        place = np.full(len(people), -1)
        place[own] = np.arange(len(own))
        return _medians(values, place[drawn])
    weights = np.stack([(drawn == unit).sum(axis=1) for unit in own], axis=1).astype(np.float64)
    total = weights.sum(axis=1, keepdims=True)
    means: Array = weights @ values.T / np.maximum(total, 1.0)
    none = total[:, 0] == 0  # a draw of nobody who is in the cell says nothing of it
    means[none] = values.mean(axis=1)
    return means


def _lacking_error(cells: Sequence[EntryCell], draws: Array, seed: Sequence[int]) -> Array:
    """(D, M) noise: what the errors of the record are wider by than draws of people.

    Independent between entries and cells, for a record does not say how they go together. If
    they rise and fall with each other, a difference between two entries is known better than
    this. The noise of an entry follows from its own numbers, not from who else is there.
    """
    noise = np.zeros_like(draws)
    for i, cell in enumerate(cells):
        missing = cell.error**2 - draws[:, i].var()
        if missing > 0.0:
            own = hashlib.sha256(cell.parts.tobytes()).digest()
            rng = np.random.default_rng([*seed, *own])
            noise[:, i] = np.sqrt(missing) * rng.standard_normal(len(draws))
    return noise


def _medians(values: Array, drawn: NDArray[np.intp]) -> Array:
    """(D, M) medians over drawn people; -1 is somebody who is not in the cell."""
    found = np.empty((len(drawn), len(values)))
    everybody = bool((drawn >= 0).all())
    none = (drawn < 0).all(axis=1)  # says nothing of the cell
    for i, own in enumerate(values):
        if everybody:
            found[:, i] = np.median(own[drawn], axis=1)
            continue
        chosen = np.append(own, np.nan)[drawn]
        found[~none, i] = np.nanmedian(chosen[~none], axis=1)
        found[none, i] = np.median(own)
    return found


def _recall_draws(cells: Sequence[EntryCell], n_draws: int, rng: np.random.Generator) -> Array:
    """(D, M) mean over labels of the share answered right."""
    n_units = len(cells[0].units)
    weights = rng.multinomial(n_units, np.full(n_units, 1.0 / n_units), n_draws).astype(np.float64)
    totals = weights @ cells[0].parts[:, 1]  # (D, L)
    right = np.stack([cell.parts[:, 0] for cell in cells])  # (M, U, L)
    found = np.zeros((n_draws, len(cells)))
    held = np.zeros((n_draws, 1))
    for label in range(right.shape[2]):
        there = totals[:, label, None] > 0
        share = np.divide(weights @ right[:, :, label].T, totals[:, label, None], where=there,
                          out=np.zeros_like(found))  # fmt: skip
        found += share
        held += there
    return found / np.maximum(held, 1.0)


# ---------------------------------------------------------------- reading


def unique_cell(
    people: Sequence[str], unique: ArrayLike, null_mean: float, interval: Interval | None
) -> EntryCell:
    """Unique R² of each person less the mean of the cell under permutation.

    Parameters
    ----------
    unique : (P,) of each person, under the penalties that all of them chose together.
    null_mean : of the cell, under permutation.
    interval : 95 % of the mean over people, penalties chosen anew for people drawn anew. People
        rise and fall together with that choice, so it is wider than they tell; None: unknown.
    """
    values = np.asarray(unique, np.float64) - null_mean
    error = 0.0 if interval is None else _error_of(interval)
    return EntryCell(float(values.mean()), tuple(people), values, "mean", error)


def mean_cell(people: Sequence[str], values: ArrayLike) -> EntryCell:
    """Mean over people."""
    own = np.asarray(values, np.float64)
    return EntryCell(float(own.mean()), tuple(people), own, "mean")


def median_cell(people: Sequence[str], values: ArrayLike) -> EntryCell:
    """Median over people."""
    own = np.asarray(values, np.float64)
    return EntryCell(float(np.median(own)), tuple(people), own, "median")


def kappa_cell(people: Sequence[str], given: Sequence[float | None]) -> EntryCell:
    """Mean over people of κ; undefined with a person who says nothing of the model.

    That person changes no mean, and neither does a model with whom all are undefined.
    """
    known = [value for value in given if value is not None]
    mean = float(np.mean(known)) if known else 0.0
    values = np.array([mean if value is None else value for value in given])
    return EntryCell(mean, tuple(people), values, "mean")


def recall_cell(units: Sequence[str], parts: Array) -> EntryCell:
    """Mean over labels of the share answered right; parts (U, 2, L) as in :class:`EntryCell`."""
    right, total = parts.sum(axis=0)
    return EntryCell(float(np.mean(right / total)), tuple(units), parts, "recall")


def _unique_above_null(board: Board, submission: Submission) -> dict[str, EntryCell]:
    return {
        score.benchmark: unique_cell(
            [person.subject for person in score.subjects],
            [person.unique_r2 for person in score.subjects],
            score.unique_r2.null_mean or 0.0,
            score.unique_r2.interval,
        )
        for score in submission.record.controlled
    }


def _raw_r(board: Board, submission: Submission) -> dict[str, EntryCell]:
    return {
        score.benchmark: mean_cell(
            [person.subject for person in score.subjects],
            [person.r for person in score.subjects],
        )
        for score in submission.record.controlled
    }


def _median_r(board: Board, submission: Submission) -> dict[str, EntryCell]:
    people: dict[str, dict[str, float]] = {}
    for row in submission.record.scores:
        if row.subject != EVERYBODY:
            people.setdefault(row.benchmark, {})[row.subject] = row.raw
    return {name: median_cell(list(own), list(own.values())) for name, own in people.items()}


def _error_consistency(board: Board, submission: Submission) -> dict[str, EntryCell]:
    return {
        score.benchmark: kappa_cell(
            [person.subject for person in score.people],
            [person.error_consistency for person in score.people],
        )
        for score in submission.record.behavior
    }


def _balanced_accuracy(board: Board, submission: Submission) -> dict[str, EntryCell]:
    found = {}
    for name in board.tasks:
        items = task_items(submission.samples[name]) or []
        clusters = sorted({cluster for cluster, *_ in items})
        labels = sorted({label for _, label, _, _ in items})
        place = {cluster: i for i, cluster in enumerate(clusters)}
        parts = np.zeros((len(clusters), 2, len(labels)))
        for cluster, label, said, _ in items:
            parts[place[cluster], 0, labels.index(label)] += said == label
            parts[place[cluster], 1, labels.index(label)] += 1
        # with its labels: a problem that is labelled otherwise is another
        counts = (zip(own.astype(int), labels, strict=True) for own in parts[:, 1])
        units = tuple(
            f"{cluster}: {', '.join(f'{n} {label}' for n, label in own)}"
            for cluster, own in zip(clusters, counts, strict=True)
        )
        found[name] = recall_cell(units, parts)
    return found


def _least_gain(board: Board, submission: Submission) -> dict[str, EntryCell]:
    """Δ AUC against the needed arm that it is least above."""
    found = {}
    for gain in submission.record.gains:
        changes = [change for change in least_changes(gain).values() if change is not None]
        if gain.identifier not in board.gains or not changes:
            continue
        least = min(changes, key=lambda change: change.value)
        value, interval = least.value, least.interval
        assert interval is not None
        error = _error_of(interval)
        found[gain.identifier] = EntryCell(value, (gain.test,), np.array([error]), "normal")
    return found


def _error_of(interval: Interval) -> float:
    """Standard error of a normal with this 95 % interval."""
    return float((interval[1] - interval[0]) / (2 * stats.norm.ppf(0.975)))


_READERS: dict[str, Callable[[Board, Submission], dict[str, EntryCell]]] = {
    "unique_r2_above_null": _unique_above_null,
    "raw_r": _raw_r,
    "median_r": _median_r,
    "error_consistency": _error_consistency,
    "balanced_accuracy": _balanced_accuracy,
    "least_gain_of_auc": _least_gain,
}
