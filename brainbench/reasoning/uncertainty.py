"""Intervals of an accuracy and an AUC that hold for few items.

A standard error of a handful of items can be 0, when all were answered right or all wrong. That
is not a certainty: four coins that fall alike have one, too.
"""

from __future__ import annotations

import math

from scipy import stats

Interval = tuple[float, float]
_LEVEL = 0.95
# shares that differ by less are the same
_ROUNDING = 1e-9


def share_interval(
    share: float, n_items: int, n_clusters: int, stderr: float | None
) -> Interval | None:
    """95 % interval of a share, within 0 and 1: exact, for the items it is worth.

    Clopper and Pearson's interval of a binomial, of as many items as would have the clustered
    standard error, with Student's t for the few clusters that it is estimated from. Where the
    error is 0 or not known every cluster counts as one item.

    Parameters
    ----------
    share : of n_items.
    n_clusters : items that belong together are one cluster.
    stderr : clustered standard error.

    Returns
    -------
    None without items.

    Source: Korn & Graubard 1998, Survey Methodology 24: 193-201.
    """
    if n_items < 1 or n_clusters < 1 or not math.isfinite(share):
        return None
    share = min(1.0, max(0.0, share))
    worth = float(n_clusters)
    spread = share * (1 - share)
    if stderr is not None and stderr > _ROUNDING and spread > _ROUNDING and n_clusters > 1:
        few = _quantile(n_items - 1) / _quantile(n_clusters - 1)
        worth = min(float(n_items), spread / stderr**2 * few**2)
    right, tail = share * worth, (1 - _LEVEL) / 2
    low = 0.0 if right < _ROUNDING else stats.beta.ppf(tail, right, worth - right + 1)
    wrong = worth - right
    high = 1.0 if wrong < _ROUNDING else stats.beta.ppf(1 - tail, right + 1, wrong)
    return float(low), float(high)


def area_side(
    area: float, stderr: float | None, shares: tuple[float, float], n_clusters: int
) -> int:
    """1 for an AUC clearly above one half, -1 for one clearly below it, else 0.

    Its own interval must leave out one half, and so must a test that needs no error of the
    answers: ranks drawn at random, with a correction for their steps.

    Parameters
    ----------
    stderr : of the AUC, by jackknife; 0 where every pair is in order.
    shares : of the items with either label.
    n_clusters : items that belong together are one cluster.

    Source: Mann & Whitney 1947, Annals of Mathematical Statistics 18: 50-60.
    """
    first, second = (max(share, 0.0) * n_clusters for share in shares)
    if first <= 0 or second <= 0 or not math.isfinite(area):
        return 0
    normal = float(stats.norm.ppf((1 + _LEVEL) / 2))
    null = math.sqrt((first + second + 1) / (12 * first * second))
    away = abs(area - 0.5)
    clear = away > normal * (stderr or 0.0) and away - 1 / (2 * first * second) > normal * null
    return (1 if area > 0.5 else -1) if clear else 0


def _quantile(freedom: int) -> float:
    return float(stats.t.ppf((1 + _LEVEL) / 2, max(1, freedom)))
