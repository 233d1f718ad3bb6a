"""Images → responses: runs of an fMRIPrep folder, ROIs, confounds, one response a trial.

nilearn and nibabel are imported when something is read or estimated: ``brainbench[imaging]``.
"""

from brainbench.imaging.run import RunResponses, ScannerRun, find_runs

__all__ = ["RunResponses", "ScannerRun", "find_runs"]
