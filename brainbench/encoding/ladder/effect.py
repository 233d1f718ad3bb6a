"""How much of people's responses a model's kernel explains, with errors over people and items.

With nuisance projected out, the inner products of a person's items are expected to be
``s K + (1 - s) M / q``: the model's kernel of trace 1, and noise in the q dimensions that are
left. Regressing them on the kernel over pairs of items gives s, the share of variance; pairs i = j
are left out, as in the test. Between people there is no noise, and s over all that they share is
the share of shared variance.

Everything is computed without each item and each person in turn, too: errors are jackknives over
both, crossed.

Source: Haseman & Elston 1972, Behavior Genetics 2: variance components by regression of products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.projection import residual_maker
from brainbench.statistics.inference import Interval

# a kernel of less than this share of what it was is nothing but rounding
_GONE = 1e-8
_LEAST = 1e-300
# kernels without an item that are held at once; of all items of a large set they would be gigabytes
_AT_ONCE = 128


@dataclass(frozen=True)
class CellShares:
    """What a kernel explains in one ROI and reasoning type, with all n items and without each.

    Attributes
    ----------
    own : (n + 1, P) share of each person's variance; noise makes it negative as often as positive.
    between : (n + 1, P, P) share that two people have in common along the kernel; the diagonal is
        zero.
    shared : (n + 1, P, P) all that two people share: correlation of their responses over items and
        voxels; the diagonal is zero.
    strength : (n + 1,) what a share is multiplied by to be the term of the test.
    """

    own: Array
    between: Array
    shared: Array
    strength: Array


def makers_without_items(columns: Array) -> Array:
    """(n + 1, n, n) projections: of all items, then without each; its row and column are zero.

    Parameters
    ----------
    columns : (n, c) nuisance, run indicators among it.
    """
    size = len(columns)
    found = np.zeros((size + 1, size, size))
    found[0] = residual_maker(columns)
    for item in range(size):
        kept = np.delete(np.arange(size), item)
        found[item + 1][np.ix_(kept, kept)] = residual_maker(columns[kept])
    return found


def explained_shares(layers: Array, products: Array, makers: Array) -> CellShares:
    """Regress people's inner products on a model's.

    Parameters
    ----------
    layers : (L, n, n) inner products of items at each layer; each weighs the same.
    products : (P, P, n, n) inner products of items of every person and every other over the same
        voxels.
    makers : (n + 1, n, n) from :func:`makers_without_items`.
    """
    parts = [
        _explained(layers, products, makers[start : start + _AT_ONCE])
        for start in range(0, len(makers), _AT_ONCE)
    ]
    return CellShares(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("own", "between", "shared", "strength")
        )
    )


def _explained(layers: Array, products: Array, makers: Array) -> CellShares:
    """The same of some projections."""
    count, size = len(products), makers.shape[-1]
    flat, people = makers.reshape(len(makers), -1), products.reshape(count * count, -1)
    degrees = np.trace(makers, axis1=1, axis2=2)
    traces = flat @ layers.reshape(len(layers), -1).T
    whole = np.maximum(np.trace(layers, axis1=1, axis2=2), _LEAST)
    weights = np.divide(1.0, traces, out=np.zeros_like(traces), where=traces > _GONE * whole)
    summed = (weights @ layers.reshape(len(layers), -1)).reshape(makers.shape)
    kernels = makers @ summed @ makers
    trace = np.trace(kernels, axis1=1, axis2=2)
    there = trace > 0.0
    kernels /= np.where(there, trace, 1.0)[:, None, None]
    centred = np.where(there[:, None, None], kernels - makers / degrees[:, None, None], 0.0)
    along = centred * ~np.eye(size, dtype=bool)
    squared = np.maximum(np.square(along).sum(axis=(1, 2)), _LEAST)
    # all pairs of people at once: <K, M A M> = <M K M, A>
    direction = makers @ (along / squared[:, None, None]) @ makers
    left = (direction.reshape(len(makers), -1) @ people.T).reshape(-1, count, count)
    total = (flat @ people.T).reshape(-1, count, count)
    length = np.sqrt(np.maximum(np.einsum("kpp->kp", total), _LEAST))
    scale = length[:, :, None] * length[:, None, :]
    noise = (direction * makers).sum(axis=(1, 2)) / degrees
    own = np.einsum("kpp->kp", left / scale) - noise[:, None]
    off = ~np.eye(count, dtype=bool)
    strength = squared / np.maximum(np.sqrt(np.square(centred).sum(axis=(1, 2))), _LEAST)
    return CellShares(own, left / scale * off, total / scale * off, strength)


@dataclass(frozen=True)
class CellMeans:
    """Means over people in one cell: row i without item i, column p without person p, 0 with all.

    Attributes
    ----------
    own : (n + 1, P + 1) mean over people.
    between, shared : (n + 1, P + 1) mean over pairs of people.
    strength : (n + 1, 1) as in :class:`CellShares`.
    """

    own: Array
    between: Array
    shared: Array
    strength: Array

    def rows(self, chosen: Sequence[int]) -> CellMeans:
        """The same of some rows, in this order."""
        places = np.array(chosen, np.intp)
        return CellMeans(
            self.own[places], self.between[places], self.shared[places], self.strength[places]
        )


def cell_means(shares: CellShares) -> CellMeans:
    """Means over people, and without each of them."""
    return CellMeans(
        _means(shares.own),
        _pair_means(shares.between),
        _pair_means(shares.shared),
        shares.strength[:, None],
    )


def align_cells(cells: Sequence[CellMeans], types: Sequence[str]) -> list[CellMeans]:
    """The same rows for every cell: all items, then without each item of each reasoning type.

    Parameters
    ----------
    cells : of several ROIs and reasoning types.
    types : of each cell; cells of one type hold the same items.
    """
    sizes = {kind: len(cell.own) - 1 for kind, cell in zip(types, cells, strict=True)}
    order = [(kind, item) for kind, size in sizes.items() for item in range(1, size + 1)]
    return [
        cell.rows([0, *(item if own == kind else 0 for own, item in order)])
        for kind, cell in zip(types, cells, strict=True)
    ]


def own_share(cells: Sequence[CellMeans]) -> Array:
    """(N + 1, P + 1) share of a person's variance, mean over people and cells."""
    found: Array = np.mean([cell.own for cell in cells], axis=0)
    return found


