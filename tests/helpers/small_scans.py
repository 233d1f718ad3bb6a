"""A run of a few voxels as fMRIPrep leaves it: image, mask, confounds, events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from brainbench.imaging import ScannerRun

SHAPE = (7, 8, 6)
# voxels of 4 mm around a place left of the middle
AFFINE = np.array([[4.0, 0, 0, -60], [0, 4, 0, -10], [0, 0, 4, 10], [0, 0, 0, 1]])
TR = 2.0


def spaced_trials(
    count: int = 18, seed: int = 0, *, controls: bool = True, begin: float = 0.0
) -> pd.DataFrame:
    """Trials spaced as in ds002886: 11 to 17 s each, control trials of 3.5 to 5 s in between."""
    rng = np.random.default_rng(seed)
    kinds = ["problem"] * count + ["control"] * (count // 2 if controls else 0)
    kinds = [kinds[i] for i in rng.permutation(len(kinds))]
    lengths = [
        rng.uniform(11.4, 17.3) if kind == "problem" else rng.uniform(3.5, 5.0) for kind in kinds
    ]
    onsets = begin + np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    conditions = rng.integers(2, 4, len(kinds))
    return pd.DataFrame(
        {
            "onset": onsets.round(3),
            "duration": np.round(lengths, 3),
            "trial_type": [
                "control" if kind == "control" else f"{n}_true_affirm"
                for kind, n in zip(kinds, conditions, strict=True)
            ],
            "response_time": [0.8 if kind == "control" else 3.2 for kind in kinds],
        }
    )


def fmriprep_confounds(scans: int, seed: int = 0, *, steady: int = 0) -> pd.DataFrame:
    """Columns as fMRIPrep 22 names them, derivatives and squares included."""
    rng = np.random.default_rng(seed)
    table: dict[str, Any] = {}
    axes = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
    for name in (*axes, "csf", "white_matter", "global_signal"):
        values = np.cumsum(rng.normal(0, 0.02, scans))
        slope = np.r_[np.nan, np.diff(values)]
        table |= {
            name: values,
            f"{name}_derivative1": slope,
            f"{name}_power2": values**2,
            f"{name}_derivative1_power2": slope**2,
        }
    table["framewise_displacement"] = np.r_[np.nan, np.abs(rng.normal(0, 0.1, scans - 1))]
    table["std_dvars"] = np.r_[np.nan, np.ones(scans - 1)]
    for i in range(3):
        table[f"cosine{i:02d}"] = np.cos(np.pi * (i + 1) * (np.arange(scans) + 0.5) / scans)
    for i in range(4):
        table[f"a_comp_cor_{i:02d}"] = rng.normal(size=scans)
    for i in range(steady):
        table[f"non_steady_state_outlier{i:02d}"] = (np.arange(scans) == i).astype(float)
    return pd.DataFrame(table)


def write_scans(
    folder: Path,
    *,
    scans: int | None = None,
    trials: pd.DataFrame | None = None,
    confounds: pd.DataFrame | None = None,
    values: np.ndarray[Any, Any] | None = None,
    name: str = "transitive-01",
    steady: int = 0,
) -> ScannerRun:
    """Write the files of a run, and say which they are.

    Parameters
    ----------
    values : (x, y, z, scans); noise about 1,000 by default.
    """
    import nibabel

    trials = spaced_trials(4) if trials is None else trials
    last = trials.iloc[-1]
    count = scans or int(np.ceil((last.onset + last.duration + 12) / TR))
    rng = np.random.default_rng(1)
    if values is None:
        values = rng.normal(1000, 10, (*SHAPE, count))
    folder.mkdir(parents=True, exist_ok=True)
    begin = folder / f"sub-01_task-Transitive_run-{name[-2:]}"

    def path(rest: str) -> Path:
        return begin.with_name(f"{begin.name}_{rest}")

    space = "space-MNI152NLin2009cAsym_res-2"
    image = nibabel.Nifti1Image(values.astype(np.float32), AFFINE)
    image.header.set_zooms((4, 4, 4, TR))
    image.header.set_xyzt_units("mm", "sec")
    image.to_filename(path(f"{space}_desc-preproc_bold.nii.gz"))
    brain = np.ones(SHAPE, np.uint8)
    brain[0] = 0
    nibabel.Nifti1Image(brain, AFFINE).to_filename(path(f"{space}_desc-brain_mask.nii.gz"))
    table = fmriprep_confounds(count, steady=steady) if confounds is None else confounds
    table.to_csv(path("desc-confounds_timeseries.tsv"), sep="\t", index=False, na_rep="n/a")
    meta = {
        f"a_comp_cor_{i:02d}": {"Mask": "combined", "Method": "aCompCor", "Retained": True,
                                "CumulativeVarianceExplained": 0.1 * (i + 1)}
        for i in range(4)
    }  # fmt: skip
    path("desc-confounds_timeseries.json").write_text(json.dumps(meta))
    trials.to_csv(path("events.tsv"), sep="\t", index=False, na_rep="n/a")
    path("bold.json").write_text(json.dumps({"RepetitionTime": TR}))
    return ScannerRun(
        subject="sub-01",
        session=None,
        name=name,
        bold=(path(f"{space}_desc-preproc_bold.nii.gz"),),
        confounds=path("desc-confounds_timeseries.tsv"),
        events=path("events.tsv"),
        mask=path(f"{space}_desc-brain_mask.nii.gz"),
        space="MNI152NLin2009cAsym",
        sidecars=(path("bold.json"),),
    )
