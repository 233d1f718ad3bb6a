"""Ridge maps from a layer's states to people's voxels, in the span of their training items.

With X the m training states less their mean and Y the training responses less theirs, one
penalty per person and layer gives

    W = Xᵀ D,    D = U (UᵀX XᵀU + αI)⁻¹ Uᵀ Y                  (m, voxels)

where U are contrasts (m, m - 1). So W x is D applied to the m inner products X x, and whatever
is asked of a prediction and a response, their product, their cosine, needs only m × m matrices:
no voxel is touched again, and W, units × voxels, is never made.

Sources: Xiao, Du & Lin 2026, Methods (predictivity; W); duality: Saunders et al. 1998.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding import PUBLISHED_ALPHAS, fit_fold
from brainbench.encoding.controlled.folds import MIN_ITEMS, HeldOutFold, held_out_folds
from brainbench.encoding.controlled.ridge import CONTROLLED_ALPHAS, fit_blocked
from brainbench.encoding.kernels import Array, contrasts
from brainbench.errors import DataError


@dataclass(frozen=True)
class BrainMaps:
    """Maps of L layers to P people.

    Attributes
    ----------
    span : (L, m, units) training states less their mean.
    mean : (L, units) that mean.
    duals : per person (L, m, voxels).
    offsets : per person (voxels,) mean training response.
    alphas : (P, L) the penalties chosen.
    """

    span: Array
    mean: Array
    duals: tuple[Array, ...]
    offsets: tuple[Array, ...]
    alphas: Array

    def predict(self, states: Array, person: int, centred: bool = False) -> Array:
        """Predicted responses (rows, L, voxels) of states (rows, L, units).

        Parameters
        ----------
        centred : take the training means out of states and responses; else W alone, without
            its intercept.
        """
        shifted = states - self.mean if centred else states
        products = np.einsum("rlu,lmu->rlm", shifted, self.span)
        found: Array = np.einsum("rlm,lmv->rlv", products, self.duals[person])
        return found


def fit_published(states: Array, responses: Sequence[Array]) -> BrainMaps:
    """The paper's maps: a penalty for each person and layer by leave-one-out error.

    Parameters
    ----------
    states : (m, L, units) of the training items.
    responses : per person (m, voxels).

    Source: Xiao, Du & Lin 2026, Methods; the same penalties as ``published`` predictivity.
    """
    span, mean, kernels = _kernels(states)
    items = np.arange(len(states))
    basis = contrasts(len(states))
    centred = [_centred(block, len(states)) for block in responses]
    grams = np.stack([basis.T @ block @ block.T @ basis for block in centred])
    chosen = fit_fold(kernels, (items, items)).choose(grams)
    return _maps(span, mean, kernels, responses, PUBLISHED_ALPHAS[chosen])


def refit(states: Array, responses: Sequence[Array], alphas: Array) -> BrainMaps:
    """Maps with penalties that were chosen before, on items of which some may come twice.

    Leaving one of two equal items out would choose the smallest penalty, whatever the signals.

    Parameters
    ----------
    states : (m, L, units) of the training items.
    responses : per person (m, voxels).
    alphas : (P, L) penalties, :attr:`BrainMaps.alphas` of other maps.
    """
    span, mean, kernels = _kernels(states)
    for block in responses:
        _centred(block, len(states))
    return _maps(span, mean, kernels, responses, alphas)


def fit_controlled(
    states: Array, responses: Sequence[Array], runs: Sequence[str] | None = None
) -> BrainMaps:
    """One penalty a layer for all people, by blocks of contiguous items left out.

    Parameters
    ----------
    states : (m, L, units) of the training items, in the order they were shown.
    responses : per person (m, voxels).
    runs : (m,) label of each item's run; one run by default.

    Penalties are in units of the mean squared length of a training state, as those of the
    controlled protocol; ``alphas`` holds them in units of the states.

    Raises
    ------
    DataError
        When a run is too short to leave blocks out.
    """
    span, mean, kernels = _kernels(states)
    fold = _training_fold(np.asarray(runs if runs is not None else ["run"] * len(states)))
    normalised = fold.normalise(kernels)
    grams = np.stack([block @ block.T for block in (_centred(b, len(states)) for b in responses)])
    errors = fit_blocked(normalised, fold).errors(fold.centred(grams)).sum(axis=0)
    # penalties of a kernel whose trace is m, back in the units of the states
    varies = np.einsum("lii->l", normalised) > 0.0
    scale = np.where(varies, np.einsum("lii->l", kernels) / len(states), 1.0)
    alphas = CONTROLLED_ALPHAS[errors.argmin(axis=1)] * scale
    return _maps(span, mean, kernels, responses, np.tile(alphas, (len(responses), 1)))


def _training_fold(runs: NDArray[np.str_]) -> HeldOutFold:
    """All items train; inner blocks as where a run is held out, but no run is."""
    m = len(runs)
    if m < MIN_ITEMS:
        raise DataError(f"a map needs at least {MIN_ITEMS} training items; there are {m}")
    # a stand-in for the run that is held out, and is cut off again
    names = ["held out"] * MIN_ITEMS + [f"run {name}" for name in runs]
    made = held_out_folds(names)[0]
    items = np.arange(m)
    return HeldOutFold(items, items, made.centre[MIN_ITEMS:, MIN_ITEMS:], made.inner)


def _kernels(states: Array) -> tuple[Array, Array, Array]:
    """Centred states (L, m, units), their mean (L, units), kernels (L, m, m)."""
    stacked = np.swapaxes(np.asarray(states, np.float64), 0, 1)
    if not np.isfinite(stacked).all():
        raise DataError("states hold NaN or infinite values")
    mean = stacked.mean(axis=1)
    span = stacked - mean[:, None]
    return span, mean, span @ np.swapaxes(span, 1, 2)


def _centred(block: Array, n_items: int) -> Array:
    if len(block) != n_items:
        raise DataError(f"{len(block)} responses for {n_items} training items")
    if not np.isfinite(block).all():
        raise DataError("responses hold NaN or infinite values")
    found: Array = block - block.mean(axis=0)
    return found


def _maps(
    span: Array, mean: Array, kernels: Array, responses: Sequence[Array], alphas: Array
) -> BrainMaps:
    basis = contrasts(kernels.shape[1])
    reduced = basis.T @ kernels @ basis
    eye = np.eye(len(basis) - 1)
    duals = []
    for block, own in zip(responses, alphas, strict=True):
        inside = np.linalg.solve(reduced + own[:, None, None] * eye, (basis.T @ block)[None])
        duals.append(basis @ inside)
    offsets = tuple(block.mean(axis=0) for block in responses)
    return BrainMaps(span, mean, tuple(duals), offsets, alphas)
