"""How alike items are to a model and to people: RSA and CKA on runs that were held out.

Second metrics beside ridge: nothing is fitted, so they tell how alike two geometries are,
and not what could be predicted from one of them. Both see the items only through their
squared distances, so neither features nor responses need be centred. Both are the inner
product of one unit pattern of the model and one of a person, over pairs of items: all
layers and all orders of the responses come out of one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from brainbench.encoding.controlled.folds import HeldOutFold
from brainbench.encoding.controlled.prediction import all_together, normalised
from brainbench.encoding.kernels import Array
from brainbench.encoding.threads import parallel
from brainbench.errors import DataError, UnknownNameError

# The unbiased HSIC divides by n (n - 3).
MIN_ITEMS = 4
# Distances that differ by less than this share of the largest inner product are the same.
_ROUNDING = 1e-12
# Draws that are worked on together, and the numbers they may take: some 10 MB per thread.
_DRAWS_AT_ONCE = 100
_VALUES_AT_ONCE = 1024**2

Metric = Callable[[Array], Array]


@dataclass(frozen=True)
class Similarities:
    """Similarity under D orders of the responses; the first is the order they were measured in.

    Attributes
    ----------
    value : (P, D) mean over folds.
    chosen : (D, F) which layer was chosen in each fold; None where all layers are one kernel.
    n_undefined : (person, fold) pairs that count 0, in the measured order: all items are
        equally far apart, to the model or to the person.
    """

    value: Array
    chosen: NDArray[np.intp] | None
    n_undefined: int


def ranked(distances: Array) -> Array:
    """Pattern whose inner product is Spearman's correlation of distances: RSA.

    Ties, also those that only rounding broke, get their average rank.

    Parameters
    ----------
    distances : (..., n, n) squared distances of items, in units of their inner products.

    Returns
    -------
    (..., n (n - 1) / 2) of unit length; zero where all distances are the same.

    Source: Kriegeskorte, Mur & Bandettini 2008, Frontiers in Systems Neuroscience 2:4.
    """
    pairs = _pairs(distances)
    ascending = np.argsort(pairs, axis=-1)
    steps = np.diff(np.take_along_axis(pairs, ascending, axis=-1), axis=-1) > _ROUNDING
    levels = np.zeros(pairs.shape, dtype=np.intp)
    np.put_along_axis(levels, ascending[..., 1:], steps.cumsum(axis=-1), axis=-1)
    return _unit(rankdata(levels, axis=-1) - (pairs.shape[-1] + 1) / 2)


def u_centred(distances: Array) -> Array:
    """Pattern whose inner product is the debiased CKA, HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)).

    The unbiased HSIC of Song et al. is ⟨U(K), U(L)⟩ / (n (n - 3)), where U(K) has a zero
    diagonal and K_ij - Σ_l K_il / (n - 2) - Σ_l K_lj / (n - 2) + Σ_kl K_kl / ((n - 1)(n - 2))
    off it, sums without the diagonal. U takes out whatever depends on one item only, so
    K = -D / 2 gives the same as inner products. The plain CKA is not offered: it nears 1
    for independent features when there are more of them than items.

    Parameters
    ----------
    distances : (..., n, n) squared distances of items, in units of their inner products.

    Returns
    -------
    (..., n (n - 1) / 2) of unit length; zero where HSIC(K, K) is 0.

    Sources: Song, Smola, Gretton, Bedo & Borgwardt 2012, JMLR 13, eq. 5; Székely & Rizzo
    2014, Annals of Statistics 42, eq. 2.4; Kornblith, Norouzi, Lee & Hinton 2019; Nguyen,
    Raghu & Kornblith 2021, eq. 3.
    """
    kernels = -0.5 * distances  # zero on the diagonal
    n_items = kernels.shape[-1]
    share = kernels.sum(axis=-1) / (n_items - 2)
    whole = share.sum(axis=-1) / (n_items - 1)
    centred = kernels - share[..., :, None] - share[..., None, :] + whole[..., None, None]
    return _unit(_pairs(centred))


METRICS: dict[str, Metric] = {"rsa": ranked, "cka": u_centred}


def compare_together(
    kernels: Array,
    grams: Array,
    folds: Sequence[HeldOutFold],
    metric: str,
    orders: NDArray[np.intp] | None = None,
) -> Similarities:
    """Similarity of all layers together, each of trace m on the m training items; no choice.

    Parameters
    ----------
    kernels : (L, n, n) inner products of items over features; features that differ from
        person to person as (P, L, n, n).
    grams : (P, n, n) inner products of items over a person's voxels.
    folds : the folds; the run that each holds out is compared by itself.
    metric : a key of :data:`METRICS`.
    orders : (D, n) orders of the responses' items, each within its run; measured order
        only, by default.

    Raises
    ------
    DataError
        Values that are not numbers, arrays or folds that do not fit, fewer than four items.
    UnknownNameError
        A metric that is not there.
    """
    own, _ = _checked(kernels, grams, folds)
    summed = parallel(lambda layers: all_together(normalised(layers, folds), folds), list(own))
    kernel = [np.stack([person[number][0] for person in summed]) for number in range(len(folds))]
    return compare_fold_by_fold(kernel, grams, folds, metric, orders)


def mixes_strata(fold: HeldOutFold) -> bool:
    """Whether the run held out has items of several strata, so that it cannot be compared."""
    return bool(np.ptp(fold.centre[fold.test[:, None], fold.train], axis=0).any())


def compare_fold_by_fold(
    kernels: Sequence[Array],
    grams: Array,
    folds: Sequence[HeldOutFold],
    metric: str,
    orders: NDArray[np.intp] | None = None,
) -> Similarities:
    """Similarity of one kernel for each fold, such as of units that its training items chose.

    Parameters, errors: as in :func:`compare_together`, but for

    kernels : per fold (1 or P, n, n), centred on its training items.
    """
    pattern = _metric(metric)
    runs = []
    for kernel, fold in zip(kernels, folds, strict=True):
        own, people = _checked(kernel[:, None], grams, folds)
        # centred, so a constant test run may be nothing but rounding: judged over all its items
        largest = np.abs(own).max(axis=(-2, -1))
        model = pattern(_distances(_within(own, fold), largest))
        runs.append(_run(fold, model, people, pattern))
    value, _, undefined = _compare(runs, _tried(folds, grams.shape[1], orders))
    return Similarities(value, None, undefined)


def compare_nested(
    kernels: Array,
    grams: Array,
    folds: Sequence[HeldOutFold],
    metric: str,
    orders: NDArray[np.intp] | None = None,
) -> Similarities:
    """Similarity of the layer most alike on the training runs, on the run held out.

    Each training run is compared by itself; the layer with the highest mean over people
    and training runs is chosen, the first of equals, anew for every order.

    Parameters, errors: as in :func:`compare_together`. Every item must lie in a run that
    one of the folds holds out.
    """
    pattern = _metric(metric)
    own, people = _checked(kernels, grams, folds)
    tried = _tried(folds, people.shape[1], orders)
    for number, fold in enumerate(folds):
        others = [other.test for place, other in enumerate(folds) if place != number]
        if not others or not np.array_equal(np.sort(np.concatenate(others)), np.sort(fold.train)):
            raise DataError(
                f"the training items of fold {number} are not the runs that the other folds "
                "hold out, so no layer can be chosen run by run"
            )
    runs = [_run(fold, pattern(_distances(_within(own, fold))), people, pattern) for fold in folds]
    return Similarities(*_compare(runs, tried))


@dataclass(frozen=True)
class _Run:
    """One run of t items, as patterns over its pairs of items.

    Attributes
    ----------
    items : (t,) indices.
    model : (1 or P, L, pairs), people : (P, pairs); unit length, or zero where undefined.
    """

    items: NDArray[np.intp]
    model: Array
    people: Array

    def scores(self, orders: NDArray[np.intp]) -> Array:
        """(P, L, D) similarity, the responses in each of D orders."""
        n_items, n_pairs = len(self.items), self.people.shape[1]
        rows, columns = np.triu_indices(n_items, k=1)
        pair = np.zeros((n_items, n_items), dtype=np.intp)
        pair[rows, columns] = pair[columns, rows] = np.arange(n_pairs)
        place = np.empty(orders.shape[1], dtype=np.intp)
        place[self.items] = np.arange(n_items)
        inside = place[orders[:, self.items]]
        # to permute items is to permute pairs, and leaves ranks and lengths as they are
        moved = pair[inside[:, rows], inside[:, columns]]
        found = np.empty((len(self.people), self.model.shape[1], len(orders)))
        for person, pattern in enumerate(self.people):
            found[person] = self.model_of(person) @ pattern[moved].T
        return found

    def model_of(self, person: int) -> Array:
        """(L, pairs), the person's own features or everybody's."""
        own: Array = self.model[min(person, len(self.model) - 1)]
        return own


def _compare(runs: Sequence[_Run], orders: NDArray[np.intp]) -> tuple[Array, NDArray[np.intp], int]:
    """(P, D) mean over folds, (D, F) chosen layers, pairs undefined in the measured order."""
    n_people, n_layers = len(runs[0].people), runs[0].model.shape[1]
    widest = max(
        2 * max(run.people.shape[1] for run in runs), len(runs) * n_people * n_layers
    )  # numbers that one draw takes
    step = max(1, min(_DRAWS_AT_ONCE, _VALUES_AT_ONCE // widest))
    chunks = [orders[start : start + step] for start in range(0, len(orders), step)]
    parts = parallel(lambda chunk: _choose_and_score(runs, chunk), chunks)
    value = np.concatenate([part[0] for part in parts], axis=1)
    chosen = np.concatenate([part[1] for part in parts])
    undefined = sum(
        not (run.model_of(person)[layer].any() and run.people[person].any())
        for run, layer in zip(runs, chosen[0], strict=True)
        for person in range(n_people)
    )
    return value, chosen, undefined


def _choose_and_score(
    runs: Sequence[_Run], orders: NDArray[np.intp]
) -> tuple[Array, NDArray[np.intp]]:
    """(P, D) mean over folds of the layer that the other runs choose, and (D, F) that layer."""
    scores = np.stack([run.scores(orders) for run in runs])
    n_folds, n_people, n_layers, n_draws = scores.shape
    chosen = np.zeros((n_draws, n_folds), dtype=np.intp)
    total = np.zeros((n_people, n_draws))
    for held in range(n_folds):
        if n_layers > 1:
            trained = np.delete(scores, held, axis=0)
            chosen[:, held] = trained.mean(axis=(0, 1)).argmax(axis=0)
        total += scores[held][:, chosen[:, held], np.arange(n_draws)]
    return total / n_folds, chosen


def _run(fold: HeldOutFold, model: Array, grams: Array, pattern: Metric) -> _Run:
    # Pooled cells take each reasoning type's mean out. A run holds one type only (checked in
    # _checked), so that mean is a constant within the run, and distances do not depend on it.
    return _Run(fold.test, model, pattern(_distances(_within(grams, fold))))


def _within(kernels: Array, fold: HeldOutFold) -> Array:
    """(..., t, t) inner products of the t items of the run held out."""
    block: Array = kernels[..., fold.test[:, None], fold.test]
    return block


def _distances(kernels: Array, largest: Array | None = None) -> Array:
    """(..., n, n) squared Euclidean distances, in units of the largest inner product.

    In these units rounding is the same for all: a distance below ``_ROUNDING`` is none.
    """
    unit = np.abs(kernels).max(axis=(-2, -1)) if largest is None else largest
    scaled = kernels / np.where(unit > 0.0, unit, 1.0)[..., None, None]
    means = scaled.mean(axis=-1)
    # centred first: with the mean goes most of the rounding of what follows
    scaled = scaled - means[..., :, None] - means[..., None, :] + means.mean(-1)[..., None, None]
    lengths = np.diagonal(scaled, axis1=-2, axis2=-1)
    found: Array = lengths[..., :, None] + lengths[..., None, :] - 2.0 * scaled
    return found


def _pairs(matrices: Array) -> Array:
    """(..., n (n - 1) / 2) upper triangles."""
    rows, columns = np.triu_indices(matrices.shape[-1], k=1)
    found: Array = matrices[..., rows, columns]
    return found


def _unit(patterns: Array) -> Array:
    """Patterns of unit length; zero where they are nothing but rounding."""
    length = np.linalg.norm(patterns, axis=-1, keepdims=True)
    varies = length > _ROUNDING * np.sqrt(patterns.shape[-1])
    found: Array = np.divide(patterns, length, out=np.zeros_like(patterns), where=varies)
    return found


def _metric(name: str) -> Metric:
    if name not in METRICS:
        raise UnknownNameError("similarity metric", name, METRICS)
    return METRICS[name]


def _checked(kernels: Array, grams: Array, folds: Sequence[HeldOutFold]) -> tuple[Array, Array]:
    """(1 or P, L, n, n) kernels and (P, n, n) grams, found to fit each other and the folds."""
    own, people = np.asarray(kernels, dtype=float), np.asarray(grams, dtype=float)
    own = own[None] if own.ndim == 3 else own
    if own.ndim != 4 or own.shape[2] != own.shape[3] or not own.size:
        raise DataError(f"kernels must be (layers, items, items), not of shape {np.shape(kernels)}")
    if people.shape[1:] != own.shape[2:] or not len(people):
        raise DataError(
            f"inner products of responses must be (people, {own.shape[2]}, {own.shape[2]}), "
            f"not of shape {people.shape}"
        )
    if len(own) not in (1, len(people)):
        raise DataError(f"there are kernels of {len(own)} people, responses of {len(people)}")
    for person, layer in np.argwhere(~np.isfinite(own).all(axis=(2, 3))):
        whose = f" of person {person}" if len(own) > 1 else ""
        raise DataError(f"kernels of layer {layer}{whose} hold NaN or infinite values")
    for person in np.flatnonzero(~np.isfinite(people).all(axis=(1, 2))):
        raise DataError(f"responses of person {person} hold NaN or infinite values")
    if not folds:
        raise DataError("there are no folds to score on")
    for number, fold in enumerate(folds):
        if len(fold.centre) != people.shape[1]:
            raise DataError(
                f"fold {number} is of {len(fold.centre)} items, the kernels of {people.shape[1]}"
            )
        if len(fold.test) < MIN_ITEMS:
            raise DataError(
                f"the run that fold {number} holds out has {len(fold.test)} items; "
                f"similarity needs at least {MIN_ITEMS}"
            )
        if mixes_strata(fold):
            raise DataError(
                f"the run that fold {number} holds out mixes strata: their means would pass "
                "for similarity; compare one stratum at a time"
            )
    return own, people


def _tried(
    folds: Sequence[HeldOutFold], n_items: int, orders: NDArray[np.intp] | None
) -> NDArray[np.intp]:
    """(1 + D, n) the measured order, then those given, which leave every item in its run."""
    measured = np.arange(n_items)[None]
    if orders is None:
        return measured
    if orders.ndim != 2 or orders.shape[1] != n_items:
        raise DataError(f"orders must be (draws, {n_items}), not of shape {orders.shape}")
    for number, fold in enumerate(folds):
        if (np.sort(orders[:, fold.test], axis=1) != np.sort(fold.test)).any():
            raise DataError(f"an order takes items out of the run that fold {number} holds out")
    return np.concatenate([measured, orders])
