"""How well people predict each other on runs that were held out.

All others together predict a person: the inter-subject reference, measured and no bound.
Sets of fewer others give a curve, which is extrapolated to infinitely many people, and
what is left when one person is taken out altogether gives the reference an interval:
people predict each other, so their own values are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.controlled.banded_ridge import make_bands, unique_variance
from brainbench.encoding.controlled.people_bootstrap import (
    as_interval,
    penalty_table,
    people_bounds,
)
from brainbench.encoding.controlled.prediction import People
from brainbench.encoding.controlled.ridge import CONTROLLED_ALPHAS, fit_blocked
from brainbench.encoding.kernels import Array, contrasts, linear_kernels
from brainbench.encoding.published.ceilings import fit_ceilings
from brainbench.encoding.published.prediction import correlate
from brainbench.encoding.threads import parallel
from brainbench.errors import DataError
from brainbench.statistics.inference import Interval, jackknife_values

# Fewest people who can be predicted from others when one of them is left out.
MIN_PEOPLE = 3
# Sets of others of one size: all of them up to here, then as many, drawn.
SETS_OF_A_SIZE = 24
# Fewest sizes that an asymptote and a time constant can be fitted to, with one to spare.
_MIN_SIZES = 3


@dataclass(frozen=True)
class Reference:
    """How well all other people together predict each person.

    Attributes
    ----------
    people : (P,) the statistic of each person.
    pseudo : (P,) jackknife values: their mean is that of ``people``, their spread that of
        the mean when another sample of people is drawn.
    """

    people: Array
    pseudo: Array


@dataclass(frozen=True)
class CeilingCurve:
    """v(x) = v0 (1 - exp(-x / τ)), fitted to the mean over people.

    Attributes
    ----------
    curve : (P - 1,) mean r from 1, 2, … others; x counts the person too.
    v0, tau, rmse : asymptote, time constant in people, root mean squared error. NaN where
        the fit failed: a value is not finite, there are fewer than three sizes, or v0 lies
        at 0 or 1, so that nothing in the curve says where it ends.
    """

    curve: Array
    v0: float
    tau: float
    rmse: float


def predict_from_sets(
    people: People, rng: np.random.Generator, alphas: Array = CONTROLLED_ALPHAS
) -> tuple[Reference, CeilingCurve]:
    """Pearson r of each person from sets of the others, mean over voxels and folds.

    One penalty serves all sets of one size and all people outside them, by squared error
    on the inner folds.

    Parameters
    ----------
    people : at least three.
    rng : draws sets where there are more than :data:`SETS_OF_A_SIZE` of a size; those that
        reference and jackknife need are all there.

    Raises
    ------
    DataError
        With fewer people.
    """
    n_people = len(people.blocks)
    _check(n_people)
    kernels = own_kernels(people)
    curve = np.empty(n_people - 1)
    pairs = np.full((n_people, n_people), np.nan)
    whole = np.empty(n_people)
    for size in range(1, n_people):
        members = _sets(n_people, size, rng)
        r = _predict(people, kernels, members, alphas)
        curve[size - 1] = np.nanmean(np.nanmean(r, axis=1))
        if size == n_people - 2:
            for number, inside in enumerate(members):
                one, other = np.flatnonzero(~inside)
                pairs[other, one], pairs[one, other] = r[one, number], r[other, number]
        if size == n_people - 1:
            whole = np.nanmean(r, axis=1)
    # row i: what the others get when person i neither predicts nor is predicted
    pseudo = jackknife_values(float(whole.mean()), np.nanmean(pairs, axis=1))
    return Reference(whole, pseudo), extrapolate(curve)


def unique_of_others(
    people: People, nuisance: Array, columns: Array, rng: np.random.Generator
) -> tuple[Array, Interval | None]:
    """(P,) R² that all others together add to nuisance, of each person, and the interval of
    its mean when other people are predicted from these.

    Parameters
    ----------
    people : at least three.
    nuisance, columns : as in :func:`.make_bands`.
    rng : of the bootstrap.
    """
    _check(len(people.blocks))
    own = own_kernels(people)
    others = own.sum(axis=0) - own
    kernels = [fold.normalise(others) for fold in people.folds]
    bands = make_bands(nuisance, columns, kernels, people.folds)
    added = unique_variance(bands, [people.grams])[0].banded[:, 0]
    return added, as_interval(people_bounds(penalty_table(bands, [people.grams]), rng)[0])


def own_kernels(people: People) -> Array:
    """(P, n, n) inner products of items over a person's voxels, each of trace 1."""
    kernels = np.stack([linear_kernels(block[:, None, :])[0] for block in people.blocks])
    trace = np.trace(kernels, axis1=1, axis2=2)[:, None, None]
    scaled: Array = np.divide(kernels, trace, out=np.zeros_like(kernels), where=trace > 0.0)
    return scaled


