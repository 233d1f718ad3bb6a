r"""Paired differences with errors that know what belongs together. Arrays in, numbers out.

Each estimate is a sum over items of small parts; parts of one cluster (orders of one problem,
questions about one story) are added up before they are squared:

.. math:: s^2 = \frac{G}{G-1} \sum_{g=1}^{G} \Bigl(\sum_{i \in g} u_i\Bigr)^2

with :math:`u_i` an item's part in what the estimate is off by, and Student's t with G - 1
degrees of freedom. Of a plain mean over people, each its own cluster, this is the paired t.

Answers are few and mostly alike: where none of 30 changes, or all that change do so in one
direction, this error is 0, and what is true of 30 problems is not certain of the next. A guarded
estimate counts two problems more, one that was gained and one that was lost; its interval and p
are then close to those of exact tests, and no interval is without width (Agresti & Min 2005,
Statistics in Medicine 24; Bonett & Price 2012, Journal of Educational and Behavioral Statistics
37). Its value stays what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Interval = tuple[float, float]
Floats = NDArray[np.float64]
_LEVEL = 0.95
# how far a problem counted as gained moves among the problems with the other label: from their
# middle to the end
_MOVED = 0.5


@dataclass(frozen=True)
class PairedEstimate:
    """A difference, its standard error, 95 % interval and two-sided p.

    The last three are None where the error is unknown: with but one cluster, and where all
    differ by the same and not by 0; of guarded estimates they are always there.
    """

    value: float
    stderr: float | None
    interval: Interval | None
    p: float | None
    n: int
    clusters: int


def mean_difference(
    differences: ArrayLike, clusters: Sequence[str] | None = None, guarded: bool = False
) -> PairedEstimate:
    """Mean of paired differences; without clusters each stands for itself (paired t).

    Parameters
    ----------
    differences : (item,) or (person,).
    clusters : of each item.
    guarded : count one problem more as gained and one as lost; of differences from -1 to 1.
    """
    values = np.asarray(differences, float)
    mean = float(values.mean())
    place = _places(values.size, clusters)
    found = _estimate(mean, (values - mean) / values.size, place)
    if not guarded:
        return found
    more, places = _two_more(values, place, 1.0)
    return _guarded(found, float(more.mean()), (more - more.mean()) / more.size, places)


def balanced_difference(
    differences: ArrayLike,
    labels: Sequence[str],
    clusters: Sequence[str],
    guarded: bool = False,
) -> PairedEstimate:
    """Mean over labels of the mean difference of their items; linearised.

    Parameters
    ----------
    differences : (item,) of being right, 1, 0 or -1.
    labels : of each item.
    clusters : of each item.
    guarded : count one problem more of each label as gained and one as lost.
    """
    values = np.asarray(differences, float)
    names, label = np.unique(np.asarray(labels, str), return_inverse=True)
    place = _places(values.size, clusters)
    found = _estimate(*_over_labels(values, label), place)
    if not guarded:
        return found
    return _guarded(found, *_guarded_labels(values, label, place, names.size, 1.0))


def auc_difference(
    baseline: ArrayLike,
    other: ArrayLike,
    positive: ArrayLike,
    clusters: Sequence[str],
    guarded: bool = False,
) -> PairedEstimate | None:
    """Difference of two areas under the curve of the same items; None where one label lacks.

    An item's part is how its placement among the items of the other label differs from the
    mean (DeLong, DeLong & Clarke-Pearson 1988; with clusters, Obuchowski 1997).

    Parameters
    ----------
    baseline, other : (item,) log-odds.
    positive : (item,) whether the first answer is right.
    guarded : count one problem more of each label as moved up from the middle of the other label's
        to their end, and one as moved down.
    """
    valid = np.asarray(positive, bool)
    if not valid.any() or valid.all():
        return None
    change = _placements(other, valid) - _placements(baseline, valid)
    value = float(change[valid].mean())
    counts = np.where(valid, valid.sum(), (~valid).sum())
    place = _places(change.size, clusters)
    found = _estimate(value, (change - value) / counts, place)
    if not guarded:
        return found
    more, parts, places = _guarded_labels(change, valid.astype(np.intp), place, 2, _MOVED)
    # an area is the mean placement of either label, not half of each
    return _guarded(found, more, parts * 2, places)


def sign_test(differences: ArrayLike) -> float:
    """Exact two-sided p of the direction of differences; those of 0 are left out.

    Of use where all differ by the same, which leaves Student's t without an error.
    """
    values = np.asarray(differences, float)
    above, below = int((values > 0).sum()), int((values < 0).sum())
    return float(stats.binomtest(above, above + below).pvalue) if above + below else 1.0


def independent_interval(
    baseline: float, baseline_ends: Interval, other: float, other_ends: Interval
) -> Interval:
    """Interval of other - baseline from the intervals of both, as if they were independent.

    Zou & Donner 2008, Statistics in Medicine 27 (MOVER). Where both rest on the same items
    it is too wide rather than too narrow.

    Parameters
    ----------
    baseline, other : the two values.
    baseline_ends, other_ends : lower and upper end of the interval of each.
    """
    value = other - baseline
    below = np.hypot(other - other_ends[0], baseline_ends[1] - baseline)
    above = np.hypot(other_ends[1] - other, baseline - baseline_ends[0])
    return value - float(below), value + float(above)


def interval_p(value: float, interval: Interval) -> float | None:
    """Two-sided p of a value whose 95 % interval is normal on the side of 0.

    None where the interval has no width on that side.

    Parameters
    ----------
    value : that may differ from 0.
    interval : its 95 % interval, lower and upper end.
    """
    side = value - interval[0] if value > 0 else interval[1] - value
    if side <= 0:
        return None
    return float(2 * stats.norm.sf(stats.norm.ppf((1 + _LEVEL) / 2) * abs(value) / side))


def t_interval(centre: float, stderr: float, freedom: float) -> Interval:
    """95 % interval of Student's t.

    Parameters
    ----------
    centre : the estimate.
    stderr : its standard error.
    freedom : degrees of freedom.
    """
    half = float(stats.t.ppf((1 + _LEVEL) / 2, freedom)) * stderr
    return centre - half, centre + half


def t_p(centre: float, stderr: float, freedom: float) -> float:
    """Two-sided p of Student's t, against 0.

    Parameters
    ----------
    centre : the estimate.
    stderr : its standard error, above 0.
    freedom : degrees of freedom.
    """
    return float(2 * stats.t.sf(abs(centre) / stderr, freedom))


def within(interval: Interval, value: float, most: float) -> Interval:
    """An interval that holds what was measured and leaves no possible difference, ±most.

    Parameters
    ----------
    interval : lower and upper end.
    value : what was measured.
    most : largest size that a difference can have.
    """
    return max(min(interval[0], value), -most), min(max(interval[1], value), most)


def _places(size: int, clusters: Sequence[str] | None) -> NDArray[np.intp]:
    """(item,) number of each item's cluster."""
    if clusters is None:
        return np.arange(size)
    found: NDArray[np.intp] = np.unique(np.asarray(clusters), return_inverse=True)[1]
    return found


