"""How often the ladder finds what is there and what is not, on people whose noise is real."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from brainbench.benchmarks.ladder.climb import hold_against
from brainbench.benchmarks.ladder.detectable import LEVEL, Planted, SimulatedPeople
from brainbench.benchmarks.ladder.names import RUNGS, Rung
from brainbench.benchmarks.ladder.people import LadderType, Projections
from brainbench.benchmarks.ladder.rungs import run_labels
from brainbench.calibration.ladder.record import Kind, LadderPlan, NoiseRow, RateRow
from brainbench.calibration.people import participation
from brainbench.calibration.record import LIMIT
from brainbench.calibration.scenarios import root
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.association import make_targets
from brainbench.encoding.ladder.combination import assess_together
from brainbench.encoding.ladder.permutations import Orders
from brainbench.encoding.ladder.terms import Statistic

# data sets of one batch have the same permutations
BATCH = 50
CONFOUND_SHARE = 0.3
# share of variance, and share of the mixing that people have in common
PLANTED = ((0.05, 0.0), (0.1, 0.0), (0.05, 0.5), (0.1, 0.5))
PLANTED_RUNGS: tuple[Rung, ...] = ("position", "length", "words")
# AR(1) from item to item
_DRIFT = 0.9
Advance = Callable[[str], None]


@dataclass(frozen=True)
class RungScenario:
    """What is planted, and at which rungs it is counted.

    Attributes
    ----------
    kind, name : what the row of the record says.
    planted : features and their share.
    rungs : that are tested.
    n : data sets at each rung.
    """

    kind: Kind
    name: str
    planted: Planted
    rungs: tuple[Rung, ...]
    n: int


def scenarios(types: Mapping[str, LadderType], plan: LadderPlan) -> list[RungScenario]:
    """Everything that is counted, what must not be found first.

    A confound that a rung's columns hold must not be found from that rung on, and is shown at the
    rung below. What no column holds is measured, and nothing is promised for it.

    Parameters
    ----------
    types : reasoning type → its items, and what each rung takes out.
    plan : how many data sets each kind of scenario gets.
    """
    reached = tuple(
        rung for rung in RUNGS if all(rung in one.projections for one in types.values())
    )
    found = [RungScenario("nothing", "nothing", Planted(), reached, plan.n_nothing)]
    for rung in reached[1:]:
        columns = {kind: one.columns[rung].group for kind, one in types.items()}
        below = reached[reached.index(rung) - 1]
        planted = Planted(CONFOUND_SHARE, 1.0, columns, base="run")
        found.append(RungScenario("in span", rung, planted, (rung,), plan.n_confound))
        found.append(RungScenario("below", rung, planted, (below,), plan.n_confound))
    outside = [rung for rung in PLANTED_RUNGS if rung in reached]
    for alike in (0.0, 1.0):
        drift = Planted(CONFOUND_SHARE, alike, _drift(types), base="run")
        found.append(
            RungScenario("mis-specified", "AR(1) drift", drift, tuple(outside), plan.n_confound)
        )
    for share, alike in PLANTED:
        planted = Planted(share, alike)
        found.append(RungScenario("planted", "one layer", planted, tuple(outside), plan.n_planted))
    return found


def count(people: SimulatedPeople, scenario: RungScenario, rung: Rung, seed: int) -> list[RateRow]:
    """Rates of every statistic of one scenario at one rung.

    Parameters
    ----------
    people : simulated ones, whose noise is real.
    scenario : what is planted, and in how many data sets.
    rung : whose nuisance is taken out.
    seed : of all data sets.

    Returns
    -------
    One row for each statistic.
    """
    found: dict[Statistic, list[Array]] = {}
    for batch, start in enumerate(range(0, scenario.n, BATCH)):
        size = min(BATCH, scenario.n - start)
        for name, p in people.p_values(rung, scenario.planted, seed, size, batch).items():
            found.setdefault(name, []).append(p)
    must_not = scenario.kind in ("nothing", "in span")
    return [
        _row(
            scenario.kind, scenario.name, scenario.planted, rung, name, np.concatenate(p), must_not
        )
        for name, p in found.items()
    ]


def split_people(types: Mapping[str, LadderType], n_splits: int, seed: int) -> Iterator[RateRow]:
    """A positive control without simulation: half of the people as the model of the other half.

    The features are the mean response of an ROI in one half, one number for each item; they are
    held against the other half in the same ROI, at every rung.

    Parameters
    ----------
    types : reasoning type → its items, responses, and what each rung takes out.
    n_splits : times that people are halved at random; the same halves in every cell.
    seed : of the halves.

    Yields
    ------
    One row for each reasoning type, ROI and rung.
    """
    rng = np.random.default_rng([seed, 1])
    count = len(next(iter(types.values())).cell.subjects)
    splits = [rng.permutation(count) for _ in range(n_splits)]
    for kind, one in types.items():
        orders = Orders(one.orders.rows[:1000], exact=False)
        for roi in one.cell.rois:
            for rung in one.projections:
                p = [_half(one, roi, rung, split, orders) for split in splits]
                yield _row("people", "mean of half of the people", Planted(), rung, "larger",
                           np.array(p), False, roi, kind)  # fmt: skip


def noise_rows(types: Mapping[str, LadderType]) -> list[NoiseRow]:
    """Participation ratios of the items of real people, which simulated ones have too."""
    return [
        NoiseRow(
            roi=roi,
            reasoning_type=kind,
            dimensions=float(
                np.mean(
                    [
                        participation(one.projections["run"].group @ block)
                        for block in one.cell.people(roi)
                    ]
                )
            ),
        )
        for kind, one in types.items()
        for roi in one.cell.rois
    ]


def _half(one: LadderType, roi: str, rung: Rung, split: NDArray[np.intp], orders: Orders) -> float:
    blocks, projection = one.cell.people(roi), one.projections[rung]
    model, tested = np.split(split, [len(split) // 2])
    feature = np.mean([blocks[person].mean(axis=1) for person in model], axis=0)[:, None]
    own = projection.own if projection.own.ndim == 2 else projection.own[tested]
    of_half = replace(one)
    of_half.__dict__["projections"] = {rung: Projections(projection.group, own)}
    target = make_targets([blocks[person] for person in tested], own, projection.group)
    held = hold_against(of_half, (feature @ feature.T)[None], rung, [target], orders)
    return assess_together(held)["larger"].p if held else 1.0


def _drift(types: Mapping[str, LadderType]) -> dict[str, Array]:
    """(n, n) columns whose mixtures are an AR(1) course over each run."""
    found = {}
    for kind, one in types.items():
        apart = np.abs(np.subtract.outer(one.cell.position, one.cell.position))
        runs = run_labels(one.cell)
        found[kind] = root(np.where(runs[:, None] == runs, _DRIFT**apart, 0.0))
    return found


def _row(
    kind: Kind,
    name: str,
    planted: Planted,
    rung: Rung,
    term: Statistic,
    p: Array,
    must_not: bool,
    roi: str = "all",
    reasoning_type: str = "all",
) -> RateRow:
    found, n = int((p <= LEVEL).sum()), len(p)
    exact = binomtest(found, n).proportion_ci(0.95, method="exact")
    upper = binomtest(found, n, alternative="less").proportion_ci(0.95, method="exact").high
    return RateRow(
        kind=kind,
        scenario=name,
        share=planted.share,
        alike=planted.alike,
        rung=rung,
        term=term,
        roi=roi,
        reasoning_type=reasoning_type,
        n=n,
        rate=found / n,
        interval=(float(exact.low), float(exact.high)),
        limit=bool(upper <= LIMIT) if must_not else None,
    )
