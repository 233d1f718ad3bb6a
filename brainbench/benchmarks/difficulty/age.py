"""Age as a covariate of answers: arrays in, arrays out, float64."""

from __future__ import annotations

import numpy as np

from brainbench.benchmarks.behavior.consistency import Array, divide, leave_one_out, mean_of
from brainbench.benchmarks.difficulty.profiles import Estimated, Names, names_of
from brainbench.statistics.inference import jackknife_interval

_FEWEST_PEOPLE = 4


def profile_at_one_age(right: Array, groups: Names, ages: Array) -> Array:
    """(n_items,) the joint profile as if, on every item, each group were of its mean age.

    People who lack runs make the age of those who answered differ from item to item. On each item
    right is regressed on age, with an intercept for each group and one slope; the profile is the
    mean over groups of what that gives at the mean age of all people of the group.

    Parameters
    ----------
    right : (n_items, n_people).
    groups, ages : (n_people,) the group and the age in years of each.
    """
    known = ~np.isnan(right)
    sides = []
    products, squares = np.zeros(len(right)), np.zeros(len(right))
    for name in names_of(groups):
        own = groups == name
        r, n = right[:, own], known[:, own].sum(axis=1)
        age = np.where(known[:, own], ages[own], np.nan)
        mean_right, mean_age = mean_of(r, axis=1), divide(np.nansum(age, axis=1), n)
        centred = age - mean_age[:, None]
        products = products + np.nansum(centred * (r - mean_right[:, None]), axis=1)
        squares = squares + np.nansum(centred**2, axis=1)
        sides.append((mean_right, ages[own].mean() - mean_age))
    slope = np.nan_to_num(divide(products, squares))  # people of one age tell no slope
    found: Array = np.mean([mean + slope * further for mean, further in sides], axis=0)
    return found


def slope_on_age(
    values: Array, ages: Array, groups: Names | None = None, interval: bool = True
) -> Estimated:
    """Least-squares slope of something of each person on age, per year.

    Parameters
    ----------
    values : (n_people,) NaN where undefined; those people are left out.
    ages : (n_people,) years.
    groups : (n_people,) with them every group has an intercept of its own, so that differences
        between groups are not in the slope; None: one line.
    interval : whether to work one out.

    Returns
    -------
    The slope with an interval from leaving people out in turn, which holds whatever the spread of
    the values at each age; NaN of fewer than four people, or of one age.
    """
    known = ~np.isnan(values)
    y, x = values[known], ages[known]
    names = np.zeros(x.size, np.str_) if groups is None else groups[known]
    if x.size < _FEWEST_PEOPLE:
        return Estimated(float("nan"), None)
    value = _slope(y, x, names)
    if not interval:
        return Estimated(value, None)
    left = leave_one_out(lambda kept: _slope(y[kept], x[kept], names[kept]), x.size)
    return Estimated(value, jackknife_interval(value, left))


def _slope(y: Array, x: Array, names: Names) -> float:
    """Both less the mean of their group; then products over squares."""
    across, up = np.empty_like(x), np.empty_like(y)
    for name in names_of(names):
        own = names == name
        across[own], up[own] = x[own] - x[own].mean(), y[own] - y[own].mean()
    return float(divide(np.array(across @ up), np.array(across @ across)))
