"""From scores and their bootstrap to ranks with intervals: arrays in, arrays out.

An entry's rank is known up to the entries that it cannot be told from. With scores s and a
bootstrap of all of them together, entry j is above i where

    s_j − s_i > c_i σ_ij,

σ_ij the standard deviation of the difference over draws and c_i the 95th percentile, over
draws, of the largest |d*_ij − d_ij| / σ_ij of any j. Ranks 1 + #above to M − #below then hold
the true rank of i in 95 of 100 samples, however many entries are equal: the percentiles of a
drawn rank do not (Mogstad, Romano, Shaikh & Wilhelm 2024, Review of Economic Studies 91).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]
Places = NDArray[np.intp]
LEVEL = 0.95
_CHUNK = 64  # draws at a time: a thousand entries then stay in a processor's own memory
# differences that are nothing but rounding
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Ranking:
    """Entries and where they stand.

    Attributes
    ----------
    scores : (M,) higher is better.
    intervals : (M, 2) 95 % of the score, Student's t with the bootstrap's error.
    best, worst : (M,) first and last rank that the entry may have; 1 is the highest.
    """

    scores: Array
    intervals: Array
    best: Places
    worst: Places


def rank_scores(scores: Array, draws: Array, units: float = np.inf) -> Ranking:
    """Rank M entries.

    Parameters
    ----------
    scores : (M,)
    draws : (D, M) the scores of each draw, the same draw for all entries.
    units : people, or problems, that were drawn from. Below about 30 a bootstrap is too
        narrow; see :func:`widened`.
    """
    half = widened(stats.norm.ppf(0.5 + LEVEL / 2), units) * draws.std(axis=0)
    best, worst = _bounds(scores, draws, units)
    return Ranking(scores, np.stack([scores - half, scores + half], axis=1), best, worst)


def widened(critical: ArrayLike, units: float) -> Array:
    """Critical values of a bootstrap over n units, made those of few units.

    A bootstrap's errors are too small by √((n − 1) / n), and its tails those of a normal: a
    value is replaced by that of Student's t with n − 1 degrees of freedom that is passed as
    often, and multiplied by √(n / (n − 1)).

    Source: Hesterberg 2015, The American Statistician 69.
    """
    values = np.asarray(critical, np.float64)
    if not np.isfinite(units):
        return values
    if units < 2:
        return np.full_like(values, np.inf)
    found: Array = stats.t.isf(stats.norm.sf(values), units - 1) * np.sqrt(units / (units - 1))
    return found


def win_rates(scores: Array) -> Array:
    """(…, M) share of the other entries that each is above, equals counting half.

    Parameters
    ----------
    scores : (…, M) of one board, one draw after another.
    """
    count = scores.shape[-1]
    if count < 2:
        return np.full(scores.shape, 0.5)
    ranks = stats.rankdata(scores, axis=-1)
    rates: Array = (ranks - 1.0) / (count - 1.0)
    return rates


def _bounds(scores: Array, draws: Array, units: float) -> tuple[Places, Places]:
    """First and last rank of each entry."""
    count = len(scores)
    spread = _spread(draws)
    # a difference that no draw changes is no question of chance
    varies = spread > _ROUNDING
    inverse = np.divide(1.0, spread, out=np.zeros_like(spread), where=varies)
    peaks = _peaks(draws - scores, inverse)
    critical = widened(np.quantile(peaks, LEVEL, axis=1), units)[:, None]
    needed = np.full_like(spread, _ROUNDING)
    np.multiply(critical, spread, out=needed, where=varies)
    gaps = scores[None, :] - scores[:, None]
    return 1 + (gaps > needed).sum(axis=1), count - (gaps < -needed).sum(axis=1)


def _spread(draws: Array) -> Array:
    """(M, M) standard deviation over draws of every difference."""
    centred = draws - draws.mean(axis=0)
    covariance = centred.T @ centred / len(draws)
    variance = np.diag(covariance)
    squares = variance[:, None] + variance[None, :] - 2.0 * covariance
    found: Array = np.sqrt(np.maximum(squares, 0.0))
    return found


def _peaks(centred: Array, inverse: Array) -> NDArray[np.float32]:
    """(M, D) of each entry and draw the largest studentised difference to any other."""
    n_draws, count = centred.shape
    peaks = np.zeros((count, n_draws), np.float32)
    weights = inverse.astype(np.float32)[:, :, None]
    for start in range(0, n_draws, _CHUNK):
        part = np.ascontiguousarray(centred[start : start + _CHUNK].T, np.float32)
        buffer = np.empty_like(part)
        for i in range(count):
            np.subtract(part, part[i], out=buffer)
            np.abs(buffer, out=buffer)
            np.multiply(buffer, weights[i], out=buffer)
            buffer.max(axis=0, out=peaks[i, start : start + _CHUNK])
    return peaks
