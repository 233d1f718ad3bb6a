"""A score and everything that is printed with it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from brainbench.benchmarks.score import BenchmarkScore

ProtocolName = Literal["controlled", "published"]
"""How alignment is scored."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Control(_Row):
    """A feature space that knows nothing of the model, scored as the model is."""

    control: str
    """Which nuisance, as printed."""
    raw: float | None = None
    """Undivided score; for random features the mean over draws. None where not applicable."""
    raw_range: tuple[float, float] | None = None
    """95 % range over draws."""
    score: float | None = None
    """Divided form; for random features the mean over draws."""
    draws: int | None = None
    reaches: tuple[Literal["model", "reference"], ...] = ()
    """What its raw score is not below. For random features: the model's score lies inside
    the range, or the mean is not below the reference."""
    warning: str | None = None
    """In plain words, where it reaches something."""
    reason: str | None = None
    """Why it is not applicable."""


class LayerScore(_Row):
    """Median over subjects at one layer."""

    site: str
    layer: int
    raw: float
    score: float | None


class SubjectScore(_Row):
    """One person, median over voxels, at the layer of the headline."""

    subject: str
    raw: float
    reference: float | None
    """The other people together predicting this one."""
    ceiling: float | None
    """Mean over voxels of the published ceiling v0."""
    score: float | None
    """Divided form at its own best layer."""
    n_voxels: int


class Score(BenchmarkScore):
    """What a model got on one benchmark.

    Under ``published`` the headline is the largest over layers of the median over people
    of the median over voxels of Pearson r; nothing guards it against the choice of layer.
    """

    kind = "published"

    roi: str
    reasoning_type: str
    protocol: ProtocolName
    raw: float
    """Undivided score."""
    mad: float
    """Median absolute deviation over people at the same layer."""
    site: str
    layer: int
    reference: float | None
    """Inter-subject reference: all other people predict each person; same statistic as raw."""
    ceiling: float | None
    """Published ceiling: mean over people and voxels of v0, extrapolated to many people."""
    ceiling_median: float | None
    """Median over people of the median over voxels of v0."""
    ceiling_near_zero: int | None
    """Voxels, over all people, with v0 < 1e-6: dividing by it has no meaning."""
    ceiling_near_one: int | None
    """Voxels, over all people, with v0 > 0.99: the fit is held by its bound."""
    score: float | None
    """Divided form, as published: r / v0 per voxel, medians, largest over layers."""
    score_site: str | None
    score_layer: int | None
    """Where the divided form is largest; it need not be the layer of ``raw``."""
    n_subjects: int
    n_items: int
    n_voxels: int
    """Voxels of one person; the median over people where they differ."""
    n_constant: int
    """(voxel, fold) pairs over all people, at the headline's layer, that count 0 because
    the prediction or the response did not vary."""
    subjects: tuple[SubjectScore, ...]
    layers: tuple[LayerScore, ...]
    controls: tuple[Control, ...]
    warnings: tuple[str, ...]

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
        """Ceiling, reference, the divided form, and nuisance rows."""
        return {
            "ceiling": self.ceiling,
            "reference": self.reference,
            "controls": {row.control: row.raw for row in self.controls},
            "divided": self.score,
            "protocol": self.protocol,
        }

    def add_to(self, record: Any) -> None:
        """Append the headline and each person, the nuisance rows, and the layers.

        Parameters
        ----------
        record : with the lists ``scores``, ``controls`` and ``layers``.
        """
        record.scores += score_rows(self)
        shared = self.model_dump(include={"benchmark", "roi", "reasoning_type", "protocol"})
        record.controls += [ControlRow(**shared, **c.model_dump()) for c in self.controls]
        record.layers += [
            LayerRow(benchmark=self.benchmark, **layer.model_dump()) for layer in self.layers
        ]


class _Recorded(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ScoreRow(_Recorded):
    """One number with everything it needs beside it; one row per person and one for all."""

    benchmark: str
    version: int
    roi: str
    reasoning_type: str
    protocol: str
    subject: str
    """A person, or ``all`` for the headline."""
    site: str
    """``attention`` or ``hidden``."""
    layer: int
    """Counting from 0."""
    raw: float
    """Undivided: median over voxels, then over people, of Pearson r."""
    mad: float | None
    """Median absolute deviation over people; null in the row of a person."""
    reference: float | None
    """Inter-subject reference: the other people predict each person, same statistic as raw."""
    ceiling: float | None
    """Published ceiling: mean of v0 over voxels and people."""
    ceiling_median: float | None
    score: float | None
    """Divided form: median of r / v0 over voxels, then people, at its own best layer."""
    score_site: str | None
    score_layer: int | None
    n_subjects: int
    n_items: int
    n_voxels: int
    n_constant: int | None
    """Predictions that did not vary and count 0."""
    ceiling_near_zero: int | None
    """Voxels over all people whose v0 is below 1e-6."""
    ceiling_near_one: int | None
    """Voxels over all people whose v0 is above 0.99."""
    warnings: list[str]


class ControlRow(Control):
    """A nuisance feature space scored as the model is, on one benchmark."""

    benchmark: str
    roi: str
    reasoning_type: str
    protocol: str


class LayerRow(LayerScore):
    """The model's score at one layer: median over people."""

    benchmark: str


def score_rows(score: Score) -> list[ScoreRow]:
    """The headline of a score (subject ``all``), then one row per person."""
    fields = set(ScoreRow.model_fields)
    shared = {key: value for key, value in score.model_dump().items() if key in fields}
    rows = [ScoreRow(**{**shared, "subject": "all", "warnings": list(score.warnings)})]
    per_person: dict[str, Any] = {
        "mad": None,
        "n_subjects": 1,
        "n_constant": None,
        "ceiling_near_zero": None,
        "ceiling_near_one": None,
        "ceiling_median": None,
        "warnings": [],
    }
    rows += [
        ScoreRow(**{**shared, **per_person, **person.model_dump()}) for person in score.subjects
    ]
    return rows
