"""Intervals of means over several samples: of the same people, of other problems, of shares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from brainbench.quantities import Interval

Array = NDArray[np.float64]
_LEVEL = 0.95
_DRAWS = 2000
# shares that differ by less are the same
_ROUNDING = 1e-9


def people_mean_interval(samples: Sequence[Mapping[str, float]]) -> Interval | None:
    """95 % interval of a mean over samples of their means over people.

    A person counts once, with all samples that she is in: what is peculiar to her moves them
    together. Of one sample it is :func:`.inference.people_interval`.

    Parameters
    ----------
    samples : name of a person → value; people need not be the same.

    Returns
    -------
    None of fewer than three people, or where a sample has none.

    Source: Liang & Zeger 1986, Biometrika 73, with Student's t for the number of people.
    """
    shares: dict[str, float] = {}
    means = []
    for sample in samples:
        if not sample:
            return None
        middle = float(np.mean(list(sample.values())))
        means.append(middle)
        for name, value in sample.items():
            shares[name] = shares.get(name, 0.0) + (value - middle) / len(sample) / len(samples)
    n = len(shares)
    if n < 3:
        return None
    error = math.sqrt(n / (n - 1) * math.fsum(own**2 for own in shares.values()))
    return _around(float(np.mean(means)), _t(n - 1) * error)


def people_median_interval(samples: Sequence[Mapping[str, float]]) -> Interval | None:
    """95 % interval of a mean over samples of their medians over people.

    By a bootstrap of people, who are drawn with all their samples, widened for few people.

    Parameters
    ----------
    samples : name of a person → value; people need not be the same.

    Returns
    -------
    None of fewer than three people, or where a sample has none.

    Source: Hesterberg 2015, The American Statistician 69.
    """
    people = sorted({name for sample in samples for name in sample})
    n = len(people)
    if n < 3 or not all(samples):
        return None
    drawn = np.random.default_rng(20260611).integers(n, size=(_DRAWS, n))
    value, draws = 0.0, np.zeros(_DRAWS)
    for sample in samples:
        own = np.array([sample.get(name, np.nan) for name in people])
        middle = float(np.nanmedian(own))
        chosen = own[drawn]
        nobody = np.isnan(chosen).all(axis=1)
        chosen[nobody] = middle  # a draw of nobody who is in the sample says nothing of it
        draws += np.nanmedian(chosen, axis=1) / len(samples)
        value += middle / len(samples)
    return _around(value, _t(n - 1) * math.sqrt(n / (n - 1)) * float(draws.std()))


def problems_mean_interval(value: float, intervals: Sequence[Interval | None]) -> Interval | None:
    """Interval of a mean of samples of different problems, whose errors are independent.

    Parameters
    ----------
    value : the mean.
    intervals : of each sample; with one lacking the mean has none.

    Source: Zou & Donner 2008, Statistics in Medicine 27, of intervals that are symmetric.
    """
    known = [ends for ends in intervals if ends is not None]
    if not known or len(known) < len(intervals):
        return None
    return _around(value, math.hypot(*((high - low) / 2 for low, high in known)) / len(known))


def crossed_interval(value: float, *sources: Interval | None) -> Interval | None:
    """Interval over new people and new problems, from one over each.

    The variances are added. Each holds the part that a person and a problem have in common, so
    the sum holds it twice, and the interval is rather too wide than too narrow.

    Parameters
    ----------
    value : the score.
    sources : its interval over people, over problems; with one lacking there is none.

    Source: Owen 2007, Annals of Applied Statistics 1, on the sum as a bound.
    """
    known = [ends for ends in sources if ends is not None]
    if not known or len(known) < len(sources):
        return None
    return _around(value, math.hypot(*((high - low) / 2 for low, high in known)))


def mean_share_interval(
    shares: Sequence[float], errors: Sequence[float | None], units: Sequence[int]
) -> Interval | None:
    """95 % interval of a mean of shares of different problems, within 0 and 1.

    Errors are joined as independent ones, and the interval is exact for as many problems as have
    that error (Clopper & Pearson), with Student's t. An error of 0, or nearly, is no certainty: the
    problems are worth no more than they are many, unless they still are where one answer of every
    sample differed from the others of its label.

    Parameters
    ----------
    shares : of each sample, between 0 and 1.
    errors : their standard errors; None where one is not known.
    units : independent problems of each sample.

    Returns
    -------
    None without problems.

    Source: Korn & Graubard 1998, Survey Methodology 24, for the number of problems.
    """
    if not shares or min(units) < 1 or not np.isfinite(shares).all():
        return None
    total, freedom = float(sum(units)), max(1, sum(units) - len(units))
    value = min(1.0, max(0.0, float(np.mean(shares))))
    spread, few = value * (1.0 - value), _t(freedom) / float(stats.norm.ppf(0.5 + _LEVEL / 2))
    worth = total
    if spread > _ROUNDING:
        given = [error or 0.0 for error in errors]
        least = [max(error, _least_error(n)) for error, n in zip(given, units, strict=True)]
        joined, sure = (math.hypot(*all_) * few / len(units) for all_ in (given, least))
        worth = max(spread / sure**2, min(total, spread / max(joined, _ROUNDING) ** 2))
    right, tail = value * worth, (1 - _LEVEL) / 2
    wrong = worth - right
    low = 0.0 if right < _ROUNDING else float(stats.beta.ppf(tail, right, wrong + 1))
    high = 1.0 if wrong < _ROUNDING else float(stats.beta.ppf(1 - tail, right + 1, wrong))
    return low, high


def _least_error(units: int) -> float:
    """Of the mean of two shares of units / 2 problems, where one problem differs from the rest."""
    return math.sqrt(max(1.0 - 2.0 / units, 0.25)) / units


def _around(value: float, half: float) -> Interval:
    return value - half, value + half


def _t(freedom: int) -> float:
    return float(stats.t.ppf(0.5 + _LEVEL / 2, freedom))
