"""Ridge regression on one fold, for many kernels, penalties and targets at once.

With an unpenalised intercept, everything ridge does with ``m`` training items happens in
the ``m - 1`` dimensions orthogonal to the constant vector, and a correlation over ``t``
test items in ``t - 1``. Let U (m, m-1) and H (t, t-1) span those spaces (contrasts) and
K = features featuresᵀ. One eigendecomposition UᵀKU = V diag(λ) Vᵀ serves every penalty
and every target:

    A(α)    = V diag(1 / (λ + α)) Vᵀ              dual weights are U A(α) Uᵀy
    e_i     = (U A Uᵀy)_i / (U A Uᵀ)_ii           exact leave-one-out error of item i
    Hᵀf     = HᵀK* U A Uᵀy                        predictions up to their mean

K* are the inner products of test with training items. Summed over the targets, the
leave-one-out error needs only their Gram matrix S = UᵀY YᵀU:
Σ_i Σ_v e_iv² = ⟨S, A Uᵀ diag(1 / (U A Uᵀ)²_ii) U A⟩. So the penalty is chosen without
touching a voxel, and voxels are predicted only for the penalty chosen.

Sources: Rifkin & Lippert 2007 (leave-one-out for regularised least squares). Equality with
refitting, and with ``sklearn.linear_model.RidgeCV`` where that keeps its digits (it loses
them for units of very large spread), is tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array, contrasts
from brainbench.encoding.responses import Fold
from brainbench.errors import DataError

PUBLISHED_ALPHAS: Array = np.logspace(-3, 3, 7)
# Errors that differ by less than this share are equal.
_EQUAL = 1e-12


@dataclass(frozen=True)
class RidgeFold:
    """What ridge on one fold needs to know of its features, for L kernels and A penalties.

    Attributes
    ----------
    alphas : (A,) penalties.
    loss : (L, A, m-1, m-1); ⟨S, loss⟩ is the summed squared leave-one-out error of
        targets whose Gram matrix in training contrasts is S.
    predictors : (L, A, t-1, m-1); times the training responses in contrasts they give
        the test predictions in contrasts.
    """

    alphas: Array
    loss: Array
    predictors: Array

    def choose(self, grams: Array) -> NDArray[np.intp]:
        """Index of the penalty with the least leave-one-out error, per block and kernel.

        One penalty for all targets of a block together, the first of equals, as
        scikit-learn does.

        Parameters
        ----------
        grams : (B, m-1, m-1) Gram matrices of the training responses of B blocks.

        Returns
        -------
        (B, L).
        """
        n_kernels, n_alphas = self.loss.shape[:2]
        flat = self.loss.reshape(n_kernels * n_alphas, -1)
        # all blocks in one product: the losses are read from memory once, not once a block
        errors = (flat @ grams.reshape(len(grams), -1).T).T.reshape(-1, n_kernels, n_alphas)
        # equals come out of a matrix product with other last digits, on some processors
        least = errors.min(axis=2, keepdims=True)
        chosen: NDArray[np.intp] = np.argmax(errors <= least * (1.0 + _EQUAL), axis=2)
        return chosen

    def predictors_at(
        self, chosen: NDArray[np.intp], which: NDArray[np.intp] | None = None
    ) -> Array:
        """(L, t-1, m-1) predictors at one penalty per kernel; only of ``which`` kernels.

        Parameters
        ----------
        chosen : (L,) index of the penalty of each kernel.
        which : (k,) indices of kernels; all by default.
        """
        kernels = np.arange(len(chosen)) if which is None else which
        return self.predictors[kernels, chosen[kernels]]


def fit_fold(kernels: Array, fold: Fold, alphas: Array = PUBLISHED_ALPHAS) -> RidgeFold:
    """Decompose each kernel once on a fold's training items.

    Parameters
    ----------
    kernels : (L, n, n) inner products over all items.
    fold : ``(train, test)`` indices.
    alphas : (A,) positive penalties, in the order in which equals are preferred.

    Raises
    ------
    DataError
        When a penalty is not positive.
    """
    if not (alphas > 0.0).all():
        raise DataError(f"ridge penalties must be positive: {alphas}")
    train, test = fold
    basis = contrasts(len(train))
    reduced = basis.T @ kernels[:, train[:, None], train] @ basis
    across = contrasts(len(test)).T @ kernels[:, test[:, None], train] @ basis
    # what the features do not have comes out as rounding of the largest entry
    largest = np.einsum("lii->li", kernels).max(axis=1)
    floors = np.finfo(float).eps * len(train) * largest
    across[np.abs(across) <= floors[:, None, None]] = 0.0
    size = (len(kernels), len(alphas))
    loss = np.empty((*size, *reduced.shape[1:]))
    predictors = np.empty((*size, *across.shape[1:]))
    # one kernel at a time: its matrices stay in the cache, which all of them would not
    for number, floor in enumerate(floors):
        values, vectors = np.linalg.eigh(reduced[number])
        spanned = values > floor
        shrunk = 1.0 / (np.where(spanned, values, 0.0) + alphas[:, None])
        loss[number] = _loss(basis @ vectors, vectors, shrunk)
        # test items have no part in the other directions: their rounding is not divided
        kept = np.where(spanned, shrunk, 0.0)
        predictors[number] = _recompose(across[number] @ vectors, kept, vectors)
    return RidgeFold(alphas, loss, predictors)


def _loss(rotated: Array, vectors: Array, shrunk: Array) -> Array:
    """(A, m-1, m-1) A Uᵀ diag(1 / (U A Uᵀ)²_ii) U A, with ``rotated`` = U V."""
    weights = _recompose(rotated, shrunk, vectors)
    diagonal = shrunk @ np.square(rotated).T  # of U A Uᵀ
    scaled = weights / np.square(diagonal)[:, :, None]
    product: Array = np.swapaxes(scaled, 1, 2) @ weights
    return product


def _recompose(left: Array, values: Array, vectors: Array) -> Array:
    """(A, r, k) left diag(values) Vᵀ, all (A, k) values in one product."""
    scaled = left * values[:, None, :]
    product: Array = scaled.reshape(-1, left.shape[1]) @ vectors.T
    return product.reshape(scaled.shape)
