"""How much of a response comes back when an item is shown again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError


@dataclass(frozen=True)
class RepeatReliability:
    """What a perfect prediction of mean responses is expected to score.

    Attributes
    ----------
    rho : share ρ of the variance of mean responses that is not noise, all voxels together:
        the bound of R². Negative where nothing repeats.
    bound_r : mean over voxels of √ρ, negative ones counted 0: the bound of r. Where little
        repeats it is too high, for what noise makes of a voxel's ρ is counted only upwards.
    """

    rho: float
    bound_r: float


def reliability(responses: Array, groups: ArrayLike | None = None) -> RepeatReliability:
    """How much of the mean response to an item comes back, from repeats.

    With mean squares between items of a group and within items of nested analysis of
    variance, ρ = 1 - MS_within / MS_between: the intraclass correlation ICC(1, k) of the
    mean of k repeats. Everything that repeats counts, position and confounds included, but
    the means of groups.

    Parameters
    ----------
    responses : (k, n_items, n_voxels), k ≥ 2 repeats.
    groups : (n_items,) labels whose means no score counts: runs that are held out, types.

    Source: Shrout & Fleiss 1979, Psychological Bulletin 86.
    """
    if responses.ndim != 3 or responses.shape[0] < 2 or responses.shape[1] < 2:
        raise DataError(
            "reliability needs (repeats, items, voxels), at least two repeats of two items; "
            f"given: {responses.shape}"
        )
    if not np.isfinite(responses).all():
        raise DataError("responses hold NaN or infinite values")
    repeats, n_items, _ = responses.shape
    means: Array = responses.mean(axis=0)
    labels = np.zeros(n_items, int) if groups is None else np.asarray(groups)
    centred = means.copy()
    for name in np.unique(labels):
        centred[labels == name] -= means[labels == name].mean(axis=0)
    freedom = n_items - len(np.unique(labels))
    if not freedom:
        raise DataError("reliability needs a group of at least two items")
    between = repeats * (centred**2).sum(axis=0) / freedom
    within = ((responses - means) ** 2).sum(axis=(0, 1)) / (n_items * (repeats - 1))
    each = 1.0 - np.divide(within, between, out=np.ones_like(between), where=between > 0.0)
    total = float(between.sum())
    rho = 1.0 - float(within.sum()) / total if total > 0.0 else 0.0
    return RepeatReliability(rho, float(np.sqrt(np.maximum(each, 0.0)).mean()))
