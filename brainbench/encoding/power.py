"""The smallest effect that a design would find."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from brainbench.encoding.banded_ridge import Bands, unique_variance
from brainbench.encoding.kernels import Array

# Shares of variance that are planted, and data sets simulated with each.
PLANTED_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
SIMULATIONS = 40
POWER = 0.8


def detectable_effect(
    bands: Sequence[Bands],
    features: Array,
    people: Sequence[Array],
    orders: NDArray[np.intp],
    null: Array,
    alpha: float,
    rng: np.random.Generator,
) -> float | None:
    """Unique R² that is found with 80 % power: above the null's quantile, interval above 0.

    Simulated people are the measured ones, their items in another order within runs, which
    keeps noise and voxels as they are, plus a signal of the model's features in every voxel.

    Parameters
    ----------
    bands : of the model on its folds.
    features : (n, n) kernel that the signal is drawn from.
    people : (n, n_voxels) responses.
    orders : (D, n) orders within runs; the simulations take them in turn.
    null : (D,) mean unique R² under permutation.
    alpha : level of the test, after correction.
    rng : source of the signals.

    Returns
    -------
    The mean unique R² at the least planted share that is found often enough, interpolated
    between shares; None where none is.
    """
    threshold = np.quantile(null, 1.0 - alpha)
    quantile = stats.t.ppf(0.975, len(people) - 1)
    values, vectors = np.linalg.eigh(features)
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    if not factor.any():
        return None
    before = (0.0, 0.0)
    for share in PLANTED_SHARES:
        grams = [
            np.stack(
                [_planted(block, factor, share, orders[i % len(orders)], rng) for block in people]
            )
            for i in range(SIMULATIONS)
        ]
        found = np.stack([u.banded[:, 0] for u in unique_variance(bands, grams)])
        mean = found.mean(axis=1)
        low = mean - quantile * found.std(axis=1, ddof=1) / np.sqrt(len(people))
        power, effect = float(((mean > threshold) & (low > 0.0)).mean()), float(mean.mean())
        if power >= POWER:
            weight = (POWER - before[0]) / (power - before[0])
            return before[1] + weight * (effect - before[1])
        before = (power, effect)
    return None


def _planted(
    block: Array, factor: Array, share: float, order: NDArray[np.intp], rng: np.random.Generator
) -> Array:
    """(n, n) Gram matrix of responses whose variance is ``share`` signal in every voxel."""
    noise = block[order] - block.mean(axis=0)
    signal = factor @ rng.standard_normal((factor.shape[1], block.shape[1]))
    signal -= signal.mean(axis=0)
    spread = noise.std(axis=0)
    scale = np.divide(
        spread, signal.std(axis=0), out=np.zeros_like(spread), where=signal.std(axis=0) > 0.0
    )
    whole = np.sqrt(1.0 - share) * noise + np.sqrt(share) * signal * scale
    gram: Array = whole @ whole.T
    return gram
