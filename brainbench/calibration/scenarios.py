"""What is planted in simulated people."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.controlled.nuisance import condition_columns
from brainbench.calibration.people import (
    ALIKE,
    PEOPLE,
    Design,
    SharedCourse,
    respond,
    shared_course,
)
from brainbench.encoding import nuisance as features

Array = NDArray[np.float64]
Kind = Literal["nothing", "in span", "narrow", "planted", "mis-specified", "layer"]
SHARE = 0.3
"""Of a confound."""
AMPLE_SHARE = 0.6
"""Of a layer that is to be distinguished from all others."""
NARROW_UNITS = (1, 3)
"""Dimensions of models of random units."""
PLANTED_LAYER = ("attention", 15)


@dataclass(frozen=True)
class Scenario:
    """A source of responses and its share of their variance.

    Attributes
    ----------
    name, kind, share : what the row of the record says.
    factor : (n, q) or (P, n, q) columns that responses are mixed of; None for noise alone.
    alike : share of the mixing that people have in common.
    one_course : the columns are mixed once for everybody, and voxels differ in how strongly they
        follow that one course over items.
    units : the model that is tested has one layer of so many random units.
    """

    name: str
    kind: Kind
    share: float
    factor: Array | None
    alike: float = 0.0
    one_course: bool = False
    units: int | None = None

    @property
    def width(self) -> int:
        """Columns that voxels mix."""
        if self.factor is None:
            return 0
        return 1 if self.one_course else self.factor.shape[-1]


def inside(design: Design) -> list[Scenario]:
    """Where nothing must be found: nothing there, or confounds in the columns' span."""
    behavior = design.cell.recording.behavior
    assert behavior is not None
    seconds = behavior["response_time"].values[design.cell.items]
    own = np.stack([features.own_response_time(seconds, person) for person in range(PEOPLE)])
    return [
        Scenario("nothing", "nothing", 0.0, None),
        Scenario("length", "in span", SHARE, _lengths(design), ALIKE),
        Scenario("condition", "in span", SHARE, condition_columns(design.cell), ALIKE),
        Scenario("own response time", "in span", SHARE, own, ALIKE),
    ]


def narrow(design: Design, units: int) -> list[Scenario]:
    """Where nothing must be found, by a model of few dimensions.

    Parameters
    ----------
    design : people and items.
    units : random units of the model's one layer.
    """
    size = f"{units} random unit{'s' if units > 1 else ''}"
    return [
        replace(one, name=f"{one.name}; {size}", kind="narrow", units=units)
        for one in inside(design)[:2]
    ]


def pooled(design: Design) -> list[Scenario]:
    """The same over both types together: nothing, the type itself, length, and length with
    another weight in each type.
    """
    kinds = np.array([problem.reasoning_type for problem in design.cell.problems])
    each = [_lengths(design) * (kinds == kind)[:, None] for kind in np.unique(kinds)]
    return [
        Scenario("nothing", "nothing", 0.0, None),
        Scenario("reasoning type", "in span", SHARE, features.one_hot(kinds), ALIKE),
        Scenario("length", "in span", SHARE, _lengths(design), ALIKE),
        Scenario("length, by type", "in span", SHARE, np.concatenate(each, axis=1), ALIKE),
    ]


def planted(
    design: Design, shares: Sequence[float], alike: Sequence[float] = (0.0,)
) -> list[Scenario]:
    """One layer of the model, with one share of the variance after another.

    Parameters
    ----------
    design : of the model.
    shares : of a voxel's expected variance, 0 to 1; a scenario for each.
    alike : shares of the mixing that people have in common, 0 to 1; all shares for each.
    """
    layer = root(design.layers[design.space.layers.index(PLANTED_LAYER)])
    return [
        Scenario("layer of the model", "planted", share, layer, common)
        for common in alike
        for share in shares
    ]


def outside(design: Design) -> list[Scenario]:
    """Confounds outside the columns' span: only penalised, or unknown to the protocol."""
    apart = np.abs(np.subtract.outer(design.cell.position, design.cell.position))
    runs = np.array(design.runs)
    drift = root(np.where(np.equal.outer(runs, runs), 0.9**apart, 0.0))
    words = [" ".join(problem.sentences).lower().split() for problem in design.cell.problems]
    counts = Counter(word for item in words for word in item)
    frequency = [np.mean([np.log(counts[word]) for word in item]) for item in words]
    conditions = [one.name for one in design.cell.conditions or ()]
    return [
        Scenario("AR(1) drift, one for all", "mis-specified", SHARE, drift, ALIKE, True),
        Scenario("AR(1) drift, own", "mis-specified", SHARE, drift),
        Scenario("AR(1) drift, same in both runs", "mis-specified", SHARE, root(0.9**apart)),
        *(
            Scenario(name, "mis-specified", SHARE, factor, ALIKE)
            for name, factor in {
                "faster waves of position": features.slow_waves(design.cell.position, 5)[:, 2:],
                "mean word frequency": features.standardise(frequency),
                "condition with interactions": features.one_hot(conditions),
            }.items()
        ),
    ]


def each_layer(design: Design) -> list[Scenario]:
    """Every layer of the model in turn, with most of the variance."""
    return [
        Scenario(f"{site} {layer}", "layer", AMPLE_SHARE, root(kernel))
        for (site, layer), kernel in zip(design.space.layers, design.layers, strict=True)
    ]


def simulate(
    design: Design, scenario: Scenario, number: int, seed: int, course: SharedCourse | None = None
) -> Array:
    """Data set ``number`` of a scenario, the same whatever else is simulated.

    Parameters
    ----------
    course : what people have in common; drawn for this data set by default.

    Returns
    -------
    (P, n, V) components from :func:`.respond`.
    """
    rng = stream(seed, design, *scenario_names(scenario), number)
    own = shared_course(len(design.runs), rng, scenario.width)
    factor = scenario.factor
    if factor is not None and scenario.one_course:
        factor = factor @ rng.standard_normal((factor.shape[-1], 1))
    return respond(factor, scenario.share, own if course is None else course, rng, scenario.alike)


def scenario_names(scenario: Scenario) -> tuple[str, ...]:
    """What tells it from all others in its design."""
    return scenario.kind, scenario.name, f"{scenario.share}", f"{scenario.alike}"


def stream(seed: int, design: Design, *names: str | int) -> np.random.Generator:
    """Random numbers of what is named: the same names give the same numbers.

    Parameters
    ----------
    seed : of the whole calibration.
    design : its reasoning type is one of the names.
    names : what is drawn, such as a scenario and the number of a data set.
    """
    text = "/".join(map(str, (seed, design.reasoning_type, *names)))
    return np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))


def root(kernel: Array) -> Array:
    """(n, n) factor whose product with its transpose is the kernel."""
    values, vectors = np.linalg.eigh(kernel)
    found: Array = vectors * np.sqrt(np.maximum(values, 0.0))
    return found


def _lengths(design: Design) -> Array:
    return features.text_length([problem.sentences for problem in design.cell.problems])
