"""The cells of alignment in one form, whichever protocol scored them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from brainbench.benchmarks import ControlledScore
from brainbench.results.record import ControlRow, Record, ScoreRow
from brainbench.results.wording import Interval, finite

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
    score: ControlledScore | ScoreRow
    quality: Mapping[tuple[str, int], float] = field(default_factory=dict)
    """(site, layer) → q."""
    by_person: Mapping[str, float] = field(default_factory=dict)
    """Person → r."""

    @property
    def name(self) -> str:
        """ROI and reasoning type, as in the benchmark's name."""
        return f"{self.roi}.{self.reasoning_type}"

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


def controlled_cells(record: Record) -> list[CellSummary]:
    """Those of the controlled protocol, in the record's order."""
    return [_controlled(score) for score in record.controlled[:MAX_CELLS]]


def published_cells(record: Record) -> list[CellSummary]:
    """Those of the published protocol, in the record's order."""
    controls: dict[str, list[ControlRow]] = defaultdict(list)
    for row in record.controls:
        controls[row.benchmark].append(row)
    layers: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for layer in record.layers:
        layers[layer.benchmark][layer.site][layer.layer] = layer.raw
    people: dict[str, dict[str, float]] = defaultdict(dict)
    for score in record.scores:
        if score.subject != "all":
            people[score.benchmark][score.subject] = score.raw
    headlines = [row for row in record.scores if row.subject == "all"]
    return [
        _published(row, controls[row.benchmark], layers[row.benchmark], people[row.benchmark])
        for row in headlines[:MAX_CELLS]
    ]


def _controlled(score: ControlledScore) -> CellSummary:
    layers: dict[str, dict[int, float]] = defaultdict(dict)
    quality: dict[tuple[str, int], float] = {}
    for index, layer in enumerate(score.layers[:MAX_LAYERS]):
        site, _, place = layer.layer.rpartition(" ")
        depth = int(place) if place.isdecimal() and len(place) < 6 else index
        layers[site or "layer"][depth] = layer.r2
        quality[site or "layer", depth] = layer.q
    reference = score.reference
    return CellSummary(
        benchmark=score.benchmark,
        roi=score.roi,
        reasoning_type=score.reasoning_type,
        model=ShownEstimate(score.raw.value, score.raw.interval),
        people=None if reference is None else ShownEstimate(reference.value, reference.interval),
        nuisance=[
            Nuisance(row.control, row.r, row.r2, row.r_range, row.reaches, row.reason)
            for row in score.controls
        ],
        layers=layers,
        together=score.r2,
        score=score,
        quality=quality,
        by_person={person.subject: person.r for person in score.subjects},
    )


def _published(
    row: ScoreRow,
    controls: Sequence[ControlRow],
    layers: Mapping[str, Mapping[int, float]],
    people: Mapping[str, float],
) -> CellSummary:
    spread = None if row.mad is None else (row.raw - row.mad, row.raw + row.mad)
    return CellSummary(
        benchmark=row.benchmark,
        roi=row.roi,
        reasoning_type=row.reasoning_type,
        model=ShownEstimate(row.raw, spread),
        people=None if row.reference is None else ShownEstimate(row.reference),
        nuisance=[
            Nuisance(
                control.control,
                control.raw,
                # of random features, what the luckiest draws reach
                control.raw if control.raw_range is None else control.raw_range[1],
                control.raw_range,
                control.reaches,
                control.reason,
                control.score,
            )
            for control in controls
        ],
        layers={site: dict(list(depths.items())[:MAX_LAYERS]) for site, depths in layers.items()},
        together=row.raw,
        score=row,
        by_person=people,
    )
