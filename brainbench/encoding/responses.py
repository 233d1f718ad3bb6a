"""Responses of the brain, cut into folds once for all the features they are scored on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array, contrasts
from brainbench.errors import DataError

# A spread below this share of the values is rounding: the numbers are all the same.
CONSTANT = 1e-12


@dataclass(frozen=True)
class FoldResponses:
    """One block of voxels on one fold, in the contrasts of its m training and t test items.

    Attributes
    ----------
    fold : ``(train, test)`` indices.
    trained : (m-1, n_voxels) training responses.
    gram : (m-1, m-1) inner products of ``trained`` over voxels: all that the choice of a
        penalty needs.
    spread : (n_voxels,) length of each column of ``trained``.
    target : (t-1, n_voxels) test responses, of unit length; zero where constant.
    varies : (n_voxels,) whether the test responses vary.
    """

    fold: Fold
    trained: Array
    gram: Array
    spread: Array
    target: Array
    varies: Array

    def is_of(self, fold: Fold) -> bool:
        """Whether this was prepared on the same items, in the same order."""
        return all(np.array_equal(own, other) for own, other in zip(self.fold, fold, strict=True))


def prepare_responses(
    block: Array, folds: Sequence[Fold], centres: Sequence[Array] | None = None
) -> list[FoldResponses]:
    """Cut one block of voxels into folds.

    Parameters
    ----------
    block : (n_items, n_voxels): the voxels of one person in one ROI.
    folds : pairs ``(train, test)``.
    centres : per fold (n_items, n_items), what takes training means out of all items; by
        default training and test items lose their own means.

    Raises
    ------
    DataError
        When responses are missing, of the wrong length, or not numbers, or a fold is
        empty or overlaps itself.
    """
    if block.ndim != 2 or not block.shape[1]:
        raise DataError(f"responses must be (items, voxels), not of shape {block.shape}")
    if not np.isfinite(block).all():
        bad = int((~np.isfinite(block)).any(axis=0).sum())
        raise DataError(f"{bad} voxels hold NaN or infinite responses")
    check_folds(folds, len(block))
    prepared = []
    for number, (train, test) in enumerate(folds):
        rows = block if centres is None else centres[number] @ block
        trained = contrasts(len(train)).T @ _centred(rows[train])
        target = contrasts(len(test)).T @ _centred(rows[test])
        length = _lengths(target)
        varies = length > CONSTANT * np.abs(block[test]).max(axis=0)
        np.divide(target, length, out=target, where=varies)
        target[:, ~varies] = 0.0
        prepared.append(
            FoldResponses(
                (train, test), trained, trained @ trained.T, _lengths(trained), target, varies
            )
        )
    return prepared


def _centred(columns: Array) -> Array:
    """Contrasts take the mean out too; done first, rounding goes by the spread."""
    centred: Array = columns - columns.mean(axis=0)
    return centred


def _lengths(columns: Array) -> Array:
    squared: Array = np.einsum("iv,iv->v", columns, columns)
    return np.sqrt(squared)


Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def check_folds(folds: Sequence[Fold], n_items: int) -> None:
    """Check that responses can be scored on some folds.

    Parameters
    ----------
    folds : ``(train, test)`` indices of each.
    n_items : how many items there are.

    Raises
    ------
    DataError
        When there are no folds, or a fold overlaps itself, has fewer than two items to train or
        test on, or points outside the items.
    """
    if not folds:
        raise DataError("there are no folds to score on")
    for number, (train, test) in enumerate(folds):
        if len(train) < 2 or len(test) < 2:
            raise DataError(f"fold {number} has {len(train)} train and {len(test)} test items")
        if np.intersect1d(train, test).size:
            raise DataError(f"fold {number} has items in both train and test")
        if max(train.max(), test.max()) >= n_items or min(train.min(), test.min()) < 0:
            raise DataError(f"fold {number} points outside the {n_items} items")
