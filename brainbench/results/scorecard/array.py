"""One score as labelled arrays: regions, reasoning types, people and layers as dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from brainbench.benchmarks import (
    MEASURES,
    BehaviorScore,
    ControlledScore,
    DifficultyScore,
    LadderScore,
    PublishedScore,
)
from brainbench.benchmarks.behavior.score import ANSWER_MEASURES
from brainbench.benchmarks.score import OtherScore
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.quantities import Interval
from brainbench.reasoning import AnswerBias

if TYPE_CHECKING:
    import xarray as xr

# where a score is of one region and one type, both are dimensions of one place, so that scores of
# several can be put together
_PLACE = ("roi", "reasoning_type")
Values = Sequence[float | None]


def to_xarray(score: Any) -> xr.Dataset:
    """See :meth:`.ShownScore.to_xarray`."""
    # half a second, which those who only print do not have
    import xarray as xr

    makers: list[tuple[type, Any]] = [
        (LadderScore, _ladder),
        (ControlledScore, _controlled),
        (PublishedScore, _published),
        (BehaviorScore, _behavior),
        (DifficultyScore, _difficulty),
        (GuidanceScore, _gain),
        (SearchScore, _search),
        (AnswerBias, _answers),
        (OtherScore, _headline),
    ]
    make = next((maker for kind, maker in makers if isinstance(score, kind)), _headline)
    variables, coordinates = make(score)
    names = ("benchmark", "task", "version", "dataset", "mode", "test")
    about = {name: getattr(score, name) for name in names if hasattr(score, name)}
    return xr.Dataset(variables, coordinates, about)


Made = tuple[dict[str, Any], dict[str, Any]]


def _controlled(score: ControlledScore) -> Made:
    place = [score.roi], [score.reasoning_type]
    estimates = {"r": score.raw, "unique_r2": score.unique_r2, "people_r": score.reference,
                 "people_unique_r2": score.reference_unique_r2}  # fmt: skip
    variables: dict[str, Any] = {
        "r2": _at_place([score.r2]),
        "nuisance_r2": _at_place([score.nuisance_r2]),
        "r_by_subject": _at_place([p.r for p in score.subjects], "subject"),
        "people_r_by_subject": _at_place([p.reference for p in score.subjects], "subject"),
        "unique_r2_by_subject": _at_place([p.unique_r2 for p in score.subjects], "subject"),
        "r2_by_layer": _at_place([row.r2 for row in score.layers], "layer"),
        "p_by_layer": _at_place([row.p for row in score.layers], "layer"),
        "control_r": _at_place([row.r for row in score.controls], "control"),
    }
    for name, found in estimates.items():
        if found is not None:
            variables |= _with_interval(name, found.value, found.interval)
            if found.p is not None:
                variables[f"{name}_p"] = _at_place([found.p])
    return variables, _coordinates(
        place,
        subject=[p.subject for p in score.subjects],
        layer=[str(row.layer) for row in score.layers],
        control=[row.control for row in score.controls],
    )


def _published(score: PublishedScore) -> Made:
    variables = {
        "r": _at_place([score.raw]),
        "mad": _at_place([score.mad]),
        "people_r": _at_place([score.reference]),
        "ceiling": _at_place([score.ceiling]),
        "divided": _at_place([score.score]),
        "r_by_subject": _at_place([p.raw for p in score.subjects], "subject"),
        "people_r_by_subject": _at_place([p.reference for p in score.subjects], "subject"),
        "ceiling_by_subject": _at_place([p.ceiling for p in score.subjects], "subject"),
        "r_by_layer": _at_place([row.raw for row in score.layers], "layer"),
        "control_r": _at_place([row.raw for row in score.controls], "control"),
    }
    return variables, _coordinates(
        ([score.roi], [score.reasoning_type]),
        subject=[p.subject for p in score.subjects],
        layer=[str(row.layer) for row in score.layers],
        control=[row.control for row in score.controls],
    )


def _ladder(score: LadderScore) -> Made:
    dims = ("roi", "reasoning_type", "rung", "term")
    return _grid(dims, [row.model_dump() for row in score.rows], ("z", "p"))


def _behavior(score: BehaviorScore) -> Made:
    found = [getattr(score, measure) for measure in MEASURES]
    of_type = ("reasoning_type", "measure")
    people = [[getattr(p, name) for name in ANSWER_MEASURES] for p in score.people]
    variables = {
        "value": (of_type, [_numbers(one.value for one in found)]),
        "low": (of_type, [_ends(found, 0)]),
        "high": (of_type, [_ends(found, 1)]),
        "people": (of_type, [_numbers(one.reference for one in found)]),
        "by_subject": (("reasoning_type", "subject", "answer_measure"),
                       [[_numbers(row) for row in people]]),
        "accuracy": (("reasoning_type",), [score.accuracy]),
        "subject_accuracy": (("reasoning_type", "subject"), [[p.accuracy for p in score.people]]),
    }  # fmt: skip
    return variables, {
        "reasoning_type": [score.reasoning_type],
        "measure": list(MEASURES),
        "answer_measure": list(ANSWER_MEASURES),
        "subject": [p.subject for p in score.people],
    }


def _difficulty(score: DifficultyScore) -> Made:
    rows, of_type = score.profiles, ("reasoning_type", "profile")
    variables = {
        "rho": (of_type, [_numbers(row.value for row in rows)]),
        "low": (of_type, [_numbers((row.interval_items or (None,))[0] for row in rows)]),
        "high": (of_type, [_numbers((row.interval_items or (None,))[-1] for row in rows)]),
        "people": (of_type, [_numbers(row.reference for row in rows)]),
        "rho_by_subject": (("reasoning_type", "subject"),
                           [_numbers(p.confidence for p in score.people)]),
    }  # fmt: skip
    return variables, {
        "reasoning_type": [score.reasoning_type],
        "profile": [row.profile for row in rows],
        "subject": [p.subject for p in score.people],
    }


def _gain(score: GuidanceScore) -> Made:
    rows = [
        {"against": each.against, "metric": change.metric, "change": change.value,
         "low": (change.interval or (None,))[0], "high": (change.interval or (None,))[-1],
         "p": change.p}
        for each in score.differences
        for change in each.changes
    ]  # fmt: skip
    variables, coordinates = _grid(("against", "metric"), rows, ("change", "low", "high", "p"))
    for name in ("auc", "accuracy", "accuracy_at_threshold", "balanced_accuracy", "dprime",
                 "criterion"):  # fmt: skip
        variables[name] = (("arm",), _numbers(getattr(arm, name) for arm in score.arms))
    return variables, coordinates | {"arm": [arm.arm for arm in score.arms]}


def _search(score: SearchScore) -> Made:
    names = ("flipped", "guided_minus", "p", "tries", "length")
    variables: dict[str, Any] = {
        name: (("arm",), _numbers(getattr(row, name) for row in score.rows)) for name in names
    }
    for name, end in (("low", 0), ("high", -1)):
        variables[name] = (("arm",), _numbers((row.interval or (None,))[end] for row in score.rows))
    return variables, {"arm": [row.arm for row in score.rows]}


def _answers(score: AnswerBias) -> Made:
    low, high = score.accuracy_interval or (None, None)
    scalars: dict[str, float | None] = {
        "accuracy": score.accuracy, "low": low, "high": high, "auc": score.auc,
        "balanced_accuracy": score.balanced_accuracy, "dprime": score.dprime,
    }  # fmt: skip
    variables: dict[str, Any] = {name: ((), _number(value)) for name, value in scalars.items()}
    shares: Mapping[str, float] = score.answer_shares or {}
    variables["always"] = (("choice",), [score.always[choice] for choice in score.choices])
    variables["says"] = (("choice",), _numbers(shares.get(choice) for choice in score.choices))
    return variables, {"choice": list(score.choices)}


def _headline(score: Any) -> Made:
    value = score.value if isinstance(score, OtherScore) else getattr(score, "headline", None)
    people = getattr(score, "by_person", {})
    variables: dict[str, Any] = {"value": ((), _number(value))}
    if not people:
        return variables, {}
    return variables | {"by_subject": (("subject",), _numbers(people.values()))}, {
        "subject": list(people)
    }


def _at_place(values: Values, along: str | None = None) -> tuple[tuple[str, ...], Any]:
    """Values of one region and type, along a third dimension where there are several."""
    held = _numbers(values)
    return (_PLACE, [held]) if along is None else ((*_PLACE, along), [[held]])


def _with_interval(name: str, value: float, interval: Interval | None) -> dict[str, Any]:
    low, high = interval or (None, None)
    ends = {name: value, f"{name}_low": low, f"{name}_high": high}
    return {key: _at_place([end]) for key, end in ends.items()}


def _coordinates(place: tuple[list[str], list[str]], **others: list[str]) -> dict[str, Any]:
    return dict(zip(_PLACE, place, strict=True)) | others


def _grid(dims: Sequence[str], rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Made:
    """Rows with labels as arrays over the labels; NaN where there is no row."""
    labels = {dim: list(dict.fromkeys(row[dim] for row in rows)) for dim in dims}
    variables: dict[str, Any] = {}
    for name in names:
        held = np.full([len(labels[dim]) for dim in dims], np.nan)
        for row in rows:
            held[tuple(labels[dim].index(row[dim]) for dim in dims)] = _number(row[name])
        variables[name] = (tuple(dims), held)
    return variables, labels


def _ends(found: Iterable[Any], end: int) -> list[float]:
    return _numbers(None if one.interval is None else one.interval[end] for one in found)


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [_number(value) for value in values]


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
