"""Work through a plan of the ladder; rows that are there already are not computed again."""

from __future__ import annotations

from collections.abc import Callable

from threadpoolctl import threadpool_limits

from brainbench.benchmarks.ladder.detectable import SimulatedPeople
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.calibration.ladder.measure import count, noise_rows, scenarios, split_people
from brainbench.calibration.ladder.models import (
    BOARDS,
    EFFECT_RUNGS,
    EFFECTS,
    POWER,
    SimulatedModels,
    count_boards,
    count_effects,
)
from brainbench.calibration.ladder.record import QUICK, LadderCalibration, LadderPlan
from brainbench.calibration.record import versions
from brainbench.datasets import Recording
from brainbench.models import Activations
from brainbench.progress import Progress, Step, no_progress

Save = Callable[[LadderCalibration], None]


def new_ladder_calibration(
    dataset: str, model: str, seed: int = 0, plan: LadderPlan = QUICK
) -> LadderCalibration:
    """A record without rows: what would be computed, and by what.

    Parameters
    ----------
    dataset : whose responses are the noise.
    model : identifier of the model whose features are tested and planted.
    seed : of everything drawn.
    plan : how many data sets are simulated; ``QUICK`` by default.
    """
    return LadderCalibration(
        complete=False,
        dataset=dataset,
        model=model,
        seed=seed,
        plan=plan,
        versions=versions(__name__),
    )


def calibrate_ladder(
    record: LadderCalibration,
    recording: Recording,
    activations: Activations,
    progress: Progress = no_progress,
    save: Save = lambda record: None,
) -> LadderCalibration:
    """Count how often the ladder finds what is there, and what is not.

    Parameters
    ----------
    record : from :func:`new_ladder_calibration`, or an unfinished one; its rows stay.
    recording : real responses; items are exchanged within runs, so that nothing but noise is
        left, and features are planted. As they are, half of the people predict the other half.
    activations : of the model whose features are tested and planted.
    progress : called before each step.
    save : called with the record whenever rows were added.
    """
    # with more threads a product is summed in another order: digits would depend on the machine
    with threadpool_limits(limits=1):
        ladder = Ladder.prepare(recording, record.seed)
        people = SimulatedPeople(ladder.types, ladder.layers(activations))
        tasks = [
            (scenario, rung)
            for scenario in scenarios(ladder.types, record.plan)
            for rung in scenario.rungs
        ]
        models = SimulatedModels(people)
        effects = [(rung, planted) for rung in EFFECT_RUNGS for planted in EFFECTS
                   if all(rung in one.projections for one in ladder.types.values())]  # fmt: skip
        boards = [(design, True) for design in BOARDS] + [(design, False) for design in POWER]
        total = len(tasks) + len(effects) + len(boards) + 1
        done = {(r.kind, r.scenario, r.share, r.alike, r.rung) for r in record.rows}
        if not record.noise:
            record = record.model_copy(update={"noise": tuple(noise_rows(ladder.types))})
        for number, (scenario, rung) in enumerate(tasks):
            planted = scenario.planted
            key = (scenario.kind, scenario.name, planted.share, planted.alike, rung)
            progress(Step(f"{scenario.name}, beyond {rung}", number, total))
            if key in done:
                continue
            rows = (*record.rows, *count(people, scenario, rung, record.seed))
            record = record.model_copy(update={"rows": rows})
            save(record)
        known = {(e.rung, e.share, e.alike, e.else_shared) for e in record.effects}
        for number, (rung, effect) in enumerate(effects, len(tasks)):
            progress(Step(f"share of {effect[0]:.0%}, beyond {rung}", number, total))
            if (rung, *effect) not in known:
                found = count_effects(models, rung, effect, record.plan.n_effects, record.seed)
                record = record.model_copy(update={"effects": (*record.effects, *found)})
                save(record)
        held = {((b.models, b.share, b.alike), b.equal) for b in record.boards}
        for number, (design, equal) in enumerate(boards, len(tasks) + len(effects)):
            progress(Step(f"{design[0]} models{', equal' if equal else ''}", number, total))
            if (design, equal) not in held:
                row = count_boards(models, design, record.plan.n_boards, record.seed, equal)
                record = record.model_copy(update={"boards": (*record.boards, row)})
                save(record)
        progress(Step("half of the people as the model of the others", total - 1, total))
        if not any(row.kind == "people" for row in record.rows):
            rows = (*record.rows, *split_people(ladder.types, record.plan.n_splits, record.seed))
            record = record.model_copy(update={"rows": rows})
        record = record.model_copy(update={"complete": True})
        save(record)
        return record
