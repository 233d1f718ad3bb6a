"""Floating-point operations of the computation timed, counted from its equations.

A product of (a, b) and (b, c) counts 2abc. An eigendecomposition of order d counts 14/3 d³:
4/3 d³ to the tridiagonal form, 4/3 d³ at least for its eigenvectors, 2 d³ back again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brainbench.encoding import Fold


def kernels(n_items: int, n_units: int) -> float:
    """One linear kernel."""
    return 2.0 * n_items**2 * n_units


def decomposition(folds: Sequence[Fold], n_items: int, n_alphas: int) -> float:
    """One kernel on all folds: every penalty's loss and predictors."""
    total = 0.0
    for train, test in folds:
        m, d, t, u = len(train), len(train) - 1, len(test), len(test) - 1
        reduce = 2 * d * m * m + 2 * d * m * d
        each_alpha = 2 * d**3 + 2 * m * d * d + 2 * m * d + 2 * d * m * d + 2 * u * d * d
        across = 2 * u * t * m + 2 * u * m * d
        total += reduce + 14 / 3 * d**3 + n_alphas * each_alpha + across
    return total


def choice(folds: Sequence[Fold], n_alphas: int) -> float:
    """The penalty of one kernel for one block of voxels, on all folds."""
    return sum(2.0 * n_alphas * (len(train) - 1) ** 2 for train, _ in folds)


def correlation(folds: Sequence[Fold], n_voxels: int) -> float:
    """Predictions of one kernel and their r with one block of voxels, on all folds."""
    return sum(
        2.0 * (len(test) - 1) * n_voxels * (len(train) - 1) + 4.0 * (len(test) - 1) * n_voxels
        for train, test in folds
    )


def responses(folds: Sequence[Fold], n_voxels: int) -> float:
    """One block of voxels cut into folds, with its Gram matrices."""
    return sum(
        2.0 * n_voxels * ((m - 1) * m + (m - 1) ** 2 + (t - 1) * t)
        for m, t in ((len(train), len(test)) for train, test in folds)
    )


def token_flops(config: Any, place: float) -> float:
    """One token of a Llama, ``place`` others before it: each weight, and attention over them.

    Without the output layer.
    """
    width, inner = config.hidden_size, config.intermediate_size
    keys = config.num_key_value_heads * width // config.num_attention_heads
    weights = 2 * width * width + 2 * width * keys + 3 * width * inner
    # queries by keys, and weights by values
    return 2.0 * config.num_hidden_layers * (weights + 2 * width * place)
