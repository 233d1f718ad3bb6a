"""The smallest effect that a design would find."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.controlled.band_fit import Bands
from brainbench.encoding.controlled.people_bootstrap import penalty_table, people_bounds
from brainbench.encoding.kernels import Array
from brainbench.encoding.threads import parallel

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
    """Unique R² that is found with 80 % power: p below the level, interval above 0.

    Simulated people are the measured ones, their items in another order within runs, which
    keeps noise and voxels as they are, plus a signal of the model's features in every voxel.

    Parameters
    ----------
    bands : of the model on its folds.
    features : (n, n) kernel that the signal is drawn from.
    people : (n, n_voxels) responses.
    orders : (D, n) orders within runs; the simulations take them in turn.
    null : (D,) mean unique R² under permutation.
    alpha : level that p must be below, divided by the number of tests.
    rng : source of the signals.

    Returns
    -------
    The mean unique R² at the least planted share that is found often enough, interpolated
    between shares; None where none is, or where the null has too few draws for any p below
    the level.
    """
    values, vectors = np.linalg.eigh(features)
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    if not factor.any():
        return None
    threshold = least_found(null, alpha)
    if threshold is None:
        return None
    streams = rng.spawn(len(PLANTED_SHARES))
    found: dict[int, tuple[float, float]] = {}

    def power(number: int) -> tuple[float, float]:
        if number not in found:
            simulated = partial(_simulated, people, factor, PLANTED_SHARES[number], orders)
            *draws, bootstrap = streams[number].spawn(SIMULATIONS + 1)
            grams = parallel(lambda one: simulated(*one), list(enumerate(draws)))
            found[number] = _power(bands, grams, threshold, bootstrap)
        return found[number]

    # power grows with the share: halving finds the least one that is enough
    enough = len(PLANTED_SHARES) - 1
    if power(enough)[0] < POWER:
        return None
    below = -1
    while enough - below > 1:
        middle = (below + enough) // 2
        if power(middle)[0] < POWER:
            below = middle
        else:
            enough = middle
    least, before = power(enough), power(below) if below >= 0 else (0.0, 0.0)
    weight = (POWER - before[0]) / (least[0] - before[0])
    return before[1] + weight * (least[1] - before[1])


def least_found(null: Array, alpha: float) -> float | None:
    """What a mean must exceed so that its p value (:func:`.p_value`) is below a level; None where
    no mean can, of so few draws.

    Parameters
    ----------
    null : (D,) means over people under null orders.
    alpha : the level, such as 0.05 over the number of tests.
    """
    # 1 + k of D + 1 must stay below the level when k draws are not exceeded
    k = math.ceil(alpha * (len(null) + 1) - 1e-9) - 2
    return float(np.sort(null)[-1 - k]) if k >= 0 else None


def _power(
    bands: Sequence[Bands], grams: Sequence[Array], threshold: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Share of data sets (P, n, n) in which the model is found, and mean unique R²."""
    n_people = len(grams[0])
    table = penalty_table(bands, grams)
    mean = table.unique(np.full((1, n_people), 1.0 / n_people))[:, 0]
    low = people_bounds(table, rng)[:, 0]
    return float(((mean > threshold) & (low > 0.0)).mean()), float(mean.mean())


def _simulated(
    people: Sequence[Array],
    factor: Array,
    share: float,
    orders: NDArray[np.intp],
    number: int,
    rng: np.random.Generator,
) -> Array:
    """(P, n, n) Gram matrices of one data set."""
    order = orders[number % len(orders)]
    return np.stack([_planted(block, factor, share, order, rng) for block in people])


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
