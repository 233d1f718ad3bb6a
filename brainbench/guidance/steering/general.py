"""The paper's direction for new problems, from the targeted search."""

from __future__ import annotations

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError, UnknownNameError
from brainbench.guidance.methods.directions import to_unit
from brainbench.guidance.steering.search import Search

MEANS = ("raw", "unit")


def general_direction(found: Search, mean: str = "raw") -> Array:
    """The paper's direction for new problems: the mean of those that flipped an answer.

    Parameters
    ----------
    mean : ``raw``, or ``unit``: its unit vector times the standard deviation of the directions'
        projections on it.

    Returns
    -------
    (L, units).

    Raises
    ------
    DataError
        When no answer was flipped.
    """
    if mean not in MEANS:
        raise UnknownNameError("mean of directions", mean, MEANS)
    if not found.flipped.any():
        raise DataError("no answer was flipped: there is no direction to take the mean of")
    chosen = found.delta[found.flipped]
    middle: Array = chosen.mean(axis=0)
    if mean == "raw":
        return middle
    unit = to_unit(middle)
    scaled: Array = unit * np.einsum("rlu,lu->rl", chosen, unit).std(axis=0)[:, None]
    return scaled
