"""Work through a plan; rows that are there already are not computed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from brainbench.benchmarks.cell import POOLED
from brainbench.calibration.measure import (
    Report,
    ScenarioGroup,
    dimensions,
    measure,
    measure_layers,
    people_r,
)
from brainbench.calibration.people import Design, Experiment, make_design, make_experiment
from brainbench.calibration.record import (
    QUICK,
    Calibration,
    CalibrationPlan,
    CalibrationRow,
    DesignRecord,
    Key,
    versions,
)
from brainbench.calibration.scenarios import (
    AMPLE_SHARE,
    NARROW_UNITS,
    inside,
    narrow,
    outside,
    planted,
    pooled,
)
from brainbench.progress import Progress, Step, no_progress

Save = Callable[[Calibration], None]


@dataclass(frozen=True)
class _Task:
    """Rows that are computed together.

    Attributes
    ----------
    keys : of the rows.
    steps : how often ``measure`` reports.
    measure : computes them.
    """

    keys: tuple[Key, ...]
    steps: int
    measure: Callable[[Report], list[CalibrationRow]]


def new_calibration(seed: int = 0, plan: CalibrationPlan = QUICK) -> Calibration:
    """A record without rows: what would be computed, and by what.

    Parameters
    ----------
    seed : of everything drawn.
    plan : what is to be simulated; ``QUICK`` by default.
    """
    return _empty(make_experiment(seed), seed, plan)


def calibrate(
    seed: int = 0,
    plan: CalibrationPlan = QUICK,
    progress: Progress = no_progress,
    kept: Calibration | None = None,
    save: Save | None = None,
) -> Calibration:
    """Simulate people, score them, count.

    Parameters
    ----------
    seed : of everything drawn; same seed and plan, same record.
    plan : ``QUICK``, ``FULL`` or one's own.
    progress : called before each step.
    kept : an unfinished record of the same seed, plan and code; its rows stay.
    save : called with the record whenever rows were added, and first without any.
    """
    # with more threads a product is summed in another order: digits would depend on the machine
    with threadpool_limits(limits=1):
        experiment = make_experiment(seed)
        record = _empty(experiment, seed, plan)
        if kept is not None and not kept.differs_from(record):
            record = kept
        if record.complete:
            return record
        save = save or (lambda record: None)
        save(record)
        tasks = list(_tasks(experiment, plan, seed))
        done, total = 0, 1 + sum(task.steps for task in tasks)

        def report(what: str) -> None:
            nonlocal done
            progress(Step(what, done, total))
            done += 1

        report("people among themselves")
        if not record.people_r:
            designs = [make_design(experiment, kind) for kind in plan.reasoning_types]
            among, filled = (
                {d.reasoning_type: of(d, plan.n_reference, seed) for d in designs}
                for of in (people_r, dimensions)
            )
            record = record.model_copy(update={"people_r": among, "dimensions": filled})
        for task in tasks:
            if {row.key for row in record.rows}.issuperset(task.keys):
                done += task.steps
                continue
            rows = (*record.rows, *task.measure(report))
            record = record.model_copy(update={"rows": rows})
            save(record)
        record = record.model_copy(update={"complete": True})
        save(record)
        return record


def _empty(experiment: Experiment, seed: int, plan: CalibrationPlan) -> Calibration:
    runs = Counter(str(run) for run in experiment.recording.assembly["run"].values)
    return Calibration(
        complete=False,
        seed=seed,
        plan=plan,
        versions=versions(__name__),
        design=DesignRecord(items_of_runs=dict(runs)),
    )


def _tasks(experiment: Experiment, plan: CalibrationPlan, seed: int) -> Iterator[_Task]:
    """What must hold first: a run that is stopped has it soonest."""
    for kind in plan.reasoning_types:
        design = make_design(experiment, kind)
        yield _group(
            ScenarioGroup(
                design, inside(design), plan.n_tested, plan.tested_draws, plan.n_published
            ),
            seed,
        )
        if plan.n_narrow:
            for units in NARROW_UNITS:
                few = narrow(design, units)
                yield _group(ScenarioGroup(design, few, plan.n_narrow, plan.tested_draws), seed)
        shares = planted(design, plan.shares, plan.alike)
        yield _group(
            ScenarioGroup(design, shares, plan.n_planted, plan.draws, n_courses=plan.n_courses),
            seed,
        )
        yield _layers(design, plan.n_layer, seed)
        if plan.n_mis_specified:
            others = outside(design)
            yield _group(
                ScenarioGroup(design, others, plan.n_mis_specified, plan.draws, plan.n_published),
                seed,
            )
    if plan.n_pooled:
        whole = make_design(experiment, POOLED)
        yield _group(
            ScenarioGroup(whole, pooled(whole), plan.n_pooled, plan.pooled_draws, plan.n_published),
            seed,
        )


def _group(group: ScenarioGroup, seed: int) -> _Task:
    kind = group.design.reasoning_type
    keys = tuple((one.kind, one.name, one.share, one.alike, kind) for one in group.scenarios)
    return _Task(keys, group.steps, lambda report: measure(group, seed, report))


def _layers(design: Design, n_sets: int, seed: int) -> _Task:
    def work(report: Report) -> list[CalibrationRow]:
        report(f"{design.reasoning_type}, every layer in turn")
        return [measure_layers(design, n_sets, seed)]

    key: Key = ("layer", "each layer in turn", AMPLE_SHARE, 0.0, design.reasoning_type)
    return _Task((key,), 1, work)
