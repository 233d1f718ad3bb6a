"""The cells of alignment in one form, whichever protocol scored them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from brainbench.benchmarks import ControlledScore, PublishedScore
from brainbench.results.record import Record
from brainbench.results.wording import Interval, finite, plain_cell

# what no real record has more of
MAX_CELLS = 60
MAX_LAYERS = 400


@dataclass(frozen=True)
class ShownEstimate:
    """A value and its 95 % interval, where there is one."""

    value: float | None
    interval: Interval | None = None


@dataclass(frozen=True)
class Nuisance:
    """One feature space that knows nothing of the model."""

    name: str
    value: float | None
    """The statistic of the headline."""
    layerwise: float | None
    """The statistic that layers have."""
    interval: Interval | None = None
    """Range over draws."""
    reaches: tuple[str, ...] = ()
    reason: str | None = None
    ratio: float | None = None
    """r / v0, as published."""


@dataclass(frozen=True)
class CellSummary:
    """One ROI and reasoning type.

    ``layers`` holds, by site and layer, the statistic that layers have: r as published, R²
    under the controlled protocol.
    """

    benchmark: str
    roi: str
    reasoning_type: str
    model: ShownEstimate
    people: ShownEstimate | None
    nuisance: Sequence[Nuisance]
    layers: Mapping[str, Mapping[int, float]]
    together: float | None
    """The model in the statistic that layers have."""
    score: ControlledScore | PublishedScore
    quality: Mapping[tuple[str, int], float] = field(default_factory=dict)
    """(site, layer) → q."""
    by_person: Mapping[str, float] = field(default_factory=dict)
    """Person → r."""

    @property
    def name(self) -> str:
        """ROI and reasoning type in plain words."""
        return plain_cell(self.roi, self.reasoning_type)

    def nuisance_row(self, name: str) -> Nuisance | None:
        """The nuisance of that name."""
        return next((row for row in self.nuisance if row.name == name), None)

    @property
    def strongest(self) -> Nuisance | None:
        """The nuisance with the largest score."""
        held = [row for row in self.nuisance if finite(row.value) is not None]
        return max(held, key=lambda row: row.value or 0.0, default=None)

    @property
    def bar(self) -> float | None:
        """The largest of all nuisance, in the statistic that layers have."""
        held = [row.layerwise for row in self.nuisance if finite(row.layerwise) is not None]
        return max((value for value in held if value is not None), default=None)

    @property
    def reached_by(self) -> list[str]:
        """Nuisance that the model is not above."""
        return [row.name for row in self.nuisance if "model" in row.reaches]


def plain_names(scores: Sequence[ControlledScore | PublishedScore]) -> dict[str, str]:
    """Name of a benchmark → its region and kind of problems; its dataset where there are several.

    Parameters
    ----------
    scores : one for each cell.
    """
    several = len({score.dataset for score in scores}) > 1
    return {
        score.benchmark: plain_cell(score.roi, score.reasoning_type)
        + (f" ({score.dataset})" if several else "")
        for score in scores
    }


def controlled_cells(record: Record) -> list[CellSummary]:
    """Those of the controlled protocol, in the record's order."""
    return [_controlled(score) for score in record.controlled[:MAX_CELLS]]


def published_cells(record: Record) -> list[CellSummary]:
    """Those of the published protocol, in the record's order."""
    return [published_cell(score) for score in record.published[:MAX_CELLS]]


def _controlled(score: ControlledScore) -> CellSummary:
    layers: dict[str, dict[int, float]] = defaultdict(dict)
    quality: dict[tuple[str, int], float] = {}
    for index, layer in enumerate(score.layers[:MAX_LAYERS]):
        site, number = layer.layer
        depth = index if number is None else number
        layers[site][depth] = layer.r2
        quality[site, depth] = layer.q
    reference = score.reference
    return CellSummary(
        benchmark=score.benchmark,
        roi=score.roi,
        reasoning_type=score.reasoning_type,
        model=ShownEstimate(score.raw.value, score.raw.interval),
        people=None if reference is None else ShownEstimate(reference.value, reference.interval),
        nuisance=[
            Nuisance(row.control, row.r, row.r2, row.r_range, score.reached_by(row), row.reason)
            for row in score.controls
        ],
        layers=layers,
        together=score.r2,
        score=score,
        quality=quality,
        by_person={person.subject: person.r for person in score.subjects},
    )


def published_cell(score: PublishedScore) -> CellSummary:
    """One cell of the published protocol."""
    layers: dict[str, dict[int, float]] = defaultdict(dict)
    for index, layer in enumerate(score.layers):
        site, number = layer.layer
        if len(layers[site]) < MAX_LAYERS:
            layers[site][index if number is None else number] = layer.raw
    reference = score.reference
    return CellSummary(
        benchmark=score.benchmark,
        roi=score.roi,
        reasoning_type=score.reasoning_type,
        model=ShownEstimate(score.raw, (score.raw - score.mad, score.raw + score.mad)),
        people=None if reference is None else ShownEstimate(reference),
        nuisance=[
            Nuisance(
                row.control,
                row.raw,
                # of random features, what the luckiest draws reach
                row.raw if row.raw_range is None else row.raw_range[1],
                row.raw_range,
                score.reached_by(row),
                row.reason,
                row.score,
            )
            for row in score.controls
        ],
        layers=layers,
        together=score.raw,
        score=score,
        by_person={person.subject: person.raw for person in score.subjects},
    )
