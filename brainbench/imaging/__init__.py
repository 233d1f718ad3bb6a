"""Images → responses: runs of an fMRIPrep folder, ROIs, confounds, one response a trial.

nilearn and nibabel are imported when something is read or estimated: ``brainbench[imaging]``.
"""

from brainbench.imaging.betas import BetaOptions, TrialBetas, estimate_trials
from brainbench.imaging.reading import ReadOptions, read_run
from brainbench.imaging.rois import AtlasRoi, MaskRoi, Roi, SphereRoi, parse_roi
from brainbench.imaging.run import RunResponses, ScannerRun, find_runs

__all__ = [
    "AtlasRoi",
    "BetaOptions",
    "MaskRoi",
    "ReadOptions",
    "Roi",
    "RunResponses",
    "ScannerRun",
    "SphereRoi",
    "TrialBetas",
    "estimate_trials",
    "find_runs",
    "parse_roi",
    "read_run",
]
