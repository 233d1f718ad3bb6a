"""Alignment under the controlled protocol: benchmarks, and their scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from brainbench.benchmarks.base import CellBenchmark, by_type
from brainbench.benchmarks.cell import prepare_cell
from brainbench.benchmarks.controlled.cell import ControlledCell, Values
from brainbench.benchmarks.controlled.controls import (
    score_nuisance,
    score_people,
    score_random,
    score_repeats,
    score_untrained,
)
from brainbench.benchmarks.controlled.model import score_model
from brainbench.benchmarks.controlled.score import (
    ControlledPerson,
    ControlledRow,
    ControlledScore,
    Estimate,
    Extrapolation,
    Reliability,
)
from brainbench.benchmarks.inputs import Inputs, Needs, Scoring, check_contrast
from brainbench.benchmarks.published.score import ProtocolName
from brainbench.benchmarks.steps import Memory, StepStore, check_numbers
from brainbench.datasets import Recording
from brainbench.models import Activations
from brainbench.progress import Progress, Step
from brainbench.statistics.inference import Measured, divide

# Raise when a change of the code changes a score.
CONTROLLED_VERSION = 4
# Steps of a cell: model, reference, repeats, controls.
N_STEPS = 4


@dataclass(frozen=True)
class ControlledBenchmark(CellBenchmark):
    """What a model adds to nuisance in one ROI, inside one reasoning type or over all.

    Parameters
    ----------
    dataset : name of a dataset.
    roi : one of its ROIs.
    reasoning_type : ``all``, ``syllogistic`` or ``transitive``.
    """

    protocol: ClassVar[ProtocolName] = "controlled"

    @property
    def needs(self) -> Needs:
        """Responses of its ROI, and untrained networks to hold the model against."""
        return Needs(rois=(self.roi,), untrained=True)

    @property
    def version(self) -> int:
        """Grows when a change of the code changes a score."""
        return CONTROLLED_VERSION

    @property
    def ceiling(self) -> float | None:
        """Inter-subject reference, mean r: no upper bound; None below three people."""
        recording = self.record_of((self.roi,))
        cell = ControlledCell(prepare_cell(recording, self.reasoning_type, [self.roi]), 0)
        found = score_people(cell)[self.roi]
        return None if found is None else float(found["r"]["value"])

    @classmethod
    def check_group(cls, group: Sequence[Self], inputs: Inputs, limit: int | None) -> None:
        """Make the folds, which need enough items and runs, and every run of every person."""
        for kind, by_roi in by_type(group).items():
            cell = prepare_cell(inputs.recording, kind, list(by_roi), limit)
            _ = ControlledCell(cell, seed=0).folds

    @classmethod
    def score_group(
        cls, group: Sequence[Self], inputs: Inputs, scoring: Scoring
    ) -> Iterator[ControlledScore]:
        """Score a model; see :func:`score_controlled`."""
        return score_controlled(
            group,
            inputs.recording,
            inputs.activations,
            untrained=inputs.untrained,
            localised=scoring.localised,
            seed=scoring.seed,
            limit=scoring.limit,
            checkpoint=scoring.checkpoint,
            report=scoring.report,
        )


def score_controlled(
    benchmarks: Sequence[ControlledBenchmark],
    recording: Recording,
    activations: Activations,
    *,
    untrained: Sequence[Activations] | str = "no untrained model was given",
    localised: bool = False,
    seed: int = 0,
    limit: int | None = None,
    checkpoint: StepStore | None = None,
    report: Progress | None = None,
) -> Iterator[ControlledScore]:
    """Score a model on benchmarks of one dataset.

    Parameters
    ----------
    recording : the dataset, with at least the ROIs of the benchmarks.
    activations : the model's, on the problems of the recording.
    untrained : the same of untrained networks of its shape, or why there are none.
    localised : score the units that a reasoning − reading contrast selects on training
        items; the activations must hold one.
    seed : of permutations, random features and simulations.
    limit : only the first items of each reasoning type.
    checkpoint : keeps finished steps.
    report : called before each step.

    Yields
    ------
    Scores, reasoning type by reasoning type.
    """
    check_numbers(seed, limit)
    activations.check_rows(recording.problems)
    if localised:
        check_contrast(activations, untrained)
    wanted = by_type(benchmarks)
    store, total = checkpoint or Memory(), N_STEPS * len(wanted)
    cells = {
        kind: ControlledCell(prepare_cell(recording, kind, list(by_roi), limit), seed, localised)
        for kind, by_roi in wanted.items()
    }
    for cell in cells.values():
        _ = cell.folds  # too few items or runs are an error before anything is computed
    for number, (kind, by_roi) in enumerate(wanted.items()):
        cell = cells[kind]
        values = _cell_values(
            cell, activations, untrained, store, report, (N_STEPS * number, total)
        )
        for roi, benchmark in by_roi.items():
            yield _score(benchmark, cell, values[roi], activations)


def _cell_values(
    cell: ControlledCell,
    activations: Activations,
    untrained: Sequence[Activations] | str,
    store: StepStore,
    report: Progress | None,
    progress: tuple[int, int],
) -> dict[str, Values]:
    """ROI → what each step of a cell gave; steps that are kept are not computed again."""
    name = f"{cell.cell.recording.card.name}.{cell.cell.reasoning_type} controlled"

    def controls() -> dict[str, Any]:
        drawn = (score_random(cell, activations), score_untrained(cell, untrained))
        rows = score_nuisance(cell)
        return {roi: [*own, *(one[roi] for one in drawn)] for roi, own in rows.items()}

    steps: dict[str, Callable[[], Mapping[str, Any]]] = {
        "model": lambda: score_model(cell, activations),
        "reference": lambda: score_people(cell),
        "repeats": lambda: score_repeats(cell),
        "controls": controls,
    }
    found: dict[str, Values] = {roi: {} for roi in cell.cell.rois}
    for number, (step, compute) in enumerate(steps.items()):
        key = f"{name}: {step}"
        if report:
            report(Step(key, progress[0] + number, progress[1]))
        stored = store.get(key)
        if stored is None:
            stored = dict(compute())
            store.put(key, stored, {})
        for roi in found:
            found[roi][step] = stored[roi]
    return found


def _score(
    benchmark: ControlledBenchmark, cell: ControlledCell, values: Values, activations: Activations
) -> ControlledScore:
    model, reference = values["model"], values["reference"]
    ratio, ratio_interval = None, None
    if reference is not None:
        above = Measured(np.array(model["people_r"]), model["basis"])
        found = divide(above, Measured(np.array(reference["pseudo"]), reference["basis"]))
        ratio, ratio_interval = found or (None, None)
    card = cell.cell.recording.card
    widths = [block.shape[1] for block in cell.cell.people(benchmark.roi)]
    return ControlledScore(
        benchmark=benchmark.identifier,
        version=benchmark.version,
        dataset=benchmark.dataset,
        roi=benchmark.roi,
        reasoning_type=benchmark.reasoning_type,
        primary=cell.primary,
        simulated=card.simulated,
        reference=None if reference is None else Estimate(**reference["r"]),
        readout="localised" if cell.localised else "all units",
        extrapolation=None if reference is None else Extrapolation(**reference["extrapolation"]),
        reliability=Reliability(**values["repeats"]),
        reference_unique_r2=None if reference is None else Estimate(**reference["unique_r2"]),
        ratio=ratio,
        ratio_interval=ratio_interval,
        nuisance_r2=float(np.mean(model["nuisance_r2"])),
        draws=len(cell.orders),
        n_subjects=len(widths),
        n_items=len(cell.cell.items),
        n_voxels=int(np.median(widths)),
        selection_leak=benchmark.roi in card.selection_leak,
        subjects=tuple(
            ControlledPerson(
                subject=subject,
                r=model["people_r"][i],
                reference=None if reference is None else reference["people"][i],
                nuisance_r2=model["nuisance_r2"][i],
                unique_r2=model["unique"][i],
            )
            for i, subject in enumerate(cell.cell.subjects)
        ),
        controls=tuple(ControlledRow(**row) for row in values["controls"]),
        notes=activations.warnings,
        **{
            name: model[name]
            for name in (
                *("raw", "r2", "unique_r2", "unique_r2_stacked", "nested", "layers", "rsa", "cka"),
                *("voxels_above", "n_constant"),
            )
        },
    )
