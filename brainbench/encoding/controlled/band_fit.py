"""One fold of two-band ridge: nuisance and a model, for many orders of the model's rows.

Every error is linear in the Gram matrix of the responses, so the maps P of all orders and
penalties, and their PᵀP, are made once and serve any number of ROIs, or of simulated data
sets, by two matrix products. Maps of the test run are made only for what was chosen.

With the penalty α on nuisance fixed, N / α + I = L Lᵀ and L⁻¹ M L⁻ᵀ = V diag(λ) Vᵀ give every
penalty β on the model from one decomposition:
(N / α + M / β + I)⁻¹ = B diag(1 / (1 + λ / β)) Bᵀ, with B = L⁻ᵀ V.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.controlled.folds import HeldOutFold
from brainbench.encoding.controlled.ridge import (
    BlockedRidge,
    FlatMaps,
    dual_maps,
    fit_blocked,
    held_out_blocks,
    inner_blocks,
    ridge_maps,
    squared_errors,
)
from brainbench.encoding.kernels import Array
from brainbench.encoding.threads import parallel

# Less than this share left of the features is nothing left.
NOTHING_LEFT = 1e-6
# Something is added only where it lowers the inner error by more than rounding does.
_ROUNDING = 1e-12
# Draws that are worked on together, and the numbers their losses may take: 32 MB.
_DRAWS_AT_ONCE = 128
_VALUES_AT_ONCE = 4 * 1024**2


@dataclass(frozen=True)
class Bands:
    """Two kernels of one fold, of each person or, where all have the same, once.

    Attributes
    ----------
    fold : the fold.
    nuisance : (P, n, n) or (1, n, n), centred on training items, trace m there.
    model : likewise; what nuisance leaves of the model's features; zero where that is nothing.
    operators : likewise; what takes nuisance out of rows in another order.
    """

    fold: HeldOutFold
    nuisance: Array
    model: Array
    operators: Array


@dataclass(frozen=True)
class _Choice:
    """What inner folds chose, for R ROIs and D orders.

    Attributes
    ----------
    alone : (R,) penalty of nuisance alone, by number.
    model : (R, D) penalty of the model alone, by number.
    added : (R, D) penalty on the model beside nuisance, by number; 0 adds nothing.
    weight : (R, D) w of the mix.
    """

    alone: NDArray[np.intp]
    model: NDArray[np.intp]
    added: NDArray[np.intp]
    weight: Array


class FoldFit:
    """R ROIs, P people, D orders of the model's rows.

    Parameters
    ----------
    bands : of the fold.
    grams : (R, P, n, n) responses, centred by the fold.
    orders : (D, n), the measured order first.
    alphas : penalties.
    betas : penalties on the model beside nuisance; the first is infinite.
    """

    def __init__(
        self,
        bands: Bands,
        grams: Array,
        orders: NDArray[np.intp],
        alphas: Array,
        betas: Array,
    ) -> None:
        self.bands, self.fold, self.grams, self.orders = bands, bands.fold, grams, orders
        self.alphas, self.betas = alphas, betas
        # people who share their kernels are, inside, one person with all voxels
        self.shared = len(bands.nuisance) == 1
        summed = grams.sum(axis=1, keepdims=True) if self.shared else grams
        rows = self.fold.train
        self.inside = summed[:, :, rows[:, None], rows]
        per_draw = len(rows) ** 2 * (len(alphas) + len(betas))
        step = max(1, min(_DRAWS_AT_ONCE, _VALUES_AT_ONCE // per_draw))
        self.pieces = [
            (person, slice(start, min(start + step, len(orders))))
            for person in range(self.inside.shape[1])
            for start in range(0, len(orders), step)
        ]

    @cached_property
    def nuisance(self) -> list[BlockedRidge]:
        """Nuisance alone, of each person: no order changes it."""
        return parallel(
            lambda kernel: fit_blocked(kernel[None], self.fold, self.alphas),
            list(self.bands.nuisance),
        )

    def errors(self) -> tuple[Array, Array, Array, Array, Array, Array]:
        """Squared test errors of nothing and of nuisance (R, P), of both bands and of the mix
        (R, P, D), and what was chosen (R, D): penalty on the model and weight.
        """
        test = self.fold.test
        total = np.einsum("rpii->rp", self.grams[:, :, test[:, None], test])
        choice = self._choose()
        parts = parallel(lambda piece: self._outer(*piece, choice), self.pieces)
        shape = (*self.grams.shape[:2], len(self.orders))
        nuisance, banded, stacked = np.empty(shape[:2]), np.empty(shape), np.empty(shape)
        for (person, draws), (one, two, three) in zip(self.pieces, parts, strict=True):
            who = slice(None) if self.shared else slice(person, person + 1)
            nuisance[:, who], banded[:, who, draws], stacked[:, who, draws] = one, two, three
        return total, nuisance, banded, stacked, self.betas[choice.added], choice.weight

    def _choose(self) -> _Choice:
        """Least inner error, summed over people."""
        alone = np.sum(
            [ridge.errors(self.inside[:, i])[:, 0] for i, ridge in enumerate(self.nuisance)], axis=0
        )
        penalty = alone.argmin(axis=1)
        least = alone.min(axis=1)[:, None]
        size = (len(self.inside), len(self.orders))
        if not self.bands.model.any():
            # mixed with nothing, nuisance would only be shrunk
            nothing = np.zeros(size, np.intp)
            return _Choice(penalty, nothing, nothing, np.zeros(size))
        n_alphas, n_betas = len(self.alphas), len(self.betas) - 1
        found = np.zeros((*size, 2 * n_alphas + n_betas))
        parts = parallel(lambda piece: self._inner(*piece, penalty), self.pieces)
        for (_, draws), part in zip(self.pieces, parts, strict=True):
            found[:, draws] += part
        single, product, joint = np.split(found, [n_alphas, 2 * n_alphas], axis=2)
        model = single.argmin(axis=2)
        product = np.take_along_axis(product, model[..., None], axis=2)[..., 0]
        better = better_than(joint.min(axis=2, initial=np.inf), least)
        added = np.where(better, 1 + joint.argmin(axis=2) if n_betas else 0, 0)
        return _Choice(penalty, model, added, _best_weight(least, single.min(axis=2), product))

    def _kernels(self, person: int, draws: slice, rows: NDArray[np.intp]) -> tuple[Array, Array]:
        """(n, n) nuisance and (D, n, n) the model's band, its rows in each order."""
        return _ordered(self.bands, person, self.orders[draws], rows)

    def _inner(self, person: int, draws: slice, alone: NDArray[np.intp]) -> Array:
        """(R, D, 2 A + betas) on the inner folds: squared error of the model alone at every
        penalty, its product with the error of nuisance, squared error of both at every beta.
        """
        nuisance, model = self._kernels(person, draws, self.fold.train)
        responses = self.inside[:, person]
        n_rois, finite, used = len(responses), self.betas[1:], np.unique(alone)
        single = np.zeros((n_rois, len(model) * len(self.alphas)))
        product = np.zeros_like(single)
        joint = np.zeros((n_rois, len(model) * len(finite)))
        for inner in self.fold.inner:
            fitted, checked = inner.fitted, inner.checked
            blocks = inner_blocks(responses, inner)
            own, added = inner.centred(nuisance), inner.centred(model)
            maps = FlatMaps.of(dual_maps(added, fitted, checked, self.alphas))
            one = dual_maps(own[None], fitted, checked, self.alphas[alone])[0]
            single += maps.errors(blocks)
            product += maps.products(one, blocks)
            both = joint_maps(own, added, fitted, checked, self.alphas[used], finite)
            for penalty, each in zip(used, both, strict=True):
                mine = alone == penalty
                joint[mine] += FlatMaps.of(each).errors(blocks[mine])
        shape = (n_rois, len(model), -1)
        return np.concatenate([each.reshape(shape) for each in (single, product, joint)], axis=2)

    def _outer(self, person: int, draws: slice, choice: _Choice) -> tuple[Array, Array, Array]:
        """Test errors (R, people) of nuisance, (R, people, D) of both bands and the mix."""
        train, test = self.fold.train, self.fold.test
        nuisance, band = self._kernels(person, draws, np.arange(self.grams.shape[-1]))
        grams = self.grams if self.shared else self.grams[:, person : person + 1]
        blocks = held_out_blocks(grams, self.fold)
        one = self.nuisance[person].maps[0, choice.alone]
        single = squared_errors(one[:, None], blocks)
        # where nothing was added the difference is nothing, not rounding
        banded = np.repeat(single[:, :, None], len(band), axis=2)
        stacked = banded.copy()
        added, weight = choice.added[:, draws], choice.weight[:, draws]

        def both(keys: NDArray[np.intp]) -> Array:
            draw, penalty, number = keys
            alpha, beta = self.alphas[penalty], self.betas[number]
            kernel = nuisance / alpha[:, None, None] + band[draw] / beta[:, None, None]
            return ridge_maps(kernel, train, test, np.ones(len(draw)))

        def model(keys: NDArray[np.intp]) -> Array:
            return ridge_maps(band[keys[0]], train, test, self.alphas[keys[1]])

        alone = np.broadcast_to(choice.alone[:, None], added.shape)
        for roi, where, maps in _each(added > 0, (alone, added), both):
            banded[roi][:, where] = squared_errors(maps, blocks[roi].each())
        for roi, where, maps in _each(weight > 0.0, (choice.model[:, draws],), model):
            share = weight[roi, where][:, None, None]
            mixed = (1.0 - share) * one[roi] + share * maps
            stacked[roi][:, where] = squared_errors(mixed, blocks[roi].each())
        return single, banded, stacked


