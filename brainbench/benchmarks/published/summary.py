"""From scored feature spaces to the fields of a score: headline, people, layers, controls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.ceilings import Ceiling
from brainbench.benchmarks.cell import Cell
from brainbench.benchmarks.feature_spaces import RANDOM
from brainbench.benchmarks.published.score import PublishedLayer, PublishedPerson, PublishedRow
from brainbench.benchmarks.published.scoring import SpaceScore, finite_or_none
from brainbench.encoding import NEAR_ONE, NEAR_ZERO
from brainbench.quantities import Layer

Array = NDArray[np.float64]
ByRoi = dict[str, SpaceScore]


def summarise_cell(
    cell: Cell,
    ceilings: dict[str, Ceiling | None],
    layers: Sequence[Layer],
    headline: ByRoi,
    controls: dict[str, ByRoi | str],
    draws: Sequence[ByRoi],
    notes: Sequence[str],
) -> dict[str, dict[str, Any]]:
    """Fields of a :class:`.PublishedScore` for every ROI of a cell.

    Parameters
    ----------
    layers : the model's, in the order of its scores.
    headline : the model's scores.
    controls : per nuisance its scores, or the reason why there are none.
    draws : scores of each draw of random features.
    notes : the model's warnings about its own activations.
    """
    return {
        roi: _summarise(
            cell,
            roi,
            ceilings[roi],
            layers,
            headline[roi],
            {name: c if isinstance(c, str) else c[roi] for name, c in controls.items()},
            [draw[roi] for draw in draws],
            notes,
        )
        for roi in cell.rois
    }


def _summarise(
    cell: Cell,
    roi: str,
    ceiling: Ceiling | None,
    layers: Sequence[Layer],
    headline: SpaceScore,
    controls: dict[str, SpaceScore | str],
    draws: Sequence[SpaceScore],
    notes: Sequence[str],
) -> dict[str, Any]:
    widths = [block.shape[1] for block in cell.people(roi)]
    card = cell.recording.card
    best = headline.best
    per_person = headline.raw[:, best]
    raw = headline.headline
    references = _medians(ceiling, "reference", widths)
    reference = None if references is None else float(np.median(references))
    v0_medians = _medians(ceiling, "v0", widths)
    score = headline.divided_headline
    divided_best = None if score is None else headline.divided_best
    return {
        "roi": roi,
        "reasoning_type": cell.reasoning_type,
        "simulated": card.simulated,
        "pooled": cell.pooled,
        "selection_leak": roi in card.selection_leak,
        "raw": raw,
        "mad": float(np.median(np.abs(per_person - raw))),
        "layer": layers[best],
        "reference": reference,
        "ceiling": None if ceiling is None else float(ceiling.v0.mean()),
        "ceiling_median": None if v0_medians is None else float(np.median(v0_medians)),
        "ceiling_near_zero": None if ceiling is None else int((ceiling.v0 < NEAR_ZERO).sum()),
        "ceiling_near_one": None if ceiling is None else int((ceiling.v0 > NEAR_ONE).sum()),
        "score": score,
        "score_layer": None if divided_best is None else layers[divided_best],
        "n_subjects": len(cell.subjects),
        "n_items": len(cell.items),
        "n_voxels": int(np.median(widths)),
        "n_constant": int(headline.n_constant[best]),
        "subjects": _subjects(cell, headline, ceiling, references, widths),
        "layers": _layers(layers, headline),
        "controls": _controls(controls, draws),
        "notes": tuple(notes),
    }


def _medians(ceiling: Ceiling | None, field: str, widths: list[int]) -> list[float] | None:
    """Median over voxels of a field of the ceiling, per person."""
    if ceiling is None:
        return None
    return [float(np.median(person)) for person in ceiling.of_people(field, widths)]


def _subjects(
    cell: Cell,
    headline: SpaceScore,
    ceiling: Ceiling | None,
    references: list[float] | None,
    widths: list[int],
) -> tuple[PublishedPerson, ...]:
    divided_best = headline.divided_best
    v0 = None if ceiling is None else ceiling.of_people("v0", widths)
    return tuple(
        PublishedPerson(
            subject=subject,
            raw=float(headline.raw[i, headline.best]),
            reference=None if references is None else references[i],
            ceiling=None if v0 is None else float(v0[i].mean()),
            score=None
            if headline.divided is None or divided_best is None
            else finite_or_none(headline.divided[i, divided_best]),
            n_voxels=widths[i],
        )
        for i, subject in enumerate(cell.subjects)
    )


def _layers(layers: Sequence[Layer], headline: SpaceScore) -> tuple[PublishedLayer, ...]:
    raw = np.median(headline.raw, axis=0)
    divided = None if headline.divided is None else np.median(headline.divided, axis=0)
    return tuple(
        PublishedLayer(
            layer=layer,
            raw=float(raw[i]),
            score=None if divided is None else finite_or_none(divided[i]),
        )
        for i, layer in enumerate(layers)
    )


def _controls(
    controls: dict[str, SpaceScore | str], draws: Sequence[SpaceScore]
) -> tuple[PublishedRow, ...]:
    rows = [
        PublishedRow(control=name, reason=scored)
        if isinstance(scored, str)
        else PublishedRow(control=name, raw=scored.headline, score=scored.divided_headline)
        for name, scored in controls.items()
    ]
    return (*rows, _random_control(draws))


def _random_control(draws: Sequence[SpaceScore]) -> PublishedRow:
    """Mean and 95 % range over draws."""
    values = np.array([draw.headline for draw in draws])
    low, high = (float(edge) for edge in np.percentile(values, [2.5, 97.5]))
    divided = [draw.divided_headline for draw in draws]
    known = [value for value in divided if value is not None]
    return PublishedRow(
        control=RANDOM,
        raw=float(values.mean()),
        raw_range=(low, high),
        score=float(np.mean(known)) if len(known) == len(draws) else None,
        draws=len(draws),
    )
