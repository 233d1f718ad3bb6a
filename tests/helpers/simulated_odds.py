"""Log-odds of arms as a file of measured ones holds them."""

from __future__ import annotations

import numpy as np

from brainbench.calibration.measured_odds import MeasuredOdds
from brainbench.guidance.arms import LABEL_ONLY, PERMUTED, UNGUIDED


def measured_odds(
    n_base: int = 40,
    n_orders: int = 2,
    n_validation: int = 12,
    *,
    n_signals: int = 8,
    common: float = 0.6,
    spread: float = 0.0,
    seed: int = 0,
) -> MeasuredOdds:
    """Arms that have a part of their log-odds in common.

    Parameters
    ----------
    n_base, n_orders, n_validation : problems of the test, orders, problems of validation.
    n_signals : rows of permuted signals.
    common : share of the variance that all arms have in common.
    spread : of how far rows move True and False apart.
    seed : of what is drawn.
    """
    rng = np.random.default_rng(seed)
    problems = np.repeat(np.arange(n_base + n_validation), n_orders)
    labels = problems % 2
    shared = rng.standard_normal(labels.size)

    def rows(count: int, apart: float) -> np.ndarray:
        own = rng.standard_normal((count, labels.size))
        means = (apart + spread * rng.standard_normal((count, 1))) * (1 - 2 * labels)
        return means + np.sqrt(common) * shared + np.sqrt(1.0 - common) * own

    return MeasuredOdds(
        "simulated",
        labels,
        problems,
        np.tile(np.arange(n_orders), n_base + n_validation),
        problems < n_base,
        {UNGUIDED: rows(1, 0.1), LABEL_ONLY: rows(1, 0.6), PERMUTED: rows(n_signals, 0.2)},
    )
