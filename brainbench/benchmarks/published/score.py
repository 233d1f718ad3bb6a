"""A score under the published protocol and everything that is printed with it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from brainbench.benchmarks.reached import MAXIMUM_PEOPLE, MINIMUM_PEOPLE, Reached, reaches
from brainbench.benchmarks.score import BenchmarkScore
from brainbench.quantities import Correlation, Count, Interval, Layer, Spread

ProtocolName = Literal["controlled", "published"]
"""How alignment is scored."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishedRow(_Row):
    """A feature space that knows nothing of the model, scored as the model is."""

    control: str
    """Which nuisance, as printed."""
    raw: Correlation | None = None
    """Undivided score; for random features the mean over draws. None where not applicable."""
    raw_range: Interval | None = None
    """95 % range over draws."""
    score: float | None = None
    """Divided form; for random features the mean over draws."""
    draws: Count | None = None
    reason: str | None = None
    """Why it is not applicable."""


class PublishedLayer(_Row):
    """Median over subjects at one layer."""

    layer: Layer
    raw: Correlation
    score: float | None


class PublishedPerson(_Row):
    """One person, median over voxels, at the layer of the headline."""

    subject: str
    raw: Correlation
    reference: Correlation | None
    """The other people together predicting this one."""
    ceiling: Correlation | None
    """Mean over voxels of the published ceiling v0."""
    score: float | None
    """Divided form at its own best layer."""
    n_voxels: Count


class PublishedScore(BenchmarkScore):
    """What a model got on one benchmark under the published protocol.

    The headline is the largest over layers of the median over people of the median over voxels of
    Pearson r; nothing guards it against the choice of layer.
    """

    kind = "published"

    roi: str
    reasoning_type: str
    protocol: ProtocolName
    simulated: bool
    """Whether its people are simulated."""
    pooled: bool
    """Whether items of different reasoning types are together."""
    selection_leak: bool
    """Whether voxels were chosen on the data that are scored."""
    raw: Correlation
    """Undivided score."""
    mad: Spread
    """Median absolute deviation over people at the same layer."""
    layer: Layer
    reference: Correlation | None
    """Inter-subject reference: all other people predict each person; same statistic as raw."""
    ceiling: Correlation | None
    """Published ceiling: mean over people and voxels of v0, extrapolated to many people."""
    ceiling_median: Correlation | None
    """Median over people of the median over voxels of v0."""
    ceiling_near_zero: Count | None
    """Voxels, over all people, with v0 < 1e-6: dividing by it has no meaning."""
    ceiling_near_one: Count | None
    """Voxels, over all people, with v0 > 0.99: the fit is held by its bound."""
    score: float | None
    """Divided form, as published: r / v0 per voxel, medians, largest over layers."""
    score_layer: Layer | None
    """Where the divided form is largest; it need not be the layer of ``raw``."""
    n_subjects: Count
    n_items: Count
    n_voxels: Count
    """Voxels of one person; the median over people where they differ."""
    n_constant: Count
    """(voxel, fold) pairs over all people, at the headline's layer, that count 0 because
    the prediction or the response did not vary."""
    subjects: tuple[PublishedPerson, ...]
    layers: tuple[PublishedLayer, ...]
    controls: tuple[PublishedRow, ...]
    notes: tuple[str, ...] = ()
    """What no number says, such as a remark on the activations."""

    @property
    def headline(self) -> float:
        """The undivided score."""
        return self.raw

    @property
    def by_person(self) -> dict[str, float | None]:
        """The undivided score of each person."""
        return {one.subject: one.raw for one in self.subjects}

    @property
    def facts(self) -> dict[str, Any]:
        """Ceiling, reference, the divided form, nuisance rows, and the spread over people."""
        return {
            "ceiling": self.ceiling,
            "error": self.mad,
            "reference": self.reference,
            "controls": {row.control: row.raw for row in self.controls},
            "divided": self.score,
            "protocol": self.protocol,
        }

    def reached_by(self, row: PublishedRow) -> Reached:
        """What a nuisance row is not below; of random features the model inside their range."""
        return reaches(row.raw, row.raw_range, self.raw, self.reference)

    @property
    def control_warnings(self) -> tuple[str, ...]:
        """What each nuisance row means that reaches something, in plain words."""
        found = []
        for row in self.controls:
            reached = self.reached_by(row)
            if not reached:
                continue
            text = f"{row.control} alone scores {row.raw:.3f}"
            if row.raw_range is not None:
                low, high = row.raw_range
                text = f"{row.control} score {row.raw:.3f} (95 % range {low:.3f} to {high:.3f})"
            named = [f"the model ({self.raw:.3f})"] if "model" in reached else []
            if "reference" in reached:
                named.append(f"the inter-subject reference ({self.reference:.3f})")
            found.append(f"{text}: it reaches {' and '.join(named)}")
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes, then what the fields say."""
        texts = [*self.notes]
        if self.simulated:
            texts.append(f"{self.dataset} is simulated: nothing here was measured in a person")
        texts += self.control_warnings
        if self.pooled:
            texts.append(
                "items of different reasoning types are pooled: read it beside the single types"
            )
        if self.selection_leak:
            texts.append("voxels were chosen on the data that are scored")
        if self.ceiling is None:
            texts.append(f"no ceiling: it takes {MINIMUM_PEOPLE} to {MAXIMUM_PEOPLE} people")
        else:
            texts.append(
                "the divided score is not a share of explainable variance: it divides by ceilings "
                "at the bounds of their fit, counted in ceiling_near_zero and ceiling_near_one"
            )
            if self.score is None:
                texts.append("the divided score is not finite: the ceiling is 0 in too many voxels")
        if self.n_constant:
            texts.append(f"{self.n_constant} predictions or responses did not vary and count 0")
        return tuple(texts)

    def add_to(self, record: Any) -> None:
        """Append itself to the record's ``published``."""
        record.published.append(self)
