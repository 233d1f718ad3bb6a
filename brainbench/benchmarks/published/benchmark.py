"""Alignment benchmarks: how well a model predicts the reasoning brain, per ROI and type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from brainbench.benchmarks import feature_spaces
from brainbench.benchmarks.base import CellBenchmark, by_type
from brainbench.benchmarks.ceilings import (
    Ceiling,
    cache_ceiling,
    find_ceiling,
    make_ceiling,
)
from brainbench.benchmarks.cell import Cell, prepare_cell
from brainbench.benchmarks.inputs import Inputs, Scoring
from brainbench.benchmarks.published.score import ProtocolName, PublishedScore
from brainbench.benchmarks.published.scoring import SpaceScore, score_space
from brainbench.benchmarks.published.summary import summarise_cell
from brainbench.benchmarks.reached import MAXIMUM_PEOPLE, MINIMUM_PEOPLE
from brainbench.benchmarks.steps import Memory, StepStore, check_numbers
from brainbench.datasets import Recording
from brainbench.models import Activations
from brainbench.progress import Progress, Step

# Raise when a change of the code changes a score.
VERSION = 1


@dataclass(frozen=True)
class AlignmentBenchmark(CellBenchmark):
    """Neural predictivity of one ROI, inside one reasoning type or over all.

    ``benchmark(model)`` gives a :class:`.PublishedScore`, as in Brain-Score.

    Parameters
    ----------
    dataset : name of a dataset.
    roi : one of its ROIs.
    reasoning_type : ``all``, ``syllogistic`` or ``transitive``.
    """

    protocol: ClassVar[ProtocolName] = "published"

    @property
    def identifier(self) -> str:
        """``<dataset>.<roi>.<type>-ridge``; of somebody's own data ``-published``, for a run
        scores those under every protocol.
        """
        found = super().identifier
        return found if self.given is None else f"{found.removesuffix(self.metric)}published"

    @property
    def version(self) -> int:
        """Grows when a change of the code changes a score."""
        return VERSION

    @property
    def ceiling(self) -> float | None:
        """Published ceiling: mean of v0 over people and voxels; None below three people."""
        recording = self.record_of((self.roi,))
        cell = prepare_cell(recording, self.reasoning_type, [self.roi])
        ceiling = _ceiling(cell, self.roi)
        return None if ceiling is None else float(ceiling.v0.mean())

    @classmethod
    def check_group(cls, group: Sequence[Self], inputs: Inputs, limit: int | None) -> None:
        """Make the cells, which need enough items for folds and every run of every person."""
        for kind, by_roi in by_type(group).items():
            prepare_cell(inputs.recording, kind, list(by_roi), limit)

    @classmethod
    def score_group(
        cls, group: Sequence[Self], inputs: Inputs, scoring: Scoring
    ) -> Iterator[PublishedScore]:
        """Score a model; see :func:`score_benchmarks`."""
        return score_benchmarks(
            group,
            inputs.recording,
            inputs.activations,
            seed=scoring.seed,
            limit=scoring.limit,
            checkpoint=scoring.checkpoint,
            report=scoring.report,
        )


def score_benchmarks(
    benchmarks: Sequence[AlignmentBenchmark],
    recording: Recording,
    activations: Activations,
    *,
    seed: int = 0,
    limit: int | None = None,
    checkpoint: StepStore | None = None,
    report: Progress | None = None,
) -> Iterator[PublishedScore]:
    """Score a model on benchmarks of one dataset, sharing the work among them.

    Parameters
    ----------
    recording : the dataset, with at least the ROIs of the benchmarks.
    activations : the model's, on the problems of the recording.
    seed : of the random features.
    limit : only the first items of each reasoning type.
    checkpoint : keeps finished steps.
    report : called before each step.

    Yields
    ------
    Scores, reasoning type by reasoning type.
    """
    check_numbers(seed, limit)
    activations.check_rows(recording.problems)
    store = checkpoint or Memory()
    wanted = by_type(benchmarks)
    # all first: a fault of any is an error before anything is computed
    cells = {
        kind: prepare_cell(recording, kind, list(by_roi), limit) for kind, by_roi in wanted.items()
    }
    spaces = sum(2 + feature_spaces.count_nuisances(cell) for cell in cells.values())
    steps = _Steps(spaces + len(cells) * feature_spaces.DRAWS, report)
    for kind, cell in cells.items():
        scores = _score_cell(cell, activations, seed, store, steps)
        for roi, fields in scores.items():
            benchmark = wanted[kind][roi]
            yield PublishedScore(
                benchmark=benchmark.identifier,
                version=benchmark.version,
                dataset=benchmark.dataset,
                protocol=benchmark.protocol,
                **fields,
            )


def _score_cell(
    cell: Cell, activations: Activations, seed: int, store: StepStore, steps: _Steps
) -> dict[str, dict[str, Any]]:
    """The model and everything it is held against, in every ROI of one cell."""
    name = f"{cell.recording.card.name}.{cell.reasoning_type}"
    steps.begin(f"{name}: ceilings")
    ceilings = {roi: _ceiling(cell, roi) for roi in cell.rois}
    scorer = _Scorer(cell, name, ceilings, store, steps)
    space = feature_spaces.model_space(cell, activations)
    headline = scorer.score("model", space, keep_voxels=True)
    controls: dict[str, Any] = {}
    for control in feature_spaces.nuisance_spaces(cell):
        if isinstance(control, feature_spaces.NotApplicable):
            steps.begin(f"{name}: {control.name}")
            controls[control.name] = control.reason
        else:
            controls[control.name] = scorer.score(control.name, control)
    draws = [
        scorer.score(
            f"{feature_spaces.RANDOM} {draw + 1}/{feature_spaces.DRAWS}",
            feature_spaces.random_space(cell, feature_spaces.widths_of(activations), seed, draw),
        )
        for draw in range(feature_spaces.DRAWS)
    ]
    return summarise_cell(
        cell, ceilings, space.layers, headline, controls, draws, activations.warnings
    )


@dataclass
class _Steps:
    """Counts steps and reports each as it begins."""

    total: int
    report: Progress | None
    done: int = 0

    def begin(self, label: str) -> None:
        if self.report:
            self.report(Step(label, self.done, self.total))
        self.done += 1


@dataclass(frozen=True)
class _Scorer:
    """Scores feature spaces of one cell, each once, through a checkpoint."""

    cell: Cell
    name: str
    ceilings: dict[str, Ceiling | None]
    store: StepStore
    steps: _Steps

    def score(
        self, label: str, space: feature_spaces.FeatureSpace, keep_voxels: bool = False
    ) -> dict[str, SpaceScore]:
        key = f"{self.name}: {label}"
        self.steps.begin(key)
        stored = self.store.get(key)
        if stored is None:
            scored = score_space(self.cell, space, self.ceilings)
            voxels = {
                f"{roi}.{subject}": r
                for roi, score in scored.items()
                for subject, r in zip(self.cell.subjects, score.voxels, strict=True)
            }
            stored = {roi: score.to_json() for roi, score in scored.items()}
            self.store.put(key, stored, voxels if keep_voxels else {})
        return {roi: SpaceScore.from_json(values) for roi, values in stored.items()}


def _ceiling(cell: Cell, roi: str) -> Ceiling | None:
    """Shipped, cached, or made and cached; None with too few or too many people."""
    if not MINIMUM_PEOPLE <= len(cell.subjects) <= MAXIMUM_PEOPLE:
        return None
    found = find_ceiling(cell, roi)
    if found is None:
        found = make_ceiling(cell, roi)
        cache_ceiling(cell, roi, found)
    return found
