"""What came out of comparing runs: rows, refusals, and what differs between the runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["alignment", "behaviour", "task", "gain", "search"]
Reading = Literal["better", "worse", "no clear difference", "the same", "higher", "lower"]
# differences below this are rounding
ROUNDING = 1e-9


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(_Part):
    """One number of both runs, and their paired difference, other minus baseline.

    Of every metric more is better, but of a targeted search: it shows that answers can be moved,
    so more is neither better nor worse.
    """

    kind: Kind
    name: str
    metric: str
    protocol: str | None = None
    """Of alignment."""
    baseline: float | None
    """As its record prints it."""
    other: float | None
    difference: float
    """Mean of paired differences; of what is not paired, the difference of both numbers."""
    stderr: float | None = None
    interval: tuple[float, float] | None = None
    """95 %."""
    p: float | None = None
    """Two-sided, not corrected for the number of rows."""
    over: str
    """What the pairs are: people, items, or nothing (the runs as independent)."""
    n: int
    clusters: int | None = None
    """Of items: how many do not belong together."""
    mcnemar_p: float | None = None
    """Exact, on one item of each cluster."""
    gained: int | None = None
    lost: int | None = None
    regression: bool = False
    """Whether it got worse by the rule of the comparison."""

    @property
    def reading(self) -> Reading:
        """What the interval says; without one, only which number is higher."""
        if self.interval is None and abs(self.difference) > ROUNDING:
            return "higher" if self.difference > 0 else "lower"
        low, high = self.interval or (self.difference, self.difference)
        if low > ROUNDING:
            return "better"
        if high < -ROUNDING:
            return "worse"
        return "the same" if max(abs(low), abs(high)) <= ROUNDING else "no clear difference"


class Refusal(_Part):
    """What cannot be compared, and why."""

    kind: Kind
    name: str
    reason: str
    lost: bool = False
    """Whether the baseline has it and the other run was asked for it: a check that is gone."""


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
    rows: list[Row]
    refused: list[Refusal]

    @property
    def regressions(self) -> list[Row]:
        """Rows that got worse."""
        return [row for row in self.rows if row.regression]

    @property
    def judged(self) -> list[Row]:
        """Rows that can get worse."""
        return [row for row in self.rows if row.kind != "search"]

    @property
    def lost(self) -> list[Refusal]:
        """What the baseline has, and what the other run was asked for but cannot be held against.

        Nobody knows whether it got worse.
        """
        return [one for one in self.refused if one.lost]


class Comparison(_Part):
    """Each run beside the first."""

    schema_version: Literal[1] = 1
    tolerance: float
    """A difference that is not below minus this is no regression."""
    pairs: list[Pair]

    @property
    def regressions(self) -> list[tuple[Pair, Row]]:
        """All rows that got worse."""
        return [(pair, row) for pair in self.pairs for row in pair.regressions]

    @property
    def lost(self) -> list[Refusal]:
        """All that is lost."""
        return [one for pair in self.pairs for one in pair.lost]


def got_worse(row: Row, tolerance: float) -> bool:
    """Whether a difference is below -tolerance and, if it has an interval, that is below 0."""
    if row.kind == "search" or not row.difference < -max(tolerance, ROUNDING):
        return False
    return row.interval is None or row.interval[1] < 0


def by_reason(refused: Iterable[Refusal]) -> dict[str, list[str]]:
    """Reason → names: a reason that holds for all is said once."""
    reasons: dict[str, list[str]] = {}
    for one in refused:
        reasons.setdefault(one.reason, []).append(one.name)
    return reasons
