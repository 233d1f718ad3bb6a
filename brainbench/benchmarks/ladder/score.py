"""Where on the ladder a model stops, and everything that is printed with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from brainbench.benchmarks.ladder.names import RUNGS, Form, Rung
from brainbench.benchmarks.score import BenchmarkScore
from brainbench.encoding.ladder.terms import Statistic
from brainbench.quantities import Correlation, Count, Interval, P, Share

ALL = "all"
LEVEL = 0.05
# the rung that takes out what no reading of the items could explain: to be aligned is to be found
# beyond it
FIRST: Rung = "position"
EffectTerm = Literal["own", "between"]
Outcome = Literal["not found", "explained", "found beyond everything listed"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LadderRow(_Row):
    """One test: a rung, a term, and one cell or all cells together."""

    dataset: str
    rung: Rung
    """What is taken out: this, and all rungs before it."""
    term: Statistic
    """``own``: each person's items with each other. ``between``: with other people's.
    ``larger``: the largest of the two and of their sum."""
    roi: str
    """``all`` with reasoning type ``all``: every cell together."""
    reasoning_type: str
    z: float
    """Standard deviations above the mean over permutations."""
    p: P
    """One-sided, by permutation within runs; of a cell, corrected over all cells."""
    n_permutations: Count


class FormRow(LadderRow):
    """The same test on other responses."""

    form: Form
    """``ROI means``, or ``across runs``: pairs of items of two runs alone."""


class BaselineRow(LadderRow):
    """The same test of features that know nothing of a model's training."""

    baseline: str
    """``untrained`` networks of the model's shape, or the columns of one rung alone."""
    draw: Count = 0
    """Which of several untrained networks."""


class SharedRow(_Row):
    """What people share in one cell once a rung's nuisance is taken out."""

    rung: Rung
    roi: str
    reasoning_type: str
    form: Form
    """``voxels``: the same voxel of the others; ``ROI means``: the ROI's mean of the others."""
    r: Correlation
    """Pearson r over items with the mean of all other people, mean over voxels and people."""
    interval: Interval | None
    """95 %, jackknife over people."""

    @property
    def found(self) -> bool:
        """Whether people share anything: the interval lies above zero."""
        return self.interval is not None and self.interval[0] > 0.0


class RungFacts(_Row):
    """How much can be seen at a rung."""

    rung: Rung
    reasoning_type: str
    degrees: Count
    """Dimensions of the items that are left, of the fewest of any person."""


class EffectRow(_Row):
    """How much of people's responses a model's kernel explains, over all cells."""

    rung: Rung
    term: EffectTerm
    """``own``: share of each person's variance. ``between``: of what people share, in cells where
    they share anything."""
    share: float
    """Not clipped: without an effect it is as often below 0 as above."""
    interval: Interval
    """95 % over people and items: a jackknife over both, crossed."""
    n_cells: Count


class Compared(_Row):
    """What this model is compared with others by."""

    rung: Rung
    """Position; where a dataset has no positions, run."""
    orders: str
    """SHA-256 of the orders of the items: models are compared under the same ones."""
    subjects: tuple[str, ...]
    z: float
    """Of the larger term over all cells."""
    without_person: tuple[float, ...]
    """The same without each person, in standard deviations over the permutations of all."""
    null: tuple[float, ...]
    """z under the first orders of the items."""


class LadderContext(_Row):
    """What a model's rows on one dataset are read beside."""

    benchmark: str
    version: int
    dataset: str
    forms: tuple[FormRow, ...]
    baselines: tuple[BaselineRow, ...]
    shared: tuple[SharedRow, ...]
    rungs: tuple[RungFacts, ...]
    detectable: Share | None
    """Share of each person's variance that one layer of the model would have to explain to be
    found in 80 of 100 data sets at the rung where it stops, or at the last; None: more than was
    tried."""
    effects: tuple[EffectRow, ...]
    compared: Compared
    n_subjects: Count
    n_items: Count
    """Of all reasoning types."""
    no_untrained: str | None = None
    """Why there are no untrained networks."""
    selection_leak: tuple[str, ...] = ()
    """Regions whose voxels were chosen on the responses that are tested."""
    notes: tuple[str, ...] = ()
    """What no number says, such as remarks on the activations."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes, then what a reader of the rows must know."""
        said = [*self.notes]
        if self.selection_leak:
            named = ", ".join(self.selection_leak)
            said.append(f"voxels of {named} were chosen on the data that are tested")
        if self.no_untrained:
            said.append(f"no untrained networks to compare with: {self.no_untrained}")
        return tuple(said)


