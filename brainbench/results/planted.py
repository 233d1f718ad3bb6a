"""What simulated people hold, and what a run found of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from brainbench.benchmarks.ladder.names import RUNGS, Rung
from brainbench.benchmarks.ladder.score import LadderScore, RoiFinding, roi_findings
from brainbench.datasets import Card, find_card
from brainbench.datasets.phantom import PhantomDesign, parse_design
from brainbench.errors import DataError
from brainbench.results.record import Record

# what is planted → the rung that takes it out
_EXPLAINS: Mapping[str, Rung] = {
    "type": "run",
    "drift": "position",
    "length": "length",
    "validity": "condition",
}


@dataclass(frozen=True)
class PlantedRow:
    """One region of simulated people.

    Attributes
    ----------
    dataset, roi : which one.
    planted : part → its share of every voxel's variance, 0 to 1; empty: noise alone.
    source : what the part ``signal`` is.
    found : how far up the ladder the model is found there.
    explained_by : rung that the model is not found beyond; None where it was not found at all, or
        beyond every rung.
    as_planted : whether that is what the truth says of this model; None where the truth says
        nothing of it: the signal is another model's.
    """

    dataset: str
    roi: str
    planted: Mapping[str, float]
    source: str
    found: RoiFinding
    explained_by: Rung | None
    as_planted: bool | None


def planted_rows(record: Record) -> list[PlantedRow]:
    """The truth beside the finding, for every region of simulated people on the ladder.

    The truth is read from the dataset's card; a record of another version of it has no rows.

    Parameters
    ----------
    record : of any run.
    """
    known = {dataset.name: dataset for dataset in record.datasets}
    rows = []
    for score in LadderScore.read_from(record):
        card = find_card(score.dataset)
        held = known.get(score.dataset)
        if card is None or held is None or not held.simulated or card.version != held.version:
            continue
        design = _design(card)
        if design is None:
            continue
        own = record.model.builtin and record.model.identifier == card.planted_model
        source = design.source or f"{card.planted_model}'s {design.site} layer {design.layer}"
        for roi, found in roi_findings(score.rows).items():
            if roi not in design.rois:
                continue
            planted = design.rois[roi].planted
            explained = found.stops if found.outcome == "explained" else None
            judged = judge(planted, found, own)
            rows.append(PlantedRow(score.dataset, roi, planted, source, found, explained, judged))
    return rows


def _design(card: Card) -> PhantomDesign | None:
    """How a dataset was simulated; None where a plugin simulates it in a way of its own."""
    try:
        return parse_design(card.simulation) if card.simulation else None
    except DataError:
        return None


def judge(planted: Mapping[str, float], found: RoiFinding, own: bool) -> bool | None:
    """Whether a model is found where the truth has it; None where the truth says nothing of it.

    Its own signal: beyond every rung. Nuisance: not beyond the rung that takes it out; the model
    whose data these are is found up to there. Nothing: not found.

    Parameters
    ----------
    planted : part → share of the variance in a region.
    found : there.
    own : whether the signal of these data is made of this model's layers.
    """
    if "signal" in planted:
        return found.outcome == "found beyond everything listed" if own else None
    last = max((_EXPLAINS[part] for part in planted), key=RUNGS.index, default=None)
    if last is None or RUNGS.index(last) <= RUNGS.index("position"):
        return found.outcome == "not found"
    if own:
        return found.stops == last
    return found.stops is not None and RUNGS.index(found.stops) <= RUNGS.index(last)
