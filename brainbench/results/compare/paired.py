r"""Paired differences with errors that know what belongs together. Arrays in, numbers out.

Each estimate is a sum over items of small parts; parts of one cluster (orders of one problem,
questions about one story) are added up before they are squared:

.. math:: s^2 = \frac{G}{G-1} \sum_{g=1}^{G} \Bigl(\sum_{i \in g} u_i\Bigr)^2

with :math:`u_i` an item's part in what the estimate is off by, and Student's t with G - 1
degrees of freedom. Of a plain mean over people, each its own cluster, this is the paired t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Interval = tuple[float, float]
_LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A difference, its standard error, 95 % interval and two-sided p.

    The last three are None where nothing tells the error: with but one cluster, and where all
    differ by the same and not by 0.
    """

    value: float
    stderr: float | None
    interval: Interval | None
    p: float | None
    n: int
    clusters: int


def mean_difference(differences: ArrayLike, clusters: Sequence[str] | None = None) -> Estimate:
    """Mean of paired differences; without clusters each stands for itself (paired t).

    Parameters
    ----------
    differences : (item,) or (person,).
    clusters : of each item.
    """
    values = np.asarray(differences, float)
    mean = float(values.mean())
    return _estimate(mean, (values - mean) / values.size, clusters)


def balanced_difference(
    differences: ArrayLike, labels: Sequence[str], clusters: Sequence[str]
) -> Estimate:
    """Mean over labels of the mean difference of their items; linearised.

    Parameters
    ----------
    differences : (item,) of being right, 1, 0 or -1.
    labels : of each item.
    clusters : of each item.
    """
    values = np.asarray(differences, float)
    names, place = np.unique(np.asarray(labels, str), return_inverse=True)
    counts = np.bincount(place)
    means = np.bincount(place, values) / counts
    parts = (values - means[place]) / (names.size * counts[place])
    return _estimate(float(means.mean()), parts, clusters)


def auc_difference(
    baseline: ArrayLike, other: ArrayLike, positive: ArrayLike, clusters: Sequence[str]
) -> Estimate | None:
    """Difference of two areas under the curve of the same items; None where one label lacks.

    An item's part is how its placement among the items of the other label differs from the
    mean (DeLong, DeLong & Clarke-Pearson 1988; with clusters, Obuchowski 1997).

    Parameters
    ----------
    baseline, other : (item,) log-odds.
    positive : (item,) whether the first answer is right.
    """
    valid = np.asarray(positive, bool)
    if not valid.any() or valid.all():
        return None
    before, after = _placements(baseline, valid), _placements(other, valid)
    change = after - before
    value = float(change[valid].mean())
    counts = np.where(valid, valid.sum(), (~valid).sum())
    return _estimate(value, (change - value) / counts, clusters)


def mcnemar(baseline: ArrayLike, other: ArrayLike) -> tuple[float, int, int]:
    """Exact p, items that only the other has right, items that only the baseline has right.

    Parameters
    ----------
    baseline, other : (item,) whether it was right; items that do not belong together.
    """
    before, after = np.asarray(baseline, bool), np.asarray(other, bool)
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    if not gained + lost:
        return 1.0, 0, 0
    return float(stats.binomtest(gained, gained + lost).pvalue), gained, lost


def independent_interval(
    baseline: float, baseline_ends: Interval, other: float, other_ends: Interval
) -> Interval:
    """Interval of other - baseline from the intervals of both, as if they were independent.

    Zou & Donner 2008, Statistics in Medicine 27 (MOVER). Where both rest on the same items
    it is too wide rather than too narrow.
    """
    value = other - baseline
    below = np.hypot(other - other_ends[0], baseline_ends[1] - baseline)
    above = np.hypot(other_ends[1] - other, baseline - baseline_ends[0])
    return value - float(below), value + float(above)


def _estimate(value: float, parts: NDArray[np.float64], clusters: Sequence[str] | None) -> Estimate:
    names = range(parts.size) if clusters is None else clusters
    _, place = np.unique(np.asarray(names), return_inverse=True)
    sums = np.bincount(place, parts)
    count = int(sums.size)
    if count < 2:
        return Estimate(value, None, None, None, int(parts.size), count)
    stderr = float(np.sqrt(count / (count - 1) * (sums**2).sum()))
    # what rounding leaves where all differences are the same
    if stderr < 1e-12 * max(1.0, abs(value)):
        if abs(value) < 1e-12:
            return Estimate(value, 0.0, (value, value), 1.0, int(parts.size), count)
        return Estimate(value, None, None, None, int(parts.size), count)
    half = float(stats.t.ppf((1 + _LEVEL) / 2, count - 1)) * stderr
    p = float(2 * stats.t.sf(abs(value) / stderr, count - 1))
    return Estimate(value, stderr, (value - half, value + half), p, int(parts.size), count)


def _placements(odds: ArrayLike, valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the items of the other label that are on the right side of each; ties count ½."""
    values = np.asarray(odds, float)
    found = np.empty(values.size)
    for own, rest in ((valid, ~valid), (~valid, valid)):
        held = np.sort(values[rest])
        below = np.searchsorted(held, values[own], "left")
        upto = np.searchsorted(held, values[own], "right")
        share = (below + upto) / 2 / held.size
        found[own] = share if own is valid else 1 - share
    return found
