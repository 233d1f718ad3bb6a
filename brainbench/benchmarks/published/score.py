"""A score and everything that is printed with it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

ProtocolName = Literal["controlled", "published"]
"""How alignment is scored; the default comes first."""
DEFAULT_PROTOCOL: ProtocolName = "controlled"


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


class Score(_Row):
    """What a model got on one benchmark.

    Under ``published`` the headline is the largest over layers of the median over people
    of the median over voxels of Pearson r; nothing guards it against the choice of layer.
    """

    benchmark: str
    version: int
    dataset: str
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
