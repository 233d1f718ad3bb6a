"""Regressors of no interest from fMRIPrep's table, by nilearn's strategies.

A strategy is one of nilearn's presets, or its components with ``+`` between them, each with its
model after ``:`` where it has one, such as ``motion:basic+wm_csf+high_pass+scrub``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainbench.datasets.readers import read_tsv
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.imaging.extra import require_imaging
from brainbench.imaging.run import ScannerRun

DEFAULT_STRATEGY = "simple"
"""24 motion regressors, white matter and CSF (nilearn's preset; Fox et al. 2005)."""

# nilearn's presets (`load_confounds_strategy`), and what their names stand for
PRESETS = {
    "simple": "motion:full+wm_csf:basic+high_pass",
    "scrubbing": "motion:full+wm_csf:full+high_pass+scrub",
    "compcor": "motion:full+compcor:anat_combined+high_pass",
    "ica_aroma": "wm_csf:basic+ica_aroma:full+high_pass",
}
COMPONENTS = (
    "motion",
    "wm_csf",
    "global_signal",
    "compcor",
    "ica_aroma",
    "high_pass",
    "scrub",
    "non_steady_state",
)
_TO_NUMBER = {"scrub": int}


@dataclass(frozen=True)
class Confounds:
    """What is taken out of a run.

    Attributes
    ----------
    table : (scans) regressors, finite, without constant ones.
    kept : (scans,) False for scans before the steady state and those scrubbed.
    motion : (scans,) framewise displacement in mm, NaN where unknown.
    """

    table: pd.DataFrame
    kept: NDArray[np.bool_]
    motion: NDArray[np.float64]


def parse_strategy(strategy: str) -> dict[str, Any]:
    """Arguments of nilearn's ``load_confounds``.

    Parameters
    ----------
    strategy : a preset, or components with ``+`` between them.

    Raises
    ------
    UsageError
        When a component is not known or stands twice.
    """
    parts = PRESETS.get(strategy, strategy).split("+")
    names = [part.partition(":")[0].strip() for part in parts]
    for name in names:
        if name not in COMPONENTS:
            raise UnknownNameError("strategy for confounds", name, [*PRESETS, *COMPONENTS])
        if names.count(name) > 1:
            raise UsageError(f"confounds {strategy!r}: {name} stands twice")
    chosen: dict[str, Any] = {"strategy": tuple(n for n in names if n != "non_steady_state")}
    if "compcor" in names and "high_pass" not in names:
        # fMRIPrep took the slow drifts out before it computed these components
        chosen["strategy"] = (*chosen["strategy"], "high_pass")
    for part, name in zip(parts, names, strict=True):
        model = part.partition(":")[2].strip()
        if model:
            try:
                chosen[name] = _TO_NUMBER.get(name, str)(model)
            except ValueError as error:
                raise UsageError(f"confounds {strategy!r}: {model!r} is not a number") from error
    return chosen


def read_confounds(run: ScannerRun, scans: int, strategy: str = DEFAULT_STRATEGY) -> Confounds:
    """Regressors of no interest of one run.

    Scans before the steady state are always left out. fMRIPrep's cosine regressors are not
    among the regressors: the design has drifts of its own, over the same period by default.

    Parameters
    ----------
    run : whose table is read; nilearn looks for it beside the image.
    scans : of the image.
    strategy : see :func:`parse_strategy`.

    Raises
    ------
    DataError
        When the table is damaged, is of another length, or lacks columns or holds NaN in those
        that the strategy needs.
    """
    require_imaging()
    from nilearn.interfaces.fmriprep import load_confounds

    raw = read_tsv(run.confounds, ())
    if len(raw) != scans:
        raise DataError(
            f"{run.label}: {run.confounds.name} has {len(raw)} rows for {scans} scans; it is of "
            "another run, or the image is cut short"
        )
    images = [str(path) for path in run.bold]
    chosen = parse_strategy(strategy)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table, sample = load_confounds(images if len(images) == 1 else [images], **chosen)
    except Exception as error:  # nilearn and pandas raise several kinds
        raise DataError(
            f"{run.label}: {run.confounds.name} does not serve confounds {strategy!r}: "
            f"{' '.join(str(error).split())}; choose another strategy ({', '.join(PRESETS)}, or "
            f"components: {', '.join(COMPONENTS)})"
        ) from error
    table, sample = (held[0] if isinstance(held, list) else held for held in (table, sample))
    table = pd.DataFrame(index=range(scans)) if table is None else table
    kept = np.ones(scans, bool) if sample is None else np.isin(np.arange(scans), sample)
    table = table[[name for name in table if not str(name).startswith("cosine")]].astype(float)
    bad = [str(name) for name in table if not np.isfinite(table[name][kept]).all()]
    if bad:
        raise DataError(
            f"{run.label}: {run.confounds.name} holds NaN in {', '.join(bad[:6])}"
            f"{' …' if len(bad) > 6 else ''}"
        )
    spread = table[kept].std() if kept.any() else pd.Series(0.0, index=table.columns)
    table = table.loc[:, spread > 0].fillna(0.0)
    return Confounds(table, kept, _displacement(raw))


def _displacement(raw: pd.DataFrame) -> NDArray[np.float64]:
    """Framewise displacement from fMRIPrep (Power et al. 2012); unknown at the first scan."""
    if "framewise_displacement" not in raw:
        return np.full(len(raw), np.nan)
    return np.asarray(pd.to_numeric(raw["framewise_displacement"], errors="coerce"), float)
