"""How well features predict voxels: cross-validated Pearson r, per layer and voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.encoding.published.ridge import PUBLISHED_ALPHAS, fit_fold
from brainbench.encoding.responses import CONSTANT, Fold, FoldResponses, check_folds
from brainbench.encoding.threads import parallel
from brainbench.errors import DataError

# Predictions of one chunk of voxels stay in the second-level cache (2 MB of float64).
_CHUNK_VALUES = 256 * 1024
# Decomposed kernels of all folds and penalties that are held at a time.
_DECOMPOSED_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class Correlations:
    """Scores of one block of voxels.

    Attributes
    ----------
    r : (n_layers, n_voxels) Pearson r, mean over folds.
    n_constant : (n_layers,) how many (fold, voxel) pairs counted 0 because the
        prediction or the response did not vary.
    """

    r: Array
    n_constant: Array


def correlate(predictors: Array, responses: FoldResponses, total: Array) -> Array:
    """Add Pearson r between predicted and measured test responses to a running total.

    Parameters
    ----------
    predictors : (L, t-1, m-1) from :class:`~brainbench.encoding.published.ridge.RidgeFold`.
    responses : the voxels on the same fold.
    total : (L, n_voxels), added to in place; 0 where the prediction or the response is
        constant.

    Returns
    -------
    (L,) how many voxels were constant.
    """
    n_layers, n_test, n_train = predictors.shape
    flat = predictors.reshape(-1, n_train)
    n_voxels = responses.trained.shape[1]
    n_constant = np.zeros(n_layers)
    # relative to the predictor: features of any scale predict as well
    rounding = CONSTANT * np.linalg.norm(predictors, axis=(1, 2))[:, None] * responses.spread
    step = min(n_voxels, max(1, _CHUNK_VALUES // len(flat)))
    # one buffer for all chunks: fresh pages would cost as much as the correlation
    buffer = np.empty(len(flat) * step)
    for start in range(0, n_voxels, step):
        voxels = slice(start, min(start + step, n_voxels))
        width = voxels.stop - start
        product = buffer[: len(flat) * width].reshape(len(flat), width)
        predicted = np.matmul(flat, responses.trained[:, voxels], out=product).reshape(
            n_layers, n_test, width
        )
        length = np.sqrt(np.einsum("ltv,ltv->lv", predicted, predicted))
        usable = (length > rounding[:, voxels]) & responses.varies[voxels]
        r = np.einsum("ltv,tv->lv", predicted, responses.target[:, voxels])
        np.divide(r, length, out=r, where=usable)
        r[~usable] = 0.0
        total[:, voxels] += r
        n_constant += width - usable.sum(axis=1)
    return n_constant


def predictivity(
    kernels: Array,
    folds: Sequence[Fold],
    blocks: Sequence[Sequence[FoldResponses]],
    alphas: Array = PUBLISHED_ALPHAS,
) -> list[Correlations]:
    """Cross-validated Pearson r of every voxel from every layer.

    Within a fold one penalty is chosen per layer and block, by leave-one-out error over
    all the block's voxels. Each kernel is decomposed once per fold, for all blocks.

    Parameters
    ----------
    kernels : (n_layers, n, n) from :func:`~brainbench.encoding.kernels.linear_kernels`.
    folds : pairs ``(train, test)``.
    blocks : per person and ROI, :func:`~brainbench.encoding.responses.prepare_responses`
        on the same folds.
    alphas : penalties to choose from.

    Returns
    -------
    One :class:`Correlations` per block.

    Source: Xiao, Du & Lin 2026, Methods (neural predictivity), undivided.
    """
    if not blocks:
        raise DataError("there are no voxels to predict")
    if not len(kernels) or not np.isfinite(kernels).all():
        raise DataError("there are no features to predict from, or they hold NaN")
    check_folds(folds, kernels.shape[1])
    for block in blocks:
        if not all(made.is_of(fold) for made, fold in zip(block, folds, strict=True)):
            raise DataError("responses were prepared on other folds than the features")
    step = kernels_at_once(kernels.shape[1], len(folds), len(alphas))
    parts = [
        _predict(kernels[start : start + step], folds, blocks, alphas)
        for start in range(0, len(kernels), step)
    ]
    if len(parts) == 1:
        return parts[0]
    return [
        Correlations(
            np.concatenate([part[number].r for part in parts]),
            np.concatenate([part[number].n_constant for part in parts]),
        )
        for number in range(len(blocks))
    ]


def kernels_at_once(n_items: int, n_folds: int, n_alphas: int) -> int:
    """How many kernels to decompose together, so that their memory stays bounded.

    Parameters
    ----------
    n_items, n_folds, n_alphas : how many items, folds and penalties each kernel is decomposed for.

    Returns
    -------
    At least 1.
    """
    each = n_folds * n_alphas * n_items**2 * np.dtype(np.float64).itemsize
    return max(1, _DECOMPOSED_BYTES // each)


def _predict(
    kernels: Array,
    folds: Sequence[Fold],
    blocks: Sequence[Sequence[FoldResponses]],
    alphas: Array,
) -> list[Correlations]:
    """:func:`predictivity` for as many kernels as fit in memory together."""
    fitted = parallel(lambda fold: fit_fold(kernels, fold, alphas), folds)
    grams = [np.stack([block[number].gram for block in blocks]) for number in range(len(folds))]
    chosen = parallel(lambda number: fitted[number].choose(grams[number]), range(len(folds)))

    def score(which: int) -> Correlations:
        block = blocks[which]
        r = np.zeros((len(kernels), block[0].trained.shape[1]))
        n_constant = np.zeros(len(kernels))
        for ridge, penalties, responses in zip(fitted, chosen, block, strict=True):
            n_constant += correlate(ridge.predictors_at(penalties[which]), responses, r)
        r /= len(fitted)
        return Correlations(r, n_constant)

    return parallel(score, range(len(blocks)))
