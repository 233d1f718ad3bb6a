"""How strongly each voxel answers each trial: the truth of a simulated study."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainbench.errors import DataError
from brainbench.imaging.simulation.design import SimulatedRoi, StudyDesign

Array = NDArray[np.float64]


def draw_amplitudes(
    design: StudyDesign, subject: str, roi: str, voxels: int, items: pd.DataFrame, features: Array
) -> dict[str, Array]:
    """Amplitudes of one person's voxels of one region, in percent of a voxel's mean.

    Each planted part is scaled over all items, voxel by voxel, to its share of the variance.

    Parameters
    ----------
    design : shares, variation and seed.
    subject, roi : whose voxels.
    voxels : how many.
    items : a row an item, with the column ``words``.
    features : (items, features) of what is planted.

    Returns
    -------
    ``amplitude`` and its part ``signal``, both (items, voxels).
    """
    shares = design.rois[roi]
    own = design.stream("mixing", subject, roi)
    common = design.stream("mixing", roi)
    size = (features.shape[1], voxels)
    weights = np.sqrt(design.shared) * common.standard_normal(size)
    weights += np.sqrt(1.0 - design.shared) * own.standard_normal(size)
    # long texts make most voxels answer more strongly, as in the people measured
    slopes = own.normal(1.0, 0.7, voxels)
    noise = design.stream("trials", subject, roi).standard_normal((len(items), voxels))
    words = items["words"].to_numpy(float)[:, None]
    signal = design.variation * np.sqrt(shares.signal) * _scaled(features @ weights)
    rest = np.sqrt(shares.length) * _scaled(words * slopes) + np.sqrt(shares.noise) * noise
    return {"amplitude": design.activation + signal + design.variation * rest, "signal": signal}


def boxes(
    shape: tuple[int, int, int], rois: Mapping[str, SimulatedRoi]
) -> dict[str, NDArray[np.bool_]]:
    """Where the regions lie: boxes in the quarters of the volume, a voxel from its border.

    Parameters
    ----------
    shape : of the volume.
    rois : their names, in order.
    """
    halves = [(slice(1, n // 2 - 1), slice(n // 2 + 1, n - 1)) for n in shape[:2]]
    found = {}
    for number, name in enumerate(rois):
        mask = np.zeros(shape, bool)
        mask[halves[0][number % 2], halves[1][number // 2], 2:-3] = True
        found[name] = mask
    return found


def checked_features(features: object, items: int) -> Array:
    """Features as (items, features), centred, with neither NaN nor nothing in them."""
    values: Array = np.asarray(features, float)
    if values.ndim != 2 or len(values) != items:
        raise DataError(f"features of shape {values.shape} do not fit {items} items")
    if not values.size or not np.isfinite(values).all():
        raise DataError("the planted features are empty, or hold NaN or infinite values")
    return np.asarray(values - values.mean(axis=0))


def _scaled(values: Array) -> Array:
    """Columns with mean 0 and, unless they are constant, variance 1."""
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    scaled: Array = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    return scaled
