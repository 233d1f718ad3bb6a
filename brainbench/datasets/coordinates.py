"""Points in the brain: from the space they were published in to MNI."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainbench.datasets.cards import RoiCoordinates

# from MNI (as SPM has it) to Talairach, Lancaster et al. 2007, Human Brain Mapping 28: A x + b
_TURN = np.array([[0.9254, 0.0024, -0.0118], [-0.0048, 0.9316, -0.0871], [0.0152, 0.0883, 0.8924]])
_SHIFT = np.array([-1.0207, -1.7667, 4.0926])


def to_mni(one: RoiCoordinates) -> NDArray[np.float64]:
    """Points in MNI space as SPM has it.

    From Talairach by the inverse of the transform of Lancaster et al. 2007.

    Parameters
    ----------
    one : points of a card, and the space that they are in.

    Returns
    -------
    (point, xyz) in mm.
    """
    points = np.array(one.points, float)
    if one.space == "MNI":
        return points
    found: NDArray[np.float64] = np.linalg.solve(_TURN, (points - _SHIFT).T).T
    return found
