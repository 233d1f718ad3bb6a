"""What a board needs to know of scores of behavior."""

from __future__ import annotations

from brainbench.benchmarks import BehaviorScore

CONTROLS = ("always True", "always False", "always right", "majority of others")


def is_constant(score: BehaviorScore) -> bool:
    """Whether the model gives one answer throughout, or none."""
    return score.said_true in (None, 0.0, 1.0)
