"""How alike a model's items and people's are, and the same under every permutation.

With features F and responses Y, nuisance projected out of both, ``Σ (FFᵀ)_ij (YYᵀ)_ij`` is the
squared length of ``FᵀY``: how much of all units goes with all voxels. Pairs i = j hold the noise
of single responses and are left out. Two things are taken care of, because projection brings them
in: noise that is the same for all items no longer has uncorrelated rows, so what it would give is
subtracted; and a permuted kernel that is projected again loses more than the observed one, so
every kernel is compared at the same length. Without the first, features that nuisance nearly
explains look associated with anything; without the second, nothing is ever found on high rungs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.permutations import Orders
from brainbench.errors import DataError

# bytes of permuted kernels that are held at once: what a core's cache holds
_AT_ONCE = 2**22
# a person's responses of less than this share of what they were are nothing but rounding
_GONE = 1e-20
# orders that are tried before all of them are
_TRIED = 4
# a kernel whose square is this close to that of the identity differs from it by rounding
_ROUNDING = 1e-10


@dataclass(frozen=True)
class Targets:
    """What a kernel is held against in one ROI and reasoning type.

    Attributes
    ----------
    own : (n, n) each person's items with each other, summed over people; or (P, n, n), one matrix
        a person, where nuisance and thereby kernels are a person's own.
    between : (n, n) each person's items with every other person's; None where their voxels are
        not the same, or there is one person.
    """

    own: Array
    between: Array | None


def make_targets(
    blocks: Sequence[Array],
    own: Array,
    group: Array,
    pairs: NDArray[np.bool_] | None = None,
) -> Targets:
    """Inner products of people's items, nuisance projected out.

    Parameters
    ----------
    blocks : P arrays (n, n_voxels) of responses; or (n, 1) means over an ROI.
    own : (n, n) projection for ``own``, or (P, n, n), one of each person.
    group : (n, n) projection for ``between``.
    pairs : (n, n) which pairs of items count; by default all of two different items. Pairs of two
        runs alone are the strict form: nothing within a run can make items alike.

    Returns
    -------
    Targets whose expected product with any kernel is zero under independent noise.
    """
    if not blocks:
        raise DataError("there are no people whose responses could be compared")
    size = len(blocks[0])
    counted = ~np.eye(size, dtype=bool) if pairs is None else pairs
    same = len({block.shape[1] for block in blocks}) == 1 and len(blocks) > 1
    makers = [own] * len(blocks) if own.ndim == 2 else list(own)
    left = [_unit_length(maker @ block, block)
            for maker, block in zip(makers, blocks, strict=True)]  # fmt: skip
    products = [one @ one.T for one in left]
    # what noise alone would give; a person who does not vary gives nothing
    noise = [maker * (float(np.trace(product)) / np.trace(maker))
             for maker, product in zip(makers, products, strict=True)]  # fmt: skip
    apart = [product - alone for product, alone in zip(products, noise, strict=True)]
    if own.ndim == 2:
        mine = own @ np.where(counted, np.sum(apart, axis=0), 0.0) @ own
    else:
        mine = np.stack([maker @ np.where(counted, one, 0.0) @ maker
                         for maker, one in zip(makers, apart, strict=True)])  # fmt: skip
    if not same:
        return Targets(mine, None)
    if own is not group:
        left = [_unit_length(group @ block, block) for block in blocks]
        products = [one @ one.T for one in left]
    total = np.sum(left, axis=0)
    pairs_of_people = total @ total.T - np.sum(products, axis=0)
    return Targets(mine, group @ np.where(counted, pairs_of_people, 0.0) @ group)


def permuted_sums(kernel: Array, targets: Sequence[Array], maker: Array, orders: Orders) -> Array:
    """``Σ_ij K_ij T_ij`` of each target for a kernel whose items are permuted.

    A permuted kernel is projected again, loses its part along the identity, and is brought to
    length 1 (Frobenius), as the observed one is. Projecting the targets once in place of the
    kernels every time leaves one product of two matrices for all targets and orders.

    Parameters
    ----------
    kernel : (n, n) symmetric, projected by ``maker``.
    targets : T matrices (n, n), symmetric, projected by ``maker``.
    maker : (n, n) the projection.
    orders : permutations of the n items.

    Returns
    -------
    (D, T), the observed values first; zero where nothing is left of a kernel.

    Source: Smith's permutation of residual features, in Winkler et al. 2014, NeuroImage 92.
    """
    degrees = float(np.trace(maker))
    upper = np.triu_indices(len(kernel))
    # each pair stands twice in the sum, but for i = j
    weights = np.where(upper[0] == upper[1], 1.0, 2.0)
    stacked = np.stack([matrix[upper] * weights for matrix in (*targets, maker)], axis=1)
    along = np.array([np.trace(target) for target in targets]) / degrees
    basis, factor = _range_of(maker), _factor_of(kernel)
    # a projection that orders within runs leave as it is takes nothing more from a permuted kernel
    kept_by_orders = _is_kept(maker, orders)
    flat = np.ascontiguousarray(kernel).ravel()
    found = np.zeros((len(orders.rows), len(targets)))
    step = max(1, _AT_ONCE // (16 * len(weights)))
    for start in range(0, len(found), step):
        sums = flat[orders.pairs(start, start + step)] @ stacked
        trace = sums[:, -1]
        squared = np.full(len(sums), float((kernel * kernel).sum()))
        if not kept_by_orders:
            mapped = basis.T @ factor[orders.rows[start : start + step]]
            squared = np.square(mapped @ mapped.transpose(0, 2, 1)).sum(axis=(1, 2))
        length = squared - trace**2 / degrees
        kept = length > _ROUNDING * squared
        centred = sums[:, :-1] - trace[:, None] * along
        found[start : start + step][kept] = centred[kept] / np.sqrt(length[kept])[:, None]
    return found


def _is_kept(maker: Array, orders: Orders) -> bool:
    """Whether no order changes a projection, as where it takes out means of runs alone."""
    some = orders.rows[:_TRIED]
    if not all(np.allclose(maker[np.ix_(rows, rows)], maker, atol=1e-12) for rows in some):
        return False
    upper, flat = maker[np.triu_indices(len(maker))], maker.ravel()
    # in pieces: of hundreds of items, all pairs of all orders would be gigabytes
    step = max(1, _AT_ONCE // (8 * len(upper)))
    return all(
        np.allclose(flat[orders.pairs(start, start + step)], upper, atol=1e-12)
        for start in range(0, len(orders.rows), step)
    )


def _range_of(maker: Array) -> Array:
    """(n, q) orthonormal basis of what a projection leaves."""
    values, vectors = np.linalg.eigh(maker)
    found: Array = vectors[:, values > 0.5]
    return found


def _factor_of(kernel: Array) -> Array:
    """(n, q) F with F Fᵀ the kernel."""
    values, vectors = np.linalg.eigh(kernel)
    kept = values > 1e-12 * max(float(values[-1]), 1e-300)
    found: Array = vectors[:, kept] * np.sqrt(values[kept])
    return found


def _unit_length(left: Array, before: Array) -> Array:
    """Responses of length 1 in all, or zero where nuisance explains them wholly."""
    size = float((left * left).sum())
    if size <= _GONE * float((before * before).sum()):
        return np.zeros_like(left)
    found: Array = left / np.sqrt(size)
    return found
