"""Folds that hold out whole runs, with what is chosen inside them.

Nothing of a fold's test run is used before it is predicted: centring, scaling, the ridge
penalty, the layer and the weights of bands come from its training runs. For a choice each
training run is cut into three contiguous blocks of items, and the b-th block of every run
is predicted from the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brainbench.encoding.kernels import Array
from brainbench.folds import MIN_RUN_ITEMS, run_folds

INNER_BLOCKS = 3
MIN_ITEMS = MIN_RUN_ITEMS
# A kernel whose spread on training items is a smaller share of its largest entry is rounding.
_NO_SPREAD = 1e-12


@dataclass(frozen=True)
class InnerFold:
    """One inner fold of the m training items of a fold.

    Attributes
    ----------
    fitted, checked : positions among the training items.
    centre : (m, m); takes the means of the fitted items out, stratum by stratum.
    """

    fitted: NDArray[np.intp]
    checked: NDArray[np.intp]
    centre: Array

    def centred(self, kernels: Array) -> Array:
        """(..., m, m) kernels of training items, the means of the fitted ones taken out."""
        found: Array = self.centre @ kernels @ self.centre.T
        return found


@dataclass(frozen=True)
class HeldOutFold:
    """One run held out, n items in all.

    Attributes
    ----------
    train, test : indices of the items; whole runs.
    centre : (n, n); takes the training means out, stratum by stratum.
    inner : the inner folds.
    """

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    centre: Array
    inner: tuple[InnerFold, ...]

    def centred(self, kernels: Array) -> Array:
        """(..., n, n) kernels with the training means taken out, stratum by stratum."""
        found: Array = self.centre @ kernels @ self.centre.T
        return found

    def normalise(self, kernels: Array) -> Array:
        """Centre kernels on the training items and give each the trace m there.

        Parameters
        ----------
        kernels : (L, n, n).

        Returns
        -------
        (L, n, n); zero where the features do not vary over training items.
        """
        centred = self.centred(kernels)
        trace = np.einsum("lii->l", centred[:, self.train[:, None], self.train])
        largest = np.abs(kernels).max(axis=(1, 2))
        varies = trace > _NO_SPREAD * np.maximum(largest, np.finfo(float).tiny) * len(self.train)
        scale = np.divide(len(self.train), trace, out=np.zeros_like(trace), where=varies)
        normalised: Array = centred * scale[:, None, None]
        return normalised


def held_out_folds(runs: ArrayLike, strata: ArrayLike | None = None) -> list[HeldOutFold]:
    """One fold per run, which it holds out.

    Parameters
    ----------
    runs : (n_items,) labels of what is held out whole: runs, sessions.
    strata : (n_items,) labels whose means are taken out, learned on training items:
        reasoning types, where several are pooled; none by default. An item whose stratum
        has no training item loses the mean of all of them.

    Raises
    ------
    DataError
        With fewer than two runs, or a run of fewer than six items.
    """
    labels = np.asarray(runs)
    groups = np.zeros(len(labels), int) if strata is None else np.asarray(strata)
    return [_fold(labels, groups, *fold) for fold in run_folds(labels)]


def _fold(
    labels: NDArray[np.generic],
    groups: NDArray[np.generic],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
) -> HeldOutFold:
    blocks = _blocks(labels[train])
    inner = []
    for number in range(INNER_BLOCKS):
        fitted, checked = np.flatnonzero(blocks != number), np.flatnonzero(blocks == number)
        inner.append(InnerFold(fitted, checked, _centring(groups[train], fitted)))
    return HeldOutFold(train, test, _centring(groups, train), tuple(inner))


def _blocks(labels: NDArray[np.generic]) -> NDArray[np.intp]:
    """Number of the contiguous block that each training item lies in, within its run."""
    blocks = np.empty(len(labels), dtype=np.intp)
    for name in np.unique(labels):
        rows = np.flatnonzero(labels == name)
        for number, part in enumerate(np.array_split(rows, INNER_BLOCKS)):
            blocks[part] = number
    return blocks


def _centring(groups: NDArray[np.generic], learned: NDArray[np.intp]) -> Array:
    """(n, n) matrix that subtracts from each item the mean of its learned stratum."""
    same = groups[:, None] == groups[learned]
    same[~same.any(axis=1)] = True
    centring = np.eye(len(groups))
    centring[:, learned] -= same / same.sum(axis=1, keepdims=True)
    return centring


def permutations(
    runs: ArrayLike, n_draws: int, rng: np.random.Generator, within: Sequence[ArrayLike] = ()
) -> NDArray[np.intp]:
    """Draw orders of the items that leave every item in its run.

    Parameters
    ----------
    runs : (n_items,) labels.
    n_draws : how many; the same order serves all people.
    within : further labels, (n_items,) each, that an item keeps too: conditions.

    Returns
    -------
    (n_draws, n_items) indices.
    """
    keys = np.stack([np.unique(np.asarray(a), return_inverse=True)[1] for a in (runs, *within)])
    _, exchangeable = np.unique(keys, axis=1, return_inverse=True)
    orders = np.empty((n_draws, keys.shape[1]), dtype=np.intp)
    for group in np.unique(exchangeable):
        rows = np.flatnonzero(exchangeable == group)
        orders[:, rows] = rng.permuted(np.broadcast_to(rows, (n_draws, len(rows))), axis=1)
    return orders
