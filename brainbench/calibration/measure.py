"""Simulated data sets of known truth, scored as the protocols score measured people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from brainbench.benchmarks.cell import Cell
from brainbench.benchmarks.published.scoring import score_space
from brainbench.calibration.people import (
    ROI,
    Design,
    SharedCourse,
    of_random_units,
    participation,
    shared_course,
)
from brainbench.calibration.record import LEVEL, CalibrationRow, PublishedResult
from brainbench.calibration.scenarios import (
    PLANTED_LAYER,
    Scenario,
    each_layer,
    inside,
    scenario_names,
    simulate,
    stream,
)
from brainbench.encoding import parallel
from brainbench.encoding.controlled.banded_ridge import unique_variance
from brainbench.encoding.controlled.folds import permutations
from brainbench.encoding.controlled.people_bootstrap import penalty_table, people_bounds
from brainbench.encoding.controlled.prediction import People, normalised, predict
from brainbench.encoding.controlled.ridge import fit_blocked
from brainbench.statistics.inference import p_value, people_interval

Array = NDArray[np.float64]
Report = Callable[[str], None]
# Data sets scored under the same orders of the model's rows; then new ones are drawn. Of random
# units there are fewer at once, since they have the same units too.
_SETS_AT_ONCE, _SETS_OF_UNITS = 400, 50
SETS_OF_A_COURSE = 50


@dataclass(frozen=True)
class ScenarioGroup:
    """Scenarios of one design whose data sets are scored together.

    Attributes
    ----------
    design, scenarios : what is simulated.
    n_sets, draws : data sets of each scenario, permutations of each null distribution.
    n_published : the first data sets, which `published` scores too.
    n_courses : draws of what people share, to measure coverage; 0 leaves it out.
    """

    design: Design
    scenarios: list[Scenario]
    n_sets: int
    draws: int
    n_published: int = 0
    n_courses: int = 0

    @property
    def batches(self) -> list[range]:
        """Numbers of the data sets of each scenario that share their orders."""
        at_once = _SETS_AT_ONCE if self.units is None else _SETS_OF_UNITS
        each = max(1, at_once // len(self.scenarios))
        return [range(i, min(i + each, self.n_sets)) for i in range(0, self.n_sets, each)]

    @property
    def units(self) -> int | None:
        """Random units of the model that is tested, anew in each batch; None: a real one."""
        return self.scenarios[0].units

    @property
    def steps(self) -> int:
        """Batches, then scenarios."""
        return len(self.batches) + len(self.scenarios)

    @property
    def label(self) -> str:
        """Its name in progress messages."""
        kinds = dict.fromkeys(scenario.kind for scenario in self.scenarios)
        return f"{self.design.reasoning_type}, {' and '.join(kinds)}"


@dataclass
class _Found:
    """Of one scenario: p and unique R², chosen layers."""

    p: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    chosen: list[NDArray[np.intp]] = field(default_factory=list)


def measure(group: ScenarioGroup, seed: int, report: Report) -> list[CalibrationRow]:
    """One row per scenario; ``report`` is called before each of :attr:`ScenarioGroup.steps`.

    Parameters
    ----------
    group : scenarios, and how many data sets and permutations.
    seed : of everything drawn.
    report : called with what comes next.
    """
    design = group.design
    found = [_Found() for _ in group.scenarios]
    for number, batch in enumerate(group.batches):
        report(f"{group.label}: data sets from {batch[0]}")
        rng = stream(seed, design, "orders", group.scenarios[-1].name, number)
        if group.units is not None:
            design = of_random_units(group.design, group.units, rng)
        orders = permutations(design.runs, group.draws, rng)
        grams = _grams(design, [(one, i) for one in group.scenarios for i in batch], seed)
        scored = unique_variance(design.bands, grams, orders)
        for place, own in enumerate(found):
            mine = slice(place * len(batch), (place + 1) * len(batch))
            for unique in scored[mine]:
                means = unique.banded.mean(axis=0)
                own.p.append(p_value(float(means[0]), means[1:]))
                own.mean.append(float(means[0]))
            if group.scenarios[place].kind == "planted":
                own.chosen.extend(chosen_layers(design, np.stack(grams[mine])))
    rows = []
    for scenario, own in zip(group.scenarios, found, strict=True):
        report(f"{group.label}: {scenario.name}")
        rows.append(_row(group, scenario, own, seed))
    return rows


def measure_layers(design: Design, n_sets: int, seed: int) -> CalibrationRow:
    """How often nested choice finds the layer that most of the variance is of.

    Parameters
    ----------
    design : whose model's layers are planted, one at a time.
    n_sets : data sets for each layer.
    seed : of everything drawn.

    Returns
    -------
    A row whose rate is of data sets in which every fold finds the layer; ``layer_recovered``
    is the share of folds.
    """
    scenarios = each_layer(design)
    right = []
    for layer, scenario in enumerate(scenarios):
        grams = _grams(design, [(scenario, i) for i in range(n_sets)], seed)
        right.append(chosen_layers(design, np.stack(grams)) == layer)
    folds: NDArray[np.bool_] = np.concatenate(right)
    everywhere: NDArray[np.bool_] = folds.sum(axis=1) == len(design.folds)
    return CalibrationRow(
        scenario="each layer in turn",
        kind="layer",
        share=scenarios[0].share,
        reasoning_type=design.reasoning_type,
        layer_recovered=float(folds.mean()),
        **_rate(everywhere),
    )


def chosen_layers(design: Design, grams: Array) -> NDArray[np.intp]:
    """(R, F) layer that inner folds choose in each fold, of R data sets (R, P, n, n).

    No voxel is touched: the choice needs the sum of people's Gram matrices only.

    Parameters
    ----------
    design : folds, and the layers that are chosen from.
    grams : (R, P, n, n) inner products of items over voxels, of each data set and person.
    """
    chosen = []
    for fold, kernels in zip(design.folds, normalised(design.layers, design.folds), strict=True):
        trained = fold.centred(grams.sum(axis=1))[:, fold.train[:, None], fold.train]
        errors = fit_blocked(kernels, fold).errors(trained)
        chosen.append(errors.min(axis=2).argmin(axis=1))
    return np.stack(chosen, axis=1)


def people_r(design: Design, n_sets: int, seed: int) -> float:
    """Inter-subject reference of people who share no more than their course over items.

    All others together predict each person's voxels of the held-out runs: Pearson r, mean
    over voxels, folds, people and data sets.

    Parameters
    ----------
    design : whose items and folds are used.
    n_sets : data sets.
    seed : of everything drawn.
    """
    nothing = inside(design)[0]
    found = []
    for number in range(n_sets):
        cell = _with_responses(design, nothing, number, seed)
        people = People(tuple(cell.people(ROI)), design.folds)
        own = people.grams / np.trace(people.grams, axis1=1, axis2=2)[:, None, None]
        others = own.sum(axis=0) - own
        kernels = [fold.normalise(others)[:, None] for fold in design.folds]
        found.append(predict(kernels, people).r.mean())
    return float(np.mean(found))


def dimensions(design: Design, n_sets: int, seed: int) -> float:
    """Participation ratio of the items of people of whom nothing is planted, run means out.

    Parameters
    ----------
    design : whose items are used.
    n_sets : data sets; the mean is over them and people.
    seed : of everything drawn.
    """
    nothing = inside(design)[0]
    runs = np.array(design.runs)
    means = np.equal.outer(runs, runs) / np.equal.outer(runs, runs).sum(axis=1)
    sets = (simulate(design, nothing, number, seed) for number in range(n_sets))
    return float(np.mean([participation(own - means @ own) for people in sets for own in people]))


def _row(group: ScenarioGroup, scenario: Scenario, found: _Found, seed: int) -> CalibrationRow:
    design = group.design
    recovered = coverage = student = None
    if found.chosen:
        planted_layer = design.space.layers.index(PLANTED_LAYER)
        recovered = float((np.stack(found.chosen) == planted_layer).mean())
        coverage, student = measure_coverage(design, scenario, group.n_courses, seed)
    return CalibrationRow(
        scenario=scenario.name,
        kind=scenario.kind,
        share=scenario.share,
        alike=scenario.alike,
        reasoning_type=design.reasoning_type,
        draws=group.draws,
        batches=len(group.batches),
        unique_r2=float(np.mean(found.mean)),
        coverage=coverage,
        coverage_student=student,
        layer_recovered=recovered,
        published=measure_published(design, scenario, group.n_published, seed),
        **_rate(np.array(found.p) <= LEVEL),
    )


def measure_coverage(
    design: Design, scenario: Scenario, n_courses: int, seed: int
) -> tuple[float | None, float | None]:
    """Share of intervals over people that hold the mean of new people, for the same items;
    the same of Student's t of people whose penalties are taken as they were chosen.

    What people have in common stays as it is for a course; the truth that a data set's
    interval is held against is the mean over people of all other data sets of its course.

    Parameters
    ----------
    design : items, folds, nuisance and model.
    scenario : what is planted.
    n_courses : draws of what people have in common; with 0 both shares are None.
    seed : of everything drawn.
    """
    covered: list[NDArray[np.bool_]] = []
    student: list[NDArray[np.bool_]] = []
    for number in range(n_courses):
        rng = stream(seed, design, "course", *scenario_names(scenario), number)
        course = shared_course(len(design.runs), rng, scenario.width)
        first = (1 + number) * 1_000_000  # data sets that no row has scored
        sets = [(scenario, first + i) for i in range(SETS_OF_A_COURSE)]
        grams = _grams(design, sets, seed, course)
        scored = unique_variance(design.bands, grams)
        people = np.stack([unique.banded[:, 0] for unique in scored])
        means = people.mean(axis=1)
        truth = (means.sum() - means) / (len(means) - 1)
        anew = people_bounds(penalty_table(design.bands, grams), rng)
        chosen = np.array([people_interval(own) for own in people], np.float64)
        for found, bounds in ((covered, anew), (student, chosen)):
            found.append((bounds[:, 0] <= truth) & (truth <= bounds[:, 1]))
    if not covered:
        return None, None
    return float(np.mean(covered)), float(np.mean(student))


def measure_published(
    design: Design, scenario: Scenario, n_sets: int, seed: int
) -> PublishedResult | None:
    """The published protocol on the first data sets of a scenario.

    Parameters
    ----------
    design : items and model.
    scenario : what is planted.
    n_sets : data sets, from the first.
    seed : of everything drawn.

    Returns
    -------
    Mean r, and the share of data sets whose interval over people is above 0; None of no data
    set.
    """
    if not n_sets:
        return None
    scores, above = [], []
    for number in range(n_sets):
        cell = _with_responses(design, scenario, number, seed)
        scored = score_space(cell, design.space, {})[ROI]
        scores.append(scored.headline)
        interval = people_interval(scored.raw[:, scored.best])
        above.append(interval is not None and interval[0] > 0.0)
    return PublishedResult(n=n_sets, r=float(np.mean(scores)), above_zero=float(np.mean(above)))


def _with_responses(design: Design, scenario: Scenario, number: int, seed: int) -> Cell:
    """The cell with the voxels of one data set."""
    components = simulate(design, scenario, number, seed)
    blocks = {
        (ROI, subject): own @ design.mixing
        for subject, own in zip(design.cell.subjects, components, strict=True)
    }
    return replace(design.cell, blocks=blocks)


def _grams(
    design: Design,
    sets: Sequence[tuple[Scenario, int]],
    seed: int,
    course: SharedCourse | None = None,
) -> list[Array]:
    """(P, n, n) inner products of items over voxels, of each data set."""

    def one(which: tuple[Scenario, int]) -> Array:
        voxels = simulate(design, *which, seed, course)
        gram: Array = voxels @ np.swapaxes(voxels, 1, 2)
        return gram

    return parallel(one, sets)


def _rate(counted: NDArray[np.bool_]) -> dict[str, Any]:
    exact = binomtest(int(counted.sum()), len(counted)).proportion_ci(0.95, method="exact")
    return {
        "n": len(counted),
        "rate": float(counted.mean()),
        "interval": (float(exact.low), float(exact.high)),
    }
