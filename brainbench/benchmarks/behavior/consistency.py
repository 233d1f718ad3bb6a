"""Agreement of answers, consistency of errors, correlation over items: arrays in, arrays out.

Answers are 1, 0 or NaN; NaN is not an answer and takes its item out of that comparison.
Everything is float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from brainbench.statistics.answers import auc

Array = NDArray[np.float64]
Correlate = Callable[[Array, Array, NDArray[np.intp]], Array]
# a rank correlation over two items is 1 or -1 whatever they are
_FEWEST_ITEMS = 3


@dataclass(frozen=True)
class Agreement:
    """How often two answer alike, one entry per comparison.

    Attributes
    ----------
    n : items that both answered.
    observed : share of those with the same answer; NaN where there are none.
    expected : the same if each kept how often it says 1, but not on which items.
    above_chance : observed less expected.
    kappa : above_chance / (1 - expected), Cohen 1960; NaN where expected is 1, for two who
        say the same one thing throughout leave no room to agree above chance.
    """

    n: Array
    observed: Array
    expected: Array
    above_chance: Array
    kappa: Array


def agreement(one: Array, other: Array) -> Agreement:
    """Compare answers item by item.

    Parameters
    ----------
    one, other : (n_items, ...) answers; axes after the first are broadcast, each entry
        of the result being one comparison.

    Notes
    -----
    On right (1) and wrong (0) in place of answers, ``kappa`` is the error consistency of
    Geirhos, Meding & Wichmann 2020 ("Beyond accuracy", NeurIPS 33): what two share in
    being right and wrong beyond what their accuracies imply, here the accuracies on the
    items that both answered. Where one of them says, or is, one thing throughout, kappa
    is 0 whatever the other does.
    """
    both = ~(np.isnan(one) | np.isnan(other))
    first = np.where(both, one, 0.0)
    second = np.where(both, other, 0.0)
    # whole numbers throughout, so that "no room above chance" is exact and not a rounding
    n = both.sum(axis=0).astype(np.float64)
    ones, others = first.sum(axis=0), second.sum(axis=0)
    same = (both & (first == second)).sum(axis=0).astype(np.float64)
    chance = ones * others + (n - ones) * (n - others)
    return Agreement(
        n=n,
        observed=divide(same, n),
        expected=divide(chance, n * n),
        above_chance=divide(n * same - chance, n * n),
        kappa=divide(n * same - chance, n * n - chance),
    )


def correctness(answer: Array, labels: Array) -> Array:
    """Right (1), wrong (0) or no answer (NaN).

    Parameters
    ----------
    answer : (n_items, ...) answers.
    labels : (n_items,) what follows (1) and what does not (0).
    """
    truth = labels.reshape(-1, *(1,) * (answer.ndim - 1))
    return np.where(np.isnan(answer), np.nan, (answer == truth).astype(np.float64))


def spearman(one: Array, other: Array) -> float:
    """Rank correlation over the items where neither is NaN, ties sharing their mean rank.

    Infinite values are the largest or smallest. NaN with fewer than three items, or where
    one does not vary.

    Parameters
    ----------
    one, other : (n_items,) values, NaN where missing.
    """
    kept = ~(np.isnan(one) | np.isnan(other))
    if kept.sum() < _FEWEST_ITEMS:
        return float("nan")
    return float(correlate_ranks(one[kept][:, None], other[kept][:, None])[0])


def standardise(values: Array) -> Array:
    """Each column less its mean, over its standard deviation (n - 1), NaN left as they are.

    A column with fewer than two values, or that does not vary, becomes NaN.
    """
    n = (~np.isnan(values)).sum(axis=0)
    mean = divide(np.nansum(values, axis=0), n)
    centred = values - mean
    spread = np.sqrt(divide(np.nansum(centred**2, axis=0), np.maximum(n - 1, 1)))
    return divide(centred, np.broadcast_to(spread, values.shape))


def mean_of(values: Array, axis: int) -> Array:
    """Mean over an axis of what is not NaN; NaN where all are.

    Parameters
    ----------
    values : array of any shape, NaN where missing.
    axis : the one averaged over.
    """
    return divide(np.nansum(values, axis=axis), (~np.isnan(values)).sum(axis=axis))


def mean_of_others(values: Array) -> Array:
    """(n_items, n_people): for each person the mean over all others who have a value."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    totals = filled.sum(axis=1, keepdims=True) - filled
    return divide(totals, known.sum(axis=1, keepdims=True) - known)


def majority_of_others(answers: Array) -> Array:
    """(n_items, n_people): majority answer of the others; NaN where they are even."""
    shares = mean_of_others(answers)
    return np.where(np.isnan(shares) | (shares == 0.5), np.nan, (shares > 0.5).astype(np.float64))


def each_against_others(values: Array) -> Array:
    """(n_people,) Spearman correlation of each person's column with the mean of the others."""
    others = mean_of_others(values)
    return np.array([spearman(values[:, p], others[:, p]) for p in range(values.shape[1])])