def extrapolate(curve: Array) -> CeilingCurve:
    """Fit the curve of means; see :class:`CeilingCurve`.

    Source: Schrimpf et al. 2021, with τ > 0 as in :func:`.fit_ceilings`.
    """
    fit = fit_ceilings(curve[:, None])
    v0, tau, rmse = float(fit.v0[0]), float(fit.tau[0]), float(fit.rmse[0])
    if len(curve) < _MIN_SIZES or fit.failed[0] or not 0.0 < v0 < 1.0:
        v0 = tau = rmse = float("nan")
    return CeilingCurve(curve, v0, tau, rmse)


def _predict(people: People, kernels: Array, members: NDArray[np.bool_], alphas: Array) -> Array:
    """(P, S) r of each person from each set, mean over voxels and folds; NaN inside it."""
    total: Array = np.zeros((len(people.blocks), len(members)))
    summed = np.tensordot(members.astype(float), kernels, axes=1)
    fitted = parallel(lambda fold: fit_blocked(fold.normalise(summed), fold, alphas), people.folds)
    for number, (fold, ridge) in enumerate(zip(people.folds, fitted, strict=True)):
        rows = fold.train
        errors = ridge.errors(people.centred[number][:, rows[:, None], rows])
        chosen = int(errors[~members.T].sum(axis=0).argmin())
        test, train = contrasts(len(fold.test)), contrasts(len(rows))
        predictors = test.T @ ridge.maps[:, chosen] @ train

        def score(person: int, predictors: Array = predictors, number: int = number) -> Array:
            outside = np.flatnonzero(~members[:, person])
            responses = people.responses[person][number]
            voxels = np.zeros((len(outside), responses.trained.shape[1]))
            correlate(predictors[outside], responses, voxels)
            r = np.full(len(members), np.nan)
            r[outside] = voxels.mean(axis=1)
            return r

        total += np.stack(parallel(score, range(len(people.blocks))))
    found: Array = total / len(people.folds)
    return found


def _sets(n_people: int, size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(S, P) who is in each set of one size."""
    needed = size >= n_people - 2
    chosen: Sequence[Sequence[int]]
    if needed or comb(n_people, size) <= SETS_OF_A_SIZE:
        chosen = list(combinations(range(n_people), size))
    else:
        chosen = [rng.permutation(n_people)[:size].tolist() for _ in range(SETS_OF_A_SIZE)]
        # everybody is outside some set, or has no r of this size
        for person in range(n_people):
            if all(person in one for one in chosen):
                others = [p for p in range(n_people) if p != person]
                chosen[person % len(chosen)] = rng.permutation(others)[:size].tolist()
    members = np.zeros((len(chosen), n_people), dtype=bool)
    for row, one in zip(members, chosen, strict=True):
        row[list(one)] = True
    return members


def _check(n_people: int) -> None:
    if n_people < MIN_PEOPLE:
        raise DataError(
            f"people are predicted from others, so {MIN_PEOPLE} are needed; there are {n_people}"
        )
