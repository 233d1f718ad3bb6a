"""What the controlled protocol measures of a model in one cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.controlled.cell import (
    ControlledCell,
    Features,
    Values,
    estimate,
)
from brainbench.encoding.controlled.banded_ridge import (
    Bands,
    make_bands,
    nuisance_band,
    unique_variance,
)
from brainbench.encoding.controlled.folds import HeldOutFold
from brainbench.encoding.controlled.item_jackknife import block_intervals
from brainbench.encoding.controlled.people_bootstrap import (
    as_interval,
    penalty_table,
    people_bounds,
)
from brainbench.encoding.controlled.prediction import People, all_together, layer_errors, predict
from brainbench.encoding.controlled.similarity import (
    METRICS,
    compare_fold_by_fold,
    compare_nested,
    mixes_strata,
)
from brainbench.encoding.kernels import Array
from brainbench.models import Activations
from brainbench.statistics.inference import benjamini_hochberg, p_value


def score_model(cell: ControlledCell, activations: Activations) -> dict[str, Values]:
    """ROI → the model's numbers.

    Parameters
    ----------
    cell : items, folds, people and null orders.
    activations : of the model, on all problems of the cell's recording.

    Returns
    -------
    Per ROI plain values: prediction, unique R² beyond nuisance, similarity and layers.
    """
    features = cell.features(activations)
    layers = features.on(cell.folds)
    together = all_together(layers, cell.folds)
    bands = _bands(cell, together, cell.folds)
    unique = unique_variance(bands, [p.grams for p in cell.people.values()], cell.orders)
    table = penalty_table(bands, [p.grams for p in cell.people.values()])
    bounds = people_bounds(table, cell.rng(4))
    found: dict[str, Values] = {}
    for roi, added, between in zip(cell.people, unique, bounds, strict=True):
        people = cell.people[roi]
        found[roi] = {
            **_predicted(cell, features, layers, together, people),
            "basis": cell.basis(roi),
            "nuisance_r2": added.nuisance.tolist(),
            "unique": added.banded[:, 0].tolist(),
            "unique_r2": estimate(added.banded) | {"interval": as_interval(between)},
            "unique_r2_stacked": estimate(added.stacked) | {"interval": None},
            "layers": _layers(cell, features, layers, people),
            **{name: _similar(cell, features, together, people, name) for name in METRICS},
        }
    _over_items(cell, features, found)
    return found


def _bands(
    cell: ControlledCell,
    together: Sequence[Array],
    folds: Sequence[HeldOutFold],
    kept: NDArray[np.intp] | None = None,
) -> list[Bands]:
    """Nuisance and the model, of the kept items only."""
    nuisance, columns = cell.nuisance, cell.columns
    if kept is not None:
        nuisance, columns = nuisance[..., kept[:, None], kept], columns[..., kept, :]
    return make_bands(nuisance, columns, [k[0] for k in together], folds)


def _predicted(
    cell: ControlledCell,
    features: Features,
    layers: Sequence[Array],
    together: Sequence[Array],
    people: People,
) -> Values:
    """All layers together, and the best layer by nested choice."""
    whole = predict(together, people, cell.orders, null_r2=False)
    nested = predict(layers, people, cell.orders, null_r2=False)
    limit = np.quantile(whole.greatest[1:], 0.95)
    return {
        "raw": estimate(whole.r),
        "r2": float(whole.r2[:, 0].mean()),
        "people_r": whole.r[:, 0].tolist(),
        "nested": {
            "r": estimate(nested.r),
            "r2": float(nested.r2[:, 0].mean()),
            "chosen": [features.layers[i] for i in nested.chosen[0]],
        },
        "voxels_above": int(sum((own > limit).sum() for own in whole.voxels)),
        "n_constant": whole.n_constant,
    }


def _layers(
    cell: ControlledCell, features: Features, layers: Sequence[Array], people: People
) -> list[Values]:
    """R² of every layer by itself, corrected for their number."""
    r2 = layer_errors(layers, people, cell.orders).mean(axis=0)
    p = [p_value(float(own[0]), own[1:]) for own in r2]
    return [
        {"layer": layer, "r2": float(own[0]), "p": one, "q": q}
        for layer, own, one, q in zip(features.layers, r2, p, benjamini_hochberg(p), strict=True)
    ]


def _similar(
    cell: ControlledCell,
    features: Features,
    together: Sequence[Array],
    people: People,
    metric: str,
) -> Values:
    """RSA or CKA of all layers together, of the nested layer, and of nuisance alone."""
    grams, folds = people.grams, people.folds
    if any(mixes_strata(fold) for fold in folds):
        return {
            "reason": "what is held out holds several reasoning types, whose means would pass "
            "for similarity"
        }
    kernels = [kernel if kernel.ndim == 3 else kernel[None] for kernel in together]
    whole = compare_fold_by_fold(kernels, grams, folds, metric, cell.orders)
    normal = [nuisance_band(cell.nuisance, fold) for fold in folds]
    nuisance = compare_fold_by_fold(normal, grams, folds, metric)
    found: Values = {
        "together": estimate(whole.value),
        "nuisance": float(nuisance.value.mean()),
        "n_undefined": whole.n_undefined,
    }
    if features.kernels is not None:
        nested = compare_nested(features.kernels, grams, folds, metric, cell.orders)
        assert nested.chosen is not None
        found["nested"] = estimate(nested.value)
        found["chosen"] = [features.layers[i] for i in nested.chosen[0]]
    return found


def _over_items(cell: ControlledCell, features: Features, found: dict[str, Values]) -> None:
    """Add the intervals of a block jackknife over items."""
    measured = {
        f"{roi}/{name}": values[name]["value"]
        for roi, values in found.items()
        for name in ("raw", "unique_r2")
    }

    def score(kept: NDArray[np.intp]) -> dict[str, float]:
        folds = cell.folds_of(kept)
        together = all_together(features.on(folds, kept), folds)
        bands = _bands(cell, together, folds, kept)
        people = {
            roi: People(tuple(block[kept] for block in one.blocks), folds)
            for roi, one in cell.people.items()
        }
        added = unique_variance(bands, [one.grams for one in people.values()])
        values = {}
        for (roi, one), unique in zip(people.items(), added, strict=True):
            values[f"{roi}/raw"] = float(predict(together, one).r.mean())
            values[f"{roi}/unique_r2"] = float(unique.banded.mean())
        return values

    for name, interval in block_intervals(measured, score, cell.groups).items():
        roi, which = name.split("/")
        found[roi][which]["items_interval"] = interval
