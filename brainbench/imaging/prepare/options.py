"""What is asked of ``brainbench prepare``, and which of it decides the numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from brainbench.errors import UsageError
from brainbench.imaging.betas import BetaOptions
from brainbench.imaging.confounds import parse_strategy
from brainbench.imaging.reading import ReadOptions

MNI = "MNI152NLin2009cAsym"


@dataclass(frozen=True)
class PrepareOptions:
    """Choices that every number of a prepared dataset depends on.

    Attributes
    ----------
    rois : regions as the command line has them, ``NAME=…``.
    space : of the images.
    reading : confounds and timing.
    betas : how one response a trial is estimated.
    max_motion : mean framewise displacement in mm above which a run is left out; None for none.
    top : of each region only so many voxels of each person, those with the highest t of trials
        against the baseline in the runs of ``chosen_on``; None for all voxels.
    chosen_on : runs that voxels are chosen on; they are not part of the dataset.
    """

    rois: tuple[str, ...]
    space: str = MNI
    reading: ReadOptions = field(default_factory=ReadOptions)
    betas: BetaOptions = field(default_factory=BetaOptions)
    max_motion: float | None = None
    top: int | None = None
    chosen_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.rois:
            raise UsageError("no region was asked for: give --roi NAME=MASK.nii.gz at least once")
        if self.max_motion is not None and not self.max_motion > 0:
            raise UsageError(f"--max-motion is {self.max_motion:g} mm, expected more than 0")
        if self.top is not None and self.top < 1:
            raise UsageError(f"--top is {self.top}, expected at least 1")
        if (self.top is None) != (not self.chosen_on):
            raise UsageError(
                "--top and --chosen-on go together: voxels are chosen on runs that are not scored"
            )
        parse_strategy(self.reading.confounds)

    def plain(self) -> dict[str, Any]:
        """All of them as plain values, for provenance and for a later call to compare with."""
        return asdict(self)
