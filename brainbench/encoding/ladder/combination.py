"""From cells to one p value for a model, and back down to cells.

Each term of each cell is standardised by its permutations and summed over cells. A model may share
with people what people do not share with each other (``own``), or what they all share
(``between``), or both: the largest of the two and of their sum, each standardised, is the
statistic, and its own permutations give its p.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.permutations import standardised, tail_share
from brainbench.encoding.ladder.terms import STATISTICS, Statistic
from brainbench.statistics.inference import holm

# above so many cells all their subsets are too many, and Holm's correction stands for them
MAX_CLOSED = 12


@dataclass(frozen=True)
class Tested:
    """One statistic.

    Attributes
    ----------
    z : standard deviations above its mean over permutations.
    p : one-sided; of a cell, corrected over all cells.
    """

    z: float
    p: float


@dataclass(frozen=True)
class CellNull:
    """Both terms of one cell under each order, the observed value first.

    Attributes
    ----------
    own, between : (D,); None where people cannot be compared.
    """

    own: Array
    between: Array | None


def combine(cells: Sequence[CellNull]) -> dict[Statistic, Array]:
    """Statistics of several cells together under each order, standardised.

    Parameters
    ----------
    cells : at least one, with the same orders.

    Returns
    -------
    (D,) each; ``between`` is missing where no cell has it, and ``larger`` is then ``own``.
    """
    own = standardised(np.sum([standardised(cell.own) for cell in cells], axis=0))
    shared = [standardised(cell.between) for cell in cells if cell.between is not None]
    if not shared:
        return {"own": own, "larger": own}
    between = standardised(np.sum(shared, axis=0))
    both = standardised(own + between)
    larger = standardised(np.maximum(np.maximum(own, between), both))
    return {"own": own, "between": between, "larger": larger}


def combine_like(
    cells: Sequence[CellNull], own: Sequence[Array], between: Sequence[Array | None]
) -> Array:
    """The larger term of other values of each cell, standardised as the cells' own orders are.

    Parameters
    ----------
    cells : with their orders.
    own, between : of each cell, arrays of one shape; None where the cell has no such term.

    Returns
    -------
    An array of that shape; for the observed values, ``combine(cells)["larger"][0]``.
    """
    sums = np.sum([standardised(cell.own) for cell in cells], axis=0)
    new = np.sum([_as(one, cell.own) for one, cell in zip(own, cells, strict=True)], axis=0)
    alone, mine = _as(new, sums), standardised(sums)
    pairs = [
        (cell.between, one)
        for cell, one in zip(cells, between, strict=True)
        if cell.between is not None and one is not None
    ]
    if not pairs:
        return alone
    sums = np.sum([standardised(orders) for orders, _ in pairs], axis=0)
    shared = _as(np.sum([_as(one, orders) for orders, one in pairs], axis=0), sums)
    theirs = standardised(sums)
    both = _as(alone + shared, mine + theirs)
    most = np.maximum(np.maximum(mine, theirs), standardised(mine + theirs))
    return _as(np.maximum(np.maximum(alone, shared), both), most)


def assess_together(cells: Sequence[CellNull]) -> dict[Statistic, Tested]:
    """Test several cells as one."""
    return {
        name: Tested(float(values[0]), tail_share(values))
        for name, values in combine(cells).items()
    }


def assess_cells(cells: Mapping[str, CellNull]) -> dict[str, dict[Statistic, Tested]]:
    """Test each cell, p corrected over all of them.

    By closed testing: a cell is found where every set of cells that it belongs to is found, which
    holds the chance of any false finding at the level that each test has. Above
    :data:`MAX_CLOSED` cells, Holm's correction.

    Source: Marcus, Peritz & Gabriel 1976, Biometrika 63.
    """
    alone = {name: assess_together([cell]) for name, cell in cells.items()}
    corrected = _closed(cells) if len(cells) <= MAX_CLOSED else _holm(alone)
    return {
        name: {which: Tested(one.z, corrected[which][name]) for which, one in found.items()}
        for name, found in alone.items()
    }


def _as(values: Array, orders: Array) -> Array:
    """Values in standard deviations of what they are under every order."""
    spread = float(orders.std())
    found: Array = (values - orders.mean()) / spread if spread > 0.0 else np.zeros_like(values)
    return found


def _closed(cells: Mapping[str, CellNull]) -> dict[Statistic, dict[str, float]]:
    found: dict[Statistic, dict[str, float]] = {which: {} for which in STATISTICS}
    names = list(cells)
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            for which, one in assess_together([cells[name] for name in chosen]).items():
                for name in chosen:
                    found[which][name] = max(one.p, found[which].get(name, 0.0))
    return found


def _holm(
    alone: Mapping[str, Mapping[Statistic, Tested]],
) -> dict[Statistic, dict[str, float]]:
    found: dict[Statistic, dict[str, float]] = {which: {} for which in STATISTICS}
    for which in STATISTICS:
        own = {name: tests[which].p for name, tests in alone.items() if which in tests}
        found[which] = dict(zip(own, holm(list(own.values())), strict=True))
    return found
