"""How much of a response comes back when an item is shown again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError


def reliability(responses: NDArray[np.float64]) -> float:
    """Share ρ of the variance of mean responses that is not noise, all voxels together.

    With mean squares between and within items of one-way analysis of variance, summed over
    voxels, ρ = 1 - MS_within / MS_between: the intraclass correlation ICC(1, k) of the
    mean of k repeats. Everything that repeats counts, position and confounds included. It
    may come out negative where nothing repeats. The expected R² of a perfect prediction of
    mean responses is ρ, its r is √ρ.

    Parameters
    ----------
    responses : (k, n_items, n_voxels), k ≥ 2 repeats.

    Source: Shrout & Fleiss 1979, Psychological Bulletin 86.
    """
    if responses.ndim != 3 or responses.shape[0] < 2 or responses.shape[1] < 2:
        raise DataError(
            "reliability needs (repeats, items, voxels), at least two repeats of two items; "
            f"given: {responses.shape}"
        )
    if not np.isfinite(responses).all():
        raise DataError("responses hold NaN or infinite values")
    repeats, n_items, _ = responses.shape
    means: Array = responses.mean(axis=0)
    between = repeats * ((means - means.mean(axis=0)) ** 2).sum() / (n_items - 1)
    within = ((responses - means) ** 2).sum() / (n_items * (repeats - 1))
    return float(1.0 - within / between) if between > 0.0 else 0.0
