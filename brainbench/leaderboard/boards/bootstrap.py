"""Scores of the entries of a board, drawn anew.

A bootstrap draws what cells were got from: people for alignment and behaviour, base problems (all
orders of one together) for tasks. A gain is in a record only with its interval, and is drawn
from a normal of that width; so are the problems of behaviour, each model's by themselves, for a
record does not hold the answers of people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.leaderboard.boards.board import Board
from brainbench.leaderboard.boards.ranking import win_rates
from brainbench.leaderboard.kinds.cells import EntryCell
from brainbench.leaderboard.kinds.registry import KINDS
from brainbench.leaderboard.submissions.submission import Submission

Array = NDArray[np.float64]


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
    """Cells of an entry that lacks nothing, in the order of the board.

    Parameters
    ----------
    board : any ranking but an overall one.
    submission : a run that lacks nothing of it.
    """
    found = KINDS[board.kind].read_cells(board, submission)
    return {name: found[name] for name in board.cells}


def draw_scores(
    board: Board, entries: Sequence[Mapping[str, EntryCell]], seed: int = 0
) -> ScoreDraws:
    """Mean over cells of every entry, as measured and with units drawn anew.

    Every entry meets the same draws, and every cell of one: entries differ by less than each
    of them by itself.

    Parameters
    ----------
    board : says how many draws there are.
    entries : cells of each, all with the same names and units.
    seed : of the draws.
    """
    scores = np.array([np.mean([cell.value for cell in cells.values()]) for cells in entries])
    draws = np.zeros((board.draws, len(entries)))
    names = list(entries[0]) if entries else []
    # tests of one trained model may all err together: see results.scorecard.reading.mean_ends
    together = np.random.default_rng([seed, 20260612]).standard_normal(draws.T.shape).T
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
            draws += _people_draws(cells, people, drawn)
            errors = np.array([cell.problems for cell in cells])
            if errors.any():
                draws += errors * rng.standard_normal(draws.T.shape).T
            if cells[0].null.size:
                draws += _exchanged(cells, board.draws)
        elif rules == {"recall"}:
            draws += _recall_draws(cells, board.draws, rng)
            count += len(cells[0].units)
        else:
            errors = np.array([cell.parts[0] for cell in cells])
            values = np.array([cell.value for cell in cells])
            draws += values + errors * together
    units = float(len(people)) if shared else float(count) if rules == {"recall"} else np.inf
    if any(cell.null.size for cells in entries for cell in cells.values()):
        units = np.inf  # the variance of exchanged items is not that of a few people
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


def _exchanged(cells: Sequence[EntryCell], n_draws: int) -> Array:
    """(D, M) what exchanged items add to each entry: the same order of items in one draw."""
    null = np.stack([cell.null for cell in cells], axis=1)
    found: Array = (null - null.mean(axis=0))[np.arange(n_draws) % len(null)]
    return found


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
