"""What people share of the items: how well the others' mean goes with each person's responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.statistics.inference import Interval, jackknife_interval

# fewest people: one who is left out, one who is predicted, one who predicts
MIN_PEOPLE = 3
_CONSTANT = 1e-12


@dataclass(frozen=True)
class Shared:
    """Pearson r over items of a person's responses and the mean of the others'.

    Attributes
    ----------
    r : mean over voxels, then over people.
    interval : 95 %, jackknife over people, who are each other's reference.
    """

    r: float
    interval: Interval | None

    @property
    def found(self) -> bool:
        """Whether people share anything: the interval lies above zero."""
        return self.interval is not None and self.interval[0] > 0.0


def shared_response(blocks: Sequence[Array], maker: Array) -> Shared | None:
    """What people share voxel by voxel, nuisance projected out.

    Parameters
    ----------
    blocks : P arrays (n, n_voxels), the same voxels; (n, 1) for means of an ROI.
    maker : (n, n) projection that takes nuisance, and run means with it, out of all of them.

    Returns
    -------
    None with fewer than three people, or where their voxels are not the same.

    Raises
    ------
    DataError
        When there is nobody.
    """
    if not blocks:
        raise DataError("there are no people whose responses could be compared")
    if len(blocks) < MIN_PEOPLE or len({block.shape for block in blocks}) > 1:
        return None
    left = np.stack([maker @ block for block in blocks])
    total = left.sum(axis=0)
    value = float(np.mean(_leaving_out(left, total)))
    without = []
    for person in range(len(left)):
        others = np.delete(left, person, axis=0)
        without.append(float(np.mean(_leaving_out(others, total - left[person]))))
    return Shared(value, jackknife_interval(value, without))


def _leaving_out(left: Array, total: Array) -> list[float]:
    """Mean r over voxels of each person with all the others; a voxel that is constant counts 0."""
    found = []
    for own in left:
        others = total - own
        length = np.sqrt(np.einsum("iv,iv->v", own, own) * np.einsum("iv,iv->v", others, others))
        product = np.einsum("iv,iv->v", own, others)
        r = np.divide(product, length, out=np.zeros_like(product), where=length > _CONSTANT)
        found.append(float(r.mean()))
    return found
