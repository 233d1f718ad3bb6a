"""Errors of two-band ridge at every pair of penalties, person by person.

All people share one choice of penalties, so what is chosen depends on who was measured. An
interval over people that takes the choice as given holds the mean of new people far too seldom
(docs/calibration.md counts it on simulated people). So people are drawn anew here, and the
penalties chosen again, from a table that holds every error that any weighting of people could
ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.controlled.band_fit import Bands, better_than, joint_maps, measured_kernels
from brainbench.encoding.controlled.banded_ridge import MODEL_PENALTIES
from brainbench.encoding.controlled.ridge import (
    CONTROLLED_ALPHAS,
    FlatMaps,
    held_out_blocks,
    inner_blocks,
)
from brainbench.encoding.kernels import Array
from brainbench.encoding.threads import parallel
from brainbench.statistics.inference import Interval, people_interval

BOOTSTRAP_DRAWS = 500
MIN_PEOPLE = 3
FEW_PEOPLE = 6


@dataclass(frozen=True)
class PenaltyTable:
    """Squared errors of R ROIs or data sets, P people, F folds.

    Attributes
    ----------
    inner, outer : (R, P, F, A, B) on the inner folds, on the test run; the first of the B
        penalties on the model adds nothing.
    total : (R, P) squared test responses about the training means.
    """

    inner: Array
    outer: Array
    total: Array

    def unique(self, weights: Array) -> Array:
        """Unique R² of weighted people, penalties chosen by their weighted errors.

        Parameters
        ----------
        weights : (W, P), each row of sum 1.

        Returns
        -------
        (R, W) weighted means.
        """
        return np.stack(parallel(lambda roi: self._unique(roi, weights), range(len(self.inner))))

    def people(self) -> Array:
        """(R, P) unique R² of each person, penalties chosen for all of them."""
        n_people = self.total.shape[1]
        alike = np.full((1, n_people), 1.0 / n_people)
        return np.stack([self._shares(roi, alike)[:, 0] for roi in range(len(self.inner))])

    def _unique(self, roi: int, weights: Array) -> Array:
        mean: Array = (weights * self._shares(roi, weights).T).sum(axis=1)
        return mean

    def _shares(self, roi: int, weights: Array) -> Array:
        """(P, W) unique R² of each person under what each weighting of people chooses."""
        summed = np.tensordot(weights, self.inner[roi], axes=1)
        alone = summed[..., 0]
        alpha = alone.argmin(axis=2)
        row = np.take_along_axis(summed, alpha[:, :, None, None], axis=2)[:, :, 0]
        beta = np.where(better_than(row.min(axis=2), row[..., 0]), row.argmin(axis=2), 0)
        folds = np.arange(alpha.shape[1])
        outer, total = self.outer[roi], self.total[roi]
        gained = (outer[:, folds, alpha, 0] - outer[:, folds, alpha, beta]).sum(axis=2)
        share: Array = np.divide(
            gained, total[:, None], out=np.zeros_like(gained), where=total[:, None] > 0.0
        )
        return share


def penalty_table(
    bands: Sequence[Bands],
    grams: Sequence[Array],
    alphas: Array = CONTROLLED_ALPHAS,
    betas: Array = MODEL_PENALTIES,
) -> PenaltyTable:
    """Errors at every penalty, items in the measured order; see :func:`.unique_variance`.

    Parameters
    ----------
    bands : per fold, from :func:`.make_bands`.
    grams : per ROI or data set (P, n, n) inner products of items over voxels.
    alphas : (A,) penalties on nuisance.
    betas : (B,) penalties on the model; the first is infinite.
    """
    responses = np.stack(grams)
    folds = [_fold(band, band.fold.centred(responses), alphas, betas) for band in bands]
    inner, outer = (np.stack([fold[i] for fold in folds], axis=2) for i in range(2))
    return PenaltyTable(inner, outer, np.sum([fold[2] for fold in folds], axis=0))


def people_bounds(
    table: PenaltyTable, rng: np.random.Generator, draws: int = BOOTSTRAP_DRAWS
) -> Array:
    """(R, 2) 95 % interval of the mean over people; NaN below three people.

    Percentiles of a bootstrap: people are drawn with replacement and their penalties chosen
    anew. How often it holds the mean of new people, at the design of xiao2026, is counted by
    ``brainbench calibrate`` (docs/calibration.md). Below
    :data:`FEW_PEOPLE` a bootstrap has too little to draw from: Student's t of people under
    the penalties that all of them chose is taken too, and the outer ends are given.

    Parameters
    ----------
    table : errors of each person at every penalty.
    rng : source of the draws.
    draws : how many samples of people.

    Source: Efron & Tibshirani 1993, chapter 13.
    """
    n_people = table.total.shape[1]
    if n_people < MIN_PEOPLE:
        return np.full((len(table.total), 2), np.nan)
    drawn = rng.multinomial(n_people, np.full(n_people, 1.0 / n_people), draws) / n_people
    bounds: Array = np.quantile(table.unique(drawn), [0.025, 0.975], axis=1).T
    if n_people >= FEW_PEOPLE:
        return bounds
    student = np.array([people_interval(own) for own in table.people()])
    return np.stack(
        [np.minimum(bounds[:, 0], student[:, 0]), np.maximum(bounds[:, 1], student[:, 1])], axis=1
    )


def as_interval(bounds: Array) -> Interval | None:
    """Two numbers as an interval; None for NaN."""
    return None if np.isnan(bounds).any() else (float(bounds[0]), float(bounds[1]))


def _fold(bands: Bands, grams: Array, alphas: Array, betas: Array) -> tuple[Array, Array, Array]:
    """(R, P, A, B) inner and outer errors, (R, P) totals of one fold; grams (R, P, n, n)."""
    fold, n_people = bands.fold, grams.shape[1]
    train, test = fold.train, fold.test
    shape = (len(grams), len(alphas), len(betas))

    def maps(
        own: Array, added: Array, fitted: NDArray[np.intp], checked: NDArray[np.intp]
    ) -> FlatMaps:
        """Of every pair of penalties."""
        return FlatMaps.of(joint_maps(own, added, fitted, checked, alphas, betas))

    def every(person: int) -> tuple[list[FlatMaps], FlatMaps]:
        """Maps of each inner fold, and of the test run."""
        nuisance, model = measured_kernels(bands, person)
        inside = nuisance[train[:, None], train], model[:, train[:, None], train]
        inner = []
        for part in fold.inner:
            own, added = (part.centred(kernel) for kernel in inside)
            inner.append(maps(own, added, part.fitted, part.checked))
        return inner, maps(nuisance, model, train, test)

    made = parallel(every, range(len(bands.nuisance)))

    def score(person: int) -> tuple[Array, Array]:
        inner, outer = made[min(person, len(made) - 1)]
        own = grams[:, person]
        inside = own[:, train[:, None], train]
        errors = [
            each.errors(inner_blocks(inside, part))
            for each, part in zip(inner, fold.inner, strict=True)
        ]
        tested = outer.errors(held_out_blocks(own, fold))
        return np.sum(errors, axis=0).reshape(shape), tested.reshape(shape)

    parts = parallel(score, range(n_people))
    total = np.einsum("rpii->rp", grams[:, :, test[:, None], test])
    return np.stack([p[0] for p in parts], axis=1), np.stack([p[1] for p in parts], axis=1), total
