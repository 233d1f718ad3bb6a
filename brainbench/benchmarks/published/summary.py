"""From scored feature spaces to what is printed: headline, controls, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.ceilings import MAXIMUM_PEOPLE, MINIMUM_PEOPLE, Ceiling
from brainbench.benchmarks.cell import POOLED, Cell, reaches
from brainbench.benchmarks.feature_spaces import RANDOM
from brainbench.benchmarks.published.score import Control, LayerScore, SubjectScore
from brainbench.benchmarks.published.scoring import SpaceScore, finite_or_none
from brainbench.datasets import Card
from brainbench.encoding import NEAR_ONE, NEAR_ZERO

Array = NDArray[np.float64]
ByRoi = dict[str, SpaceScore]


def summarise_cell(
    cell: Cell,
    ceilings: dict[str, Ceiling | None],
    layers: Sequence[tuple[str, int]],
    headline: ByRoi,
    controls: dict[str, ByRoi | str],
    draws: Sequence[ByRoi],
    model_warnings: Sequence[str],
) -> dict[str, dict[str, Any]]:
    """Fields of a :class:`~brainbench.benchmarks.published.score.Score` for every ROI of a cell.

    Parameters
    ----------
    layers : (site, layer) of the model's layers, in the order of its scores.
    headline : the model's scores.
    controls : per nuisance its scores, or the reason why there are none.
    draws : scores of each draw of random features.
    model_warnings : what the model said of its own activations.
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
            model_warnings,
        )
        for roi in cell.rois
    }


