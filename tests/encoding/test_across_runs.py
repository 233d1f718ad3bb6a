"""Held-out prediction against scikit-learn, refitted from scratch, permuted or not."""

from __future__ import annotations

import numpy as np
import pytest
from himalaya.backend import set_backend
from himalaya.kernel_ridge import solve_kernel_ridge_eigenvalues
from sklearn.linear_model import Ridge

from brainbench.encoding.across_runs import People, all_together, layer_errors, normalised, predict
from brainbench.encoding.blocked_ridge import (
    CONTROLLED_ALPHAS,
    dual_maps,
    leave_one_out_operator,
    residual_operator,
    ridge_maps,
)
from brainbench.encoding.held_out import HeldOutFold, held_out_folds, permutations
from brainbench.encoding.kernels import Array, linear_kernels

RUNS = np.repeat(["a", "b", "c"], [8, 9, 10])
FOLDS = tuple(held_out_folds(RUNS))
ALPHAS = np.array([0.1, 1.0, 10.0, 100.0])


def simulate(seed: int, planted: int | None = 1) -> tuple[Array, list[Array]]:
    """(27, 3, 6) features and three people of 5 voxels, signal from one layer."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((27, 3, 6))
    people = []
    for _ in range(3):
        block = rng.standard_normal((27, 5))
        if planted is not None:
            block += features[:, planted] @ rng.standard_normal((6, 5))
        people.append(block)
    return features, people


def scale(features: Array, fold: HeldOutFold) -> Array:
    """Features centred on training items, their kernel's trace there the number of them."""
    centred = features - features[fold.train].mean(axis=0)
    return centred * np.sqrt(len(fold.train) / (centred[fold.train] ** 2).sum())


def straightforward(
    features: Array, people: list[Array]
) -> tuple[list[float], list[float], list[int]]:
    """R and R² of each person, and the layer chosen in each fold, by scikit-learn."""
    r, error, total, layers = np.zeros(3), np.zeros(3), np.zeros(3), []
    for fold in FOLDS:
        scaled = [scale(features[:, layer], fold) for layer in range(features.shape[1])]
        best = (np.inf, 0, 0.0)
        for layer, x in enumerate(scaled):
            for alpha in ALPHAS:
                inside = 0.0
                for inner in fold.inner:
                    a, b = fold.train[inner.fitted], fold.train[inner.checked]
                    for y in people:
                        inside += ((y[b] - Ridge(alpha).fit(x[a], y[a]).predict(x[b])) ** 2).sum()
                if inside < best[0] - 1e-9:
                    best = (inside, layer, alpha)
        layers.append(best[1])
        for person, y in enumerate(people):
            x = scaled[best[1]]
            predicted = Ridge(best[2]).fit(x[fold.train], y[fold.train]).predict(x[fold.test])
            r[person] += np.mean(
                [np.corrcoef(p, m)[0, 1] for p, m in zip(predicted.T, y[fold.test].T, strict=True)]
            )
            error[person] += ((y[fold.test] - predicted) ** 2).sum()
            total[person] += ((y[fold.test] - y[fold.train].mean(axis=0)) ** 2).sum()
    return list(r / len(FOLDS)), list(1.0 - error / total), layers


@pytest.mark.parametrize("planted", [1, None])
def test_equal_to_scikit_learn_measured_and_permuted(planted: int | None) -> None:
    features, blocks = simulate(0, planted)
    kernels = normalised(linear_kernels(features), FOLDS)
    orders = permutations(RUNS, 3, np.random.default_rng(1))
    found = predict(kernels, People(tuple(blocks), FOLDS), orders, ALPHAS)
    for draw, order in enumerate([np.arange(27), *orders]):
        r, r2, layers = straightforward(features, [block[order] for block in blocks])
        np.testing.assert_allclose(found.r[:, draw], r, atol=1e-9)
        np.testing.assert_allclose(found.r2[:, draw], r2, atol=1e-9)
        assert list(found.chosen[draw]) == layers


