"""The record of a calibration of the ladder: ``ladder.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from brainbench.benchmarks.ladder.names import Rung
from brainbench.encoding.ladder.terms import Statistic

Kind = Literal["nothing", "in span", "below", "mis-specified", "planted", "people"]
Interval = tuple[float, float]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LadderPlan(_Part):
    """How much is simulated."""

    n_nothing: int
    """Data sets in which nothing is planted, at each rung."""
    n_confound: int
    """Data sets of each confound and rung."""
    n_planted: int
    """Data sets of each planted share and rung."""
    n_splits: int
    """Halves of the people that predict the other half."""
    n_effects: int
    """Data sets of each planted share, for the intervals of what is explained."""
    n_boards: int
    """Boards of models that are equal, and pairs of which one is held by people."""


QUICK = LadderPlan(
    n_nothing=200, n_confound=100, n_planted=100, n_splits=10, n_effects=40, n_boards=40
)
FULL = LadderPlan(
    n_nothing=1500, n_confound=500, n_planted=300, n_splits=40, n_effects=300, n_boards=500
)


class RateRow(_Part):
    """How often one statistic is found at one rung."""

    kind: Kind
    scenario: str
    share: float
    """Planted, of each person's variance."""
    alike: float
    """Share of the mixing from features to voxels that people have in common."""
    rung: Rung
    term: Statistic
    roi: str = "all"
    reasoning_type: str = "all"
    n: int
    """Data sets, or splits of people."""
    rate: float
    """Share with p at most 0.05."""
    interval: Interval
    """Exact two-sided 95 % (Clopper & Pearson 1934)."""
    limit: bool | None = None
    """Where nothing must be found: whether the one-sided upper 95 % bound is at most 7 %."""


class NoiseRow(_Part):
    """How many dimensions the items of one person's noise fill."""

    roi: str
    reasoning_type: str
    dimensions: float
    """Participation ratio, mean over people; exchanging items leaves it as it is."""


class CoverageRow(_Part):
    """How often the 95 % interval of a share of variance holds what was planted."""

    term: Literal["own", "between"]
    rung: Rung
    share: float
    alike: float
    else_shared: float
    """Share of variance of something else that all people hold alike."""
    truth: float
    median: float
    """Of the estimates."""
    width: float
    """Of the intervals, median."""
    n: int
    coverage: float
    interval: Interval
    """Exact two-sided 95 %."""


class BoardRate(_Part):
    """How often some two models of a board are distinguished, corrected over all pairs."""

    equal: bool
    """Whether people hold as much of every model, or of one alone."""
    models: int
    share: float
    alike: float
    z: float
    """Of a model that people hold, mean over boards."""
    n: int
    apart: float
    interval: Interval
    """Exact two-sided 95 %."""


class LadderCalibration(_Part):
    """Everything that was counted."""

    schema_version: int = 1
    complete: bool
    dataset: str
    model: str
    """Whose features are tested and planted."""
    seed: int
    plan: LadderPlan
    versions: dict[str, str]
    noise: tuple[NoiseRow, ...] = ()
    rows: tuple[RateRow, ...] = ()
    effects: tuple[CoverageRow, ...] = ()
    boards: tuple[BoardRate, ...] = ()

    def differs_from(self, wanted: LadderCalibration) -> list[str]:
        """Why its rows are not those of another; empty where they are."""
        found = [
            f"{name} {getattr(self, name)}, not {getattr(wanted, name)}"
            for name in ("dataset", "model", "seed")
            if getattr(self, name) != getattr(wanted, name)
        ]
        found += [
            f"{name} {self.versions.get(name)}, not {version}"
            for name, version in wanted.versions.items()
            if self.versions.get(name) != version
        ]
        return found if self.plan == wanted.plan else [*found, "another plan: --full or not"]
