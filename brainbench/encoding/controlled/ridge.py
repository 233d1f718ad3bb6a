"""Ridge on folds that hold out whole runs, for many kernels, penalties and people at once.

Features enter as n × n kernels centred on a fold's training items (:mod:`.held_out`), and
responses as their n × n Gram matrices. With K_aa the kernel of the fitted items, K_ba that
of checked with fitted ones, and C the centring,

    P(α) = K_ba (K_aa + αI)⁻¹                  predictions are P(α) applied to C y_a
    D(α) = C_b − P(α) C_a                      errors of the checked items are D(α) y

so the squared error of any number of voxels together is ⟨Y Yᵀ, Dᵀ D⟩. The penalty, the
layer and the weights of bands are chosen by that error, summed over the inner folds,
without touching a voxel; voxels are predicted only for what was chosen. Responses are
permuted by permuting their Gram matrix.

Kernels have the trace m on the m training items, so a penalty is in units of the mean
feature variance; the largest one all but predicts the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.controlled.folds import HeldOutFold, InnerFold
from brainbench.encoding.kernels import Array

CONTROLLED_ALPHAS: Array = np.logspace(-1, 5, 13)
# A singular value, or a share left to the other items, below this is rounding.
_DECIDED = 1e-9


@dataclass(frozen=True)
class BlockedRidge:
    """Ridge on one fold, for L kernels and A penalties; m training and t test items.

    Attributes
    ----------
    fold : the fold.
    loss : (L, A, m, m); ⟨C G Cᵀ, loss⟩ on training items is the summed squared inner error
        of responses whose Gram matrix is G.
    maps : (L, A, t, m); applied to centred training responses they predict centred test ones.
    """

    fold: HeldOutFold
    loss: Array
    maps: Array

    def errors(self, trained: Array) -> Array:
        """(B, L, A) inner squared error of B centred Gram matrices (B, m, m) on training items."""
        flat = self.loss.reshape(-1, self.loss.shape[-1] ** 2)
        found: Array = trained.reshape(len(trained), -1) @ flat.T
        return found.reshape(len(trained), *self.loss.shape[:2])


def fit_blocked(
    kernels: Array, fold: HeldOutFold, alphas: Array = CONTROLLED_ALPHAS
) -> BlockedRidge:
    """Fit every kernel with every penalty, on the training items and on each inner fold.

    Parameters
    ----------
    kernels : (L, n, n) from :meth:`.HeldOutFold.normalise`.
    fold : the fold.
    alphas : (A,) positive penalties.
    """
    train, test = fold.train, fold.test
    inside = kernels[:, train[:, None], train]
    loss = np.zeros((len(kernels), len(alphas), len(train), len(train)))
    for inner in fold.inner:
        maps = dual_maps(inner.centred(inside), inner.fitted, inner.checked, alphas)
        errors = error_maps(maps, inner)
        loss += np.swapaxes(errors, -1, -2) @ errors
    return BlockedRidge(fold, loss, dual_maps(kernels, train, test, alphas))


def dual_maps(
    kernels: Array, fitted: NDArray[np.intp], checked: NDArray[np.intp], alphas: Array
) -> Array:
    """(L, A, b, a) K_ba (K_aa + αI)⁻¹ from one eigendecomposition per kernel.

    Parameters
    ----------
    kernels : (L, n, n), centred on the fitted items.
    fitted : (a,) indices of the items that are learned from.
    checked : (b,) indices of the items that are predicted.
    alphas : (A,) positive penalties.
    """
    values, vectors = np.linalg.eigh(kernels[:, fitted[:, None], fitted])
    across = kernels[:, checked[:, None], fitted] @ vectors
    shrunk = 1.0 / (np.maximum(values, 0.0)[:, None, :] + alphas[:, None])
    scaled = across[:, None] * shrunk[:, :, None, :]
    # the penalties side by side: one product per kernel in place of one per penalty
    flat = scaled.reshape(len(kernels), -1, len(fitted)) @ np.swapaxes(vectors, 1, 2)
    maps: Array = flat.reshape(scaled.shape)
    return maps


def error_maps(maps: Array, inner: InnerFold) -> Array:
    """(..., b, m) what turns training responses into errors of an inner fold's checked items.

    Parameters
    ----------
    maps : (..., b, a) predictions of the b checked items from the a fitted ones, centred.
    inner : the inner fold, of m training items.
    """
    errors: Array = inner.centre[inner.checked] - maps @ inner.centre[inner.fitted]
    return errors


def ridge_maps(
    kernels: Array, fitted: NDArray[np.intp], checked: NDArray[np.intp], alphas: Array
) -> Array:
    """(D, b, a) K_ba (K_aa + αI)⁻¹ of D kernels, each at its own penalty.

    Parameters
    ----------
    kernels : (D, n, n).
    fitted : (a,) indices of the items that are learned from.
    checked : (b,) indices of the items that are predicted.
    alphas : (D,) positive penalties.
    """
    inside = kernels[:, fitted[:, None], fitted] + alphas[:, None, None] * np.eye(len(fitted))
    across = kernels[:, checked[:, None], fitted]
    maps: Array = np.swapaxes(np.linalg.solve(inside, np.swapaxes(across, 1, 2)), 1, 2)
    return maps


@dataclass(frozen=True)
class GramBlocks:
    """What a squared error needs of Gram matrices of responses: a fitted, b checked items.

    Attributes
    ----------
    among : (..., a, a) of the fitted items.
    across : (..., b, a) of the checked with the fitted ones.
    total : (...) squared responses of the checked items.
    """

    among: Array
    across: Array
    total: Array

    def __getitem__(self, which: int | NDArray[np.bool_]) -> GramBlocks:
        """Blocks of some of the matrices, by their first axis."""
        return GramBlocks(self.among[which], self.across[which], self.total[which])

    def each(self) -> GramBlocks:
        """P matrices as (P, 1, ...): each meets every one of several maps."""
        return GramBlocks(self.among[:, None], self.across[:, None], self.total[:, None])


def held_out_blocks(grams: Array, fold: HeldOutFold) -> GramBlocks:
    """Blocks of training and test items.

    Parameters
    ----------
    grams : (..., n, n) centred by the fold.
    fold : the fold.
    """
    train, test = fold.train, fold.test
    total = np.einsum("...ii->...", grams[..., test[:, None], test])
    return GramBlocks(grams[..., train[:, None], train], grams[..., test[:, None], train], total)


def inner_blocks(grams: Array, inner: InnerFold) -> GramBlocks:
    """Blocks of an inner fold's items, their means taken out.

    Parameters
    ----------
    grams : (..., m, m) of training items.
    inner : the inner fold.
    """
    fitted, checked = inner.centre[inner.fitted], inner.centre[inner.checked]
    own = checked @ grams
    return GramBlocks(
        fitted @ grams @ fitted.T, own @ fitted.T, np.einsum("...bm,bm->...", own, checked)
    )


def squared_errors(maps: Array, blocks: GramBlocks) -> Array:
    """Squared error on the checked items, summed over voxels, from Gram matrices.

    Parameters
    ----------
    maps : (..., b, a).
    blocks : of the responses; broadcast against the maps.
    """
    predicted = maps @ blocks.among - 2.0 * blocks.across
    found: Array = blocks.total + np.einsum("...tm,...tm->...", predicted, maps)
    return found


@dataclass(frozen=True)
class FlatMaps:
    """Maps of many kernels and penalties, as they meet many Gram matrices at once.

    Attributes
    ----------
    maps : (M, b a).
    squares : (M, a a) the maps with themselves, PᵀP.
    """

    maps: Array
    squares: Array

    @classmethod
    def of(cls, maps: Array) -> FlatMaps:
        """Of maps (..., b, a)."""
        squares = np.swapaxes(maps, -1, -2) @ maps
        size, fitted = maps.shape[-2:]
        return cls(maps.reshape(-1, size * fitted), squares.reshape(-1, fitted**2))

    def errors(self, blocks: GramBlocks) -> Array:
        """(R, M) squared errors of R blocks: ⟨G_bb, I⟩ − 2 ⟨G_ba, P⟩ + ⟨G_aa, PᵀP⟩."""
        count = len(blocks.among)
        found: Array = blocks.total[:, None] + blocks.among.reshape(count, -1) @ self.squares.T
        found -= 2.0 * (blocks.across.reshape(count, -1) @ self.maps.T)
        return found

    def products(self, one: Array, blocks: GramBlocks) -> Array:
        """(R, M) products of these errors with those of another map for each block.

        Parameters
        ----------
        one : (R, b, a).
        blocks : R of them.
        """
        fixed = blocks.total - np.einsum("rba,rba->r", one, blocks.across)
        rest = blocks.across - one @ blocks.among
        found: Array = fixed[:, None] - rest.reshape(len(one), -1) @ self.maps.T
        return found


def residual_operator(columns: Array, features: Array, fold: HeldOutFold) -> Array:
    """(n, n) matrix that takes nuisance columns out of features.

    Training rows are made orthogonal to the columns, without any penalty: what is then
    fitted to them learns nothing that the columns could explain of the responses (Frisch &
    Waugh 1933). A penalty, however small, would leave some of it. Test rows lose what ridge
    predicts from the columns, its penalty by leave-one-out error on the training features:
    there validity asks for nothing, and least squares on few items would add noise. Columns
    count alike, whatever their units: each has the same spread over training items.

    Parameters
    ----------
    columns : (n, q) nuisance.
    features : (n, n) kernel of the features, centred by the fold.
    fold : the fold.
    """
    train, test = fold.train, fold.test
    centred = _alike(columns, fold)
    left, values, _ = np.linalg.svd(centred[train], full_matrices=False)
    basis = left[:, values > _DECIDED * values.max(initial=0.0)]
    operator = np.eye(len(columns))
    operator[train[:, None], train] -= basis @ basis.T
    kernel = centred @ centred.T
    inside = features[train[:, None], train]
    loo = leave_one_out_operators(kernel, fold, CONTROLLED_ALPHAS)
    errors = ((loo @ inside) * loo).sum(axis=(1, 2))
    alpha = CONTROLLED_ALPHAS[[int(errors.argmin())]]
    operator[test[:, None], train] = -dual_maps(kernel[None], train, test, alpha)[0, 0]
    return operator


def _alike(columns: Array, fold: HeldOutFold) -> Array:
    """Columns centred, of equal sums of squares on the m training items, m together; zero
    what is constant there.
    """
    centred = fold.centre @ columns
    lengths = np.linalg.norm(centred[fold.train], axis=0)
    varies = lengths > _DECIDED * np.abs(columns).max(axis=0, initial=np.finfo(float).tiny)
    wanted = np.sqrt(len(fold.train) / max(int(varies.sum()), 1))
    scale = np.divide(wanted, lengths, out=np.zeros_like(lengths), where=varies)
    alike: Array = centred * scale
    return alike


def leave_one_out_operators(kernel: Array, fold: HeldOutFold, alphas: Array) -> Array:
    """(A, m, m) matrices that turn centred training rows into their leave-one-out errors.

    The hat matrix is that of the training means, stratum by stratum, and of the ridge fit;
    errors are (y - Hy)_i / (1 - H_ii). An item that alone decides its own prediction, such
    as the only one of its stratum, has no error: its row is zero.

    Parameters
    ----------
    kernel : (n, n) centred by the fold.
    fold : the fold, of m training items.
    alphas : (A,) positive penalties.
    """
    train = fold.train
    inside = kernel[train[:, None], train]
    means = np.eye(len(train)) - fold.centre[train[:, None], train]
    hat = inside @ np.linalg.inv(inside + alphas[:, None, None] * np.eye(len(train)))
    left = 1.0 - np.diag(means) - np.diagonal(hat, axis1=1, axis2=2)
    rows = np.eye(len(train)) - hat
    operators: Array = np.divide(
        rows, left[..., None], out=np.zeros_like(rows), where=(left > _DECIDED)[..., None]
    )
    return operators
