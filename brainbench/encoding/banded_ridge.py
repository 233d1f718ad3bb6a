"""What a model adds over nuisance: ridge on two bands, and stacking beside it.

Two kernels, nuisance N and what it leaves of the model's features, M, make

    K(ρ) = N + M / ρ        predictions K_ba (K_aa + αI)⁻¹ y_a

so α is the penalty on nuisance and ρα that on the model. α is the one that serves nuisance
alone best, ρ is chosen beside it, both by squared error on the inner folds, summed over
people and voxels (banded ridge: Nunez-Elizalde, Huth & Gallant 2019; Dupré la Tour et al.
2022). Chosen together, a model could gain by giving nuisance another penalty. An infinite ρ
is among the choices: nothing need be added. The unique variance is R² of that fit minus R²
of nuisance alone, on the same folds.

M is orthogonal to the nuisance columns on training items (:func:`.residual_operator`). Under
the null the rows of these residuals may be exchanged within a run while nuisance and
responses stay in place; exchanged, they are made orthogonal and scaled anew, so that every
order has the rank and trace of the measured one (Huh & Jhun 2001; Winkler et al. 2014).

Stacking keeps the two fits apart and mixes their predictions, (1 - w) N + w M, with one w in
[0, 1] from the inner folds (Lin, Naselaris, Kay & Wehbe 2024).

himalaya's random search chooses band weights for every voxel; here one choice serves all
people, each with kernels of their own, and every fold centres anew. It is held against our
maps in tests instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.blocked_ridge import (
    CONTROLLED_ALPHAS,
    residual_operator,
    ridge_maps,
    squared_errors,
)
from brainbench.encoding.held_out import HeldOutFold, InnerFold
from brainbench.encoding.kernels import Array
from brainbench.encoding.threads import parallel

# Penalty on the model's features as a multiple of that on nuisance; infinite adds nothing.
PENALTY_RATIOS: Array = np.array([np.inf, 1e3, 1e2, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.01])
# Less than this share left of the features is nothing left.
_NOTHING_LEFT = 1e-6
_DRAWS_AT_ONCE = 128


@dataclass(frozen=True)
class Bands:
    """Two kernels of one fold, of each person or, where all have the same, once.

    Attributes
    ----------
    fold : the fold.
    nuisance : (P, n, n) or (1, n, n), centred on training items, trace m there.
    model : likewise; the model's features, nuisance taken out once; zero where it leaves
        nothing.
    operators : likewise; what takes nuisance out of rows in another order.
    left : share of the variance of the model's training features that nuisance leaves.
    """

    fold: HeldOutFold
    nuisance: Array
    model: Array
    operators: Array
    left: float


@dataclass(frozen=True)
class UniqueVariance:
    """R² in one ROI, for D orders of the model's residual rows, the measured one first.

    Attributes
    ----------
    nuisance : (P,) R² of nuisance alone.
    banded : (P, D) R² of both bands minus that of nuisance.
    stacked : (P, D) R² of the mixed predictions minus that of nuisance.
    ratios : (D, F) ρ chosen in each fold; infinite where nothing was added.
    weights : (D, F) w of the mix.
    """

    nuisance: Array
    banded: Array
    stacked: Array
    ratios: Array
    weights: Array


def make_bands(
    nuisance: Array,
    columns: Array,
    model: Sequence[Array],
    folds: Sequence[HeldOutFold],
) -> list[Bands]:
    """Normalise both kernels on each fold and take nuisance columns out of the model's.

    Parameters
    ----------
    nuisance : (n, n) inner products of items, or (P, n, n) where they are a person's own.
    columns : (n, q) or (P, n, q) what the model's training rows are made orthogonal to.
    model : per fold (n, n) or (P, n, n), from :meth:`.HeldOutFold.normalise`.
    folds : the folds.
    """
    made = []
    for features, fold in zip(model, folds, strict=True):
        band = fold.normalise(nuisance if nuisance.ndim == 3 else nuisance[None])
        own = features if features.ndim == 3 else features[None]
        known = columns if columns.ndim == 3 else columns[None]
        size = max(len(band), len(own), len(known))
        band, own, known = (np.broadcast_to(k, (size, *k.shape[1:])) for k in (band, own, known))
        operators = np.stack(
            [residual_operator(c, f, fold) for c, f in zip(known, own, strict=True)]
        )
        residual = operators @ own @ np.swapaxes(operators, 1, 2)
        rows = np.ix_(np.arange(size), fold.train, fold.train)
        before, after = (float(np.einsum("pii->", k[rows])) for k in (own, residual))
        left = after / before if before > 0.0 else 0.0
        if left < _NOTHING_LEFT:
            residual = np.zeros_like(residual)
        made.append(Bands(fold, band, residual, operators, left))
    return made


def unique_variance(
    bands: Sequence[Bands],
    grams: Sequence[Array],
    orders: NDArray[np.intp] | None = None,
    alphas: Array = CONTROLLED_ALPHAS,
    ratios: Array = PENALTY_RATIOS,
) -> list[UniqueVariance]:
    """R² that a model adds to nuisance, per person, in several ROIs.

    Parameters
    ----------
    bands : per fold, from :func:`make_bands`.
    grams : per ROI (P, n, n) inner products of items over voxels.
    orders : (D, n) orders of the model's residual rows, each within its run; the measured
        order comes first by itself.
    alphas, ratios : what is chosen from; the first ratio is infinite, the last is the model's.

    Returns
    -------
    One :class:`UniqueVariance` per ROI.
    """
    responses = np.stack(grams)
    measured = np.arange(responses.shape[-1])[None]
    tried = measured if orders is None else np.concatenate([measured, orders])
    parts = [_Fold(band, responses, tried, alphas, ratios).errors() for band in bands]
    total, alone, banded, stacked = (np.sum([part[i] for part in parts], axis=0) for i in range(4))
    # responses that do not vary have an R² of 0: nothing to explain, nothing explained
    safe = np.where(total > 0.0, total, np.inf)
    return [
        UniqueVariance(
            np.where(total[roi] > 0.0, 1.0 - alone[roi] / safe[roi], 0.0),
            (alone[roi][:, None] - banded[roi]) / safe[roi][:, None],
            (alone[roi][:, None] - stacked[roi]) / safe[roi][:, None],
            np.stack([part[4][roi] for part in parts], axis=1),
            np.stack([part[5][roi] for part in parts], axis=1),
        )
        for roi in range(len(responses))
    ]


class _Fold:
    """One fold of :func:`unique_variance`: R ROIs, P people, D orders."""

    def __init__(
        self,
        bands: Bands,
        grams: Array,
        orders: NDArray[np.intp],
        alphas: Array,
        ratios: Array,
    ) -> None:
        self.bands, self.fold, self.orders = bands, bands.fold, orders
        self.alphas, self.ratios = alphas, ratios
        self.grams = bands.fold.centred(grams)
        # people who share their kernels are, inside, one person with all voxels
        self.shared = len(bands.nuisance) == 1
        summed = self.grams.sum(axis=1, keepdims=True) if self.shared else self.grams
        rows = self.fold.train
        self.inside = summed[:, :, rows[:, None], rows]
        self.pieces = [
            (person, draws)
            for person in range(self.inside.shape[1])
            for draws in _chunks(len(orders))
        ]

    def errors(self) -> tuple[Array, Array, Array, Array, Array, Array]:
        """Squared test errors of nothing and of nuisance (R, P), of both bands and of the mix
        (R, P, D), and what was chosen (R, D): ratio and weight.
        """
        inner = self._summed(self._inner)
        alone, model = inner[:, 0, 0].argmin(axis=1), inner[:, :, -1].argmin(axis=2)
        ratio = np.stack(
            [
                errors[:, :-1, penalty].argmin(axis=1)
                for errors, penalty in zip(inner, alone, strict=True)
            ]
        )
        weight = _best_weight(
            self._summed(lambda person, draws: self._mixing(person, draws, alone, model))
        )
        if not self.bands.model.any():
            # mixed with nothing, nuisance would only be shrunk
            weight = np.zeros_like(weight)
        parts = parallel(
            lambda piece: self._outer(*piece, ratio, alone, model, weight), self.pieces
        )
        shape = (*self.grams.shape[:2], len(self.orders))
        nuisance, banded, stacked = np.empty(shape[:2]), np.empty(shape), np.empty(shape)
        for (person, draws), (one, two, three) in zip(self.pieces, parts, strict=True):
            who = slice(None) if self.shared else slice(person, person + 1)
            nuisance[:, who], banded[:, who, draws], stacked[:, who, draws] = one, two, three
        test = self.fold.test
        total = np.einsum("rpii->rp", self.grams[:, :, test[:, None], test])
        return total, nuisance, banded, stacked, self.ratios[ratio], weight

    def _summed(self, work: Callable[[int, slice], Array]) -> Array:
        """(R, D, ...) what ``work`` gives for each person, summed."""
        parts = parallel(lambda piece: work(*piece), self.pieces)
        total = np.zeros((len(self.inside), len(self.orders), *parts[0].shape[2:]))
        for (_, draws), part in zip(self.pieces, parts, strict=True):
            total[:, draws] += part
        return total

    def _kernels(self, person: int, draws: slice, rows: NDArray[np.intp]) -> tuple[Array, Array]:
        """(n, n) nuisance and (D, n, n) the model's band, its rows in each order."""
        orders = self.orders[draws][:, rows]
        nuisance: Array = self.bands.nuisance[person][rows[:, None], rows]
        model = self.bands.model[person][orders[:, :, None], orders[:, None, :]]
        operator = self.bands.operators[person][rows[:, None], rows]
        model = operator @ model @ operator.T
        inside = np.flatnonzero(np.isin(rows, self.fold.train))
        trace = np.einsum("dii->d", model[:, inside[:, None], inside])
        scale = np.divide(
            len(inside), trace, out=np.zeros_like(trace), where=trace > _NOTHING_LEFT * len(inside)
        )
        return nuisance, model * scale[:, None, None]

    def _inner(self, person: int, draws: slice) -> Array:
        """(R, D, ratios + 1, alphas) squared error on the inner folds; last, the model alone."""
        nuisance, model = self._kernels(person, draws, self.fold.train)
        size = (len(self.inside), len(model), len(self.ratios) + 1, len(self.alphas))
        found = np.zeros(size)
        for inner in self.fold.inner:
            own, added = inner.centred(nuisance), inner.centred(model)
            responses = inner.centred(self.inside[:, person])
            kernels = [own[None] if np.isinf(r) else own + added / r for r in self.ratios]
            for number, kernel in enumerate([*kernels, added]):
                found[:, :, number] += _spectral_errors(kernel, responses, inner, self.alphas)
        return found

    def _mixing(
        self, person: int, draws: slice, alone: NDArray[np.intp], model: NDArray[np.intp]
    ) -> Array:
        """(R, D, 3) on the inner folds: nuisance's error, the model's, and their product."""
        nuisance, band = self._kernels(person, draws, self.fold.train)
        found = np.zeros((len(self.inside), len(band), 3))
        for inner in self.fold.inner:
            own, added = inner.centred(nuisance), inner.centred(band)
            fitted, checked = inner.fitted, inner.checked
            for roi, responses in enumerate(inner.centred(self.inside[:, person])):
                penalty = self.alphas[model[roi, draws]]
                one = _error_map(own[None], inner, self.alphas[alone[roi], None])
                other = _error_map(added, inner, penalty)
                rows = np.concatenate([checked, fitted])
                gram = responses[rows[:, None], rows]
                left, right = one @ gram, other @ gram
                found[roi, :, 0] += np.einsum("dij,dij->d", left, one)
                found[roi, :, 1] += np.einsum("dij,dij->d", right, other)
                found[roi, :, 2] += np.einsum("dij,ij->d", right, one[0])
        return found

    def _outer(
        self,
        person: int,
        draws: slice,
        ratio: NDArray[np.intp],
        alone: NDArray[np.intp],
        model: NDArray[np.intp],
        weight: Array,
    ) -> tuple[Array, Array, Array]:
        """Test errors (R, people) of nuisance, (R, people, D) of both bands and the mix."""
        train, test = self.fold.train, self.fold.test
        nuisance, band = self._kernels(person, draws, np.arange(self.grams.shape[-1]))
        grams = self.grams if self.shared else self.grams[:, person : person + 1]
        size = (len(grams), grams.shape[1], len(band))
        banded, stacked, single = np.empty(size), np.empty(size), np.empty(size[:2])
        for roi, own in enumerate(grams):
            shares = 1.0 / self.ratios[ratio[roi, draws]]
            kernel = nuisance + band * shares[:, None, None]
            penalty = np.full(len(band), self.alphas[alone[roi]])
            joint = ridge_maps(kernel, train, test, penalty)
            one = ridge_maps(nuisance[None], train, test, self.alphas[alone[roi], None])
            other = ridge_maps(band, train, test, self.alphas[model[roi, draws]])
            mix = weight[roi, draws][:, None, None]
            single[roi] = squared_errors(one, own, self.fold)
            banded[roi] = squared_errors(joint, own[:, None], self.fold)
            stacked[roi] = squared_errors((1.0 - mix) * one + mix * other, own[:, None], self.fold)
            # nothing was added: the difference is nothing, not rounding
            banded[roi][:, shares == 0.0] = single[roi][:, None]
            stacked[roi][:, mix[:, 0, 0] == 0.0] = single[roi][:, None]
        return single, banded, stacked


