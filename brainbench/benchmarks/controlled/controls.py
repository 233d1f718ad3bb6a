"""Reference rows of the controlled protocol: people, nuisance, random features."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np

from brainbench.benchmarks.controlled.cell import ControlledCell, Features, Values, estimate
from brainbench.benchmarks.controlled.nuisance import nuisance_kernels
from brainbench.benchmarks.feature_spaces import DRAWS as RANDOM_DRAWS
from brainbench.benchmarks.feature_spaces import RANDOM
from brainbench.encoding.controlled.prediction import Predictions, all_together, predict
from brainbench.encoding.controlled.reference import (
    MIN_PEOPLE,
    predict_from_sets,
    unique_of_others,
)
from brainbench.encoding.controlled.reliability import reliability
from brainbench.models import Activations
from brainbench.statistics.inference import people_interval

UNTRAINED = "untrained model"


def score_people(cell: ControlledCell) -> dict[str, Values | None]:
    """ROI → how well all other people together predict each person; None with too few."""
    found: dict[str, Values | None] = {}
    for roi, people in cell.people.items():
        if len(people.blocks) < MIN_PEOPLE:
            found[roi] = None
            continue
        reference, curve = predict_from_sets(people, cell.rng(3))
        added, interval = unique_of_others(people, cell.nuisance, cell.columns, cell.rng(5))
        found[roi] = {
            "people": reference.people.tolist(),
            "pseudo": reference.pseudo.tolist(),
            "basis": cell.basis(roi),
            "r": estimate(reference.people[:, None], people_interval(reference.pseudo)),
            "unique_r2": estimate(added[:, None], interval),
            "extrapolation": {
                "curve": curve.curve.tolist(),
                **{
                    name: value if isfinite(value) else None
                    for name, value in (("v0", curve.v0), ("tau", curve.tau), ("rmse", curve.rmse))
                },
            },
        }
    return found


def score_repeats(cell: ControlledCell) -> dict[str, Values]:
    """ROI → reliability of mean responses over repeats, mean over people, or why there is none."""
    card = cell.cell.recording.card
    # neither r nor R² counts means of a run, or of a type within it
    groups = [f"{run}/{kind}" for run, kind in zip(cell.groups, cell.strata, strict=True)]
    found: dict[str, Values] = {}
    for roi in cell.people:
        if not card.repeated_items:
            found[roi] = {"reason": f"{card.name} shows each item once"}
            continue
        repeats = [cell.cell.repeats(roi, subject) for subject in cell.cell.subjects]
        if any(own is None for own in repeats):
            found[roi] = {
                "reason": "items were not all shown the same number of times, more than once, "
                "to everybody"
            }
            continue
        own = [reliability(one, groups) for one in repeats if one is not None]
        rho = float(np.mean([one.rho for one in own]))
        bound = float(np.mean([one.bound_r for one in own]))
        found[roi] = {"rho": rho, "bound_r": bound, "bound_r2": rho}
    return found


def score_nuisance(cell: ControlledCell) -> dict[str, list[Values]]:
    """ROI → every nuisance by itself."""
    rows: dict[str, list[Values]] = {roi: [] for roi in cell.people}
    for name, space in nuisance_kernels(cell.cell).items():
        for roi, people in cell.people.items():
            if isinstance(space, str):
                rows[roi].append({"control": name, "reason": space})
                continue
            own = space if space.ndim == 3 else space[None]
            kernels = [fold.normalise(own) for fold in people.folds]
            if space.ndim == 3:
                kernels = [kernel[:, None] for kernel in kernels]
            rows[roi].append({"control": name, **_plain(predict(kernels, people))})
    return rows


def score_random(cell: ControlledCell, activations: Activations) -> dict[str, Values]:
    """ROI → random features of the model's widths.

    Parameters
    ----------
    cell : items, folds and people.
    activations : of the model; only their widths count.

    Returns
    -------
    Per ROI the mean r and R² over draws, and the range of r that holds 95 % of them.
    """
    draws = [cell.random_features(activations, draw) for draw in range(RANDOM_DRAWS)]
    return _drawn(cell, RANDOM, draws)


def score_untrained(
    cell: ControlledCell, untrained: Sequence[Activations] | str
) -> dict[str, Values]:
    """ROI → untrained networks of the model's shape, or why there are none.

    Parameters
    ----------
    cell : items, folds and people.
    untrained : activations of each network, or a sentence why there are none.

    Returns
    -------
    Per ROI the mean r and R² over networks, and the range of r that holds 95 % of them.
    """
    if isinstance(untrained, str):
        return {roi: {"control": UNTRAINED, "reason": untrained} for roi in cell.people}
    return _drawn(cell, UNTRAINED, [cell.features(one) for one in untrained])


def _drawn(cell: ControlledCell, name: str, spaces: Sequence[Features]) -> dict[str, Values]:
    """Mean and range over feature spaces that were drawn, layers treated as the model's."""
    together = [all_together(space.on(cell.folds), cell.folds) for space in spaces]
    found = {}
    for roi, people in cell.people.items():
        scored = [_plain(predict(kernels, people)) for kernels in together]
        values = [row["r"] for row in scored]
        low, high = np.percentile(values, [2.5, 97.5])
        found[roi] = {
            "control": name,
            "r": float(np.mean(values)),
            "r2": float(np.mean([row["r2"] for row in scored])),
            "r_range": (float(low), float(high)),
            "draws": len(values),
        }
    return found


def _plain(scored: Predictions) -> Values:
    return {"r": float(scored.r[:, 0].mean()), "r2": float(scored.r2[:, 0].mean())}
