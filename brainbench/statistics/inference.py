"""From null draws and people to p values, intervals, ratios and corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from brainbench.errors import DataError

Array = NDArray[np.float64]
Interval = tuple[float, float]


def p_value(measured: float, null: ArrayLike) -> float:
    """One-sided (1 + number of draws not below the measured value) / (draws + 1).

    Parameters
    ----------
    measured : the statistic as it was measured.
    null : (D,) the same statistic under the null hypothesis.

    Raises
    ------
    DataError
        When there are no draws, or a value is not finite.

    Source: Phipson & Smyth 2010: never 0, and valid at any number of draws.
    """
    draws = np.asarray(null, np.float64)
    if not draws.size or not np.isfinite(draws).all() or not np.isfinite(measured):
        raise DataError("a p value needs a finite measured value and finite null draws")
    # sums in another order differ in their last digits: equals count as not below. Scores are
    # shares and correlations, so what is far below 1 may be nothing but rounding.
    slack = 1e-12 * max(1.0, abs(measured), float(np.abs(draws).max()))
    return float((1 + (draws >= measured - slack).sum()) / (draws.size + 1))


def people_interval(values: ArrayLike, level: float = 0.95) -> Interval | None:
    """Student's t interval of the mean over people; None below three people.

    It says how far another sample of people would move the mean on these items; items and
    responses shared by people are not drawn anew.

    Parameters
    ----------
    values : (P,) one number per person.
    level : share of such intervals that hold the mean, 0 to 1.
    """
    people = np.asarray(values, np.float64)
    if people.size < 3:
        return None
    half = stats.t.ppf(0.5 + level / 2, people.size - 1) * stats.sem(people)
    return float(people.mean() - half), float(people.mean() + half)


def jackknife_values(value: float, without: ArrayLike) -> Array:
    """Pseudo-values of a statistic, with its value for their mean.

    Parameters
    ----------
    value : of all n people or blocks.
    without : (n,) the same without each of them.

    Returns
    -------
    (n,) values whose standard error is the jackknife's; of a mean, the values themselves.

    Source: Efron & Stein 1981, Annals of Statistics 9.
    """
    replicates = np.asarray(without, np.float64)
    spread = -(replicates.size - 1) * (replicates - replicates.mean())
    found: Array = value + spread
    return found


def jackknife_interval(
    value: float, without: ArrayLike, level: float = 0.95, fewest: int = 3
) -> Interval | None:
    """Student's t interval from what is found without each of n people or blocks.

    ``value ± t * sqrt((n - 1) / n * Σ (without - mean)²)`` with n - 1 degrees of freedom. For a
    mean it is :func:`people_interval`; it also holds for statistics of pairs, which share people.

    Parameters
    ----------
    value : of all n people or blocks.
    without : (n,) the same without each of them.
    fewest : people or blocks that an interval needs.

    Returns
    -------
    None of fewer, or where the statistic is undefined, with all or without one.

    Source: Arvesen 1969, Annals of Mathematical Statistics 40.
    """
    left = np.asarray(without, np.float64)
    n = left.size
    if n < fewest or not np.isfinite(value) or not np.isfinite(left).all():
        return None
    error = np.sqrt((n - 1) / n * np.sum((left - left.mean()) ** 2))
    reach = float(stats.t.ppf(0.5 + level / 2, n - 1) * error)
    return value - reach, value + reach


def stratified_jackknife_interval(
    value: float, without: ArrayLike, strata: ArrayLike, level: float = 0.95
) -> Interval | None:
    """Interval of a statistic of several independent samples, people left out in turn.

    ``value ± t * sqrt(Σ V)`` with ``V = (n - 1) / n * Σ (without - mean)²`` in each sample, and the
    degrees of freedom of Welch and Satterthwaite. Of one sample it is :func:`jackknife_interval`.

    Parameters
    ----------
    value : of everybody.
    without : (n,) the same without each person.
    strata : (n,) the sample that each person is of.
    level : share of such intervals that hold the value, 0 to 1.

    Returns
    -------
    None where a sample has fewer than two people, or the statistic is undefined.

    Source: Arvesen 1969, Annals of Mathematical Statistics 40; Satterthwaite 1946, Biometrics 2.
    """
    left, names = np.asarray(without, np.float64), np.asarray(strata)
    if not left.size or not np.isfinite(value) or not np.isfinite(left).all():
        return None
    parts = [left[names == name] for name in dict.fromkeys(names.tolist())]
    if min(part.size for part in parts) < 2:
        return None
    variances = [(p.size - 1) / p.size * np.sum((p - p.mean()) ** 2) for p in parts]
    total = float(np.sum(variances))
    if total == 0.0:
        return value, value
    terms = [v**2 / (p.size - 1) for v, p in zip(variances, parts, strict=True)]
    reach = float(stats.t.ppf(0.5 + level / 2, total**2 / np.sum(terms)) * np.sqrt(total))
    return value - reach, value + reach


def fieller_interval(
    numerator: ArrayLike, denominator: ArrayLike, level: float = 0.95
) -> Interval | None:
    """Interval of mean(numerator) / mean(denominator) over the same people.

    None where the denominator's own interval reaches 0: then no bounded one exists.

    Parameters
    ----------
    numerator, denominator : (P,) one number per person, people in the same order.
    level : share of such intervals that hold the ratio, 0 to 1.

    Returns
    -------
    None also of fewer than three people, of unequal numbers of values, and where the mean of the
    denominator is not positive.

    Source: Fieller 1954.
    """
    x, y = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    n = x.size
    if n < 3 or y.size != n:
        return None
    cov = np.cov(x, y) / n
    t2 = stats.t.ppf(0.5 + level / 2, n - 1) ** 2
    a = y.mean() ** 2 - t2 * cov[1, 1]
    b = x.mean() * y.mean() - t2 * cov[0, 1]
    c = x.mean() ** 2 - t2 * cov[0, 0]
    if a <= 0.0 or y.mean() <= 0.0:
        return None
    root = np.sqrt(max(b * b - a * c, 0.0))
    return float((b - root) / a), float((b + root) / a)


@dataclass(frozen=True)
class Measured:
    """A statistic of each person, and what it was measured on.

    Attributes
    ----------
    people : (P,) values whose mean is the statistic; jackknife values where people are not
        independent.
    basis : statistic, data, ROI, items, folds: whatever must be the same for a quotient.
    """

    people: Array
    basis: str


def divide(
    numerator: Measured, denominator: Measured, level: float = 0.95
) -> tuple[float, Interval] | None:
    """Mean by mean, with Fieller's interval; None where the denominator may be 0.

    Parameters
    ----------
    numerator, denominator : two statistics of the same people, with the same ``basis``.
    level : of the interval, 0 to 1.

    Returns
    -------
    The ratio and its interval.

    Raises
    ------
    DataError
        When the two were not measured on the same: such a quotient says nothing.
    """
    if numerator.basis != denominator.basis:
        raise DataError(
            f"{numerator.basis} cannot be divided by {denominator.basis}: a ratio needs the "
            "same statistic on the same items, folds and voxels"
        )
    own = people_interval(denominator.people, level)
    interval = fieller_interval(numerator.people, denominator.people, level)
    if own is None or interval is None or own[0] <= 0.0:
        return None
    return float(np.mean(numerator.people) / np.mean(denominator.people)), interval


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected over all of them (Holm 1979).

    Parameters
    ----------
    p_values : of the tests of one family.
    """
    return [float(p) for p in step_down(np.array(p_values, np.float64))]


def step_down(p: Array) -> Array:
    """(tests,) p values corrected over all of them (Holm 1979); ties in any order are the same.

    statsmodels has this too, and collects the interpreter's garbage at every call: 0.2 s with a
    language model loaded, for a family of six.
    """
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found: Array = np.minimum(corrected, 1.0)
    return found


def benjamini_hochberg(p_values: ArrayLike) -> list[float]:
    """P values corrected for the share of false discoveries, as over layers."""
    return [float(p) for p in stats.false_discovery_control(np.asarray(p_values, np.float64))]