def _spectral_errors(kernel: Array, responses: Array, inner: InnerFold, alphas: Array) -> Array:
    """(R, D, A) squared inner errors of R Gram matrices, every penalty from one decomposition.

    With K_aa = V diag(λ) Vᵀ, Z = K_ba V and s = 1 / (λ + α), the error is
    tr G_bb - 2 sᵀ diag(Vᵀ G_ab Z) + sᵀ (Vᵀ G_aa V ∘ Zᵀ Z) s: no prediction is made.
    """
    fitted, checked = inner.fitted, inner.checked
    values, vectors = np.linalg.eigh(kernel[:, fitted[:, None], fitted])
    across = kernel[:, checked[:, None], fitted] @ vectors
    shrunk = 1.0 / (np.maximum(values, 0.0)[:, None, :] + alphas[:, None])
    overlap = np.swapaxes(across, 1, 2) @ across
    turned = np.swapaxes(vectors, 1, 2)
    found = np.empty((len(responses), len(kernel), len(alphas)))
    for roi, gram in enumerate(responses):
        linear = np.einsum("dba,dba->da", gram[checked[:, None], fitted] @ vectors, across)
        quadratic = (turned @ gram[fitted[:, None], fitted] @ vectors) * overlap
        found[roi] = (
            np.trace(gram[checked[:, None], checked])
            - 2.0 * np.einsum("dka,da->dk", shrunk, linear)
            + np.einsum("dka,dka->dk", shrunk @ quadratic, shrunk)
        )
    return found


def _error_map(kernel: Array, inner: InnerFold, alphas: Array) -> Array:
    """(D, b, b + a) what gives errors of checked items from checked and fitted responses."""
    maps = ridge_maps(kernel, inner.fitted, inner.checked, alphas)
    same = np.broadcast_to(np.eye(len(inner.checked)), (*maps.shape[:-1], len(inner.checked)))
    return np.concatenate([same, -maps], axis=-1)


def _best_weight(errors: Array) -> Array:
    """(R, D) the w in [0, 1] of least squared error of (1 - w) nuisance + w model."""
    one, other, product = np.moveaxis(errors, -1, 0)
    apart = one + other - 2.0 * product
    weight = np.divide(one - product, apart, out=np.zeros_like(one), where=apart > 0.0)
    clipped: Array = np.clip(weight, 0.0, 1.0)
    return clipped


def _chunks(n_draws: int) -> list[slice]:
    return [
        slice(start, min(start + _DRAWS_AT_ONCE, n_draws))
        for start in range(0, n_draws, _DRAWS_AT_ONCE)
    ]
