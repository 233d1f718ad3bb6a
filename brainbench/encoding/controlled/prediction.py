"""How well features predict the voxels of runs that were held out, and under permutation.

One choice serves all people: the penalty, and the layer where several compete, with the
least inner squared error summed over people and voxels. A null distribution repeats the
whole of it, choice included, with the items' responses in another order within each run,
the same order for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.controlled.folds import HeldOutFold
from brainbench.encoding.controlled.ridge import (
    CONTROLLED_ALPHAS,
    BlockedRidge,
    GramBlocks,
    fit_blocked,
    squared_errors,
)
from brainbench.encoding.kernels import Array, contrasts
from brainbench.encoding.published.prediction import correlate
from brainbench.encoding.responses import CONSTANT, FoldResponses, prepare_responses
from brainbench.encoding.threads import parallel
from brainbench.errors import DataError

# Draws and kernels that are worked on together: their matrices stay within some 100 MB.
_DRAWS_AT_ONCE = 100
_VALUES_AT_ONCE = 8 * 1024**2


@dataclass(frozen=True)
class People:
    """Responses of several people in one ROI, on folds that hold out runs.

    Attributes
    ----------
    blocks : (n_items, n_voxels) each.
    folds : the folds.
    """

    blocks: tuple[Array, ...]
    folds: tuple[HeldOutFold, ...]

    @cached_property
    def grams(self) -> Array:
        """(P, n, n) inner products of items over voxels."""
        return np.stack([block @ block.T for block in self.blocks])

    @cached_property
    def centred(self) -> tuple[Array, ...]:
        """Per fold, the Gram matrices centred on its training items."""
        return tuple(fold.centred(self.grams) for fold in self.folds)

    @cached_property
    def responses(self) -> list[list[FoldResponses]]:
        """Per person and fold, the voxels in contrasts."""
        pairs = [(fold.train, fold.test) for fold in self.folds]
        centres = [fold.centre for fold in self.folds]
        return parallel(partial(prepare_responses, folds=pairs, centres=centres), self.blocks)

    @cached_property
    def totals(self) -> Array:
        """(P,) squared test responses about the training means, summed over folds."""
        total: Array = np.sum(
            [
                np.einsum("pii->p", gram[:, fold.test[:, None], fold.test])
                for fold, gram in zip(self.folds, self.centred, strict=True)
            ],
            axis=0,
        )
        return total


@dataclass(frozen=True)
class Predictions:
    """Scores of D orders of the responses; the first is the order they were measured in.

    Attributes
    ----------
    r : (P, D) Pearson r, mean over folds, then voxels.
    r2 : (P, D) 1 - ΣSSE / ΣSST over voxels and folds; (P, 1) of the measured order alone.
    chosen : (D, F) which layer was chosen in each fold.
    voxels : per person (n_voxels,) r in the measured order.
    greatest : (D,) the largest r of all voxels of all people.
    n_constant : (voxel, fold) pairs over people that count 0, in the measured order.
    """

    r: Array
    r2: Array
    chosen: NDArray[np.intp]
    voxels: list[Array]
    greatest: Array
    n_constant: int


def normalised(kernels: Array, folds: Sequence[HeldOutFold]) -> list[Array]:
    """Per fold, the kernels centred and scaled on its training items.

    Parameters
    ----------
    kernels : (L, n, n), one per layer.
    folds : F folds over the n items.

    Returns
    -------
    F arrays (L, n, n).

    Raises
    ------
    DataError
        When there are no kernels, or a value is not finite.
    """
    if not len(kernels) or not np.isfinite(kernels).all():
        raise DataError("there are no features to predict from, or they hold NaN")
    return [fold.normalise(kernels) for fold in folds]


def all_together(kernels: Sequence[Array], folds: Sequence[HeldOutFold]) -> list[Array]:
    """Per fold, the sum of all layers' normalised kernels, normalised: one kernel.

    Parameters
    ----------
    kernels : per fold (L, n, n), from :func:`normalised`.
    folds : the folds, in the same order.

    Returns
    -------
    F arrays (1, n, n).
    """
    return [
        fold.normalise(layers.sum(axis=0, keepdims=True))
        for fold, layers in zip(folds, kernels, strict=True)
    ]


def predict(
    kernels: Sequence[Array],
    people: People,
    orders: NDArray[np.intp] | None = None,
    alphas: Array = CONTROLLED_ALPHAS,
    *,
    null_r2: bool = True,
) -> Predictions:
    """Predict held-out runs from the layer and penalty that inner folds choose.

    Parameters
    ----------
    kernels : per fold (L, n, n) from :func:`normalised`; features that differ from person to
        person as (P, L, n, n).
    people : the responses.
    orders : (D, n) orders of the responses' items, each within its run; measured order
        only, by default.
    alphas : penalties.
    null_r2 : whether R² of every order is wanted, or of the measured one alone.
    """
    measured = np.arange(people.grams.shape[1])[None]
    tried = measured if orders is None else np.concatenate([measured, orders])
    pairs = list(zip(kernels, people.folds, strict=True))
    ridges = parallel(lambda pair: _fit(*pair, alphas), pairs)
    choices = [
        _choose(_summed_errors(own, fold, gram, tried))
        for own, fold, gram in zip(ridges, people.folds, people.centred, strict=True)
    ]

    def score(person: int) -> tuple[Array, Array, Array, Array, int]:
        return _score(person, people, ridges, choices, tried, len(tried) if null_r2 else 1)

    parts = parallel(score, range(len(people.blocks)))
    return Predictions(
        np.stack([part[0] for part in parts]),
        _explained(np.stack([part[1] for part in parts]), people.totals[:, None]),
        np.stack([layer for layer, _ in choices], axis=1),
        [part[2] for part in parts],
        np.max([part[3] for part in parts], axis=0),
        sum(part[4] for part in parts),
    )


def layer_errors(
    kernels: Sequence[Array],
    people: People,
    orders: NDArray[np.intp] | None = None,
    alphas: Array = CONTROLLED_ALPHAS,
) -> Array:
    """R² of every layer by itself, its penalty chosen inside; no voxel is touched.

    Parameters
    ----------
    kernels : per fold (L, n, n) from :func:`normalised`, the same for all people.
    people : the responses.
    orders : (D, n) orders of the responses' items, each within its run; measured order
        only, by default.
    alphas : penalties.

    Returns
    -------
    (P, L, D), orders as in :func:`predict`.
    """
    n_people, n_items = people.grams.shape[:2]
    measured = np.arange(n_items)[None]
    tried = measured if orders is None else np.concatenate([measured, orders])
    n_layers = len(kernels[0])

    fitted = [
        [
            fit_blocked(part[layer : layer + 1], fold, alphas)
            for part, fold in zip(kernels, people.folds, strict=True)
        ]
        for layer in range(n_layers)
    ]

    def one(draws: slice) -> Array:
        """(P, L, D) squared errors; what is permuted serves all layers."""
        errors = np.zeros((n_people, n_layers, len(tried[draws])))
        for number, (fold, gram) in enumerate(zip(people.folds, people.centred, strict=True)):
            inside = permute(gram.sum(axis=0), tried[draws][:, fold.train])
            maps = []
            for layer in range(n_layers):
                ridge = fitted[layer][number]
                _, penalty = _choose(ridge.errors(inside))
                maps.append(ridge.maps[0, penalty])
            for person in range(n_people):
                blocks = permuted_blocks(gram[person], tried[draws], fold)
                for layer in range(n_layers):
                    errors[person, layer] += squared_errors(maps[layer], blocks)
        return errors

    found = np.concatenate(parallel(one, _chunks(len(tried))), axis=2)
    return _explained(found, people.totals[:, None, None])


def permuted_blocks(gram: Array, orders: NDArray[np.intp], fold: HeldOutFold) -> GramBlocks:
    """What a squared error needs of one Gram matrix, its items in each of D orders.

    Parameters
    ----------
    gram : (n, n), centred by the fold.
    orders : (D, n) index of the item that stands at each place.
    fold : the fold.
    """
    train, test = orders[:, fold.train], orders[:, fold.test]
    return GramBlocks(
        permute(gram, train),
        gram[test[:, :, None], train[:, None, :]],
        np.einsum("dt->d", np.diagonal(gram)[test]),
    )


def permute(gram: Array, orders: NDArray[np.intp]) -> Array:
    """(D, n, n) one Gram matrix with its items in each of D orders.

    Parameters
    ----------
    gram : (n, n).
    orders : (D, n) index of the item that stands at each place.
    """
    permuted: Array = gram[orders[:, :, None], orders[:, None, :]]
    return permuted


def _fit(kernels: Array, fold: HeldOutFold, alphas: Array) -> list[BlockedRidge]:
    """One ridge for all people, or one for each."""
    if kernels.ndim == 3:
        return [fit_blocked(kernels, fold, alphas)]
    return [fit_blocked(own, fold, alphas) for own in kernels]


def _summed_errors(
    ridges: Sequence[BlockedRidge], fold: HeldOutFold, grams: Array, orders: NDArray[np.intp]
) -> Array:
    """(D, L, A) inner errors, summed over people."""
    inside = orders[:, fold.train]
    sources = [grams.sum(axis=0)] if len(ridges) == 1 else list(grams)
    total: Array | None = None
    for ridge, source in zip(ridges, sources, strict=True):
        parts = [ridge.errors(permute(source, inside[draws])) for draws in _chunks(len(orders))]
        found = np.concatenate(parts)
        total = found if total is None else total + found
    assert total is not None
    return total


def _choose(errors: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(D,) layer and (D,) penalty with the least error; the first of equals."""
    n_alphas = errors.shape[2]
    best = errors.reshape(len(errors), -1).argmin(axis=1)
    return best // n_alphas, best % n_alphas


