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
    """

    rois: tuple[str, ...]
    space: str = MNI
    reading: ReadOptions = field(default_factory=ReadOptions)
    betas: BetaOptions = field(default_factory=BetaOptions)
    max_motion: float | None = None

    def __post_init__(self) -> None:
        if not self.rois:
            raise UsageError("no region was asked for: give --roi NAME=MASK.nii.gz at least once")
        if self.max_motion is not None and not self.max_motion > 0:
            raise UsageError(f"--max-motion is {self.max_motion:g} mm, expected more than 0")
        parse_strategy(self.reading.confounds)

    def plain(self) -> dict[str, Any]:
        """All of them as plain values, for provenance and for a later call to compare with."""
        return asdict(self)
