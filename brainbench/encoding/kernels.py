"""Features as seen by ridge regression: the items' n × n inner products."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import helmert

from brainbench.errors import DataError

Array = NDArray[np.float64]


def linear_kernels(features: ArrayLike) -> Array:
    """Inner products of items, one matrix per layer, after centring each unit over all items.

    Centring first keeps the rounding error in proportion to the spread of the features
    and not to their mean; each fold centres again on its own training items, so nothing
    of the test items is learned from it.

    Parameters
    ----------
    features : (n_items, n_layers, n_units) array, any real dtype.

    Returns
    -------
    (n_layers, n_items, n_items) float64.
    """
    stacked = np.asarray(features)
    if stacked.ndim != 3:
        raise DataError(f"features must be (items, layers, units), not of shape {stacked.shape}")
    if np.iscomplexobj(stacked):
        raise DataError("features are complex numbers; give real ones")
    n_items, n_layers, _ = stacked.shape
    kernels = np.empty((n_layers, n_items, n_items))
    for layer in range(n_layers):  # one layer at a time in float64: a wide model stays in memory
        units = stacked[:, layer, :].astype(np.float64)
        if not np.isfinite(units).all():
            raise DataError(f"features of layer {layer} hold NaN or infinite values")
        with np.errstate(over="ignore", invalid="ignore"):  # an error below names the layer
            units -= units.mean(axis=0)
            kernels[layer] = units @ units.T
        if not np.isfinite(kernels[layer]).all():
            raise DataError(f"features of layer {layer} are too large: their squares overflow")
    return kernels


def random_kernels(n_items: int, widths: ArrayLike, rng: np.random.Generator) -> Array:
    """Linear kernels of independent standard normal features, without drawing the features.

    The kernel of ``width`` normal features is Wishart distributed. Its Bartlett factor L
    (kernel = L Lᵀ) is lower triangular with independent entries: chi with
    ``width - i`` degrees of freedom on the diagonal, standard normal below it. Drawing L
    costs n² numbers in place of n × width. Source: Bartlett 1933; Anderson 2003, ch. 7.

    Parameters
    ----------
    n_items : number of items.
    widths : (n_layers,) number of features in each layer.
    rng : source of the draw.

    Returns
    -------
    (n_layers, n_items, n_items) float64.
    """
    sizes = np.asarray(widths, dtype=int)
    if sizes.ndim != 1 or (sizes < 1).any():
        raise DataError(f"widths must be positive numbers, one per layer, not {widths!r}")
    kernels = np.empty((sizes.size, n_items, n_items))
    for layer, width in enumerate(sizes):
        rank = min(n_items, int(width))  # fewer features than items: L has only that many columns
        factor = np.tril(rng.standard_normal((n_items, rank)), k=-1)
        diagonal = np.arange(rank)
        factor[diagonal, diagonal] = np.sqrt(rng.chisquare(width - diagonal))
        kernels[layer] = factor @ factor.T
    return kernels


@cache
def contrasts(n_items: int) -> Array:
    """(n_items, n_items - 1) orthonormal basis of the vectors that sum to zero."""
    return np.ascontiguousarray(helmert(n_items).T)
