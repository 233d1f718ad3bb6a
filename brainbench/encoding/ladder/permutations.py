"""Orders of items within their runs: all of them where they are few, else random ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array

PERMUTATIONS = 10_000
# places of pairs that are kept: 64 MB
_KEPT_PAIRS = 2**23
# equal sums in another order differ in their last digits
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Orders:
    """Permutations that a null distribution is made of.

    Attributes
    ----------
    rows : (D, n) item that stands at each place; the first row changes nothing.
    exact : whether these are all there are.
    """

    rows: NDArray[np.intp]
    exact: bool

    @property
    def n_permutations(self) -> int:
        """How many a p value rests on: all of them where exact, else the random ones."""
        return len(self.rows) - (not self.exact)

    def pairs(self, start: int, stop: int) -> NDArray[np.intp]:
        """Places, in a flat n × n matrix, of the permuted pairs on and above its diagonal.

        Kept where they are not too large: every rung, model and baseline asks for the same.

        Parameters
        ----------
        start, stop : range of orders, ``stop`` not included.

        Returns
        -------
        (D', n (n + 1) / 2), one row for each of these D' orders.
        """
        size = self.rows.shape[1]
        if len(self.rows) * size * (size + 1) // 2 > _KEPT_PAIRS:
            return _pairs(self.rows[start:stop])
        return self._pairs[start:stop]

    @cached_property
    def _pairs(self) -> NDArray[np.intp]:
        return _pairs(self.rows)

    def of(self, items: NDArray[np.intp]) -> Orders:
        """The same permutations of some items, which must be whole runs.

        Parameters
        ----------
        items : (k,) ascending indices.
        """
        return Orders(np.searchsorted(items, self.rows[:, items]), self.exact)


def permute_within_runs(
    runs: NDArray[np.str_], rng: np.random.Generator, draws: int = PERMUTATIONS
) -> Orders:
    """Permutations of items that keep each item in its run.

    Parameters
    ----------
    runs : (n,) run of each item.
    rng : source of random orders; not used where all are listed.
    draws : random orders, the one that changes nothing not counted.

    Returns
    -------
    All orders where there are at most ``draws + 1``, else random ones.
    """
    places = [np.flatnonzero(runs == run) for run in dict.fromkeys(runs.tolist())]
    count = prod(factorial(len(own)) for own in places)
    exact = count <= draws + 1
    rows = np.tile(np.arange(len(runs)), (count if exact else draws + 1, 1))
    if exact:
        every = product(*(permutations(own.tolist()) for own in places))
        for row, parts in zip(rows, every, strict=True):
            for own, order in zip(places, parts, strict=True):
                row[own] = order
    else:
        for own in places:
            rows[1:, own] = rng.permuted(np.tile(own, (draws, 1)), axis=1)
    return Orders(rows, exact)


def tail_share(values: Array) -> float:
    """One-sided p of the first value among all of them, itself counted.

    Of random permutations this is (1 + those not below) / (1 + permutations); of all permutations
    it is exact.

    Parameters
    ----------
    values : (D,) statistic under each order; the first is the observed one.

    Source: Phipson & Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9.
    """
    slack = _ROUNDING * max(1.0, float(np.abs(values).max()))
    return float((values >= values[0] - slack).mean())


def standardised(values: Array) -> Array:
    """Values in standard deviations from their mean over orders, the observed one included.

    Parameters
    ----------
    values : (D, ...) statistics, orders first. One that does not vary becomes zero.
    """
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    size = np.abs(values).max(axis=0)
    found: Array = np.divide(
        centred, spread, out=np.zeros_like(centred), where=spread > 1e-12 * np.maximum(size, 1e-300)
    )
    return found


def _pairs(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    size = rows.shape[1]
    first, second = np.triu_indices(size)
    places: NDArray[np.intp] = rows[:, first]
    places *= size
    places += rows[:, second]
    return places
