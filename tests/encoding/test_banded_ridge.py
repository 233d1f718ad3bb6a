"""What a model adds to nuisance: against a plain computation, and where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding.banded_ridge import (
    PENALTY_RATIOS,
    Bands,
    UniqueVariance,
    make_bands,
    unique_variance,
)
from brainbench.encoding.blocked_ridge import CONTROLLED_ALPHAS
from brainbench.encoding.held_out import HeldOutFold, held_out_folds, permutations
from brainbench.encoding.inference import p_value
from brainbench.encoding.kernels import Array
from brainbench.encoding.power import detectable_effect

RUNS = np.repeat(["a", "b"], 12)
FOLDS = held_out_folds(RUNS)
RNG = np.random.default_rng(0)
NUISANCE = RNG.standard_normal((24, 3))
OWN = RNG.standard_normal((24, 3))
MODEL = np.hstack([OWN, NUISANCE]) @ RNG.standard_normal((6, 30))


def bands(
    features: Array = MODEL, nuisance: Array = NUISANCE, people: int | None = None
) -> list[Bands]:
    kernel = nuisance @ nuisance.T
    model = [fold.normalise((features @ features.T)[None])[0] for fold in FOLDS]
    if people is not None:
        kernel = np.broadcast_to(kernel, (people, 24, 24))
    return make_bands(kernel, nuisance, model, FOLDS)


def grams(seed: int, features: Array, share: float, people: int = 4, voxels: int = 20) -> Array:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(people):
        signal = features @ rng.standard_normal((features.shape[1], voxels))
        signal = (signal - signal.mean(axis=0)) / signal.std(axis=0)
        block = np.sqrt(share) * signal
        block += np.sqrt(1.0 - share) * rng.standard_normal((24, voxels))
        made.append(block @ block.T)
    return np.stack(made)


def test_features_of_nuisance_columns_add_exactly_nothing() -> None:
    mixed = NUISANCE @ np.random.default_rng(1).standard_normal((3, 8))
    made = bands(mixed)
    assert all(not band.model.any() for band in made)
    orders = permutations(RUNS, 20, np.random.default_rng(2))
    found = unique_variance(made, [grams(3, NUISANCE, 0.5)], orders)[0]
    assert not found.banded.any()
    assert not found.stacked.any()
    assert found.nuisance.mean() > 0.1


def error(kernel: Array, alpha: float, gram: Array, fitted: Array, checked: Array) -> float:
    """Squared error of checked items, by a dense inverse."""
    inverse = np.linalg.inv(kernel[np.ix_(fitted, fitted)] + alpha * np.eye(len(fitted)))
    maps = kernel[np.ix_(checked, fitted)] @ inverse
    errors = np.concatenate([np.eye(len(checked)), -maps], axis=1)
    rows = np.concatenate([checked, fitted])
    return float(np.trace(errors @ gram[np.ix_(rows, rows)] @ errors.T))


def inside(fold: HeldOutFold, kernel: Array, alpha: float, centred: Array) -> float:
    """Inner error, summed over people."""
    rows, total = np.ix_(fold.train, fold.train), 0.0
    for inner in fold.inner:
        own = inner.centre @ kernel[rows] @ inner.centre.T
        for gram in centred:
            responses = inner.centre @ gram[rows] @ inner.centre.T
            total += error(own, alpha, responses, inner.fitted, inner.checked)
    return total


def plainly(gram: Array, order: Array) -> tuple[Array, Array]:
    """Nuisance R² and unique R² per person, every step written out."""
    alone, both, total = np.zeros(len(gram)), np.zeros(len(gram)), np.zeros(len(gram))
    for band in bands():
        fold, n = band.fold, band.nuisance[0]
        m = band.operators[0] @ band.model[0][np.ix_(order, order)] @ band.operators[0].T
        m = m * len(fold.train) / np.trace(m[np.ix_(fold.train, fold.train)])
        centred = fold.centre @ gram @ fold.centre.T
        tried = [inside(fold, n, alpha, centred) for alpha in CONTROLLED_ALPHAS]
        alpha = float(CONTROLLED_ALPHAS[int(np.argmin(tried))])
        tried = [inside(fold, n + m / ratio, alpha, centred) for ratio in PENALTY_RATIOS]
        joint = n + m / PENALTY_RATIOS[int(np.argmin(tried))]
        for person, g in enumerate(centred):
            alone[person] += error(n, alpha, g, fold.train, fold.test)
            both[person] += error(joint, alpha, g, fold.train, fold.test)
            total[person] += np.trace(g[np.ix_(fold.test, fold.test)])
    return 1.0 - alone / total, (alone - both) / total


def test_equal_to_a_plain_computation_measured_and_permuted() -> None:
    gram = grams(4, OWN, 0.5)
    orders = permutations(RUNS, 2, np.random.default_rng(5))
    found = unique_variance(bands(), [gram], orders)[0]
    for draw, order in enumerate([np.arange(24), *orders]):
        nuisance, unique = plainly(gram, order)
        np.testing.assert_allclose(found.nuisance, nuisance, atol=1e-9)
        np.testing.assert_allclose(found.banded[:, draw], unique, atol=1e-9)


def same(one: UniqueVariance, other: UniqueVariance) -> None:
    for name in ("nuisance", "banded", "stacked", "weights"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-9)


def test_kernels_of_each_person_equal_the_shared_ones() -> None:
    orders = permutations(RUNS, 3, np.random.default_rng(6))
    gram = grams(7, MODEL, 0.4)
    shared = unique_variance(bands(), [gram], orders)[0]
    same(unique_variance(bands(people=4), [gram], orders)[0], shared)


def test_rois_together_equal_each_by_itself() -> None:
    both = [grams(8, MODEL, 0.4), grams(9, NUISANCE, 0.4)]
    orders = permutations(RUNS, 3, np.random.default_rng(10))
    for together, gram in zip(unique_variance(bands(), both, orders), both, strict=True):
        same(together, unique_variance(bands(), [gram], orders)[0])


def test_a_planted_signal_is_found_by_both_estimators() -> None:
    orders = permutations(RUNS, 99, np.random.default_rng(11))
    found = unique_variance(bands(), [grams(12, OWN, 0.7)], orders)[0]
    for values in (found.banded.mean(axis=0), found.stacked.mean(axis=0)):
        assert values[0] > 0
        assert p_value(values[0], values[1:]) == 0.01
    assert ((found.weights >= 0.0) & (found.weights <= 1.0)).all()


@pytest.mark.parametrize(("features", "share"), [(MODEL, 0.0), (NUISANCE, 0.4)])
def test_noise_and_nuisance_are_seldom_taken_for_the_model(features: Array, share: float) -> None:
    orders = permutations(RUNS, 199, np.random.default_rng(13))
    sets = [grams(100 + number, features, share) for number in range(100)]
    found = [one.banded.mean(axis=0) for one in unique_variance(bands(), sets, orders)]
    positives = sum(p_value(values[0], values[1:]) < 0.05 for values in found)
    assert positives <= 12, "5 % nominal; 12 of 100 have a probability of 0.4 %"


def test_detectable_effect_grows_with_a_stricter_level_and_may_be_out_of_reach() -> None:
    orders = permutations(RUNS, 99, np.random.default_rng(14))
    rng = np.random.default_rng(15)
    people = [rng.standard_normal((24, 20)) for _ in range(5)]
    stacked = [np.stack([block @ block.T for block in people])]
    null = unique_variance(bands(), stacked, orders)[0].banded[:, 1:].mean(axis=0)

    def effect(features: Array, alpha: float) -> float | None:
        draw = np.random.default_rng(16)
        return detectable_effect(bands(), features, people, orders, null, alpha, draw)

    plain, strict = effect(OWN @ OWN.T, 0.2), effect(OWN @ OWN.T, 0.01)
    assert plain is not None
    assert strict is None or strict >= plain > 0.0
    assert effect(np.zeros((24, 24)), 0.05) is None
