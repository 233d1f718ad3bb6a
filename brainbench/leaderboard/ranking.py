"""From scores and their bootstrap to ranks with intervals: arrays in, arrays out.

An entry's rank is known up to the entries that it cannot be told from. Every pair of M entries
is compared: their difference over its standard deviation in a bootstrap of all of them together,
by Student's t; p values are corrected over all pairs (Holm 1979). Entry j is above i where its
score is higher and the corrected p below 0.05. Ranks 1 + #above to M − #below then hold the true
rank of every entry in 95 of 100 boards, however many are equal: the percentiles of a drawn rank
do not (Mogstad, Romano, Shaikh & Wilhelm 2024, Review of Economic Studies 91), and ranks that
each hold by themselves in 95 of 100 boards do not hold together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from brainbench.encoding.inference import step_down

Array = NDArray[np.float64]
Places = NDArray[np.intp]
LEVEL = 0.95
# differences that are nothing but rounding
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Ranking:
    """Entries and where they stand.

    Attributes
    ----------
    scores : (M,) higher is better.
    intervals : (M, 2) 95 % of the score, Student's t with the bootstrap's error.
    best, worst : (M,) first and last rank that the entry may have; 1 is the highest. In 95 of
        100 boards all of them hold the true ones.
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
    gaps = scores[None, :] - scores[:, None]
    one, other = np.triu_indices(count, 1)
    apart = np.zeros((count, count), bool)
    p = _p_values(gaps[one, other], _spread(draws)[one, other], units)
    apart[one, other] = apart[other, one] = step_down(p) < 1.0 - LEVEL
    above, below = apart & (gaps > 0.0), apart & (gaps < 0.0)
    return 1 + above.sum(axis=1), count - below.sum(axis=1)


def _p_values(gaps: Array, spread: Array, units: float) -> Array:
    """(pairs,) two-sided p values of differences with these standard deviations over draws."""
    # a difference that no draw changes is no question of chance
    varies, differs = spread > _ROUNDING, np.abs(gaps) > _ROUNDING
    z = np.divide(np.abs(gaps), spread, out=np.where(differs, np.inf, 0.0), where=varies)
    if not np.isfinite(units):
        tails = stats.norm.sf(z)
    elif units < 2:
        tails = np.where(varies, 0.5, stats.norm.sf(z))
    else:  # as in widened
        tails = stats.t.sf(z * np.sqrt((units - 1) / units), units - 1)
    found: Array = 2.0 * tails
    return found


def _spread(draws: Array) -> Array:
    """(M, M) standard deviation over draws of every difference."""
    centred = draws - draws.mean(axis=0)
    covariance = centred.T @ centred / len(draws)
    variance = np.diag(covariance)
    squares = variance[:, None] + variance[None, :] - 2.0 * covariance
    found: Array = np.sqrt(np.maximum(squares, 0.0))
    return found