def _over_labels(values: Floats, label: NDArray[np.intp]) -> tuple[float, Floats]:
    """Mean over labels of their means, and each item's part in what it is off by."""
    counts = np.bincount(label)
    means = np.bincount(label, values) / counts
    return float(means.mean()), (values - means[label]) / (counts.size * counts[label])


def _two_more(
    values: Floats, place: NDArray[np.intp], size: float
) -> tuple[Floats, NDArray[np.intp]]:
    """With a cluster more that gained, and one that lost, of as many items as clusters have."""
    items = max(1, round(values.size / np.unique(place).size))
    more = np.repeat([size, -size], items)
    return np.concatenate([values, more]), np.concatenate(
        [place, place.max() + 1 + np.repeat([0, 1], items)]
    )


def _guarded_labels(
    values: Floats, label: NDArray[np.intp], place: NDArray[np.intp], n_labels: int, size: float
) -> tuple[float, Floats, NDArray[np.intp]]:
    """Mean over labels with two clusters more of each, parts and clusters of all."""
    held, labels, places = [], [], []
    for one in range(n_labels):
        more, where = _two_more(values[label == one], place[label == one], size)
        own = int((label == one).sum())
        where[own:] += place.max() + 1 + 2 * one - where[own:].min()
        held.append(more)
        labels.append(np.full(more.size, one))
        places.append(where)
    value, parts = _over_labels(np.concatenate(held), np.concatenate(labels))
    return value, parts, np.concatenate(places)


def _guarded(
    found: PairedEstimate, value: float, parts: Floats, place: NDArray[np.intp]
) -> PairedEstimate:
    """What was measured, with error, interval and p of the guarded estimate."""
    own = _estimate(value, parts, place)
    assert own.interval is not None
    return replace(
        own, value=found.value, n=found.n, clusters=found.clusters,
        interval=within(own.interval, found.value, 1.0),
    )  # fmt: skip


def _estimate(value: float, parts: Floats, place: NDArray[np.intp]) -> PairedEstimate:
    sums = np.bincount(np.unique(place, return_inverse=True)[1], parts)
    count = int(sums.size)
    if count < 2:
        return PairedEstimate(value, None, None, None, int(parts.size), count)
    stderr = float(np.sqrt(count / (count - 1) * (sums**2).sum()))
    # what rounding leaves where all differences are the same
    if stderr < 1e-12 * max(1.0, abs(value)):
        if abs(value) < 1e-12:
            return PairedEstimate(value, 0.0, (value, value), 1.0, int(parts.size), count)
        return PairedEstimate(value, None, None, None, int(parts.size), count)
    interval = t_interval(value, stderr, count - 1)
    p = t_p(value, stderr, count - 1)
    return PairedEstimate(value, stderr, interval, p, int(parts.size), count)


def _placements(odds: ArrayLike, valid: NDArray[np.bool_]) -> Floats:
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
