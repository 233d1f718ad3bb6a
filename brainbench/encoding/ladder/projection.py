"""Taking nuisance out of features and responses by projection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError

# a direction of the columns below this share of the largest one is rounding
_RANK = 1e-8


def run_columns(runs: NDArray[np.str_]) -> Array:
    """(n, R) indicator of each run: projecting it out takes run means out."""
    found: Array = (runs[:, None] == np.unique(runs)).astype(np.float64)
    return found


def residual_maker(columns: Array) -> Array:
    """Projection onto what is orthogonal to nuisance columns.

    Parameters
    ----------
    columns : (n, q), of any rank; or (P, n, q), a set for each person.

    Returns
    -------
    (n, n), or (P, n, n): symmetric and idempotent.

    Raises
    ------
    DataError
        When the columns hold NaN or infinite values.
    """
    if columns.ndim == 3:
        return np.stack([residual_maker(own) for own in columns])
    if not np.isfinite(columns).all():
        raise DataError("nuisance columns hold NaN or infinite values")
    # unit length first: a column in milliseconds is no larger than one in seconds
    length = np.linalg.norm(columns, axis=0)
    scaled = columns[:, length > 0] / length[length > 0]
    left, values, _ = np.linalg.svd(scaled, full_matrices=False)
    basis = left[:, values > _RANK * values.max(initial=0.0)]
    found: Array = np.eye(len(columns)) - basis @ basis.T
    return found


def degrees_left(maker: Array) -> int:
    """Dimensions that a projection leaves: its trace."""
    return round(float(np.trace(maker)))


def residual_kernel(layers: Array, maker: Array) -> Array:
    """All layers of a model together, nuisance taken out, each layer weighing the same.

    Parameters
    ----------
    layers : (L, n, n) inner products of items.
    maker : (n, n) from :func:`residual_maker`.

    Returns
    -------
    (n, n) sum of the projected layers, each divided by its trace; layers that nuisance explains
    wholly are left out, and the kernel is zero where that is all of them.
    """
    found = np.zeros_like(maker)
    for layer in layers:
        projected = maker @ layer @ maker
        trace = float(np.trace(projected))
        if trace > _RANK * float(np.trace(layer)):
            found += projected / trace
    return (found + found.T) / 2
