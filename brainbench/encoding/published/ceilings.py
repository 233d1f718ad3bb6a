"""How well people predict each other: the inter-subject reference and the published ceiling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array, linear_kernels
from brainbench.encoding.published.prediction import correlate, kernels_at_once
from brainbench.encoding.published.ridge import PUBLISHED_ALPHAS, fit_fold
from brainbench.encoding.responses import Fold, FoldResponses, prepare_responses
from brainbench.encoding.threads import parallel
from brainbench.errors import DataError

# Sets of people decomposed together, at most, and batches between two calls of progress.
_SETS_AT_ONCE = 16
_BATCHES_AT_ONCE = 16
# Where the published ceiling has no meaning as a divisor, and where it is at its bound.
NEAR_ZERO = 1e-6
NEAR_ONE = 0.99
# Time constants tried by the fit, in people. The least makes the curve flat from two people
# on; the greatest makes it a straight line, where v0 is bounded by 1 and not by the data.
_TAU_GRID: Array = np.geomspace(0.05, 1e6, 400)
_REFINEMENTS = 40  # golden-section steps between grid points; each shrinks the bracket by 0.618


@dataclass(frozen=True)
class CeilingFit:
    """v(x) = v0 (1 - exp(-x / tau)), fitted per voxel over x people.

    Attributes
    ----------
    v0 : asymptote, in [0, 1]; the published ceiling.
    tau : time constant in people, positive; NaN where v0 is 0 or the fit failed.
    rmse : root mean squared error of the fit.
    failed : where the curve holds a number that is not finite; v0 is then the last
        finite value of the curve, as published.
    """

    v0: Array
    tau: Array
    rmse: Array
    failed: NDArray[np.bool_]


def subset_sizes(n_people: int) -> range:
    """Sizes of the sets of other people that one person is predicted from."""
    return range(1, n_people)


def intersubject_curves(
    people: Sequence[Array],
    folds: Sequence[Fold],
    alphas: Array = PUBLISHED_ALPHAS,
    progress: Callable[[int, int], None] | None = None,
) -> list[Array]:
    """Predict each person's voxels from every set of other people.

    The features of a set are its people's voxels side by side, so its kernel is the sum
    of theirs. Each set is decomposed once per fold, for all the people outside it.

    Parameters
    ----------
    people : arrays (n_items, n_voxels), one per person; voxel counts may differ.
    folds : pairs ``(train, test)``.
    alphas : ridge penalties to choose from.
    progress : called with (sets done, sets in all).

    Returns
    -------
    One array (n_people - 1, n_voxels) per person: row k - 1 is Pearson r, mean over folds
    and over all sets of k others. The last row is the inter-subject reference: how well
    all the others together predict this person.

    Raises
    ------
    DataError
        With fewer than three people, where no curve can be drawn.
    """
    n_people = len(people)
    if n_people < 3:
        raise DataError(f"a ceiling needs at least 3 people; there are {n_people}")
    n_items = {len(person) for person in people}
    if len(n_items) > 1:
        raise DataError(f"people have different numbers of items: {sorted(n_items)}")
    prepared = parallel(partial(prepare_responses, folds=folds), people)
    kernels = np.concatenate([linear_kernels(person[:, None, :]) for person in people])
    grams = [np.stack([p[number].gram for p in prepared]) for number in range(len(folds))]
    batches = list(_batches(n_people, _sets_at_once(kernels.shape[1], len(folds), len(alphas))))
    score = partial(_score_sets, folds, kernels, prepared, grams, alphas)
    sums = [np.zeros((n_people - 1, person.shape[1])) for person in people]
    counts = np.zeros((n_people, n_people - 1))
    done = 0
    for start in range(0, len(batches), _BATCHES_AT_ONCE):
        group = batches[start : start + _BATCHES_AT_ONCE]
        for batch, found in zip(group, parallel(score, group), strict=True):
            row = len(batch[0]) - 1
            for person, (total, count) in found.items():
                sums[person][row] += total
                counts[person, row] += count
            done += len(batch)
        if progress:
            progress(done, 2**n_people - 2)
    return [summed / counts[person][:, None] for person, summed in enumerate(sums)]


def _score_sets(
    folds: Sequence[Fold],
    kernels: Array,
    prepared: Sequence[Sequence[FoldResponses]],
    grams: Sequence[Array],
    alphas: Array,
    sets: Sequence[tuple[int, ...]],
) -> dict[int, tuple[Array, int]]:
    """Predict everybody outside some sets of one size from each of them.

    Returns
    -------
    Person → sum over the sets without them of r per voxel, and how many sets that was.
    """
    members = np.zeros((len(sets), len(kernels)))
    for row, people in enumerate(sets):
        members[row, list(people)] = 1.0
    summed = np.tensordot(members, kernels, axes=1)
    outside = {p: np.flatnonzero(members[:, p] == 0.0) for p in range(len(kernels))}
    totals = {
        person: np.zeros((len(rows), prepared[person][0].trained.shape[1]))
        for person, rows in outside.items()
        if rows.size
    }
    for number, fold in enumerate(folds):
        ridge = fit_fold(summed, fold, alphas)
        chosen = ridge.choose(grams[number])
        for person, total in totals.items():
            predictors = ridge.predictors_at(chosen[person], outside[person])
            correlate(predictors, prepared[person][number], total)
    return {
        person: (total.sum(axis=0) / len(folds), len(total)) for person, total in totals.items()
    }


def fit_ceilings(curve: Array, people: Array | None = None) -> CeilingFit:
    """Extrapolate inter-subject predictivity to infinitely many people, per voxel.

    For a fixed tau the best v0 is a projection, clipped to [0, 1]; tau is the best of a
    grid over tau > 0, refined between its points. The published optimiser searches tau of
    either sign from one start and stops where it happens to; this is the τ > 0 branch,
    fitted as well as it can be.

    Parameters
    ----------
    curve : (n_sizes, n_voxels); row k - 1 is r from sets of k others.
    people : (n_sizes,) x of each row; by default k + 1, as published.

    Returns
    -------
    :class:`CeilingFit`, arrays of (n_voxels,).

    Source: Xiao, Du & Lin 2026, Methods (ceiling), after Schrimpf et al. 2021.
    """
    n_sizes, n_voxels = curve.shape
    x = np.arange(2.0, n_sizes + 2.0) if people is None else np.asarray(people, float)
    failed: NDArray[np.bool_] = np.logical_not(np.isfinite(curve).all(axis=0))
    usable = np.where(failed, 0.0, curve)
    best = np.full(n_voxels, np.inf)
    nearest = np.zeros(n_voxels, dtype=int)
    for number, constant in enumerate(_TAU_GRID):
        error = _at_tau(usable, x, np.full(1, constant))[0]
        better = error < best
        best[better] = error[better]
        nearest[better] = number
    tau = _refine(usable, x, nearest)
    error, v0 = _at_tau(usable, x, tau)
    tau = np.where(v0 > 0.0, tau, np.nan)
    rmse = np.sqrt(error / n_sizes)
    if failed.any():
        v0[failed] = _last_finite(curve[:, failed])
        tau[failed] = rmse[failed] = np.nan
    return CeilingFit(v0, tau, rmse, failed)


def _at_tau(curve: Array, x: Array, tau: Array) -> tuple[Array, Array]:
    """Summed squared error and v0 of the best fit at given tau, (1,) or (n_voxels,)."""
    shape = -np.expm1(-x[:, None] / tau)
    v0 = np.clip((shape * curve).sum(axis=0) / (shape * shape).sum(axis=0), 0.0, 1.0)
    return ((curve - v0 * shape) ** 2).sum(axis=0), v0


def _refine(curve: Array, x: Array, nearest: NDArray[np.intp]) -> Array:
    """Golden-section search in log tau between the neighbours of the best grid point."""
    log_grid = np.log(_TAU_GRID)
    low = log_grid[np.clip(nearest - 1, 0, None)]
    high = log_grid[np.clip(nearest + 1, None, len(log_grid) - 1)]
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(_REFINEMENTS):
        inner, outer = high - golden * (high - low), low + golden * (high - low)
        left = _at_tau(curve, x, np.exp(inner))[0] <= _at_tau(curve, x, np.exp(outer))[0]
        low, high = np.where(left, low, inner), np.where(left, outer, high)
    return np.exp((low + high) / 2.0)


def _sets_at_once(n_items: int, n_folds: int, n_alphas: int) -> int:
    """Sets in a batch: many enough to share the work, few enough to stay in the cache."""
    return min(_SETS_AT_ONCE, kernels_at_once(n_items, n_folds, n_alphas))


def _batches(n_people: int, at_once: int) -> Iterator[list[tuple[int, ...]]]:
    """All sets of 1 to n - 1 people, in batches of equal size of set."""
    for size in subset_sizes(n_people):
        subsets = list(combinations(range(n_people), size))
        for start in range(0, len(subsets), at_once):
            yield subsets[start : start + at_once]


def _last_finite(curve: Array) -> Array:
    """Last finite value of each column; NaN where there is none."""
    finite = np.isfinite(curve)
    last = curve.shape[0] - 1 - np.argmax(finite[::-1], axis=0)
    return np.where(finite.any(axis=0), curve[last, np.arange(curve.shape[1])], np.nan)


def divide_by_ceiling(r: Array, v0: Array) -> Array:
    """R / v0 per voxel, as published: nothing clipped, 0 / 0 counts 0, x / 0 is infinite.

    Parameters
    ----------
    r : (..., n_voxels).
    v0 : (n_voxels,) published ceiling.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = r / v0
    ratio[(r == 0.0) & (v0 == 0.0)] = 0.0
    return ratio
