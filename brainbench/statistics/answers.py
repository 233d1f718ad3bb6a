"""How well answers and their log-odds tell labels apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]
# balanced accuracies that differ by less are the same
_ROUNDING = 1e-12


def auc(scores: ArrayLike, positive: ArrayLike) -> Array:
    """Area under the ROC curve: share of pairs whose scores are in order, ties counting half.

    Parameters
    ----------
    scores : (n_items, ...) log-odds, or anything that is higher where an item is positive.
    positive : (n_items,) bool.

    Returns
    -------
    (...) areas in [0, 1]; NaN without items of both labels, and where a score is NaN.

    Source: Hanley & McNeil 1982, Radiology 143: 29-36, by mean ranks.
    """
    values, held = np.asarray(scores, np.float64), np.asarray(positive, bool)
    n_true, n_false = int(held.sum()), int((~held).sum())
    if not n_true or not n_false:
        return np.full(values.shape[1:], np.nan)
    ranks = stats.rankdata(values, axis=0)[held].sum(axis=0)
    areas = (ranks - n_true * (n_true + 1) / 2) / (n_true * n_false)
    return np.where(np.isnan(values).any(axis=0), np.nan, areas)


def balanced_accuracy(right: ArrayLike, labels: Sequence[Any] | NDArray[Any]) -> float:
    """Mean over labels of the share of their items that is answered right.

    Parameters
    ----------
    right : (n_items,) of being right, 0 to 1.
    labels : (n_items,) right answer of each item.
    """
    values, names = np.asarray(right, np.float64), np.asarray(labels)
    return float(np.mean([values[names == name].mean() for name in np.unique(names)]))


def best_threshold(odds: ArrayLike, positive: ArrayLike) -> float:
    """Log-odds above which items must count as positive for the best balanced accuracy.

    Of several, the one nearest to the median of the log-odds.

    Parameters
    ----------
    odds : (n_items,) finite log-odds.
    positive : (n_items,) bool, with both labels.

    Returns
    -------
    NaN without items of both labels.
    """
    values, held = np.asarray(odds, np.float64), np.asarray(positive, bool)
    if held.all() or not held.any():
        return float("nan")
    steps = np.unique(values)
    edges = np.concatenate([[steps[0] - 1.0], (steps[1:] + steps[:-1]) / 2.0, [steps[-1] + 1.0]])
    above = values[:, None] > edges
    scores = (above[held].mean(axis=0) + (~above[~held]).mean(axis=0)) / 2.0
    best = edges[scores >= scores.max() - _ROUNDING]
    return float(best[np.argmin(np.abs(best - np.median(values)))])


def mcnemar(before: ArrayLike, after: ArrayLike) -> tuple[float, int, int]:
    """Exact p that gains and losses are equally frequent, and how many of each there are.

    Parameters
    ----------
    before, after : (n_items,) whether each was right; items that do not belong together.

    Returns
    -------
    p, items right only after, items right only before; p is 1 where nothing changed.

    Source: McNemar 1947, Psychometrika 12, by the binomial distribution of those that changed.
    """
    one, other = np.asarray(before, bool), np.asarray(after, bool)
    gained, lost = int((other & ~one).sum()), int((one & ~other).sum())
    if not gained + lost:
        return 1.0, 0, 0
    return float(stats.binomtest(gained, gained + lost).pvalue), gained, lost