def _summarise(
    cell: Cell,
    roi: str,
    ceiling: Ceiling | None,
    layers: Sequence[tuple[str, int]],
    headline: SpaceScore,
    controls: dict[str, SpaceScore | str],
    draws: Sequence[SpaceScore],
    model_warnings: Sequence[str],
) -> dict[str, Any]:
    widths = [block.shape[1] for block in cell.people(roi)]
    best = headline.best
    site, layer = layers[best]
    per_person = headline.raw[:, best]
    raw = headline.headline
    references = _medians(ceiling, "reference", widths)
    reference = None if references is None else float(np.median(references))
    v0_medians = _medians(ceiling, "v0", widths)
    score = headline.divided_headline
    divided_best = None if score is None else headline.divided_best
    rows = _controls(controls, draws, raw, reference)
    return {
        "roi": roi,
        "reasoning_type": cell.reasoning_type,
        "raw": raw,
        "mad": float(np.median(np.abs(per_person - raw))),
        "site": site,
        "layer": layer,
        "reference": reference,
        "ceiling": None if ceiling is None else float(ceiling.v0.mean()),
        "ceiling_median": None if v0_medians is None else float(np.median(v0_medians)),
        "ceiling_near_zero": None if ceiling is None else int((ceiling.v0 < NEAR_ZERO).sum()),
        "ceiling_near_one": None if ceiling is None else int((ceiling.v0 > NEAR_ONE).sum()),
        "score": score,
        "score_site": None if divided_best is None else layers[divided_best][0],
        "score_layer": None if divided_best is None else layers[divided_best][1],
        "n_subjects": len(cell.subjects),
        "n_items": len(cell.items),
        "n_voxels": int(np.median(widths)),
        "n_constant": int(headline.n_constant[best]),
        "subjects": _subjects(cell, headline, ceiling, references, widths),
        "layers": _layers(layers, headline),
        "controls": rows,
        "warnings": (
            *model_warnings,
            *headline_warnings(
                cell.recording.card,
                roi,
                cell.reasoning_type,
                rows,
                has_ceiling=ceiling is not None,
                divided=score,
                n_constant=int(headline.n_constant[best]),
            ),
        ),
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
) -> tuple[SubjectScore, ...]:
    divided_best = headline.divided_best
    v0 = None if ceiling is None else ceiling.of_people("v0", widths)
    return tuple(
        SubjectScore(
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


def _layers(layers: Sequence[tuple[str, int]], headline: SpaceScore) -> tuple[LayerScore, ...]:
    raw = np.median(headline.raw, axis=0)
    divided = None if headline.divided is None else np.median(headline.divided, axis=0)
    return tuple(
        LayerScore(
            site=site,
            layer=layer,
            raw=float(raw[i]),
            score=None if divided is None else finite_or_none(divided[i]),
        )
        for i, (site, layer) in enumerate(layers)
    )


def _controls(
    controls: dict[str, SpaceScore | str],
    draws: Sequence[SpaceScore],
    raw: float,
    reference: float | None,
) -> tuple[Control, ...]:
    rows = []
    for name, scored in controls.items():
        if isinstance(scored, str):
            rows.append(Control(control=name, reason=scored))
            continue
        value = scored.headline
        reached = reaches(value, value, raw, reference)
        rows.append(
            Control(
                control=name,
                raw=value,
                score=scored.divided_headline,
                reaches=reached,
                warning=control_warning(name, value, None, reached, raw, reference),
            )
        )
    return (*rows, _random_control(draws, raw, reference))


def _random_control(draws: Sequence[SpaceScore], raw: float, reference: float | None) -> Control:
    """Mean and 95 % range over draws; the model is reached where it lies inside the range."""
    values = np.array([draw.headline for draw in draws])
    mean = float(values.mean())
    low, high = (float(edge) for edge in np.percentile(values, [2.5, 97.5]))
    divided = [draw.divided_headline for draw in draws]
    known = [value for value in divided if value is not None]
    reached = reaches(high, mean, raw, reference)
    return Control(
        control=RANDOM,
        raw=mean,
        raw_range=(low, high),
        score=float(np.mean(known)) if len(known) == len(draws) else None,
        draws=len(draws),
        reaches=reached,
        warning=control_warning(RANDOM, mean, (low, high), reached, raw, reference),
    )


def headline_warnings(
    card: Card,
    roi: str,
    reasoning_type: str,
    controls: Sequence[Control],
    *,
    has_ceiling: bool,
    divided: float | None,
    n_constant: int,
) -> tuple[str, ...]:
    """What a reader of a score must know, but for what the model says of its activations."""
    said = []
    if card.simulated:
        said.append(f"{card.name} is simulated: nothing here was measured in a person")
    said += [control.warning for control in controls if control.warning]
    if reasoning_type == POOLED and len(card.reasoning_types) > 1:
        said.append(
            "items of different reasoning types are pooled: read it beside the single types"
        )
    if roi in card.selection_leak:
        said.append("voxels were chosen on the data that are scored")
    if not has_ceiling:
        said.append(f"no ceiling: it takes {MINIMUM_PEOPLE} to {MAXIMUM_PEOPLE} people")
    else:
        said.append(
            "the divided score is no share of explainable variance: it divides by ceilings at "
            "the bounds of their fit, counted in ceiling_near_zero and ceiling_near_one"
        )
        if divided is None:
            said.append("the divided score is not finite: the ceiling is 0 in too many voxels")
    if n_constant:
        said.append(f"{n_constant} predictions or responses did not vary and count 0")
    return tuple(said)


def control_warning(
    name: str,
    value: float,
    drawn: tuple[float, float] | None,
    reaches: Sequence[str],
    raw: float,
    reference: float | None,
) -> str | None:
    """What a control that reaches something means, in plain words.

    Parameters
    ----------
    value, drawn : its own score, with the range over draws where it is drawn.
    raw, reference : of the model, and of people among themselves.
    """
    said = f"{name} alone scores {value:.3f}"
    if drawn is not None:
        said = f"{name} score {value:.3f} (95 % range {drawn[0]:.3f} to {drawn[1]:.3f})"
    reached = []
    if "model" in reaches:
        reached.append(f"the model ({raw:.3f})")
    if "reference" in reaches and reference is not None:
        reached.append(f"the inter-subject reference ({reference:.3f})")
    return f"{said}: it reaches {' and '.join(reached)}" if reached else None
