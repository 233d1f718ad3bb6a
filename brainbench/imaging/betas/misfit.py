"""Whether the assumed HRF is that of a region.

The mean series of a region is fitted with all trials as one regressor, then with the derivatives of
its HRF in time and dispersion as well (Friston et al. 1998, NeuroImage 7). What these add of the
task's variance is small where the HRF is right, and grows as it comes later or earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from brainbench.imaging.betas.design import build_design
from brainbench.imaging.betas.options import BetaOptions
from brainbench.imaging.betas.separate import orthonormal
from brainbench.imaging.extra import require_imaging
from brainbench.imaging.run import RunResponses

Array = NDArray[np.float64]
MISSED = 0.1
"""Share of a region's task variance above which the HRF is called wrong; see docs/imaging.md."""
_SURE = 0.001  # p of the derivatives


@dataclass(frozen=True)
class HrfFit:
    """How well the assumed HRF fits a region.

    Attributes
    ----------
    missed : share of the task's variance that only the derivatives explain, less what they explain
        of noise; 0 to 1.
    p : of the derivatives, by an F test after whitening with the AR(1) of the residuals.
    """

    missed: float
    p: float

    @property
    def wrong(self) -> bool:
        """Whether the assumed HRF misses much, and not by chance."""
        return self.missed > MISSED and self.p < _SURE


def hrf_fit(runs: Sequence[RunResponses], options: BetaOptions | None = None) -> dict[str, HrfFit]:
    """How well the HRF of the options fits each region of a person.

    Parameters
    ----------
    runs : of one person.
    options : HRF and drifts; derivatives in its name are left out of what is asked.
    """
    require_imaging()
    options = options or BetaOptions()
    shape = options.hrf.split()[0]
    derived = f"{shape} + derivative + dispersion"
    # (scans, 3) all trials together, and what is of no interest
    made = [build_design(run, options, hrf=derived) for run in runs]
    designs = [(one.own.sum(axis=1), one.nuisance) for one in made]
    found = {}
    for roi, columns in runs[0].rois.items():
        parts = [
            _explained(_mean_series(run, columns), *held)
            for run, held in zip(runs, designs, strict=True)
        ]
        main, added, left, freedom = np.sum(parts, axis=0)
        noise, extra = left / freedom, 2 * len(runs)
        signal, missed = max(main - len(runs) * noise, 0.0), max(added - extra * noise, 0.0)
        found[roi] = HrfFit(
            missed=float(missed / (signal + missed)) if missed else 0.0,
            p=float(f_distribution.sf(added / extra / noise, extra, freedom)),
        )
    return found


# ---------------------------------------------------------------- parts


def _mean_series(run: RunResponses, columns: NDArray[np.intp]) -> Array:
    """(kept scans,) mean of a region in per cent."""
    values = run.series[run.kept][:, columns[run.inside[columns]]].astype(np.float64)
    return np.asarray(100 * (values / values.mean(axis=0) - 1).mean(axis=1))


def _explained(series: Array, responses: Array, nuisance: Array) -> Array:
    """Of one run: squares by the response, added by its derivatives, left over; and freedom."""
    whole = orthonormal(np.column_stack([responses, nuisance]))
    rest = series - whole @ (whole.T @ series)
    rho = float(rest[1:] @ rest[:-1] / (rest @ rest))
    series = _whiten(series[:, None], rho)[:, 0]
    columns = _whiten(np.column_stack([nuisance, responses]), rho)
    count = nuisance.shape[1]
    bases = [orthonormal(columns[:, :until]) for until in (count, count + 1, columns.shape[1])]
    without, plain, everything = (_squares(base, series) for base in bases)
    return np.array(
        [
            plain - without,
            everything - plain,
            series @ series - everything,
            len(series) - bases[2].shape[1],
        ]
    )


def _squares(basis: Array, series: Array) -> float:
    return float(((basis.T @ series) ** 2).sum())


def _whiten(columns: Array, rho: float) -> Array:
    """Columns less ρ times the row before, as nilearn whitens."""
    found = columns.copy()
    found[1:] -= rho * columns[:-1]
    return found
