"""People whose responses to syllogisms are drawn, for guidance."""

from __future__ import annotations

import numpy as np

from brainbench.datasets.phantom_guidance import make_problems
from brainbench.encoding.kernels import Array
from brainbench.guidance.signals import Signals


def make_signals(
    per_run: int = 9, n_runs: int = 2, n_people: int = 3, voxels: int = 7, seed: int = 0
) -> Signals:
    """The first problems of some runs; responses with means of their own, people who err.

    People differ in voxels: the second has one more than the first, and so on.
    """
    rng = np.random.default_rng(seed)
    every = make_problems()
    rows = [18 * run + i for run in range(n_runs) for i in range(per_run)]
    problems = tuple(every[row] for row in rows)
    n = len(problems)
    return Signals(
        "simulated.roi.syllogistic",
        problems,
        np.array([problem.identifier.rsplit("-", 1)[0] for problem in problems]),
        np.array([problem.reasoning_type for problem in problems]),
        np.array([problem.condition.valid for problem in problems]),
        tuple(rng.standard_normal((n, voxels + p)) + 0.7 * p + 0.3 for p in range(n_people)),
        (rng.random((n_people, n)) < 0.8).astype(float),
    )


def make_states(n_items: int, n_layers: int = 3, units: int = 11, seed: int = 0) -> Array:
    """States (n_items, layers, units) with a mean and a scale of their own at each layer."""
    rng = np.random.default_rng(seed)
    scale = np.arange(1, n_layers + 1)[:, None]
    return scale * (rng.standard_normal((n_items, n_layers, units)) + rng.standard_normal(units))