def measured_kernels(bands: Bands, person: int) -> tuple[Array, Array]:
    """(n, n) nuisance and (1, n, n) the model's band, in the measured order.

    Parameters
    ----------
    bands : of one fold.
    person : index of the person; 0 where all have the same kernels.
    """
    everything = np.arange(bands.nuisance.shape[-1])
    return _ordered(bands, person, everything[None], everything)


def better_than(errors: Array, least: Array) -> NDArray[np.bool_]:
    """Where errors are lower by more than rounding.

    Parameters
    ----------
    errors : squared errors.
    least : the ones to get below; broadcast against ``errors``.
    """
    lower: NDArray[np.bool_] = errors < least * (1.0 - _ROUNDING)
    return lower


def _ordered(
    bands: Bands, person: int, orders: NDArray[np.intp], rows: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Nuisance and the model's band of some rows; see :meth:`FoldFit._kernels`.

    Rows made orthogonal once more are of another size, test rows more so: they also carry
    the error of a regression on training rows that the measured ones carry once. Unmended,
    the predictions of null orders would be too large and p too small.
    """
    moved = orders[:, rows]
    nuisance: Array = bands.nuisance[person][rows[:, None], rows]
    band = bands.model[person]
    model = band[moved[:, :, None], moved[:, None, :]]
    operator = bands.operators[person][rows[:, None], rows]
    model = operator @ model @ operator.T
    measured, size = np.diagonal(band)[rows], np.diagonal(model, axis1=1, axis2=2)
    inside = np.isin(rows, bands.fold.train)
    factor = np.zeros_like(size)
    for among in (inside, ~inside):
        wanted, now = measured[among].sum(), size[:, among].sum(axis=1, keepdims=True)
        scale = np.divide(wanted, now, out=np.zeros_like(now), where=now > NOTHING_LEFT * wanted)
        factor[:, among] = np.sqrt(scale)
    return nuisance, model * factor[:, :, None] * factor[:, None, :]


def _each(
    wanted: NDArray[np.bool_],
    numbers: tuple[NDArray[np.intp], ...],
    make: Callable[[NDArray[np.intp]], Array],
) -> list[tuple[int, NDArray[np.intp], Array]]:
    """Per ROI, the orders that are wanted and their maps; equal maps are made once.

    Parameters
    ----------
    wanted : (R, D).
    numbers : each (R, D); with the order they say which map it is.
    make : from keys (1 + len(numbers), U) to maps (U, t, m).
    """
    if not wanted.any():
        return []
    rois, draws = np.nonzero(wanted)
    keys = np.stack([draws, *(one[rois, draws] for one in numbers)])
    unique, places = np.unique(keys, axis=1, return_inverse=True)
    maps, places = make(unique), places.reshape(-1)
    return [(int(r), draws[rois == r], maps[places[rois == r]]) for r in np.unique(rois)]


def joint_maps(
    own: Array,
    added: Array,
    fitted: NDArray[np.intp],
    checked: NDArray[np.intp],
    alphas: Array,
    betas: Array,
) -> Array:
    """(A, D, betas, b, a) maps of own / α + added / β at penalty 1.

    Parameters
    ----------
    own : (n, n) kernel of nuisance.
    added : (D, n, n) kernel of the model, its rows in each of D orders.
    fitted : (a,) indices of the items that are learned from.
    checked : (b,) indices of the items that are predicted.
    alphas : (A,) penalties on ``own``.
    betas : penalties on ``added``; an infinite one adds nothing.
    """
    every = own / alphas[:, None, None]
    inside = every[:, fitted[:, None], fitted] + np.eye(len(fitted))
    lower = np.linalg.inv(np.linalg.cholesky(inside))[:, None]
    upper = np.swapaxes(lower, -1, -2)
    values, vectors = np.linalg.eigh(lower @ added[:, fitted[:, None], fitted] @ upper)
    basis = upper @ vectors
    one = every[:, None, checked[:, None], fitted] @ basis
    other = added[:, checked[:, None], fitted] @ basis
    share = 1.0 / betas[:, None, None]
    shrunk = 1.0 + np.maximum(values, 0.0)[..., None, None, :] * share
    scaled = (one[:, :, None] + other[:, :, None] * share) / shrunk
    flat = scaled.reshape(*values.shape[:2], -1, len(fitted)) @ np.swapaxes(basis, -1, -2)
    maps: Array = flat.reshape(scaled.shape)
    return maps


def _best_weight(one: Array, other: Array, product: Array) -> Array:
    """(R, D) the w in [0, 1] of least squared error of (1 - w) nuisance + w model.

    Squared errors of both alone and the product of their errors.
    """
    apart = one + other - 2.0 * product
    gain = np.broadcast_to(one, product.shape) - product
    weight = np.divide(gain, apart, out=np.zeros_like(product), where=apart > 0.0)
    clipped: Array = np.clip(weight, 0.0, 1.0)
    return clipped
