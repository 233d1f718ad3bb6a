"""Whether a score rests on a few items: blocks of neighbouring items left out in turn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brainbench.encoding.controlled.folds import INNER_BLOCKS, MIN_ITEMS
from brainbench.encoding.threads import parallel
from brainbench.statistics.inference import Interval, jackknife_interval


def without_blocks(runs: ArrayLike, n_blocks: int = INNER_BLOCKS) -> list[NDArray[np.intp]]:
    """Indices of what is left when one contiguous block of one run is taken out, in turn.

    Parameters
    ----------
    runs : (n_items,) labels; items in the order they were shown.
    n_blocks : into how many each run is cut.

    Returns
    -------
    One array for each block; none where a run would keep too few items to be a fold.
    """
    labels = np.asarray(runs)
    kept = []
    for name in dict.fromkeys(labels.tolist()):
        rows = np.flatnonzero(labels == name)
        for block in np.array_split(rows, n_blocks):
            if len(rows) - len(block) < MIN_ITEMS:
                return []
            kept.append(np.setdiff1d(np.arange(len(labels)), block))
    return kept


def block_intervals(
    measured: dict[str, float],
    score: Callable[[NDArray[np.intp]], dict[str, float]],
    runs: ArrayLike,
) -> dict[str, Interval | None]:
    """Block jackknife over items: everything is scored again without each block.

    Neighbouring items share slow noise, so blocks are left out and not items.

    Parameters
    ----------
    measured : name → value on all items.
    score : from the items that are kept to the same values.
    runs : (n_items,) labels.

    Returns
    -------
    Name → 95 % interval, Student's t with one degree less than there are blocks; None
    where too few items would be left.

    Source: Künsch 1989, Annals of Statistics 17; blocks of equal size do not overlap here.
    """
    blocks = without_blocks(runs)
    if not blocks:
        return dict.fromkeys(measured)
    replicates = parallel(score, blocks)
    return {
        name: jackknife_interval(value, [one[name] for one in replicates])
        for name, value in measured.items()
    }
