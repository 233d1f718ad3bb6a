"""Least squares, all trials together (LSA): nilearn's GLM on one design."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainbench.imaging.betas.options import NoiseModel

Array = NDArray[np.float64]


def together(series: Array, design: Array, count: int, noise_model: NoiseModel = "ar1") -> Array:
    """Coefficients of the first columns of a design, by nilearn.

    Parameters
    ----------
    series : (scans, voxels) data.
    design : (scans, regressors) with the responses first.
    count : of the responses.
    noise_model : ``ar1`` or ``ols``.

    Returns
    -------
    (count, voxels) coefficients in units of the series.
    """
    from nilearn.glm.first_level import run_glm

    labels, results = run_glm(series, design, noise_model=noise_model)
    found = np.empty((count, series.shape[1]))
    for label, result in results.items():
        found[:, labels == label] = result.theta[:count]
    return found
