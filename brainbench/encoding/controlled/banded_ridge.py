"""What a model adds over nuisance: ridge on two bands, and stacking beside it.

Two kernels, nuisance N and what it leaves of the model's features, M, make

    K = N / α + M / β        predictions K_ba (K_aa + I)⁻¹ y_a

with α the penalty on nuisance and β that on the model. α is the one that serves nuisance
alone best, β is chosen beside it, both by squared error on the inner folds, summed over
people and voxels (banded ridge: Nunez-Elizalde, Huth & Gallant 2019; Dupré la Tour et al.
2022). Chosen together, a model could gain by giving nuisance another penalty; β a multiple
of α, a model would be shrunk where nuisance is of no use. An infinite β is among the
choices: nothing need be added. The unique variance is R² of that fit minus R² of nuisance
alone, on the same folds.

M is orthogonal to the nuisance columns on training items (:func:`.residual_operator`). Under
the null the rows of these residuals may be exchanged within a run while nuisance and
responses stay in place (Huh & Jhun 2001; Winkler et al. 2014). Exchanged, they are made
orthogonal anew, and rows of the training and of the test runs are scaled, each to the
measured sum of squares: every order has the rank of the measured one and predictions of
its size.

Stacking keeps the two fits apart and mixes their predictions, (1 - w) N + w M, with one w in
[0, 1] from the inner folds (Lin, Naselaris, Kay & Wehbe 2024).

himalaya's random search chooses band weights for every voxel; here one choice serves all
people, each with kernels of their own, and every fold centres anew. It is held against our
maps in tests instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.controlled.band_fit import NOTHING_LEFT, Bands, FoldFit
from brainbench.encoding.controlled.folds import HeldOutFold
from brainbench.encoding.controlled.ridge import CONTROLLED_ALPHAS, residual_operator
from brainbench.encoding.kernels import Array
from brainbench.encoding.threads import parallel

__all__ = [
    "MODEL_PENALTIES",
    "Bands",
    "UniqueVariance",
    "make_bands",
    "nuisance_band",
    "unique_variance",
]

# On the model's features beside nuisance; infinite adds nothing.
MODEL_PENALTIES: Array = np.array([np.inf, 1e4, 3e3, 1e3, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0])


@dataclass(frozen=True)
class UniqueVariance:
    """R² in one ROI, for D orders of the model's residual rows, the measured one first.

    Attributes
    ----------
    nuisance : (P,) R² of nuisance alone.
    banded : (P, D) R² of both bands minus that of nuisance.
    stacked : (P, D) R² of the mixed predictions minus that of nuisance.
    penalties : (D, F) β chosen in each fold; infinite where nothing was added.
    weights : (D, F) w of the mix.
    """

    nuisance: Array
    banded: Array
    stacked: Array
    penalties: Array
    weights: Array


def make_bands(
    nuisance: Array,
    columns: Array,
    model: Sequence[Array],
    folds: Sequence[HeldOutFold],
) -> list[Bands]:
    """Normalise kernels on each fold and take nuisance columns out of the model's.

    Parameters
    ----------
    nuisance : as in :func:`nuisance_band`.
    columns : (n, q) or (P, n, q) what the model's training rows are made orthogonal to.
    model : per fold (n, n) or (P, n, n), from :meth:`.HeldOutFold.normalise`.
    folds : the folds.
    """
    made = []
    for features, fold in zip(model, folds, strict=True):
        band = nuisance_band(nuisance, fold)
        own = features if features.ndim == 3 else features[None]
        known = columns if columns.ndim == 3 else columns[None]
        size = max(len(band), len(own), len(known))
        band, own, known = (np.broadcast_to(k, (size, *k.shape[1:])) for k in (band, own, known))
        operators = _operators(known, own, fold)
        residual = operators @ own @ np.swapaxes(operators, 1, 2)
        made.append(Bands(fold, band, _unit(residual, own, fold), operators))
    return made


def nuisance_band(nuisance: Array, fold: HeldOutFold) -> Array:
    """(P, n, n), or (1, n, n) where nobody has their own: all nuisance, of trace m.

    Parameters
    ----------
    nuisance : (n, n) inner products of items; (P, n, n) where they are a person's own; or
        (K, 1 or P, n, n) of several spaces, which count alike on training items.
    fold : the fold.
    """
    spaces = (
        nuisance.reshape(-1, *nuisance.shape[-3:]) if nuisance.ndim > 2 else nuisance[None, None]
    )
    each = [fold.normalise(space) for space in spaces]
    return fold.normalise(np.sum(each, axis=0))


def _unit(residual: Array, whole: Array, fold: HeldOutFold) -> Array:
    """Residual kernels (P, n, n) of trace m on training items; zero where nothing is left."""
    rows = fold.train
    before, after = (k[:, rows, rows].sum(axis=1) for k in (whole, residual))
    scale = np.divide(
        len(rows), after, out=np.zeros_like(after), where=after > NOTHING_LEFT * before
    )
    scaled: Array = residual * scale[:, None, None]
    return scaled


def _operators(columns: Array, features: Array, fold: HeldOutFold) -> Array:
    """(P, n, n) what takes each person's columns out of features."""
    people = range(len(columns))
    return np.stack(parallel(lambda p: residual_operator(columns[p], features[p], fold), people))


def unique_variance(
    bands: Sequence[Bands],
    grams: Sequence[Array],
    orders: NDArray[np.intp] | None = None,
    alphas: Array = CONTROLLED_ALPHAS,
    betas: Array = MODEL_PENALTIES,
) -> list[UniqueVariance]:
    """R² that a model adds to nuisance, per person, in several ROIs.

    Parameters
    ----------
    bands : per fold, from :func:`make_bands`.
    grams : per ROI (P, n, n) inner products of items over voxels.
    orders : (D, n) orders of the model's residual rows, each within its run; the measured
        order comes first by itself.
    alphas, betas : penalties to choose from; the first beta is infinite.

    Returns
    -------
    One :class:`UniqueVariance` per ROI.
    """
    responses = np.stack(grams)
    measured = np.arange(responses.shape[-1])[None]
    tried = measured if orders is None else np.concatenate([measured, orders])
    parts = [
        FoldFit(band, band.fold.centred(responses), tried, alphas, betas).errors() for band in bands
    ]
    total, alone, banded, stacked = (np.sum([part[i] for part in parts], axis=0) for i in range(4))
    # responses that do not vary have an R² of 0: nothing to explain, nothing explained
    safe = np.where(total > 0.0, total, np.inf)
    return [
        UniqueVariance(
            np.where(total[roi] > 0.0, 1.0 - alone[roi] / safe[roi], 0.0),
            (alone[roi][:, None] - banded[roi]) / safe[roi][:, None],
            (alone[roi][:, None] - stacked[roi]) / safe[roi][:, None],
            np.stack([part[4][roi] for part in parts], axis=1),
            np.stack([part[5][roi] for part in parts], axis=1),
        )
        for roi in range(len(responses))
    ]
