"""The ladder as a benchmark: one of each dataset with responses of the brain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from brainbench.benchmarks.base import OwnBenchmark
from brainbench.benchmarks.cell import POOLED
from brainbench.benchmarks.inputs import Inputs, Needs, Scoring
from brainbench.benchmarks.ladder.people import prepare_types
from brainbench.benchmarks.ladder.score import BaselineRow, LadderContext, LadderScore
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.benchmarks.steps import Memory, check_numbers
from brainbench.datasets import Card, Recording
from brainbench.progress import Step

# Raise when a change of the code changes a score.
LADDER_VERSION = 2


@dataclass(frozen=True)
class LadderBenchmark(OwnBenchmark):
    """How far up the ladder of explanations a model is found in people's responses.

    Parameters
    ----------
    dataset : name of a dataset.
    reasoning_type : ``all``: its reasoning types are tested together, each inside itself.
    given : the recording, where it is somebody's own.
    """

    protocol: ClassVar[str | None] = "controlled"
    dataset: str
    reasoning_type: str = POOLED
    given: Recording | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of_dataset(cls, card: Card) -> list[Self]:
        """One, where the dataset has responses of the brain."""
        return [cls(card.name)] if card.rois else []

    @property
    def identifier(self) -> str:
        """``<dataset>.brain.all-ladder``."""
        return f"{self.dataset}.brain.{self.reasoning_type}-ladder"

    @property
    def version(self) -> int:
        """Grows when a change of the code changes a score."""
        return LADDER_VERSION

    @property
    def ceiling(self) -> float | None:
        """None: z of a test grows with people and items, and has no upper bound."""
        return None

    @property
    def needs(self) -> Needs:
        """Responses of every ROI, and untrained networks to hold the model against."""
        return Needs(rois=tuple(self.card.rois), untrained=True)

    @property
    def about(self) -> dict[str, object]:
        """What ``brainbench show`` prints of it, by name."""
        rois = ", ".join(self.card.rois)
        return super().about | {"needs": "activations", "rois": rois}

    @classmethod
    def check_group(cls, group: Sequence[Self], inputs: Inputs, limit: int | None) -> None:
        """Cut the items into runs, which must hold whole items."""
        card = inputs.recording.card
        for one in prepare_types(
            inputs.recording, card.reasoning_types, list(card.rois), 0, limit, draws=1
        ).values():
            _ = one.projections

    @classmethod
    def score_group(
        cls, group: Sequence[Self], inputs: Inputs, scoring: Scoring
    ) -> Iterator[LadderScore]:
        """Test a model, its untrained twins, and what each rung takes out by itself."""
        check_numbers(scoring.seed, scoring.limit)
        inputs.activations.check_rows(inputs.recording.problems)
        ladder = Ladder.prepare(inputs.recording, scoring.seed, scoring.limit)
        values = _steps(ladder, inputs, scoring)
        twins = inputs.untrained
        for benchmark in group:
            named: dict[str, Any] = {
                "benchmark": benchmark.identifier,
                "version": benchmark.version,
                "dataset": benchmark.dataset,
            }
            context = LadderContext(
                **named,
                forms=values["model"]["forms"],
                baselines=(*values["untrained"]["rows"], *values["nuisance"]["rows"]),
                shared=values["people"]["rows"],
                rungs=tuple(ladder.rungs),
                detectable=values["model"]["detectable"],
                effects=values["model"]["effects"],
                compared=values["model"]["compared"],
                n_subjects=len(next(iter(ladder.types.values())).cell.subjects),
                n_items=sum(len(one.cell.items) for one in ladder.types.values()),
                no_untrained=twins if isinstance(twins, str) else None,
                selection_leak=tuple(
                    roi
                    for roi in inputs.recording.card.rois
                    if roi in inputs.recording.card.selection_leak
                ),
                notes=inputs.activations.warnings,
            )
            yield LadderScore(**named, rows=values["model"]["rows"], context=context)


def _steps(ladder: Ladder, inputs: Inputs, scoring: Scoring) -> dict[str, Mapping[str, Any]]:
    """What each step gave; steps that are kept are not computed again."""
    twins = inputs.untrained

    def rows(found: Sequence[BaselineRow]) -> dict[str, Any]:
        return {"rows": [row.model_dump(mode="json") for row in found]}

    steps: dict[str, Callable[[], Mapping[str, Any]]] = {
        "model": lambda: ladder.test_model(inputs.activations),
        "untrained": lambda: rows([] if isinstance(twins, str) else ladder.test_untrained(twins)),
        "nuisance": lambda: rows(ladder.test_nuisance()),
        "people": lambda: {"rows": [row.model_dump(mode="json") for row in ladder.shared]},
    }
    store = scoring.checkpoint or Memory()
    found: dict[str, Mapping[str, Any]] = {}
    for number, (step, compute) in enumerate(steps.items()):
        key = f"{ladder.dataset} ladder: {step}"
        if scoring.report:
            scoring.report(Step(key, number, len(steps)))
        stored = store.get(key)
        if stored is None:
            stored = dict(compute())
            store.put(key, stored, {})
        found[step] = stored
    return found
