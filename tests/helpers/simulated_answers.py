"""Answers of arms whose truth is known: log-odds are what is told, a shift, and noise."""

from __future__ import annotations

import numpy as np

from brainbench.guidance.answers import ArmAnswers, TestItems


def problems(n_base: int = 40, orders: int = 2) -> TestItems:
    """Half True, half False, each in some orders of its premises."""
    each = np.arange(n_base)
    return TestItems(
        labels=np.repeat(each % 2, orders),
        n_choices=2,
        base=np.repeat(each, orders),
        order=np.tile(np.arange(orders), n_base),
    )


def answers(
    items: TestItems,
    rng: np.random.Generator,
    told: float | np.ndarray = 0.8,
    shift: float = 0.0,
    own: float = 0.0,
    noise: float = 1.0,
    n_seeds: int = 5,
    shared: np.ndarray | None = None,
    tuned: bool = True,
) -> ArmAnswers:
    """One arm.

    Parameters
    ----------
    told : how far the log-odds of True and of False are moved apart, of all seeds or of each.
    shift : answer bias.
    own : spread over problems of what this arm does to each, alike in all seeds and orders.
    noise : spread over everything.
    shared : (n_items,) what is the same for all arms.
    tuned : thresholds know the shift, as a validation set would tell it; else 0.
    """
    sign = 1 - 2 * items.labels
    means = np.broadcast_to(told, n_seeds)[:, None] * sign + shift
    means = means + own * rng.standard_normal(items.n_base)[items.clusters]
    if shared is not None:
        means = means + shared
    odds = means + noise * rng.standard_normal((n_seeds, items.n_items))
    return ArmAnswers(
        odds, np.where(odds > 0, 0, 1), thresholds=np.full(n_seeds, shift if tuned else 0.0)
    )
