"""One response a trial: designs, least squares, and choices made on other runs."""

from brainbench.imaging.betas.estimate import TrialBetas, estimate_trials
from brainbench.imaging.betas.misfit import HrfFit, hrf_fit
from brainbench.imaging.betas.options import BetaOptions

__all__ = ["BetaOptions", "HrfFit", "TrialBetas", "estimate_trials", "hrf_fit"]