def _score(
    person: int,
    people: People,
    ridges: Sequence[Sequence[BlockedRidge]],
    choices: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    orders: NDArray[np.intp],
    n_errors: int,
) -> tuple[Array, Array, Array, Array, int]:
    """(D,) mean r, squared errors of the first, (V,) measured r, (D,) largest r, constants."""
    n_draws, n_voxels = len(orders), people.blocks[person].shape[1]
    n_folds = len(people.folds)
    r, error, greatest = np.empty(n_draws), np.zeros(n_errors), np.empty(n_draws)
    voxels, constant = np.zeros(n_voxels), 0
    for draws in _chunks(n_draws, n_voxels):
        total = np.zeros((len(orders[draws]), n_voxels))
        for number, fold in enumerate(people.folds):
            ridge = ridges[number][min(person, len(ridges[number]) - 1)]
            layer, penalty = choices[number]
            maps = ridge.maps[layer[draws], penalty[draws]]
            counted = orders[draws.start : min(draws.stop, n_errors)]
            if len(counted):
                blocks = permuted_blocks(people.centred[number][person], counted, fold)
                error[draws.start : draws.stop] += squared_errors(maps[: len(counted)], blocks)
            predictors = _in_measured_order(maps, fold, orders[draws])
            missing = correlate(predictors, people.responses[person][number], total)
            constant += int(missing[0]) if draws.start == 0 else 0
        total /= n_folds
        r[draws], greatest[draws] = total.mean(axis=1), total.max(axis=1)
        if draws.start == 0:
            voxels = total[0].copy()
    return r, error, voxels, greatest, constant


