"""Measures over all problems of a task, from items ``[base_id, label, said, log_odds]``.

An invalid answer is not right; it is left out of ``bias_true`` and ``dprime``. Problems of
one ``base_id`` are one problem in several orders: standard errors take them for one cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

Items = Sequence[Sequence[Any]]
NAN = float("nan")


def share(flags: Sequence[float]) -> float:
    """Mean of zeros and ones."""
    return float(np.mean(flags))


def acc_stderr(items: Items) -> float:
    """Of a mean over clusters: sqrt(G / (G − 1) Σ_g (Σ_i (a_gi − mean))²) / n."""
    right = np.array([said == label for _, label, said, _ in items], float)
    return _clustered(right, [item[0] for item in items])


def balanced_acc(items: Items) -> float:
    """Mean, over the labels there are, of the share of their problems answered right."""
    return float(np.mean([_recall(items, label) for label in _labels(items)]))


def balanced_acc_stderr(items: Items) -> float:
    """Over clusters, linearised: an item adds (right − recall of its label) / (K n_label)."""
    labels = _labels(items)
    recalls = {label: _recall(items, label) for label in labels}
    counts = {label: sum(item[1] == label for item in items) for label in labels}
    added = [
        ((said == label) - recalls[label]) / (len(labels) * counts[label])
        for _, label, said, _ in items
    ]
    return len(items) * _clustered(np.array(added), [item[0] for item in items])


def bias_true(items: Items) -> float:
    """Share of True among the valid answers."""
    return _said_share(items, "True")


def bias_uncertain(items: Items) -> float:
    """Share of Uncertain among the valid answers."""
    return _said_share(items, "Uncertain")


def always_true(items: Items) -> float:
    """Accuracy of saying True to everything."""
    return share([label == "True" for _, label, _, _ in items])


def always_false(items: Items) -> float:
    """Accuracy of saying False to everything."""
    return share([label == "False" for _, label, _, _ in items])


def always_uncertain(items: Items) -> float:
    """Accuracy of saying Uncertain to everything."""
    return share([label == "Uncertain" for _, label, _, _ in items])


def dprime(items: Items) -> float:
    """z(hits) − z(false alarms), after the log-linear rule.

    One answer True and one False are added, divided between the labels as their problems
    are (Hautus 1995, Behavior Research Methods 27), so that a constant answer has 0 whatever
    the shares of the labels. NaN where a label has no valid answer.
    """
    counts = []
    for label in ("True", "False"):
        said = [said for _, held, said, _ in items if held == label and said is not None]
        counts.append((said.count("True"), len(said)))
    total = sum(n for _, n in counts)
    if not all(n for _, n in counts):
        return NAN
    hits, false_alarms = ((true + n / total) / (n + 2 * n / total) for true, n in counts)
    return NormalDist().inv_cdf(hits) - NormalDist().inv_cdf(false_alarms)


def auc(items: Items) -> float:
    """Share of pairs of a True and a False problem whose log-odds are in order; ties count ½."""
    return _area(*_log_odds(items)[:2])


def auc_stderr(items: Items) -> float:
    """Jackknife that leaves one cluster out at a time."""
    valid, odds, clusters = _log_odds(items)
    return _jackknife(lambda kept: _area(valid[kept], odds[kept]), clusters)


def threshold(items: Items) -> float:
    """The log-odds above which True must be said for the best balanced accuracy.

    Of several, the one nearest to the median.
    """
    valid, odds, _ = _log_odds(items)
    if not odds.size:
        return NAN
    held = np.unique(odds)
    edges = np.concatenate([[held[0] - 1], (held[1:] + held[:-1]) / 2, [held[-1] + 1]])
    scores = np.array([_balanced_at(edge, valid, odds) for edge in edges])
    best = edges[scores >= np.nanmax(scores) - 1e-12]
    return float(best[np.argmin(np.abs(best - np.median(odds)))])


def acc_at_threshold(items: Items) -> float:
    """Accuracy when True is said above a threshold, the last entry of each item."""
    right = [
        odds is not None and (odds > cut) == (label == "True") for _, label, _, odds, cut in items
    ]
    return share(right)


# ---------------------------------------------------------------- parts


def _labels(items: Items) -> list[str]:
    return sorted({item[1] for item in items})


def _recall(items: Items, label: str) -> float:
    return share([said == label for _, held, said, _ in items if held == label])


def _said_share(items: Items, word: str) -> float:
    said = [said for _, _, said, _ in items if said is not None]
    return share([each == word for each in said]) if said else NAN


def _log_odds(items: Items) -> tuple[np.ndarray, np.ndarray, list[str]]:
    held = [item for item in items if item[3] is not None]
    valid = np.array([label == "True" for _, label, _, _ in held], bool)
    return valid, np.array([item[3] for item in held], float), [item[0] for item in held]


def _area(valid: np.ndarray, odds: np.ndarray) -> float:
    true, false = int(valid.sum()), int((~valid).sum())
    if not true or not false:
        return NAN
    _, place, count = np.unique(odds, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((ranks[valid].sum() - true * (true + 1) / 2) / (true * false))


def _balanced_at(edge: float, valid: np.ndarray, odds: np.ndarray) -> float:
    sides = [(odds > edge)[valid], (odds <= edge)[~valid]]
    return float(np.mean([side.mean() for side in sides if side.size]))


def _clustered(values: np.ndarray, clusters: Sequence[str]) -> float:
    _, place = np.unique(clusters, return_inverse=True)
    sums = np.bincount(place, values - values.mean())
    if sums.size < 2:
        return NAN
    return float(np.sqrt(sums.size / (sums.size - 1) * (sums**2).sum()) / values.size)


def _jackknife(statistic: Callable[[np.ndarray], float], clusters: Sequence[str]) -> float:
    names, place = np.unique(np.array(clusters, str), return_inverse=True)
    count = names.size
    if count < 2:
        return NAN
    left = np.array([statistic(place != cluster) for cluster in range(count)])
    return float(np.sqrt((count - 1) / count * ((left - left.mean()) ** 2).sum()))
