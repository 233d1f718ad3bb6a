"""Every metric of an arm's answers, for many weightings of the problems at once.

A bootstrap over problems changes the weight of each problem, never an answer. So answers are
summed within base problems once, and each draw costs a few matrix products: of counts
for shares, of pairs in order for the area under the curve. All of them are sums of halves,
exact in float64, so results depend on no order of summation and no number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from brainbench.encoding.kernels import Array
from brainbench.guidance.answers import FALSE, INVALID, TRUE, ArmAnswers, TestItems
from brainbench.guidance.rows import Metric

# draws that are worked on together: 8 MB at 1,000 base problems
_CHUNK = 1024


def measure(
    answers: ArmAnswers, items: TestItems, weights: NDArray[np.integer]
) -> dict[Metric, Array]:
    """Metrics of each seed, problems weighted.

    Accuracy, balanced accuracy, d′ and AUC are those of ``tasks/metrics.py``; shares of True
    and of valid answers are of all answers. What the test does not allow is left out: AUC
    and accuracy at the threshold without log-odds, balanced accuracy where a choice is never
    right, d′, criterion and AUC without True or False.

    Parameters
    ----------
    weights : (n_draws, n_base) how often each base problem counts, in the order of
        ``items.clusters``; ones for the problems as they are.

    Returns
    -------
    (n_draws, n_seeds) of each metric; NaN where the draw left none of a label.
    """
    sums = _Sums.of(answers, items)
    parts = [
        sums.metrics(weights[start : start + _CHUNK].astype(np.float64))
        for start in range(0, len(weights), _CHUNK)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def pairs_in_order(odds: Array, items: TestItems) -> Array:
    """Pairs of a True and a False problem whose log-odds are in order; ties count ½.

    Parameters
    ----------
    odds : (n_items,)

    Returns
    -------
    (B_true, B_false) pairs between each base problem that has True and each that has False,
    both in the order of ``items.clusters``.
    """
    clusters = items.clusters
    true, false = (np.flatnonzero(items.labels == label) for label in (TRUE, FALSE))
    true = true[np.argsort(clusters[true], kind="stable")]
    false = false[np.argsort(odds[false], kind="stable")]
    # how many of the r lowest False items belong to each base problem, r = 0 … n
    _, columns = np.unique(clusters[false], return_inverse=True)
    below = np.zeros((false.size + 1, columns.max() + 1), np.int32)
    below[np.arange(1, false.size + 1), columns] = 1
    np.cumsum(below, axis=0, out=below)
    held = odds[false]
    higher = below[np.searchsorted(held, odds[true], "left")]
    higher += below[np.searchsorted(held, odds[true], "right")]
    starts = np.unique(clusters[true], return_index=True)[1]
    found: Array = np.add.reduceat(higher, starts, axis=0) / 2.0
    return found


@dataclass(frozen=True)
class _Sums:
    """Answers of S seeds to problems of C choices, summed within B base problems.

    Attributes
    ----------
    counts : (C, 1 + 3 S, B) items of each label; of those how many each seed answered rightly,
        called True, answered with a choice at all.
    right_at : (S, B) items right at the threshold, None without one.
    pairs : (S, B_true, B_false) pairs in order, None where there are none.
    """

    counts: Array
    right_at: Array | None
    pairs: Array | None

    @classmethod
    def of(cls, answers: ArmAnswers, items: TestItems) -> _Sums:
        answer, labels, odds = answers.answer, items.labels, answers.log_odds
        flags = np.concatenate(
            [np.ones((1, labels.size), bool), answer == labels, answer == TRUE, answer != INVALID]
        )
        of_label = labels == np.arange(items.n_choices)[:, None]
        counts = np.stack([_summed(flags & held, items) for held in of_label])
        two = answers.has_odds and items.n_choices == 2
        right_at = None
        if two and answers.thresholds is not None:
            says = np.where(odds > answers.thresholds[:, None], TRUE, FALSE)
            right_at = _summed(says == labels, items)
        pairs = None
        if two and items.holds(TRUE, FALSE):
            pairs = np.stack([pairs_in_order(row, items) for row in odds])
        return cls(counts, right_at, pairs)

    def metrics(self, weights: Array) -> dict[Metric, Array]:
        """(n_draws, n_seeds) of each metric under (n_draws, n_base) weights."""
        n_choices, n_rows, n_base = self.counts.shape
        # one product: those of many small matrices are slow
        drawn = weights @ self.counts.reshape(-1, n_base).T
        drawn = drawn.reshape(-1, n_choices, n_rows)
        held = drawn[:, :, :1]
        right, called_true, valid = np.split(drawn[:, :, 1:], 3, axis=2)
        count = held.sum(axis=1)
        every = self.counts[:, 0].any(axis=1).all()
        found: dict[Metric, Array] = {}
        if self.pairs is not None:
            found["auc"] = self._area(weights, held)
        if self.right_at is not None:
            found["accuracy_at_threshold"] = _divided(weights @ self.right_at.T, count)
        found["accuracy"] = _divided(right.sum(axis=1), count)
        if every:
            found["balanced_accuracy"] = _divided(right, held).mean(axis=1)
        if every and n_choices == 2:
            hits, false_alarms = _z_rates(called_true, valid)
            found["dprime"] = hits - false_alarms
            found["criterion"] = -(hits + false_alarms) / 2.0
        found["true_rate"] = _divided(called_true.sum(axis=1), count)
        found["valid"] = _divided(valid.sum(axis=1), count)
        return found

    def _area(self, weights: Array, held: Array) -> Array:
        assert self.pairs is not None
        true, false = self.counts[TRUE, 0], self.counts[FALSE, 0]
        # halves up to 2²³ are exact in float32, which is twice as fast; sums of them in float64
        largest = weights.max() * true.sum() * weights.max() * false.max()
        kind = np.float32 if largest < 2**23 else np.float64
        rows, columns = (weights[:, n > 0].astype(kind) for n in (true, false))
        won = [
            ((rows @ pairs) * columns).sum(axis=1, dtype=np.float64)
            for pairs in self.pairs.astype(kind)
        ]
        return _divided(np.stack(won, axis=1), held[:, TRUE] * held[:, FALSE])


def _summed(flags: NDArray[np.bool_], items: TestItems) -> Array:
    """(R, n_items) flags → (R, n_base) how many are set."""
    rows = [np.bincount(items.clusters, row, minlength=items.n_base) for row in flags]
    return np.stack(rows).astype(np.float64)


def _z_rates(called_true: Array, valid: Array) -> tuple[Array, Array]:
    """z(hits), z(false alarms) from (n_draws, 2, n_seeds) counts, after the log-linear rule.

    Source: Hautus 1995, Behavior Research Methods 27; as in ``tasks/metrics.py``.
    """
    share = _divided(valid, valid.sum(axis=1, keepdims=True))
    rates = _divided(called_true + share, valid + 2 * share)
    # a label that has no valid answer left has no rate
    rates = np.where((valid > 0).all(axis=1, keepdims=True), rates, np.nan)
    return ndtri(rates[:, TRUE]), ndtri(rates[:, FALSE])


def _divided(counts: Array, totals: Array) -> Array:
    """NaN where there is nothing to divide by."""
    shape = np.broadcast_shapes(counts.shape, totals.shape)
    found: Array = np.divide(counts, totals, out=np.full(shape, np.nan), where=totals > 0)
    return found
