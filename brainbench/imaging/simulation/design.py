"""What a simulated study depends on."""

from __future__ import annotations

import hashlib

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator


class SimulatedRoi(BaseModel):
    """What the amplitudes of a region follow, as shares of their variance over trials."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signal: float = Field(default=0.0, ge=0.0, le=1.0)
    """Features of the items that are planted, mixed anew for every voxel."""
    length: float = Field(default=0.0, ge=0.0, le=1.0)
    """Number of words of the item: a confound."""

    @model_validator(mode="after")
    def _leave_room(self) -> SimulatedRoi:
        if self.signal + self.length > 1.0:
            raise ValueError("the shares of signal and length exceed 1")
        return self

    @property
    def noise(self) -> float:
        """Share that follows nothing."""
        return 1.0 - self.signal - self.length


class StudyDesign(BaseModel):
    """Everything that is drawn or set, but for the features and the events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(default=0, ge=0)
    subjects: int = Field(default=4, ge=1, le=99)
    session: str | None = Field(default="T1", pattern=r"^[A-Za-z0-9]+$")
    """BIDS session of all runs; None for a study without sessions."""
    tr: float = Field(default=2.0, gt=0.0)
    """Seconds from one scan to the next."""
    shape: tuple[int, int, int] = (12, 12, 10)
    """Voxels of the volume along x, y and z."""
    voxel_size: float = Field(default=4.0, gt=0.0)
    """Edge of a voxel in mm."""
    vertices: int = Field(default=0, ge=0)
    """Of a hemisphere, where the responses are written on a surface too; fsaverage5 has 10,242."""
    rois: dict[str, SimulatedRoi] = {
        "planted": SimulatedRoi(signal=0.9),
        "confound": SimulatedRoi(length=0.9),
        "noise": SimulatedRoi(),
    }
    shared: float = Field(default=0.8, ge=0.0, le=1.0)
    """Share of a voxel's mixing weights that all people have in common."""

    # in percent of a voxel's mean
    activation: float = Field(default=1.0, ge=0.0)
    """Mean amplitude of a problem."""
    variation: float = Field(default=1.0, ge=0.0)
    """Standard deviation of the amplitudes over trials."""
    noise: float = Field(default=1.2, ge=0.0)
    """Standard deviation of thermal and neural noise from scan to scan."""
    drift: float = Field(default=1.0, ge=0.0)
    """Standard deviation of what is slower than 128 s."""
    motion: float = Field(default=0.5, ge=0.0)
    """Standard deviation of what follows the head."""
    physiology: float = Field(default=0.6, ge=0.0)
    """Standard deviation of what follows breath and heart, seen in white matter and CSF too."""

    autocorrelation: float = Field(default=0.35, ge=0.0, lt=1.0)
    """Of the noise of one scan with that of the next."""
    smoothness: float = Field(default=6.0, ge=0.0)
    """Full width at half maximum of the noise in space, in mm."""
    spikes: float = Field(default=0.015, ge=0.0, le=0.5)
    """Share of scans before which the head jerks."""
    non_steady_state: int = Field(default=2, ge=0, le=8)
    """Scans at the beginning that are too bright."""
    hrf: str = "glover"
    """Haemodynamic response, by nilearn's name for it."""
    hrf_delay: float = 0.0
    """Seconds by which it comes later than nilearn's."""
    missed: float = Field(default=0.05, ge=0.0, le=1.0)
    """Share of problems that get no answer, where the events are drawn too."""

    @model_validator(mode="after")
    def _fit(self) -> StudyDesign:
        if not 1 <= len(self.rois) <= 4:
            raise ValueError("a simulated study has one to four ROIs")
        if min(self.shape) < 8:
            raise ValueError("a simulated volume has at least 8 voxels along each side")
        return self

    def stream(self, *names: str) -> np.random.Generator:
        """Random numbers of one part of the study, found by name.

        Another person, run or region more leaves all others as they were.

        Parameters
        ----------
        names : of the part, such as a person, a run and ``"noise"``.
        """
        name = "/".join((str(self.seed), *names))
        return np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))
