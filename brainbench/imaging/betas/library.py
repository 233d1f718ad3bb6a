"""A library of HRFs: nilearn's two, faster and slower."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STRETCHES = tuple(np.round(np.geomspace(0.7, 1.6, 10), 3).tolist())
"""How much slower than nilearn's HRF; peaks lie 3.3 to 8 s after a brief event."""
SHAPES = ("glover", "spm")
_LENGTH = 32.0  # s, of nilearn's HRFs


def hrf_library() -> tuple[Callable[[float, int], Array], ...]:
    """Twenty HRFs as functions of (TR, oversampling), as nilearn takes them."""
    return tuple(hrf_model(shape, stretch) for shape in SHAPES for stretch in STRETCHES)


def hrf_model(shape: str, stretch: float) -> Callable[[float, int], Array]:
    """An HRF as nilearn takes it, which asks a function for its name.

    Parameters
    ----------
    shape, stretch : see :func:`stretched_hrf`.
    """

    def model(t_r: float, oversampling: int = 50) -> Array:
        return stretched_hrf(t_r, oversampling, shape=shape, stretch=stretch)

    model.__name__ = f"{shape}_{stretch:g}"
    return model


def stretched_hrf(
    t_r: float, oversampling: int = 50, *, shape: str = "glover", stretch: float = 1.0
) -> Array:
    """One of nilearn's HRFs on a slower or faster clock.

    Parameters
    ----------
    t_r : seconds between scans.
    oversampling : samples a scan.
    shape : ``glover`` or ``spm``.
    stretch : 2 for an HRF that takes twice as long.

    Returns
    -------
    Samples of a sum of 1.
    """
    from nilearn.glm.first_level import glover_hrf, spm_hrf

    made = {"glover": glover_hrf, "spm": spm_hrf}[shape]
    length = _LENGTH * max(1.0, stretch) / stretch
    return np.asarray(made(t_r / stretch, oversampling, time_length=length), float)
