"""Ridge given by how much of the coefficients' length it leaves.

Rokem & Kay 2020, GigaScience 9: for each voxel the penalty α is found at which the coefficients
are a given fraction as long as those without penalty. With X = U S V', c = U'y, coefficients are
V (S c / (S² + α)), so that their length needs c alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_STEPS = 12  # of Newton's method


@dataclass(frozen=True)
class FractionalRidge:
    """A design, decomposed once for all data and fractions.

    Attributes
    ----------
    left, values, right : its singular value decomposition.
    """

    left: Array
    values: Array
    right: Array

    @classmethod
    def of(cls, design: Array) -> FractionalRidge:
        """Decompose a (scans, trials) design."""
        left, values, right = np.linalg.svd(design, full_matrices=False)
        kept = values > 1e-10 * values[0]
        return cls(left[:, kept], values[kept], right[kept])

    def project(self, series: Array) -> Array:
        """(rank, voxels) all that the coefficients need of (scans, voxels) data."""
        return np.asarray(self.left.T @ series)

    def coefficients(self, projected: Array, fraction: Array | float) -> Array:
        """Coefficients of a given length.

        Parameters
        ----------
        projected : (rank, voxels) from :meth:`project`.
        fraction : above 0 to 1, of each voxel or of all.

        Returns
        -------
        (trials, voxels).
        """
        whole = isinstance(fraction, float) and fraction >= 1
        penalty = np.zeros(1) if whole else self.penalties(projected, fraction)
        scale = self.values[:, None] / (self.values[:, None] ** 2 + penalty)
        return np.asarray(self.right.T @ (projected * scale))

    def penalties(self, projected: Array, fraction: Array | float) -> Array:
        """(voxels,) penalty α at which coefficients have the given length.

        The square of each coefficient's share is that of S² / (S² + α), so that α lies between
        the least and the largest S² (1 / fraction - 1); Newton's method on the logarithm of the
        length comes down from the largest, and a step out of the interval halves it.
        """
        wanted = np.clip(np.broadcast_to(np.asarray(fraction, float), projected.shape[1:]), 0, 1)
        squares = projected**2
        held = self.values[:, None] ** 2
        target = np.log(wanted**2 * np.maximum((squares / held).sum(axis=0), 1e-300))
        with np.errstate(divide="ignore"):
            room = np.log(1 / wanted - 1)
        short = wanted < 1
        room = np.where(short, room, 0.0)
        low, high = (room + 2 * np.log(edge) for edge in (self.values[-1], self.values[0]))
        at = high
        for _ in range(_STEPS):
            alpha = np.exp(at)
            shares = squares * held / (held + alpha) ** 2
            length = np.maximum(shares.sum(axis=0), 1e-300)
            off = np.log(length) - target
            low, high = np.where(off > 0, at, low), np.where(off > 0, high, at)
            slope = -2 * alpha * (shares / (held + alpha)).sum(axis=0) / length
            with np.errstate(divide="ignore", invalid="ignore"):
                step = at - off / slope
            at = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        return np.asarray(np.where(short, np.exp(at), 0.0))
