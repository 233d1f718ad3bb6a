"""Least squares, separate (LSS): a model for each trial, all of them at once.

Mumford, Turner, Ashby & Poldrack 2012, NeuroImage 59. The model of a trial has its regressor,
one for all other trials, and the regressors of no interest Z, which all models share. By
Frisch-Waugh only the first two are left once Z is projected out. Of the residuals, AR(1) needs
their products at lag 0 and 1, which follow from products with the data that are made once; and
the whitened normal equations are quadratic in the coefficient ρ, X'WY = X'Y - ρ X'(L + L')Y +
ρ² (X'Y - x_n y_n'), so that data are multiplied with the regressors three times in all, not once
for each trial and value of ρ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import DataError
from brainbench.imaging.betas.options import NoiseModel

Array = NDArray[np.float64]
BINS = 100
"""Of the AR coefficient, which nilearn cuts to hundredths."""
_RANK = 1e-10


def separate(
    series: Array, own: Array, rest: Array, nuisance: Array, noise_model: NoiseModel = "ar1"
) -> Array:
    """Responses of each trial from a model of its own.

    Equal to nilearn's ``run_glm`` on (own, rest, nuisance) of each trial in turn, also in the
    AR coefficient, which is that of the residuals of the trial's own model, cut to hundredths.

    Parameters
    ----------
    series : (scans, voxels) data.
    own : (scans, trials, k) regressors of each trial; the first is its response.
    rest : (scans, trials, k) of the other trials.
    nuisance : (scans, q) with the constant.
    noise_model : ``ar1`` or ``ols``.

    Returns
    -------
    (trials, voxels) coefficients of the first regressor of each trial, in units of the series.

    Raises
    ------
    DataError
        When a trial's response cannot be separated from the other regressors.
    """
    base = orthonormal(nuisance)
    pairs = np.concatenate([own, rest], axis=2)
    # columns that are 0 throughout: the rest of a single trial
    held = [pairs[:, i, np.abs(pairs[:, i]).max(axis=0) > 0] for i in range(pairs.shape[1])]
    if noise_model == "ols":
        return np.stack([_weights_ols(one, base, i) @ series for i, one in enumerate(held)])
    rho = _coefficients(series, held, base)
    return _whitened(series, held, base, rho)


# ---------------------------------------------------------------- parts


def orthonormal(matrix: Array) -> Array:
    """An orthonormal basis of the columns, those that depend on others left out."""
    left, values, _ = np.linalg.svd(matrix / np.linalg.norm(matrix, axis=0), full_matrices=False)
    return np.asarray(left[:, values > _RANK * values[0]])


def _lagged(matrix: Array) -> Array:
    """(L + L') of a matrix: the row before plus the row after."""
    found = np.zeros_like(matrix)
    found[1:] += matrix[:-1]
    found[:-1] += matrix[1:]
    return found


def _check_told_apart(gram: Array, lengths: Array, trial: int) -> None:
    """Refuse a trial whose response other regressors make up.

    Whitening changes lengths by at most (1 + ρ) / (1 - ρ), so that it is asked once, without.
    """
    if lengths.min() <= 0 or np.linalg.cond(gram / np.outer(lengths, lengths)) > 1 / _RANK:
        raise DataError(
            f"the response of trial {trial + 1} cannot be separated from the other regressors; use "
            "fewer confounds or a lower high-pass"
        )


def _first_row(gram: Array) -> Array:
    """First row of the inverse of a trial's normal equations."""
    unit = np.zeros(len(gram))
    unit[0] = 1.0
    return np.asarray(np.linalg.solve(gram, unit))


def _weights_ols(pair: Array, base: Array, trial: int) -> Array:
    """(scans,) weights whose product with the series is the coefficient."""
    free = pair - base @ (base.T @ pair)
    gram = free.T @ free
    _check_told_apart(gram, np.linalg.norm(pair, axis=0), trial)
    return np.asarray(_first_row(gram) @ free.T)


def _coefficients(series: Array, pairs: list[Array], base: Array) -> Array:
    """(trials, voxels) AR coefficients of the residuals of each trial's model, as nilearn's."""
    scans = len(series)
    left = series - base @ (base.T @ series)
    around = _lagged(left)
    at_0, at_1 = (left**2).sum(axis=0), (left[1:] * left[:-1]).sum(axis=0)
    found = np.empty((len(pairs), series.shape[1]))
    for i, pair in enumerate(pairs):
        free, _ = np.linalg.qr(pair - base @ (base.T @ pair))
        # coefficients c: |r|² = |y|² - |c|², r'Lr = y'Ly - c'U'(L + L')y + c'U'LU c
        c = free.T @ left
        lag = free[1:].T @ free[:-1]
        zero = at_0 - (c**2).sum(axis=0)
        one = at_1 - (c * (free.T @ around)).sum(axis=0) + (c * (lag @ c)).sum(axis=0)
        # what a constant series leaves is rounding
        with np.errstate(invalid="ignore", divide="ignore"):
            found[i] = (one / (scans - 1)) / (zero / scans)
    return np.asarray(np.trunc(np.nan_to_num(found) * BINS) / BINS)


@dataclass(frozen=True)
class _Products:
    """Products of two sets of columns that make up those under whitening by any ρ."""

    plain: Array
    around: Array
    short: Array

    @classmethod
    def of(cls, left: Array, right: Array) -> _Products:
        plain = left.T @ right
        return cls(plain, left.T @ _lagged(right), plain - np.outer(left[-1], right[-1]))

    def at(self, rho: float) -> Array:
        return self.plain - rho * self.around + rho**2 * self.short

    def part(self, rows: NDArray[np.intp], columns: NDArray[np.intp] | slice) -> _Products:
        held = (self.plain, self.around, self.short)
        return _Products(*(one[rows][:, columns] for one in held))


def _whitened(series: Array, pairs: list[Array], base: Array, rho: Array) -> Array:
    """(trials, voxels) coefficients under the AR coefficient of each trial and voxel."""
    columns = np.column_stack([base, *pairs])
    data, grams = _Products.of(columns, series), _Products.of(columns, columns)
    shared = np.arange(base.shape[1])
    ends = base.shape[1] + np.cumsum([0, *(pair.shape[1] for pair in pairs)])
    found = np.empty((len(pairs), series.shape[1]))
    values, bins = np.unique(rho, return_inverse=True)
    bins = bins.reshape(rho.shape)
    for trial in range(len(pairs)):
        mine = np.concatenate([np.arange(ends[trial], ends[trial + 1]), shared])
        gram, products = grams.part(mine, mine), data.part(mine, slice(None))
        _check_told_apart(gram.plain, np.sqrt(np.diag(gram.plain)), trial)
        # voxels of one ρ next to one another
        order = np.argsort(bins[trial], kind="stable")
        cuts = np.flatnonzero(np.diff(bins[trial][order])) + 1
        for voxels in np.split(order, cuts):
            if not voxels.size:
                continue
            value = float(values[bins[trial][voxels[0]]])
            weights = _first_row(gram.at(value))
            found[trial, voxels] = (
                weights @ products.plain[:, voxels]
                - value * (weights @ products.around[:, voxels])
                + value**2 * (weights @ products.short[:, voxels])
            )
    return found
