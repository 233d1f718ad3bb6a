"""The record of a calibration: ``calibration.json``."""

from __future__ import annotations

from importlib import metadata

from pydantic import BaseModel, ConfigDict
from scipy.stats import binomtest

from brainbench.calibration.people import (
    ALIKE,
    CARRIED,
    FIRST_SHARE,
    PEOPLE,
    SHARED_FEATURES,
    SHARED_OF_FIRST,
    SHARED_SHARE,
    SPECTRUM,
    VOXELS,
)
from brainbench.calibration.scenarios import Kind
from brainbench.closure import reached_sha256

SCHEMA_VERSION = 2
LEVEL = 0.05
"""A p value of at most this counts as found."""
LIMIT = 0.07
"""Upper 95 % bound that the rate of false positives is held against."""


Key = tuple[str, str, float, float, str]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CalibrationPlan(_Row):
    """How much is simulated."""

    reasoning_types: tuple[str, ...]
    n_tested: int
    """Data sets of each scenario where nothing must be found."""
    n_planted: int
    """Data sets of each planted share and mixing."""
    n_mis_specified: int
    """Data sets of each confound outside the columns' span; 0 leaves them out."""
    n_narrow: int
    """Data sets of each model of few random units; 0 leaves them out."""
    n_pooled: int
    """Data sets of each scenario over both types together; 0 leaves them out."""
    n_layer: int
    """Data sets of each layer with ample signal."""
    n_published: int
    """The first data sets of each confound that `published` scores too."""
    n_reference: int
    """Data sets in which people predict each other."""
    n_courses: int
    """What people have in common, drawn so often to measure coverage; 0 leaves it out."""
    shares: tuple[float, ...]
    """Planted."""
    alike: tuple[float, ...]
    """Shares of the planted layer's mixing that people have in common."""
    draws: int
    """Permutations of each null distribution where something may be found."""
    tested_draws: int
    """The same where nothing must be."""
    pooled_draws: int


QUICK = CalibrationPlan(
    reasoning_types=("syllogistic",),
    n_tested=100,
    n_planted=100,
    n_mis_specified=0,
    n_narrow=25,
    n_pooled=20,
    n_layer=5,
    n_published=10,
    n_reference=4,
    n_courses=4,
    shares=(0.2,),
    alike=(0.0,),
    draws=99,
    tested_draws=99,
    pooled_draws=19,
)
FULL = CalibrationPlan(
    reasoning_types=("syllogistic", "transitive"),
    n_tested=800,
    n_planted=200,
    n_mis_specified=200,
    n_narrow=200,
    n_pooled=100,
    n_layer=10,
    n_published=20,
    n_reference=20,
    n_courses=10,
    shares=(0.05, 0.1, 0.2),
    alike=(0.0, ALIKE),
    draws=99,
    # 2 of 40 are 5 %: with few permutations false positives are as many
    tested_draws=39,
    pooled_draws=39,
)


class PublishedResult(_Row):
    """What `published` says of the same data: best layer, median over voxels, over people."""

    n: int
    """The first data sets of the row."""
    r: float
    """Its score, mean over data sets."""
    above_zero: float
    """Share of data sets whose 95 % interval over people (Student's t) is above 0."""


class CalibrationRow(_Row):
    """One scenario in one reasoning type."""

    scenario: str
    kind: Kind
    share: float
    """Planted, of the expected variance of every voxel."""
    alike: float = 0.0
    """Share of its mixing into voxels that people have in common."""
    reasoning_type: str
    """``all``: both types pooled."""
    n: int
    """Data sets."""
    draws: int | None = None
    """Permutations of each null distribution."""
    batches: int | None = None
    """Sets of permutations drawn: data sets of one batch have the same."""
    rate: float
    """Share of data sets with p of unique R² at most 0.05, uncorrected. Kind `layer`: where
    nested choice found the planted layer in every fold."""
    interval: tuple[float, float]
    """Exact two-sided 95 % interval of the rate (Clopper & Pearson 1934)."""
    unique_r2: float | None = None
    """Mean over people and data sets."""
    coverage: float | None = None
    """Share of 95 % intervals over people that hold the mean of new people, same items."""
    coverage_student: float | None = None
    """The same of Student's t over people, their penalties taken as chosen: what is not
    printed with a score."""
    layer_recovered: float | None = None
    """Share of folds in which nested choice found the planted layer."""
    published: PublishedResult | None = None

    @property
    def key(self) -> Key:
        """What tells the row from all others of its record."""
        return self.kind, self.scenario, self.share, self.alike, self.reasoning_type

    @property
    def upper_bound(self) -> float:
        """One-sided upper 95 % bound of the rate (Clopper & Pearson 1934)."""
        counted = binomtest(round(self.rate * self.n), self.n, alternative="less")
        return float(counted.proportion_ci(0.95, method="exact").high)

    @property
    def within_limit(self) -> str | None:
        """``yes``: the upper 95 % bound is at most 7 %; ``over``: the lower end of the interval
        is above; else ``not shown``. None where something may be found.
        """
        if self.kind not in ("nothing", "in span", "narrow"):
            return None
        if self.upper_bound <= LIMIT:
            return "yes"
        return "over" if self.interval[0] > LIMIT else "not shown"


class DesignRecord(_Row):
    """What was simulated."""

    people: int = PEOPLE
    voxels: int = VOXELS
    first_share: tuple[float, float] = FIRST_SHARE
    voxel_spectrum: float = SPECTRUM
    carried: float = CARRIED
    shared_features: int = SHARED_FEATURES
    shared_share: float = SHARED_SHARE
    shared_of_first: float = SHARED_OF_FIRST
    alike: float = ALIKE
    items_of_runs: dict[str, int]


class Calibration(_Row):
    """Rows of the groups that are done, in the order of the plan."""

    schema_version: int = SCHEMA_VERSION
    complete: bool
    seed: int
    plan: CalibrationPlan
    versions: dict[str, str]
    design: DesignRecord
    people_r: dict[str, float] = {}
    """Per reasoning type, how well all others predict a person where nothing is planted: r with
    whole runs held out, as the inter-subject reference has it."""
    dimensions: dict[str, float] = {}
    """Per reasoning type, participation ratio of the items where nothing is planted, run means
    out: mean over data sets and people."""
    rows: tuple[CalibrationRow, ...] = ()

    def differs_from(self, wanted: Calibration) -> list[str]:
        """Why its rows are not those of another: seed, versions, plan; empty where they are."""
        own, other = ({"seed": str(one.seed), **one.versions} for one in (self, wanted))
        reasons = [
            f"{name} {own.get(name)}, not {other.get(name)}"
            for name in own | other
            if own.get(name) != other.get(name)
        ]
        if self.plan != wanted.plan:
            reasons.append("another plan: --full or not")
        if self.design != wanted.design:
            reasons.append("another design")
        return reasons


def versions(module: str) -> dict[str, str]:
    """What computed the numbers of a module, and the code that it can reach."""
    packages = ("brainbench", "numpy", "scipy", "scikit-learn")
    found = {name: metadata.version(name) for name in packages}
    return found | {"source": reached_sha256([module])[:12]}
