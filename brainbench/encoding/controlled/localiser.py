"""Units that tell reasoning from reading, chosen on training items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.controlled.folds import HeldOutFold
from brainbench.encoding.kernels import Array

# Of all units of a site, over its layers.
LOCALISED_SHARE = 0.01


def choose_units(
    task: NDArray[np.floating],
    reading: NDArray[np.floating],
    rows: NDArray[np.intp],
    share: float = LOCALISED_SHARE,
) -> NDArray[np.bool_]:
    """Units whose state is higher when the model reasons than when it only reads.

    Parameters
    ----------
    task, reading : (n_items, n_layers, n_units) states under the two prompts.
    rows : the items that are looked at: training items.
    share : of all units; at least one.

    Returns
    -------
    (n_layers, n_units); the greatest paired t over items, all layers competing.

    Source: the localiser of AlKhamissi, Tuckute, Bosselut & Schrimpf 2024, with another
    contrast.
    """
    apart = np.asarray(task[rows], np.float64) - np.asarray(reading[rows], np.float64)
    spread = apart.std(axis=0, ddof=1)
    mean = apart.mean(axis=0)
    t = np.divide(mean, spread, out=np.zeros_like(mean), where=spread > 0.0)
    count = max(1, round(share * t.size))
    chosen = np.zeros(t.size, dtype=bool)
    # stable: the first of equals, on every machine
    chosen[np.argsort(-t, axis=None, kind="stable")[:count]] = True
    return chosen.reshape(t.shape)


def localised_kernels(
    sites: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]],
    folds: Sequence[HeldOutFold],
    share: float = LOCALISED_SHARE,
) -> list[Array]:
    """Per fold (sites, n, n) kernels of the units that its training items choose, normalised.

    Each unit is scaled by its spread over training items, so that none counts more than
    another.

    Parameters
    ----------
    sites : task and reading states (n_items, n_layers, n_units) of each site.
    folds : the folds.
    """
    made = []
    for fold in folds:
        kernels = []
        for task, reading in sites:
            units = np.asarray(task[:, choose_units(task, reading, fold.train, share)], float)
            centred = units - units[fold.train].mean(axis=0)
            spread = centred[fold.train].std(axis=0)
            scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0.0)
            kernels.append(scaled @ scaled.T)
        made.append(fold.normalise(np.stack(kernels)))
    return made
