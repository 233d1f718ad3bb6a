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

Sources: Rifkin & Lippert 2007 (leave-one-out for regularised least squares);
the equality with ``sklearn.linear_model.RidgeCV`` is tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert

from brainbench.encoding.folds import Fold
from brainbench.encoding.kernels import Array

PUBLISHED_ALPHAS: Array = np.logspace(-3, 3, 7)


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
        errors = (flat @ grams.reshape(len(grams), -1).T).T
        chosen: NDArray[np.intp] = np.argmin(errors.reshape(-1, n_kernels, n_alphas), axis=2)
        return chosen

    def predictors_at(self, chosen: NDArray[np.intp]) -> Array:
        """(L, t-1, m-1) predictors at one penalty per kernel."""
        return self.predictors[np.arange(len(chosen)), chosen]


@cache
def contrasts(n_items: int) -> Array:
    """(n_items, n_items - 1) orthonormal basis of the vectors that sum to zero."""
    return np.ascontiguousarray(helmert(n_items).T)


def fit_fold(kernels: Array, fold: Fold, alphas: Array = PUBLISHED_ALPHAS) -> RidgeFold:
    """Decompose each kernel once on a fold's training items.

    Parameters
    ----------
    kernels : (L, n, n) inner products over all items.
    fold : ``(train, test)`` indices.
    alphas : (A,) penalties, in the order in which equals are preferred.
    """
    train, test = fold
    basis = contrasts(len(train))
    reduced = basis.T @ kernels[:, train[:, None], train] @ basis
    values, vectors = np.linalg.eigh(reduced)
    # directions that the features do not have come out as rounding, some of it negative
    rounding = np.finfo(float).eps * len(train) * values[:, -1:].clip(min=0.0)
    spanned = values > rounding
    values = np.where(spanned, values, 0.0)
    shrunk = 1.0 / (values[:, None, :] + alphas[None, :, None])
    dual = _recompose(vectors, shrunk)
    weights = basis @ dual
    diagonal = np.einsum("lait,it->lai", weights, basis)
    loss = np.swapaxes(weights / (diagonal**2)[..., None], 2, 3) @ weights
    across = contrasts(len(test)).T @ kernels[:, test[:, None], train] @ basis
    if not spanned.all():
        # test items have no part in them either: dividing their rounding by alpha would show
        dual = _recompose(vectors, np.where(spanned[:, None, :], shrunk, 0.0))
    return RidgeFold(alphas, loss, across[:, None] @ dual)


def _recompose(vectors: Array, values: Array) -> Array:
    """V diag(values) Vᵀ for (L, k, k) eigenvectors and (L, A, k) values."""
    return (vectors[:, None] * values[:, :, None, :]) @ np.swapaxes(vectors, 1, 2)[:, None]