def _in_measured_order(maps: Array, fold: HeldOutFold, orders: NDArray[np.intp]) -> Array:
    """(D, t-1, m-1) in contrasts: permuting the map's items back permutes the responses."""
    placed = np.empty_like(maps)
    rank = np.empty(orders.shape[1], dtype=np.intp)
    rank[fold.train], rank[fold.test] = np.arange(len(fold.train)), np.arange(len(fold.test))
    draws = np.arange(len(orders))[:, None, None]
    tested, trained = rank[orders[:, fold.test]], rank[orders[:, fold.train]]
    placed[draws, tested[:, :, None], trained[:, None, :]] = maps
    found: Array = contrasts(len(fold.test)).T @ placed @ contrasts(len(fold.train))
    # features that are the same at all test items predict a constant; what is left of them is
    # rounding, and another on every processor
    found[np.abs(found) <= CONSTANT * np.linalg.norm(placed, axis=(1, 2))[:, None, None]] = 0.0
    return found


def _chunks(n_draws: int, n_voxels: int = 1) -> list[slice]:
    step = max(1, min(_DRAWS_AT_ONCE, _VALUES_AT_ONCE // n_voxels))
    return [slice(start, min(start + step, n_draws)) for start in range(0, n_draws, step)]


def _explained(errors: Array, totals: Array) -> Array:
    """R² = 1 - errors / totals; 0 where responses do not vary: nothing to explain."""
    errors, totals = np.broadcast_arrays(errors, totals)
    share: Array = np.divide(errors, totals, out=np.ones_like(errors), where=totals > 0.0)
    return 1.0 - share