def split_half_reliability(
    values: Array,
    draws: int,
    rng: np.random.Generator,
    groups: NDArray[np.str_] | None = None,
    correlate: Correlate | None = None,
) -> float:
    """Reliability over items of the mean over people, by halves of the people.

    The correlation between the means of two random halves, averaged over draws, is stepped up to
    all people by the Spearman-Brown formula, k r / (1 + (k - 1) r) with k the number of people
    over that of a half. With an odd number one person sits out each draw. The formula is exact for
    Pearson's r and close for ranks. With groups, each is halved, the mean is that over groups of
    the mean over their people, and k is the noise of a half over the noise of all.

    Parameters
    ----------
    values : (n_items, n_people), NaN where missing.
    draws : number of random halvings.
    groups : (n_people,) the group of each; None where there is one.
    correlate : how two halves are, (n, draws) twice and the indices of those n items; by rank
        where None.

    Returns
    -------
    At most 1; negative where the halves disagree; NaN below two people in a group, and where the
    halves disagree so far that the formula has no value.
    """
    names = np.zeros(values.shape[1], np.intp) if groups is None else groups
    parts = [np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())]
    if not parts or min(part.size for part in parts) < 2:
        return float("nan")
    rows, columns = [], []
    for _ in range(draws):
        orders = [part[rng.permutation(part.size)] for part in parts]
        rows.append(_mean_of_groups(values, [order[: order.size // 2] for order in orders]))
        second = [order[order.size // 2 : 2 * (order.size // 2)] for order in orders]
        columns.append(_mean_of_groups(values, second))
    one, other = np.stack(rows, axis=1), np.stack(columns, axis=1)
    known = np.flatnonzero(~np.isnan(one + other).any(axis=1))
    if known.size < _FEWEST_ITEMS:
        return float("nan")
    halves = one[known], other[known]
    found = correlate(*halves, known) if correlate else correlate_ranks(*halves)
    r = float(mean_of(found, axis=0))
    k = _longer(values, parts)
    whole = 1.0 + (k - 1.0) * r
    return k * r / whole if whole > 0 else float("nan")


def _mean_of_groups(values: Array, parts: Sequence[NDArray[np.intp]]) -> Array:
    """(n_items,) mean over groups of the mean over their people; NaN where a group has none."""
    means = [mean_of(values[:, part], axis=1) for part in parts]
    return means[0] if len(means) == 1 else np.mean(means, axis=0)


def _longer(values: Array, parts: Sequence[NDArray[np.intp]]) -> float:
    """Variance of noise in the mean of a half of every group, over that in the mean of all."""
    if len(parts) == 1:
        size: float = parts[0].size
        return size / (size // 2)
    # of one person's value about the mean of the item; standard errors add up over groups
    noise = [float(mean_of(_variance(values[:, part]), axis=0)) for part in parts]
    of_half = sum(v / (part.size // 2) for v, part in zip(noise, parts, strict=True))
    of_all = sum(v / part.size for v, part in zip(noise, parts, strict=True))
    return of_half / of_all if of_all > 0 else 2.0


def _variance(values: Array) -> Array:
    """(n_items,) variance over people (n - 1); NaN below two."""
    n = (~np.isnan(values)).sum(axis=1)
    centred = values - divide(np.nansum(values, axis=1), n)[:, None]
    return divide(np.nansum(centred**2, axis=1), np.maximum(n - 1, 0))


def area_under_curve(scores: Array, labels: Array) -> float:
    """Chance that a random item of label 1 scores above one of label 0, ties counting half.

    Items whose score is NaN are left out; NaN where a label is lacking.

    Parameters
    ----------
    scores : (n_items,) such as log-odds; NaN where missing.
    labels : (n_items,) 1 or 0.
    """
    kept = ~np.isnan(scores)
    return float(auc(scores[kept], labels[kept] == 1.0))


def leave_one_out(statistic: Callable[[NDArray[np.bool_]], float], size: int) -> Array:
    """(size,) a statistic without each of the units in turn.

    Parameters
    ----------
    statistic : takes a mask over units, True where kept.
    size : number of units.
    """
    return np.array([statistic(np.arange(size) != unit) for unit in range(size)], np.float64)


def correlate_ranks(one: Array, other: Array) -> Array:
    """(n_items, n) twice → (n,) Pearson correlation of the ranks, column by column."""
    return correlate_columns(rankdata(one, axis=0), rankdata(other, axis=0))


def correlate_columns(one: Array, other: Array) -> Array:
    """(n_items, n) twice → (n,) Pearson correlation, column by column; NaN where one is constant.

    Parameters
    ----------
    one, other : values without NaN.
    """
    first, second = one - one.mean(axis=0), other - other.mean(axis=0)
    spread = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    return divide((first * second).sum(axis=0), spread)


def divide(part: Array | NDArray[np.int_], whole: Array | NDArray[np.int_]) -> Array:
    """Quotient, NaN where the divisor is 0.

    Parameters
    ----------
    part : dividend.
    whole : divisor; broadcast against the dividend.
    """
    quotient = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=quotient, where=np.asarray(whole) != 0)
    return quotient
