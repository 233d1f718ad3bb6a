"""Features → voxels: ridge, folds, predictivity, ceilings, nuisance. Arrays in, arrays out."""

from brainbench.encoding.kernels import linear_kernels, random_kernels
from brainbench.encoding.published.ceilings import (
    NEAR_ONE,
    NEAR_ZERO,
    CeilingFit,
    divide_by_ceiling,
    fit_ceilings,
    intersubject_curves,
)
from brainbench.encoding.published.prediction import Correlations, predictivity
from brainbench.encoding.published.ridge import PUBLISHED_ALPHAS, RidgeFold, fit_fold
from brainbench.encoding.responses import Fold, FoldResponses, prepare_responses
from brainbench.encoding.threads import parallel
from brainbench.folds import published_folds

__all__ = [
    "NEAR_ONE",
    "NEAR_ZERO",
    "PUBLISHED_ALPHAS",
    "CeilingFit",
    "Correlations",
    "Fold",
    "FoldResponses",
    "RidgeFold",
    "divide_by_ceiling",
    "fit_ceilings",
    "fit_fold",
    "intersubject_curves",
    "linear_kernels",
    "parallel",
    "predictivity",
    "prepare_responses",
    "published_folds",
    "random_kernels",
]