def test_the_planted_layer_is_chosen_without_the_held_out_run() -> None:
    features, blocks = simulate(2)
    kernels = linear_kernels(features)
    found = predict(normalised(kernels, FOLDS), People(tuple(blocks), FOLDS))
    assert (found.chosen == 1).all()
    spoilt = [block.copy() for block in blocks]
    for block in spoilt:
        block[FOLDS[0].test] = np.random.default_rng(3).standard_normal((8, 5)) * 50
    other = predict(normalised(kernels, FOLDS), People(tuple(spoilt), FOLDS))
    assert other.chosen[0, 0] == found.chosen[0, 0]


def test_layer_curve_is_each_layer_by_itself() -> None:
    features, blocks = simulate(4)
    people, kernels = People(tuple(blocks), FOLDS), normalised(linear_kernels(features), FOLDS)
    orders = permutations(RUNS, 2, np.random.default_rng(5))
    curve = layer_errors(kernels, people, orders)
    for layer in range(3):
        alone = predict([part[layer : layer + 1] for part in kernels], people, orders)
        np.testing.assert_allclose(curve[:, layer], alone.r2, atol=1e-10)


def test_kernels_of_each_person_equal_the_shared_ones() -> None:
    features, blocks = simulate(6)
    people = People(tuple(blocks), FOLDS)
    together = all_together(normalised(linear_kernels(features), FOLDS), FOLDS)
    shared = predict(together, people)
    own = predict([np.broadcast_to(k, (3, *k.shape)) for k in together], people)
    np.testing.assert_allclose(own.r, shared.r, atol=1e-10)
    np.testing.assert_allclose(own.r2, shared.r2, atol=1e-10)


def test_features_that_do_not_vary_count_0() -> None:
    _, blocks = simulate(7)
    kernels = normalised(np.zeros((1, 27, 27)), FOLDS)
    found = predict(kernels, People(tuple(blocks), FOLDS))
    assert not found.r.any()
    assert not found.r2.any()
    assert found.n_constant == 3 * 5 * 3


def test_maps_equal_himalaya() -> None:
    set_backend("numpy")
    features, blocks = simulate(8)
    fold = FOLDS[0]
    kernel = normalised(linear_kernels(features), FOLDS)[0][:1]
    y = blocks[0][fold.train] - blocks[0][fold.train].mean(axis=0)
    inside = kernel[0][np.ix_(fold.train, fold.train)]
    across = kernel[0][np.ix_(fold.test, fold.train)]
    every = dual_maps(kernel, fold.train, fold.test, ALPHAS)[0]
    for number, alpha in enumerate(ALPHAS):
        weights = solve_kernel_ridge_eigenvalues(inside, y, alpha=alpha)
        one = ridge_maps(kernel, fold.train, fold.test, np.array([alpha]))[0]
        np.testing.assert_allclose(every[number] @ y, across @ weights, atol=1e-9)
        np.testing.assert_allclose(one @ y, across @ weights, atol=1e-9)


def test_leave_one_out_equals_refitting_without_each_item() -> None:
    features, blocks = simulate(9)
    fold = FOLDS[1]
    x, y = scale(features[:, 0], fold), blocks[0]
    operator = leave_one_out_operator(x @ x.T, fold, 3.0)
    found = operator @ (y[fold.train] - y[fold.train].mean(axis=0))
    for place, item in enumerate(fold.train):
        rest = fold.train[fold.train != item]
        predicted = Ridge(3.0).fit(x[rest], y[rest]).predict(x[[item]])[0]
        np.testing.assert_allclose(found[place], y[item] - predicted, atol=1e-9)


def test_training_residuals_are_orthogonal_to_every_column() -> None:
    features, _ = simulate(10)
    rng = np.random.default_rng(11)
    columns = np.column_stack([rng.standard_normal((27, 3)), np.zeros(27)])
    columns = np.column_stack([columns, columns[:, 0]])  # twice the same
    for fold in FOLDS:
        x = scale(features[:, 0], fold)
        left = residual_operator(columns, x @ x.T, fold) @ x
        assert np.abs(columns[fold.train].T @ left[fold.train]).max() < 1e-9
        assert np.abs(left[fold.train]).max() > 0.01


def test_penalties_reach_from_little_to_all_but_the_mean() -> None:
    assert CONTROLLED_ALPHAS[0] <= 0.1
    assert CONTROLLED_ALPHAS[-1] >= 1e5
