"""Parts of a ladder's score, with nothing in them that a test does not ask for."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainbench.benchmarks import LadderContext
from brainbench.benchmarks.ladder.score import Compared


def compared(z: float = 2.0, **more: Any) -> Compared:
    """A model of this z in ten people, who differ a little."""
    rng = np.random.default_rng(0)
    made: dict[str, Any] = {
        "rung": "run",
        "orders": "0" * 64,
        "subjects": tuple(f"{number:02d}" for number in range(10)),
        "z": z,
        "without_person": tuple(z + 0.1 * rng.standard_normal(10)),
        "null": tuple(rng.standard_normal(200)),
    }
    return Compared(**made | more)


def context(**more: Any) -> LadderContext:
    """Of a toy dataset with ten people; no rows beside those of the model."""
    made: dict[str, Any] = {
        "benchmark": f"{more.get('dataset', 'toy')}.brain.all-ladder",
        "version": 1,
        "dataset": "toy",
        "forms": (),
        "baselines": (),
        "shared": (),
        "rungs": (),
        "detectable": None,
        "effects": (),
        "compared": compared(),
        "n_subjects": 10,
        "n_items": 70,
    }
    return LadderContext(**made | more)
