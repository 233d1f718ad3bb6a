"""A score under the controlled protocol and everything that is printed with it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["above null", "inconclusive", "not above null"]
Interval = tuple[float, float]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Estimate(_Row):
    """A mean over people, on runs that were held out. Nothing is clipped."""

    value: float
    interval: Interval | None = None
    """95 %, Student's t over people, for these items."""
    null_mean: float | None = None
    """Its mean under permutation; not assumed 0."""
    p: float | None = None
    """One-sided, by permutation, uncorrected."""


class ControlledRow(_Row):
    """A feature space that knows nothing of the model, under the same folds."""

    control: str
    r: float | None = None
    """Pearson r, mean over voxels, folds and people. None where not applicable."""
    r2: float | None = None
    r_range: Interval | None = None
    """95 % range over draws or seeds."""
    draws: int | None = None
    reaches: tuple[Literal["model", "reference"], ...] = ()
    """Whose r its own is not below."""
    reason: str | None = None
    """Why it is not applicable."""


class ControlledPerson(_Row):
    """One person."""

    subject: str
    r: float
    reference: float | None
    nuisance_r2: float
    unique_r2: float


class NestedLayer(_Row):
    """The best layer by nested choice: chosen anew inside each fold, and for each draw."""

    r: Estimate
    r2: float
    chosen: tuple[str, ...]
    """Site and layer that was chosen in each fold."""


class ControlledScore(_Row):
    """What a model got on one benchmark under the controlled protocol.

    Whole runs are held out; penalty, layer and weights are chosen inside the training runs;
    the headline takes all layers together and chooses none.
    """

    benchmark: str
    version: int
    dataset: str
    roi: str
    reasoning_type: str
    protocol: Literal["controlled"] = "controlled"
    primary: bool
    """Whether it is a cell of one reasoning type; pooled cells are secondary."""
    raw: Estimate
    """Pearson r of all layers together: mean over voxels, folds and people."""
    r2: float
    """1 - ΣSSE / ΣSST against the training mean, mean over people."""
    reference: Estimate | None
    """Inter-subject reference, same folds, items and statistic as raw; no upper bound."""
    reference_unique_r2: Estimate | None
    """The same for what other people add to nuisance, as R²."""
    ratio: float | None
    """Mean raw / mean reference, where the reference's interval is above 0."""
    ratio_interval: Interval | None
    """Fieller, over people."""
    nuisance_r2: float
    """R² of all nuisance together."""
    unique_r2: Estimate
    """R² that the model adds to nuisance, by banded ridge: what the verdict is of."""
    unique_r2_stacked: Estimate
    """The same by stacking."""
    p_within_condition: float
    """p of unique R² when rows are permuted within run and condition only."""
    permutations_within_condition: float
    """log10 of how many such orders there are."""
    p_corrected: float
    """p of unique R², Holm over the dataset's cells of the same kind."""
    family: int
    """How many cells that are, run or not."""
    detectable_r2: float | None
    """Unique R² found with 80 % power at this design, simulated; None: more than was tried."""
    verdict: Verdict
    nested: NestedLayer
    rsa: Estimate
    cka: Estimate
    """Representational similarity (Spearman) and debiased CKA of all layers together."""
    voxels_above: int
    """Voxels whose r is above the 95th percentile of the largest r under permutation."""
    draws: int
    """Permutations of each null distribution but that within condition."""
    draws_within_condition: int
    n_subjects: int
    n_items: int
    n_voxels: int
    n_constant: int
    selection_leak: bool
    """Whether voxels were chosen on the data that are scored."""
    reading: str
    """The outcome in plain words."""
    subjects: tuple[ControlledPerson, ...]
    controls: tuple[ControlledRow, ...]
    warnings: tuple[str, ...]
