"""What a record says that models are compared by, as the test of pairs takes it."""

from __future__ import annotations

import numpy as np

from brainbench.benchmarks.ladder.score import Compared
from brainbench.encoding.ladder.pairs import Found


def as_found(compared: Compared) -> Found:
    """How clearly a model is found, from its record.

    Parameters
    ----------
    compared : z, without each person and under orders of the items.
    """
    return Found(compared.z, np.array(compared.null), np.array(compared.without_person))