class LadderScore(BenchmarkScore):
    """What a model got on the ladder of one dataset."""

    kind = "ladder"
    rows: tuple[LadderRow, ...]
    context: LadderContext

    @property
    def headline(self) -> float:
        """Standard deviations of the larger term beyond position; of the last rung without that."""
        rows = together(self.rows)
        return rows.get(FIRST, rows[max(rows, key=RUNGS.index)]).z

    @property
    def stops(self) -> Rung | None:
        """The first rung at which the model is not found; None where it is found at all."""
        return stops_at(self.rows)

    @property
    def outcome(self) -> Outcome:
        """What the rungs say together; see :func:`read_outcome`."""
        return read_outcome(self.rows)

    @property
    def facts(self) -> dict[str, Any]:
        """The rung where it stops, and p of every rung; it has no ceiling."""
        return {
            "ceiling": None,
            "outcome": self.outcome,
            "stops": self.stops,
            "p": {rung: row.p for rung, row in together(self.rows).items()},
        }

    def add_to(self, record: Any) -> None:
        """Append the rows to the record's ``ladder``, and the rest to its ``ladder_context``."""
        record.ladder += self.rows
        record.ladder_context.append(self.context)

    @classmethod
    def read_from(cls, record: Any) -> list[Self]:
        """The scores of a record, rows and the rest together again."""
        return [
            cls(
                benchmark=context.benchmark,
                version=context.version,
                dataset=context.dataset,
                rows=tuple(row for row in record.ladder if row.dataset == context.dataset),
                context=context,
            )
            for context in record.ladder_context
        ]


def together(rows: Sequence[LadderRow]) -> dict[Rung, LadderRow]:
    """Rung → its row of the larger term over all cells, from the first rung up."""
    found = {
        row.rung: row
        for row in rows
        if row.roi == ALL and row.reasoning_type == ALL and row.term == "larger"
    }
    return {rung: found[rung] for rung in RUNGS if rung in found}


def stops_at(rows: Sequence[LadderRow]) -> Rung | None:
    """The first rung whose p is above 0.05. Rungs are tested in one order, each only where the
    one before it was passed, so that the chance of passing any rung wrongly stays at 5 %.
    """
    return _first_missed({rung: row.p for rung, row in together(rows).items()})


def read_outcome(rows: Sequence[LadderRow]) -> Outcome:
    """``not found`` at or below position; ``explained`` at a later rung; or found beyond all."""
    return _outcome(stops_at(rows))


@dataclass(frozen=True)
class RoiFinding:
    """How far up the ladder a model is found in one region.

    Attributes
    ----------
    p : rung → p, corrected over all cells of the dataset.
    """

    p: dict[Rung, float]

    @property
    def stops(self) -> Rung | None:
        """The first rung at which the model is not found there."""
        return _first_missed(self.p)

    @property
    def outcome(self) -> Outcome:
        """As of all regions together; see :func:`read_outcome`."""
        return _outcome(self.stops)

    @property
    def beyond(self) -> Rung | None:
        """The last rung that was passed; None where the first was not."""
        rungs = list(self.p)
        passed = rungs if self.stops is None else rungs[: rungs.index(self.stops)]
        return passed[-1] if passed else None


def roi_findings(rows: Sequence[LadderRow]) -> dict[str, RoiFinding]:
    """How far up the ladder a model is found in each region.

    A region is found where one of its cells is. Cells' p are corrected by closed testing over all
    cells of the dataset, so the chance of finding any region wrongly stays at 5 % on each rung.

    Parameters
    ----------
    rows : of one dataset.
    """
    found: dict[str, dict[Rung, float]] = {}
    for row in rows:
        if row.roi != ALL and row.term == "larger":
            p = found.setdefault(row.roi, {})
            p[row.rung] = min(row.p, p.get(row.rung, 1.0))
    return {
        roi: RoiFinding({rung: p[rung] for rung in RUNGS if rung in p}) for roi, p in found.items()
    }


def _first_missed(p: Mapping[Rung, float]) -> Rung | None:
    """The first rung whose p is above 0.05."""
    return next((rung for rung, value in p.items() if value > LEVEL), None)


def _outcome(rung: Rung | None) -> Outcome:
    if rung is None:
        return "found beyond everything listed"
    return "not found" if RUNGS.index(rung) <= RUNGS.index(FIRST) else "explained"
