"""Whether one model is found more clearly than another, in the same people and items.

The error of a difference of two models' z has two parts. Items exchanged for both alike show how
far two models come apart that have nothing to do with these responses; each person left out shows
how far the difference hangs on who was measured. Their variances are added. How often equal models
are distinguished by it is counted by ``brainbench calibrate``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.effect import jackknife_variance

LEVEL, POWER = 0.05, 0.8
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Found:
    """How clearly a model is found, and how that varies.

    Attributes
    ----------
    z : of the larger term over all cells.
    null : (D,) z under orders of the items; the same orders for every model that is compared.
    without_person : (P,) z without each person, in standard deviations over the permutations of
        all of them.
    """

    z: float
    null: Array
    without_person: Array


@dataclass(frozen=True)
class PairTest:
    """One model against another.

    Attributes
    ----------
    difference : z of the first less that of the second.
    error : its standard error, over people and orders of the items.
    p : two-sided.
    """

    difference: float
    error: float
    p: float

    @property
    def more(self) -> float | None:
        """How many times as many people, or items, would show a difference of this size in 8 of 10
        such experiments: z grows at least with the root of how many there are, and its error does
        not. 1 where it is shown already, None where there is no difference.
        """
        if self.p < LEVEL:
            return 1.0
        if abs(self.difference) <= _ROUNDING:
            return None
        wanted = stats.norm.ppf(1 - LEVEL / 2) + stats.norm.ppf(POWER)
        return float((wanted * self.error / self.difference) ** 2)


def compare_pair(one: Found, other: Found) -> PairTest:
    """Test the difference of two models on the same people, items and orders.

    Parameters
    ----------
    one, other : with as many orders and people.
    """
    difference = one.z - other.z
    of_orders = float(np.var(one.null - other.null))
    of_people = jackknife_variance(one.without_person - other.without_person)
    error = float(np.sqrt(of_orders + of_people))
    if abs(difference) <= _ROUNDING:
        return PairTest(difference, error, 1.0)
    ratio = abs(difference) / error if error > _ROUNDING else np.inf
    return PairTest(difference, error, float(2 * stats.norm.sf(ratio)))
