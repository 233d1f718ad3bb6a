"""From simulated boards to how often their intervals and ranks are right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from brainbench.calibration.boards import World, board_named
from brainbench.leaderboard.boards.ranking import rank_scores
from brainbench.leaderboard.boards.simulated import Share, SimulatedRow

Array = NDArray[np.float64]
Counted = tuple[Array, Array, NDArray[np.bool_], NDArray[np.bool_]]


def count_boards(
    name: str, scenario: str, worlds: Sequence[World], expected: float | None = None
) -> SimulatedRow:
    """How often the boards of all worlds are right.

    Parameters
    ----------
    name : of the board by whose rule they are ranked.
    expected : score of every model on new items; None: the mean over worlds and models of what is
        expected on the items of each, or, where that is not known, of what they got.
    """
    shares = board_named(name).of_shares
    known = worlds[0].truth is not None
    if expected is None:
        expected = float(np.mean([_expected(world) for world in worlds]))
    counted = [_count_world(world, expected, shares) for world in worlds]
    same, new, apart, wrong = zip(*counted, strict=True)
    return SimulatedRow(
        board=name,
        scenario=scenario,
        models=len(worlds[0].boards[0].scores),
        worlds=len(worlds),
        boards=sum(len(world.boards) for world in worlds),
        covers_same=share_of(same) if known else None,
        covers_new=share_of(new),
        apart=share_of(apart),
        wrong_same=share_of(wrong) if known else None,
    )


def _expected(world: World) -> Array:
    """(M,) what is expected on the items of a world, or what its boards gave."""
    if world.truth is not None:
        return world.truth
    found: Array = np.mean([board.scores for board in world.boards], axis=0)
    return found


def _count_world(world: World, expected: float, shares: bool) -> Counted:
    """(boards, M) intervals that hold the truth on these items and on new ones; (boards,)
    boards that tell models apart, and with a wrong rank interval on these items.
    """
    same, new, apart, wrong = [], [], [], []
    truth = np.full(len(world.boards[0].scores), expected) if world.truth is None else world.truth
    # the truth is a mean of which each board is a part: it lies that much nearer to it
    apart_from_own = np.sqrt(world.groups / (world.groups - 1)) if world.groups < np.inf else 1.0
    best = 1 + (truth[None, :] > truth[:, None] + 1e-12).sum(axis=1)
    worst = len(truth) - (truth[None, :] < truth[:, None] - 1e-12).sum(axis=1)
    for place, drawn in enumerate(world.boards):
        found = rank_scores(drawn.scores, drawn.draws, drawn.units, shares)
        own = found.intervals if world.intervals is None else world.intervals[place]
        low, high = own.T
        away = drawn.scores + (truth - drawn.scores) * apart_from_own
        same.append((low <= away) & (away <= high))
        new.append((low <= expected) & (expected <= high))
        apart.append(bool((found.best > 1).any()))
        wrong.append(bool(((found.best > best) | (found.worst < worst)).any()))
    return np.array(same, float), np.array(new, float), np.array(apart), np.array(wrong)


def share_of(worlds: Sequence[NDArray[np.generic]]) -> Share:
    """A share of what was counted, with its interval; what is of one world is alike.

    Parameters
    ----------
    worlds : True or 1 for what counts, an array for each world; all of the same size.

    Source: Korn & Graubard 1998, Survey Methodology 24: exact bounds of as many independent
    observations as have the variance that worlds show.
    """
    means = np.array([np.mean(np.asarray(own, np.float64)) for own in worlds])
    rate, count = float(means.mean()), float(sum(np.size(own) for own in worlds))
    simple = rate * (1.0 - rate) / count
    between = float(means.var(ddof=1)) / len(means) if len(means) > 1 else simple
    n = count * simple / max(between, simple) if simple > 0.0 else count
    x = rate * n
    low = float(beta.ppf(0.025, x, n - x + 1)) if x > 0.0 else 0.0
    high = float(beta.ppf(0.975, x + 1, n - x)) if x < n else 1.0
    return Share(rate=rate, interval=(low, high))