def shared_share(cells: Sequence[CellMeans]) -> Array:
    """(N + 1, P + 1) share of what people share, over all cells together."""
    found: Array = np.sum([cell.between for cell in cells], axis=0) / np.sum(
        [cell.shared for cell in cells], axis=0
    )
    return found


def jackknife_variance(replicates: Array) -> float:
    """Variance of a value, from what it is without each of the people or items.

    Parameters
    ----------
    replicates : (n,)
    """
    size = len(replicates)
    return (size - 1) / size * float(np.square(replicates - replicates.mean()).sum())


def crossed_error(table: Array) -> float:
    """Standard error of a value for other people and other items: a jackknife over each, crossed.

    The variance over people and that over items each hold the variance of people with items, so
    one of the two is taken off again; what is left is no less than the larger of them.

    Parameters
    ----------
    table : (N + 1, P + 1) the value without item i and person p; 0 stands for all of them.

    Source: Owen 2007, Annals of Applied Statistics 1, crossed random effects; Efron & Stein 1981,
    Annals of Statistics 9, the jackknife.
    """
    items, people = table.shape[0] - 1, table.shape[1] - 1
    of_people, of_items = jackknife_variance(table[0, 1:]), jackknife_variance(table[1:, 0])
    both = table[0, 0] - table[:1, 1:] - table[1:, :1] + table[1:, 1:]
    of_both = (people - 1) / people * (items - 1) / items * float(np.square(both).sum())
    return float(np.sqrt(max(of_people + of_items - of_both, of_people, of_items)))


def crossed_interval(table: Array, level: float = 0.95) -> Interval:
    """Interval of a value for other people and other items, by Student's t over people.

    Parameters
    ----------
    table : (N + 1, P + 1) as in :func:`crossed_error`.
    level : of the interval.
    """
    value = float(table[0, 0])
    half = float(stats.t.ppf(0.5 + level / 2, table.shape[1] - 2) * crossed_error(table))
    return value - half, value + half


def _means(values: Array) -> Array:
    """(N, P + 1) mean over people, and over all but each."""
    total, count = values.sum(axis=1, keepdims=True), values.shape[1]
    return np.hstack([total / count, (total - values) / max(count - 1, 1)])


def _pair_means(values: Array) -> Array:
    """(N, P + 1) mean over pairs of two people, and over those without each person."""
    total, count = values.sum(axis=(1, 2))[:, None], values.shape[1]
    without = total - values.sum(axis=1) - values.sum(axis=2)
    return np.hstack(
        [total / max(count * (count - 1), 1), without / max((count - 1) * (count - 2), 1)]
    )
