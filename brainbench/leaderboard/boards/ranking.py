"""From scores and their bootstrap to ranks with intervals: arrays in, arrays out.

An entry's rank is known up to the entries that are not distinguishable from it. Every pair of M
entries is compared: their difference over its standard deviation in a bootstrap of all of them
together, by Student's t; p values are corrected over all pairs (Holm 1979). Entry j is above i
where its score is higher and the corrected p below 0.05; its ranks are then 1 + #above to
M − #below (Mogstad, Romano, Shaikh & Wilhelm 2024, Review of Economic Studies 91). How often such
ranks are wrong depends on how well the bootstrap knows the error of a score:
``scripts/simulate_boards.py`` measures it for each kind of board.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from brainbench.statistics.inference import step_down

Array = NDArray[np.float64]
Places = NDArray[np.intp]
LEVEL = 0.95
# differences that are nothing but rounding
_ROUNDING, _DIGITS = 1e-12, 12


@dataclass(frozen=True)
class Ranking:
    """Entries and where they stand.

    Attributes
    ----------
    scores : (M,) higher is better.
    intervals : (M, 2) of the score, at a nominal 95 %: Student's t with the bootstrap's error.
    best, worst : (M,) first and last rank that the entry may have; 1 is the highest. Pairs are
        corrected together, at a nominal 5 % for the whole board.
    apart : (M, M) pairs of which one is above the other.
    """

    scores: Array
    intervals: Array
    best: Places
    worst: Places
    apart: NDArray[np.bool_]


def rank_scores(
    scores: Array, draws: Array, units: float = np.inf, shares: bool = False
) -> Ranking:
    """Rank M entries.

    Parameters
    ----------
    scores : (M,)
    draws : (D, M) the scores of each draw, the same draw for all entries.
    units : people, or problems, that were drawn from. Below about 30 a bootstrap is too
        narrow; see :func:`widened`.
    shares : whether scores are shares, whose intervals stay between 0 and 1.
    """
    critical, spread = widened(stats.norm.ppf(0.5 + LEVEL / 2), units), draws.std(axis=0)
    if shares:
        intervals = share_intervals(scores, spread, float(critical), units)
    else:
        half = critical * spread if np.isfinite(critical) else np.full(len(scores), np.inf)
        intervals = np.stack([scores - half, scores + half], axis=1)
    best, worst, apart = _bounds(scores, draws, units)
    return Ranking(scores, intervals, best, worst, apart)


def share_intervals(shares: Array, errors: Array, critical: float, units: float) -> Array:
    """(M, 2) intervals of shares, which hold between 0 and 1 and have width at both ends.

    Wilson's, with the number of independent answers that an error of this size belongs to,
    p (1 − p) / error². Where no draw changes the share, as where every problem is answered
    right, that is the number of units.

    Parameters
    ----------
    shares, errors : (M,) between 0 and 1, and their standard errors.
    critical : standard errors to either side.
    units : that were drawn from.

    Source: Wilson 1927, JASA 22; Korn & Graubard 1998, Survey Methodology 24, for the number.
    """
    if not np.isfinite(critical):
        return np.tile([0.0, 1.0], (len(shares), 1))
    variance, squares = shares * (1.0 - shares), errors**2
    unsure = (squares > _ROUNDING**2) & (variance > 0.0)
    per_unit = np.divide(squares, variance, out=np.full(len(shares), 1.0 / units), where=unsure)
    reach = critical**2 * per_unit  # critical² / number of answers
    middle = (shares + reach / 2) / (1.0 + reach)
    half = np.sqrt(variance * reach + reach**2 / 4) / (1.0 + reach)
    found: Array = np.clip(np.stack([middle - half, middle + half], axis=1), 0.0, 1.0)
    return found


def widened(critical: ArrayLike, units: float) -> Array:
    """Critical values of a bootstrap over n units, made those of few units.

    A bootstrap's errors are too small by √((n − 1) / n), and its tails those of a normal: a
    value is replaced by that of Student's t with n − 1 degrees of freedom that is passed as
    often, and multiplied by √(n / (n − 1)).

    Parameters
    ----------
    critical : values of a standard normal, of any shape.
    units : people or problems that were drawn from.

    Returns
    -------
    The same shape; infinite below 2 units, unchanged where ``units`` is infinite.

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
    # means of the same numbers in another order differ in their last digits, and are equal
    ranks = stats.rankdata(np.round(scores, _DIGITS), axis=-1)
    rates: Array = (ranks - 1.0) / (count - 1.0)
    return rates


def letters(apart: NDArray[np.bool_]) -> list[str]:
    """Letters of M entries: two that share one are not distinguishable.

    Parameters
    ----------
    apart : (M, M) pairs of which one is above the other, entries in the order of their letters.

    Returns
    -------
    Such as ``a``, ``ab``, ``b``.

    Source: Piepho 2004, Journal of Computational and Graphical Statistics 13, insert and absorb.
    """
    count = len(apart)
    groups = [frozenset(range(count))] if count else []
    for one in range(count):
        for other in range(one + 1, count):
            if apart[one, other]:
                split = [
                    group - {lost}
                    for group in groups
                    for lost in ((one, other) if {one, other} <= group else (-1,))
                ]
                kept = list(dict.fromkeys(split))
                groups = [own for own in kept if not any(own < more for more in kept)]
    groups.sort(key=lambda group: sorted(group))
    return [
        "".join(_letter(place) for place, group in enumerate(groups) if one in group)
        for one in range(count)
    ]


def _letter(place: int) -> str:
    return chr(ord("a") + place % 26) * (1 + place // 26)


def _bounds(scores: Array, draws: Array, units: float) -> tuple[Places, Places, NDArray[np.bool_]]:
    """First and last rank of each entry, and which pairs are apart."""
    count = len(scores)
    gaps = scores[None, :] - scores[:, None]
    one, other = np.triu_indices(count, 1)
    apart = np.zeros((count, count), bool)
    p = _p_values(gaps[one, other], _spread(draws)[one, other], units)
    apart[one, other] = apart[other, one] = step_down(p) < 1.0 - LEVEL
    above, below = apart & (gaps > 0.0), apart & (gaps < 0.0)
    return 1 + above.sum(axis=1), count - below.sum(axis=1), apart


def _p_values(gaps: Array, spread: Array, units: float) -> Array:
    """(pairs,) two-sided p values of differences with these standard deviations over draws."""
    varies, differs = spread > _ROUNDING, np.abs(gaps) > _ROUNDING
    z = np.divide(np.abs(gaps), spread, out=np.where(differs, np.inf, 0.0), where=varies)
    if not np.isfinite(units):
        found: Array = 2.0 * stats.norm.sf(z)
        return found
    if units < 2:  # one person or problem says nothing of others
        return np.ones(len(gaps))
    found = 2.0 * stats.t.sf(z * np.sqrt((units - 1) / units), units - 1)  # as in widened
    # a difference that no draw changes is the same in every unit: a sign test of so many
    return np.where(varies | ~differs, found, 2.0 ** (1.0 - units))


def _spread(draws: Array) -> Array:
    """(M, M) standard deviation over draws of every difference."""
    centred = draws - draws.mean(axis=0)
    covariance = centred.T @ centred / len(draws)
    variance = np.diag(covariance)
    squares = variance[:, None] + variance[None, :] - 2.0 * covariance
    found: Array = np.sqrt(np.maximum(squares, 0.0))
    return found
