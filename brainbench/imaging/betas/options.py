"""How one response a trial is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from brainbench.errors import UnknownNameError, UsageError

Method = Literal["lss", "lsa", "glmsingle"]
Hrf = Literal[
    "glover",
    "spm",
    "glover + derivative",
    "spm + derivative",
    "glover + derivative + dispersion",
    "spm + derivative + dispersion",
]
NoiseModel = Literal["ar1", "ols"]
End = Literal["event", "response"]


@dataclass(frozen=True)
class BetaOptions:
    """How one response a trial is estimated.

    Attributes
    ----------
    method : ``lss``: a model for each trial, the others together in one regressor (Mumford et al.
        2012, NeuroImage 59). ``lsa``: all trials in one model. ``glmsingle``: as ``lsa``, with the
        HRF of each voxel from a library, noise components, and a ridge fraction for each voxel
        (Prince et al. 2022, eLife 11), chosen on the person's other runs.
    hrf : of nilearn; that of the noise regressors too. ``glmsingle`` starts from it.
    noise_model : ``ar1`` as in nilearn, or ``ols``; ``glmsingle`` is always ``ols``.
    high_pass : of the cosine drifts in the design, in Hz.
    phases : whether each phase of a trial has a response of its own, as the card divides it.
    end : where the last phase of a trial ends: with the event, or when the person answered.
    """

    method: Method = "lss"
    hrf: Hrf = "glover"
    noise_model: NoiseModel = "ar1"
    high_pass: float = 1 / 128
    phases: bool = False
    end: End = "event"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("method for betas", self.method, Method),
            ("HRF", self.hrf, Hrf),
            ("noise model", self.noise_model, NoiseModel),
            ("end of a trial", self.end, End),
        ):
            if value not in get_args(known):
                raise UnknownNameError(name, str(value), get_args(known))
        if not 0 < self.high_pass < 0.1:
            raise UsageError(
                f"high_pass is {self.high_pass:g} Hz, expected above 0 and below 0.1: faster than "
                "that, drifts take the responses out"
            )
