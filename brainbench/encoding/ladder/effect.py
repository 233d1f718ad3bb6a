"""How much of people's responses a model's kernel explains, with intervals over people and items.

With nuisance projected out, the inner products of a person's items are expected to be
``s K + (1 - s) M / q``: the model's kernel of trace 1, and noise in the q dimensions that are
left. Regressing them on the kernel over pairs of items gives s, the share of variance; pairs i = j
are left out, as in the test. Between people there is no noise, and s over all that they share is
the share of shared variance.

Source: Haseman & Elston 1972, Behavior Genetics 2: variance components by regression of products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.projection import residual_kernel, residual_maker
from brainbench.statistics.inference import Interval


@dataclass(frozen=True)
class Shares:
    """What a kernel explains of each person and pair of people, in one cell.

    Attributes
    ----------
    own : (P,) share of each person's variance; noise makes it negative as often as positive.
    between : (P, P) share that two people have in common along the kernel; the diagonal is zero.
    shared : (P, P) all that two people share: correlation of their responses over items and
        voxels; the diagonal is zero.
    """

    own: Array
    between: Array
    shared: Array

    def without(self, person: int) -> Shares:
        """The same of all other people."""
        left = np.delete(np.arange(len(self.own)), person)
        square = np.ix_(left, left)
        return Shares(self.own[left], self.between[square], self.shared[square])


def explained_shares(layers: Array, products: Array, columns: Array) -> Shares:
    """Regress people's inner products on a model's.

    Parameters
    ----------
    layers : (L, n, n) inner products of items at each layer.
    products : (P, P, n, n) inner products of items of every person and every other over the same
        voxels.
    columns : (n, c) nuisance, run indicators among it.
    """
    maker = residual_maker(columns)
    degrees, apart = float(np.trace(maker)), ~np.eye(len(maker), dtype=bool)
    kernel = residual_kernel(layers, maker)
    trace = float(np.trace(kernel))
    count = len(products)
    if trace <= 0.0:
        return Shares(np.zeros(count), np.zeros((count, count)), np.zeros((count, count)))
    along = (kernel / trace - maker / degrees)[apart]
    # all pairs of people at once: <K, M A M> = <M K M, A>, and K is projected already
    direction = np.zeros_like(kernel)
    direction[apart] = along / (along @ along)
    direction = maker @ direction @ maker
    left = np.einsum("ij,pqij->pq", direction, products)
    total = np.einsum("ij,pqij->pq", maker, products)
    length = np.sqrt(np.maximum(np.diag(total), 1e-300))
    scaled, shared = left / np.outer(length, length), total / np.outer(length, length)
    noise = float((direction * maker).sum()) / degrees
    own = np.diag(scaled) - noise
    off = ~np.eye(count, dtype=bool)
    return Shares(own, np.where(off, scaled, 0.0), np.where(off, shared, 0.0))


def own_share(cells: Sequence[Shares]) -> float:
    """Share of a person's variance, mean over people and cells."""
    return float(np.mean([cell.own.mean() for cell in cells]))


def shared_share(cells: Sequence[Shares]) -> float:
    """Share of what people share, over all cells together."""
    return float(
        sum(cell.between.sum() for cell in cells) / sum(cell.shared.sum() for cell in cells)
    )


def crossed_interval(
    value: float,
    without_person: Array,
    without_item: Array,
    without_both: Array,
    level: float = 0.95,
) -> Interval:
    """Interval for other people and other items: a jackknife over each, crossed.

    The variance over people and that over items each hold the variance of people with items, so
    one of the two is taken off again. Student's t with people minus one degrees of freedom.

    Parameters
    ----------
    value : of P people and n items.
    without_person : (P,) the same without each person.
    without_item : (n,) without each item.
    without_both : (P, n) without both.
    level : of the interval.

    Source: Owen 2007, Annals of Applied Statistics 1, crossed random effects; Efron & Stein 1981,
    Annals of Statistics 9, the jackknife.
    """
    people, items = len(without_person), len(without_item)
    of_people = _variance(without_person)
    of_items = _variance(without_item)
    both = value - without_person[:, None] - without_item + without_both
    of_both = (people - 1) / people * (items - 1) / items * float(np.square(both).sum())
    variance = max(of_people + of_items - of_both, of_people)
    half = float(stats.t.ppf(0.5 + level / 2, people - 1) * np.sqrt(variance))
    return value - half, value + half


def _variance(replicates: Array) -> float:
    size = len(replicates)
    return (size - 1) / size * float(np.square(replicates - replicates.mean()).sum())
