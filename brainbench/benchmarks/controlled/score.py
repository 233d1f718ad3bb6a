"""A score under the controlled protocol and everything that is printed with it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from brainbench.benchmarks.reached import Reached, reaches
from brainbench.benchmarks.score import BenchmarkScore
from brainbench.quantities import (
    AtMostOne,
    Correlation,
    Count,
    Interval,
    Layer,
    P,
    Share,
)

# fields that hold a similarity, by the names of its metrics
SIMILARITIES = ("rsa", "cka")
# what older records hold of a verdict that is the ladder's to give now
_GONE = frozenset({
    "verdict", "p_corrected", "family", "detectable_r2", "p_within_condition",
    "permutations_within_condition", "draws_within_condition",
})  # fmt: skip


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Estimate(_Row):
    """A mean over people, on runs that were held out. Nothing is clipped."""

    value: AtMostOne
    interval: Interval | None = None
    """95 %, Student's t over people, for these items. Of unique R², from a bootstrap over
    people that chooses their penalties anew."""
    items_interval: Interval | None = None
    """95 %, block jackknife over items, for these people."""
    null_mean: AtMostOne | None = None
    """Its mean under permutation; not assumed 0."""
    p: P | None = None
    """One-sided, by permutation, uncorrected."""


class ControlledRow(_Row):
    """A feature space that knows nothing of the model, under the same folds."""

    control: str
    r: Correlation | None = None
    """Pearson r, mean over voxels, folds and people. None where not applicable."""
    r2: AtMostOne | None = None
    r_range: Interval | None = None
    """95 % range over draws or seeds."""
    draws: Count | None = None
    reason: str | None = None
    """Why it is not applicable."""


class ControlledPerson(_Row):
    """One person."""

    subject: str
    r: Correlation
    reference: Correlation | None
    nuisance_r2: AtMostOne
    unique_r2: float


class ControlledLayer(_Row):
    """One layer by itself: responses exchanged within runs, 200 orders at most."""

    layer: Layer
    r2: AtMostOne
    """1 - ΣSSE / ΣSST, mean over people; nuisance is not taken out."""
    p: P
    q: P
    """p corrected over layers (Benjamini & Hochberg)."""


class Extrapolation(_Row):
    """v(x) = v0 (1 - exp(-x / τ)): people predicted from ever more others."""

    curve: tuple[Correlation, ...]
    """Mean r from 1, 2, … others."""
    v0: float | None
    """Asymptote; None where the fit failed."""
    tau: float | None
    """Time constant, in people; x counts the person too."""
    rmse: float | None
    """Root mean squared error of the fit."""


class Reliability(_Row):
    """How much of the mean response to an item comes back when it is shown again."""

    rho: AtMostOne | None = None
    """All voxels together, means of runs and types taken out, mean over people."""
    bound_r: Share | None = None
    """What r of a perfect prediction is expected to be: mean over voxels of √ρ, negative ones
    counted 0."""
    bound_r2: AtMostOne | None = None
    reason: str | None = None
    """Why it is not known."""


class Similarity(_Row):
    """RSA (Spearman) or debiased CKA on runs held out; nuisance is not taken out."""

    together: Estimate | None = None
    """All layers together."""
    nested: Estimate | None = None
    """The layer most alike on the training runs; None for localised units."""
    chosen: tuple[Layer, ...] = ()
    nuisance: float | None = None
    """The same of all nuisance together."""
    n_undefined: Count = 0
    """(person, run) pairs that count 0, all layers together: items are all equally far apart."""
    reason: str | None = None
    """Why it is not applicable."""


class NestedLayer(_Row):
    """The best layer by nested choice: chosen anew inside each fold, and for each draw."""

    r: Estimate
    r2: AtMostOne
    chosen: tuple[Layer, ...]
    """The one that was chosen in each fold."""


class ControlledScore(BenchmarkScore):
    """What a model got on one benchmark under the controlled protocol.

    Whole runs are held out; penalty, layer and weights are chosen inside the training runs;
    the headline takes all layers together and chooses none.
    """

    kind = "controlled"

    roi: str
    reasoning_type: str
    protocol: Literal["controlled"] = "controlled"
    readout: Literal["all units", "localised"]
    """Whether all units were scored, or those selected by the localiser contrast."""
    primary: bool
    """Whether it is a cell of one reasoning type; pooled cells are secondary."""
    simulated: bool
    """Whether its people are simulated."""
    raw: Estimate
    """Pearson r of all layers together: mean over voxels, folds and people."""
    r2: AtMostOne
    """1 - ΣSSE / ΣSST against the training mean, mean over people."""
    reference: Estimate | None
    """Inter-subject reference, same folds, items and statistic as raw; no upper bound. Its
    interval is a jackknife over people, who predict each other."""
    reference_unique_r2: Estimate | None
    """The same for what other people add to nuisance, as R²; its interval draws anew who is
    predicted, not from whom."""
    extrapolation: Extrapolation | None
    """To infinitely many others; same folds, mean over voxels and people."""
    reliability: Reliability
    ratio: float | None
    """Mean raw / mean reference, where the reference's interval is above 0."""
    ratio_interval: Interval | None
    """Fieller, over people; the reference's part by jackknife."""
    nuisance_r2: AtMostOne
    """R² of all nuisance together."""
    unique_r2: Estimate
    """R² that the model adds to nuisance, by banded ridge."""
    unique_r2_stacked: Estimate
    """The same by stacking; without an interval."""
    nested: NestedLayer
    layers: tuple[ControlledLayer, ...]
    rsa: Similarity
    cka: Similarity
    voxels_above: Count
    """Voxels whose r is above the 95th percentile of the largest r under permutation."""
    draws: Count
    """Permutations of each null distribution."""
    n_subjects: Count
    n_items: Count
    n_voxels: Count
    n_constant: Count
    selection_leak: bool
    """Whether voxels were chosen on the data that are scored."""
    subjects: tuple[ControlledPerson, ...]
    controls: tuple[ControlledRow, ...]
    notes: tuple[str, ...] = ()
    """What no number says, such as a remark on the activations."""

    @model_validator(mode="before")
    @classmethod
    def _without_verdict(cls, given: Any) -> Any:
        """Read a record of a time when the score had a verdict, without it."""
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if name not in _GONE}

    @property
    def headline(self) -> float:
        """Pearson r of all layers together."""
        return self.raw.value

    @property
    def by_person(self) -> dict[str, float | None]:
        """Pearson r of each person."""
        return {one.subject: one.r for one in self.subjects}

    @property
    def facts(self) -> dict[str, Any]:
        """Reference, nuisance rows, and what is added to them; it has no ceiling."""
        return {
            "ceiling": None,
            "reference": None if self.reference is None else self.reference.value,
            "controls": {row.control: row.r for row in self.controls},
            "unique_r2": self.unique_r2.value,
            "p": self.unique_r2.p,
            "protocol": self.protocol,
        }

    def reached_by(self, row: ControlledRow) -> Reached:
        """Whose r a nuisance row's own is not below; of drawn rows by the end of their range."""
        reference = None if self.reference is None else self.reference.value
        return reaches(row.r, row.r_range, self.raw.value, reference)

    @property
    def reading(self) -> str:
        """What the model adds to nuisance, and which nuisance predicts better than it."""
        p = "" if self.unique_r2.p is None else f" (p {self.unique_r2.p:.3f} by itself)"
        text = f"unique R² {self.unique_r2.value:.4f}{p}"
        best = max(self.controls, key=lambda row: -1.0 if row.r is None else row.r, default=None)
        if best is not None and best.r is not None and best.r > self.raw.value:
            return f"{text}; {best.control} alone predicts better than the model"
        return text

    @property
    def control_warnings(self) -> tuple[str, ...]:
        """What each nuisance row means that reaches something, in plain words."""
        found = []
        for row in self.controls:
            reached = self.reached_by(row)
            if reached:
                high = "" if row.r_range is None else f", up to {row.r_range[1]:.3f}"
                found.append(f"{row.control} alone scores r {row.r:.3f}{high}: it reaches "
                             f"{' and '.join(reached)}")  # fmt: skip
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes, then what the fields say."""
        texts = [*self.notes]
        if self.simulated:
            texts.append(f"{self.dataset} is simulated: nothing here was measured in a person")
        if self.selection_leak:
            texts.append("voxels were chosen on the data that are scored")
        texts += self.control_warnings
        similarity: dict[str, Similarity] = {name: getattr(self, name) for name in SIMILARITIES}
        texts += [
            f"{one.n_undefined} comparisons of {name.upper()} count 0: all items are equally far "
            "apart"
            for name, one in similarity.items()
            if one.n_undefined
        ]
        if self.n_constant:
            texts.append(f"{self.n_constant} predictions or responses did not vary and count 0")
        return tuple(texts)

    def add_to(self, record: Any) -> None:
        """Append itself to the record's ``controlled``."""
        record.controlled.append(self)
