"""How much of people's responses a model would have to explain to be found.

Real responses, each person's items exchanged within runs, so that nothing of the items is left but
noise as it is; and the model's own features, mixed into voxels at random, as a share of each
person's variance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array

# dimensions of voxels that hold this share of the responses' variance stand for all voxels
_KEPT = 0.99


def common_dimensions(blocks: Sequence[Array], maker: Array) -> list[Array]:
    """Responses in few dimensions that people have in common, the same inner products of items.

    Parameters
    ----------
    blocks : P arrays (n, n_voxels), the same voxels; of other voxels each has dimensions of its
        own.
    maker : (n, n) projection that takes run means out.

    Returns
    -------
    P arrays (n, d) with 99 % of the variance.
    """
    left = [maker @ block for block in blocks]
    if len({block.shape[1] for block in left}) > 1:
        return [common_dimensions([block], maker)[0] for block in blocks]
    stacked = np.vstack(left)
    values, vectors = np.linalg.eigh(stacked @ stacked.T)
    order = np.argsort(values)[::-1]
    kept = np.searchsorted(np.cumsum(values[order]), _KEPT * values.sum()) + 1
    chosen = order[:kept]
    scores = vectors[:, chosen] * np.sqrt(np.maximum(values[chosen], 0.0))
    return np.split(scores, len(blocks))


def exchange_items(runs: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.intp]:
    """Items in random order within each run: a person's responses in it are noise as it is.

    Parameters
    ----------
    runs : (n,) run of each item.
    rng : source of the order.

    Returns
    -------
    (n,) the item that stands at each place.
    """
    rows = np.arange(len(runs))
    for run in np.unique(runs):
        own = np.flatnonzero(runs == run)
        rows[own] = rng.permutation(own)
    return rows


def plant(
    noise: Sequence[Array],
    features: Array,
    maker: Array,
    share: float,
    alike: float,
    rng: np.random.Generator,
) -> list[Array]:
    """People whose responses hold a share of a model's features.

    Parameters
    ----------
    noise : P arrays (n, d).
    features : (n, k) of the model.
    maker : (n, n) projection; shares are of what it leaves.
    share : of each person's variance, 0 to 1.
    alike : share of the mixing from features to voxels that people have in common, 0 to 1.
    rng : draws mixings; voxels of more noise get more signal.

    Returns
    -------
    P arrays (n, d).
    """
    width = features.shape[1]
    clean = maker @ features
    same = {block.shape[1] for block in noise}
    common = rng.standard_normal((width, same.pop())) if len(same) == 1 else None
    found = []
    for block in noise:
        left = maker @ block
        mixing = rng.standard_normal((width, block.shape[1]))
        if common is not None:
            mixing = np.sqrt(1.0 - alike) * mixing + np.sqrt(alike) * common
        signal = clean @ (mixing * np.sqrt(np.square(left).mean(axis=0)))
        length = float(np.linalg.norm(signal))
        scaled = signal / length if length > 0 else signal
        found.append(np.sqrt(1.0 - share) * left / np.linalg.norm(left) + np.sqrt(share) * scaled)
    return found
