"""How hard items are for groups of people: arrays in, arrays out, float64.

``right`` is (n_items, n_people): right 1, wrong 0, NaN where a person did not answer or lacks the
run. A person counts for the items that they answered. In a joint profile each group counts the
same, however many people it has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.behavior.consistency import (
    Array,
    correlate_columns,
    correlate_ranks,
    divide,
    leave_one_out,
    mean_of,
    spearman,
)
from brainbench.statistics.inference import (
    Interval,
    jackknife_interval,
    stratified_jackknife_interval,
)

Names = NDArray[np.str_]


def names_of(groups: Names) -> list[str]:
    """Each group once, in order of appearance."""
    return [str(name) for name in dict.fromkeys(groups.tolist())]


def joint_profile(right: Array, groups: Names) -> Array:
    """(n_items,) mean over groups of the share of their people who were right.

    NaN where nobody of a group answered. With one group it is the share of its people.

    Parameters
    ----------
    right : (n_items, n_people).
    groups : (n_people,) the group of each.
    """
    means = [mean_of(right[:, groups == name], axis=1) for name in names_of(groups)]
    found: Array = np.mean(means, axis=0)
    return found


@dataclass(frozen=True)
class Estimated:
    """A number with its interval over people."""

    value: float
    interval: Interval | None


def each_with_others(right: Array, groups: Names) -> tuple[Array, Array]:
    """Spearman correlation of each person's answers with the joint profile of all others.

    Parameters
    ----------
    right : (n_items, n_people).
    groups : (n_people,) the group of each; with one group it is that group's own profile.

    Returns
    -------
    (n_people,) with everybody, and (n_people, n_people): row q the same without person q. NaN
    where a person was right, or wrong, throughout, and on the diagonal.
    """
    known = ~np.isnan(right)
    filled = np.where(known, right, 0.0)
    names = names_of(groups)
    member = np.array([groups == name for name in names], np.float64)  # (groups, people)
    sums, counts = filled @ member.T, known @ member.T  # (items, groups)
    n_people = right.shape[1]
    values, without = np.full(n_people, np.nan), np.full((n_people, n_people), np.nan)
    for p in range(n_people):
        own = known[:, p]
        # (items, groups, people): nobody left out but p, then each other person besides
        less = np.einsum("iq,gq->igq", filled[own], member)
        fewer = np.einsum("iq,gq->igq", known[own].astype(np.float64), member)
        total = (sums[own] - less[:, :, p])[:, :, None]
        count = (counts[own] - fewer[:, :, p])[:, :, None]
        less[:, :, p] = fewer[:, :, p] = 0.0
        profiles = divide(total - less, count - fewer).mean(axis=1)
        found = _with_each_column(right[own, p], profiles)
        values[p], without[:, p] = found[p], found
        without[p, p] = np.nan
    return values, without


def _with_each_column(one: Array, columns: Array) -> Array:
    """(n_columns,) Spearman correlation of (n_items,) values with each column, NaN left out."""
    if np.isnan(columns).any():
        return np.array([spearman(one, column) for column in columns.T])
    if len(one) < 3:
        return np.full(columns.shape[1], np.nan)
    return correlate_ranks(np.broadcast_to(one[:, None], columns.shape), columns)


def without_each_item(one: Array, right: Array) -> Array:
    """Spearman correlation of one column with each person's answers, each item left out in turn.

    Parameters
    ----------
    one : (n_items,) such as confidence, NaN where missing.
    right : (n_items, n_people).

    Returns
    -------
    (n_items, n_people): row i without item i, which is as with it where it was not answered.
    """
    found = np.full(right.shape, np.nan)
    for p in range(right.shape[1]):
        own = np.flatnonzero(~np.isnan(one + right[:, p]))
        found[:, p] = spearman(one, right[:, p])
        if own.size < 4:
            found[own, p] = np.nan
            continue
        # column j: every item of this person but the j-th
        rest = np.array([np.delete(own, j) for j in range(own.size)]).T
        found[own, p] = correlate_ranks(one[rest], right[rest, p])
    return found


def mean_person(values: Array, without: Array, groups: Names) -> Estimated:
    """Mean over groups of the mean over their people, as :func:`each_with_others` gives them.

    Parameters
    ----------
    values : (n_people,) of each person, NaN where undefined.
    without : (n_people, n_people) row q: of each, without person q.
    groups : (n_people,) the group of each.
    """

    def over_groups(of_people: Array) -> float:
        means = [mean_of(of_people[groups == name], axis=0) for name in names_of(groups)]
        return float(np.mean(means))

    value = over_groups(values)
    left = np.array([over_groups(row) for row in without])
    return Estimated(value, stratified_jackknife_interval(value, left, groups))


@dataclass(frozen=True)
class Correlated:
    """Pearson correlation of two groups' profiles.

    Attributes
    ----------
    value : as measured, with the noise of both.
    interval : over people of both groups; Fisher's z.
    interval_items : over items, people as they are; Fisher's z.
    """

    value: float
    interval: Interval | None
    interval_items: Interval | None


def correlate_groups(right: Array, groups: Names) -> Correlated:
    """How far two groups find the same items hard.

    Parameters
    ----------
    right : (n_items, n_people) of the people of two groups.
    groups : (n_people,) the group of each.
    """

    def profiles(people: NDArray[np.bool_]) -> list[Array]:
        return [mean_of(right[:, people & (groups == name)], axis=1) for name in names]

    def z(one: Array, other: Array) -> float:
        kept = ~np.isnan(one + other)
        if kept.sum() < 3:
            return float("nan")
        r = float(correlate_columns(one[kept][:, None], other[kept][:, None])[0])
        return float(np.arctanh(r)) if abs(r) < 1.0 else float("nan")

    names = names_of(groups)
    first, second = profiles(np.ones(len(groups), bool))
    value = z(first, second)
    people = leave_one_out(lambda kept: z(*profiles(kept)), len(groups))
    known = np.flatnonzero(~np.isnan(first + second))
    items = leave_one_out(lambda kept: z(first[known[kept]], second[known[kept]]), known.size)
    return Correlated(
        float(np.tanh(value)),
        _back(stratified_jackknife_interval(value, people, groups)),
        _back(jackknife_interval(value, items)),
    )


def _back(interval: Interval | None) -> Interval | None:
    """From Fisher's z to r."""
    return None if interval is None else (float(np.tanh(interval[0])), float(np.tanh(interval[1])))
