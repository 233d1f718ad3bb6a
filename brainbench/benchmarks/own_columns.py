"""Nuisance that whoever made a dataset names: columns of its stimuli, numbers or labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.cell import Cell
from brainbench.encoding import nuisance
from brainbench.encoding.kernels import Array

# labels of one column that are taken out wholly; of more, the items would not bear it
MAX_LABELS = 4


def own_columns(cell: Cell) -> dict[str, Array]:
    """What the card names as nuisance.

    Parameters
    ----------
    cell : items of a recording.

    Returns
    -------
    Name → (n, q) standardised: a number is one column, a label one for each different label; zero
    where it does not vary here.
    """
    return {name: _columns(cell.labels(name)) for name in cell.recording.card.nuisance}


def removable_columns(cell: Cell) -> Array:
    """(n, q) those few enough to be taken out wholly: numbers, and labels of four kinds at most."""
    few = [own for own in own_columns(cell).values() if own.shape[1] <= MAX_LABELS]
    return np.hstack([np.zeros((len(cell.items), 0)), *few])


def _columns(values: NDArray[np.generic]) -> Array:
    if values.dtype.kind in "biuf":
        return nuisance.standardise(values.astype(np.float64))
    return nuisance.one_hot(values.astype(str))
