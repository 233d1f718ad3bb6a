"""What came out of comparing runs: rows, refusals, and what differs between the runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["alignment", "behaviour", "task", "gain", "search"]
Reading = Literal[
    "better", "worse", "the same", "identical", "inconclusive", "higher", "lower", "equal"
]
# differences below this are rounding
ROUNDING = 1e-9
# as rare a p value, corrected for the number of rows, tells two runs apart
LEVEL = 0.05


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ComparisonRow(_Part):
    """One number of both runs, and their paired difference, other minus baseline.

    Of every metric more is better, but of a targeted search: it shows that answers can be moved,
    so more is neither better nor worse.
    """

    kind: Kind
    name: str
    metric: str
    protocol: str | None = None
    """Of alignment."""
    primary: bool = False
    """Over all tasks that share their choices, or of a task that has no fellow; of alignment, over
    all regions and reasoning types."""
    baseline: float | None
    """As its record prints it."""
    other: float | None
    difference: float
    """Mean of paired differences; of what is not paired, the difference of both numbers."""
    stderr: float | None = None
    """Of items, with two problems more: one gained, one lost."""
    interval: tuple[float, float] | None = None
    """95 %, of this row alone."""
    p: float | None = None
    """Two-sided, not corrected for the number of rows."""
    p_corrected: float | None = None
    """Holm over the rows of the same kind, primary rows and the others apart."""
    tolerance: float = 0.0
    """How far apart two numbers may be and still count as the same."""
    rounding: bool = False
    """Whether both runs are of the same weights, computed otherwise: then more is not better."""
    over: str
    """What the pairs are: people, items, or nothing (the runs as independent)."""
    n: int
    n_items: int | None = None
    """Of alignment over all cells: how many items the people saw."""
    takes: tuple[int, int] | None = None
    """Of alignment over all cells: how many people, or else how many items, would show a
    difference of this size in 8 of 10 such experiments."""
    clusters: int | None = None
    """Of items: how many do not belong together."""
    identical: bool = False
    """Whether nothing differs in any pair: answers, log-odds, a person's number."""
    changed: int | None = None
    """Items that were answered otherwise."""
    says: tuple[str, float, float] | None = None
    """The first choice, and its share of all answers in the baseline and in the other run."""
    mcnemar_p: float | None = None
    """Exact, on one item of each cluster."""
    gained: int | None = None
    lost: int | None = None
    regression: bool = False
    """Whether it got worse by the rule of the comparison."""

    @property
    def reading(self) -> Reading:
        """What the test says; without one, only which number is higher."""
        if self.identical:
            return "identical"
        p = self.p if self.p_corrected is None else self.p_corrected
        if p is None:
            if abs(self.difference) <= ROUNDING:
                return "equal"
            return "higher" if self.difference > 0 else "lower"
        if self.tolerance and self.interval and max(map(abs, self.interval)) <= self.tolerance:
            return "the same"
        if p >= LEVEL or abs(self.difference) <= ROUNDING:
            return "inconclusive"
        if self.difference < 0:
            return "worse"
        return "higher" if self.rounding else "better"


class Refusal(_Part):
    """What cannot be compared, and why."""

    kind: Kind
    name: str
    reason: str
    lost: bool = False
    """Whether the baseline has it and the other run was asked for it: a check that is gone."""


class Collapse(_Part):
    """A model that has come to give one answer to nearly everything."""

    name: str
    """A task, or all that share their choices."""
    answer: str | None
    """None: no valid answer."""
    baseline: float
    """Its share of the baseline's answers."""
    other: float
    right: float
    """Share of the items whose right answer it is."""
    n: int
    p: float
    """Of the change in its share, corrected for the number of tasks (Holm)."""


class Differing(_Part):
    """Something that is not the same in both runs."""

    kind: Literal["model", "prompt", "data", "versions", "settings", "seeds", "run"]
    name: str
    baseline: Any
    other: Any


class Pair(_Part):
    """A run beside the baseline."""

    baseline: str
    """Model and run."""
    other: str
    differs: list[Differing]
    numerics: str | None = None
    """That both are the same weights, computed otherwise; None where more differs."""
    collapsed: list[Collapse] = []
    rows: list[ComparisonRow]
    refused: list[Refusal]

    @property
    def regressions(self) -> list[ComparisonRow]:
        """Rows that got worse."""
        return [row for row in self.rows if row.regression]

    @property
    def judged(self) -> list[ComparisonRow]:
        """Rows that can be judged worse: those with a p value."""
        return [row for row in self.rows if row.p is not None]

    @property
    def untested(self) -> list[ComparisonRow]:
        """Rows that would be judged if their error were known."""
        return [row for row in self.rows if row.p is None and row.kind != "search"]

    @property
    def lost(self) -> list[Refusal]:
        """What the baseline has, and what the other run was asked for but cannot be held against.

        Nobody knows whether it got worse.
        """
        return [one for one in self.refused if one.lost]


class Comparison(_Part):
    """Each run beside the first."""

    schema_version: Literal[2] = 2
    """2: p_corrected, primary, collapsed and numerics, and other words for readings."""
    tolerance: float
    """A difference that is not below minus this is not a regression."""
    pairs: list[Pair]

    @property
    def regressions(self) -> list[tuple[Pair, ComparisonRow]]:
        """All rows that got worse."""
        return [(pair, row) for pair in self.pairs for row in pair.regressions]

    @property
    def collapsed(self) -> list[tuple[Pair, Collapse]]:
        """All models that have come to give one answer."""
        return [(pair, one) for pair in self.pairs for one in pair.collapsed]

    @property
    def failed(self) -> bool:
        """Whether something got worse, is lost, or has collapsed into one answer."""
        return bool(self.regressions or self.lost or self.collapsed)

    @property
    def lost(self) -> list[Refusal]:
        """All that is lost."""
        return [one for pair in self.pairs for one in pair.lost]


def by_reason(refused: Iterable[Refusal]) -> dict[str, list[str]]:
    """Reason → names: a reason that holds for all is given once."""
    reasons: dict[str, list[str]] = {}
    for one in refused:
        reasons.setdefault(one.reason, []).append(one.name)
    return reasons
