"""Ridge by Gram matrices against scikit-learn and himalaya, refitted fold by fold."""

from __future__ import annotations

import numpy as np
import pytest
from himalaya.backend import set_backend
from himalaya.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

from brainbench.encoding.controlled.folds import HeldOutFold, held_out_folds
from brainbench.encoding.controlled.ridge import (
    FlatMaps,
    dual_maps,
    fit_blocked,
    held_out_blocks,
    inner_blocks,
    leave_one_out_operators,
    residual_operator,
    ridge_maps,
    squared_errors,
)
from brainbench.encoding.kernels import Array

# runs take turns, so that items of a run are not neighbours in the arrays
RUNS = np.array(list("abcabcabcabcabcabcabcabbb"))
KINDS = np.array(list("sstt" * 6 + "s"))
N = len(RUNS)
FOLDS = held_out_folds(RUNS)
STRATIFIED = held_out_folds(RUNS, KINDS)
ALPHAS = np.array([0.1, 3.0, 200.0])
LAYERS = np.random.default_rng(0).standard_normal((2, N, 7)) + 5.0
VOXELS = np.random.default_rng(1).standard_normal((N, 4)) + LAYERS[0, :, :4] - 3.0


def scaled(features: Array, fold: HeldOutFold) -> Array:
    """Features whose centred kernel has the trace m on training items."""
    centred = features - features[fold.train].mean(axis=0)
    return features * np.sqrt(len(fold.train) / (centred[fold.train] ** 2).sum())


def kernels(fold: HeldOutFold) -> Array:
    return fold.normalise(LAYERS @ np.swapaxes(LAYERS, 1, 2))


def predicted(x: Array, y: Array, alpha: float, fitted: Array, checked: Array) -> Array:
    return Ridge(alpha, solver="svd").fit(x[fitted], y[fitted]).predict(x[checked])


@pytest.mark.parametrize("fold", FOLDS, ids=list("abc"))
def test_maps_equal_scikit_learn_with_an_intercept(fold: HeldOutFold) -> None:
    ridge = fit_blocked(kernels(fold), fold, ALPHAS)
    assert ridge.maps.shape == (2, 3, len(fold.test), len(fold.train))
    mean = VOXELS[fold.train].mean(axis=0)
    for layer, features in enumerate(LAYERS):
        for number, alpha in enumerate(ALPHAS):
            ours = ridge.maps[layer, number] @ (VOXELS[fold.train] - mean) + mean
            theirs = predicted(scaled(features, fold), VOXELS, alpha, fold.train, fold.test)
            np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("fold", [FOLDS[1], STRATIFIED[1]], ids=["one mean", "strata"])
def test_maps_equal_himalaya(fold: HeldOutFold) -> None:
    set_backend("numpy")
    made, y = kernels(fold), (fold.centre @ VOXELS)[fold.train]
    every = dual_maps(made, fold.train, fold.test, ALPHAS)
    for layer, kernel in enumerate(made):
        for number, alpha in enumerate(ALPHAS):
            model = KernelRidge(alpha=alpha, kernel="precomputed", solver="eigenvalues")
            model.fit(kernel[np.ix_(fold.train, fold.train)], y)
            theirs = model.predict(kernel[np.ix_(fold.test, fold.train)])
            one = ridge_maps(kernel[None], fold.train, fold.test, np.array([alpha]))[0]
            np.testing.assert_allclose(every[layer, number] @ y, theirs, atol=1e-10)
            np.testing.assert_allclose(one @ y, theirs, atol=1e-10)


def test_every_kernel_may_have_its_own_penalty() -> None:
    fold = FOLDS[0]
    own = ridge_maps(kernels(fold), fold.train, fold.test, ALPHAS[[2, 0]])
    every = dual_maps(kernels(fold), fold.train, fold.test, ALPHAS)
    np.testing.assert_allclose(own, [every[0, 2], every[1, 0]], atol=1e-10)


@pytest.mark.parametrize("fold", FOLDS, ids=list("abc"))
def test_inner_errors_equal_refits_by_scikit_learn(fold: HeldOutFold) -> None:
    ridge = fit_blocked(kernels(fold), fold, ALPHAS)
    people = [VOXELS, 2.0 * VOXELS[:, ::-1] ** 2]
    grams = np.stack([fold.centred(y @ y.T) for y in people])
    found = ridge.errors(grams[:, fold.train[:, None], fold.train])
    expected = np.zeros((2, 2, 3))
    for person, y in enumerate(people):
        for layer, features in enumerate(LAYERS):
            x = scaled(features, fold)
            for number, alpha in enumerate(ALPHAS):
                for inner in fold.inner:
                    a, b = fold.train[inner.fitted], fold.train[inner.checked]
                    expected[person, layer, number] += (
                        (y[b] - predicted(x, y, alpha, a, b)) ** 2
                    ).sum()
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_inner_errors_with_strata_equal_refits_on_what_their_means_leave() -> None:
    fold = STRATIFIED[2]
    ridge = fit_blocked(kernels(fold)[:1], fold, ALPHAS)
    x, y = LAYERS[0][fold.train], VOXELS[fold.train]
    kinds = KINDS[fold.train]
    within = np.concatenate([x[kinds == k] - x[kinds == k].mean(axis=0) for k in "st"])
    x = x * np.sqrt(len(x) / (within**2).sum())
    expected = np.zeros(3)
    for inner in fold.inner:
        own_x, own_y = x.copy(), y.copy()
        for kind in "st":
            learned = inner.fitted[kinds[inner.fitted] == kind]
            own_x[kinds == kind] -= x[learned].mean(axis=0)
            own_y[kinds == kind] -= y[learned].mean(axis=0)
        for number, alpha in enumerate(ALPHAS):
            fit = Ridge(alpha, fit_intercept=False).fit(own_x[inner.fitted], own_y[inner.fitted])
            left = own_y[inner.checked] - fit.predict(own_x[inner.checked])
            expected[number] += (left**2).sum()
    gram = fold.centred(VOXELS @ VOXELS.T)[np.ix_(fold.train, fold.train)]
    np.testing.assert_allclose(ridge.errors(gram[None])[0, 0], expected, rtol=1e-10)


def test_test_items_have_no_part_in_inner_errors() -> None:
    fold = FOLDS[0]
    features = LAYERS.copy()
    features[:, fold.test] = 1e3 * np.random.default_rng(2).standard_normal((len(fold.test), 7))
    changed = fold.normalise(features @ np.swapaxes(features, 1, 2))
    spoilt = fit_blocked(changed, fold, ALPHAS)
    whole = fit_blocked(kernels(fold), fold, ALPHAS)
    np.testing.assert_allclose(spoilt.loss, whole.loss, atol=1e-8)
    assert not np.allclose(spoilt.maps, whole.maps, atol=1e-2)


@pytest.mark.parametrize("fold", [FOLDS[1], STRATIFIED[2]], ids=["one mean", "strata"])
def test_errors_and_products_of_flat_maps_equal_those_of_the_predictions(fold: HeldOutFold) -> None:
    inner, y = fold.inner[0], [VOXELS[fold.train], VOXELS[fold.train][:, ::-1] ** 2]
    inside = kernels(fold)[:, fold.train[:, None], fold.train]
    maps = dual_maps(inner.centred(inside), inner.fitted, inner.checked, ALPHAS)
    blocks = inner_blocks(np.stack([own @ own.T for own in y]), inner)
    one = np.stack([maps[0, 1], maps[1, 2]])

    def left(own: np.ndarray, p: np.ndarray) -> np.ndarray:
        centred = inner.centre @ own
        missed: np.ndarray = centred[inner.checked] - p @ centred[inner.fitted]
        return missed

    every = maps.reshape(-1, *maps.shape[2:])
    errors = [[(left(own, p) ** 2).sum() for p in every] for own in y]
    products = [
        [(left(own, p) * left(own, q)).sum() for p in every] for own, q in zip(y, one, strict=True)
    ]
    flat = FlatMaps.of(maps)
    np.testing.assert_allclose(flat.errors(blocks), errors, rtol=1e-10)
    np.testing.assert_allclose(flat.products(one, blocks), products, rtol=1e-10)


@pytest.mark.parametrize("fold", [FOLDS[2], STRATIFIED[2]], ids=["one mean", "strata"])
def test_squared_errors_equal_those_of_the_predictions(fold: HeldOutFold) -> None:
    maps = fit_blocked(kernels(fold), fold, ALPHAS).maps
    y = fold.centre @ VOXELS
    found = squared_errors(maps, held_out_blocks(fold.centred(VOXELS @ VOXELS.T), fold))
    assert found.shape == (2, 3)
    for place in np.ndindex(2, 3):
        expected = ((y[fold.test] - maps[place] @ y[fold.train]) ** 2).sum()
        assert found[place] == pytest.approx(expected, rel=1e-10)


def unpenalised_means(x: Array, y: Array, kinds: Array, alpha: float) -> Array:
    """Weights of features and of indicators, only the features penalised."""
    names = np.unique(kinds)
    design = np.hstack([x, kinds[:, None] == names])
    penalty = np.diag(np.repeat([alpha, 0.0], [x.shape[1], len(names)]))
    return np.linalg.solve(design.T @ design + penalty, design.T @ y)


@pytest.mark.parametrize("alpha", [0.1, 5.0, 1e4])
@pytest.mark.parametrize("kinds", [np.full(N, "s"), KINDS], ids=["one mean", "strata"])
def test_leave_one_out_equals_refitting_without_each_item(kinds: Array, alpha: float) -> None:
    fold = held_out_folds(RUNS, kinds)[1]
    x, train = LAYERS[0], fold.train
    operator = leave_one_out_operators(fold.centred(x @ x.T), fold, np.array([alpha]))[0]
    found = operator @ (fold.centre @ VOXELS)[train]
    names = np.unique(kinds)
    for place, item in enumerate(train):
        rest = np.delete(train, place)
        weights = unpenalised_means(x[rest], VOXELS[rest], kinds[rest], alpha)
        expected = VOXELS[item] - np.hstack([x[item], kinds[item] == names]) @ weights
        np.testing.assert_allclose(found[place], expected, atol=1e-8)


def test_an_item_alone_in_its_stratum_has_no_leave_one_out_error() -> None:
    kinds = KINDS.copy()
    kinds[0] = "alone"
    fold = held_out_folds(RUNS, kinds)[1]
    kernel = fold.centred(LAYERS[0] @ LAYERS[0].T)
    operator = leave_one_out_operators(kernel, fold, np.ones(1))[0]
    (place,) = np.flatnonzero(fold.train == 0)
    assert not operator[place].any()
    assert np.abs(np.delete(operator, place, axis=0)).max(axis=1).min() > 0.1


@pytest.mark.parametrize("fold", [FOLDS[0], STRATIFIED[0]], ids=["one mean", "strata"])
def test_training_residuals_are_orthogonal_to_the_columns(fold: HeldOutFold) -> None:
    rng = np.random.default_rng(3)
    columns = rng.standard_normal((N, 3))
    columns = np.column_stack([columns, columns @ rng.standard_normal((3, 2)), np.ones(N)])
    x = fold.centre @ (LAYERS[0] + columns[:, :3] @ rng.standard_normal((3, 7)))
    operator = residual_operator(columns, x @ x.T, fold)
    left = (operator @ x)[fold.train]
    centred = (fold.centre @ columns)[fold.train]
    assert np.abs(centred.T @ x[fold.train]).max() > 1.0
    assert np.abs(centred.T @ left).max() < 1e-9
    fitted = centred @ np.linalg.lstsq(centred, x[fold.train], rcond=1e-9)[0]
    np.testing.assert_allclose(left, x[fold.train] - fitted, atol=1e-9)


def test_test_rows_lose_a_ridge_prediction_chosen_by_leave_one_out_on_the_features() -> None:
    from brainbench.encoding.controlled.ridge import CONTROLLED_ALPHAS

    fold, rng = FOLDS[1], np.random.default_rng(4)
    columns = rng.standard_normal((N, 6))
    x = columns @ rng.standard_normal((6, 7)) + 3.0 * rng.standard_normal((N, 7))
    about = columns[fold.train] - columns[fold.train].mean(axis=0)
    # of equal spread, and of trace m together
    columns *= np.sqrt(len(fold.train) / 6 / (about**2).sum(axis=0))
    errors = []
    for alpha in CONTROLLED_ALPHAS:
        errors.append(0.0)
        for item in fold.train:
            rest = fold.train[fold.train != item]
            missed = x[item] - predicted(columns, x, alpha, rest, np.array([item]))
            errors[-1] += float((missed**2).sum())
    best = int(np.argmin(errors))
    assert 0 < best < len(errors) - 1
    expected = x[fold.test] - predicted(columns, x, CONTROLLED_ALPHAS[best], fold.train, fold.test)
    centred = fold.centre @ x
    operator = residual_operator(columns, centred @ centred.T, fold)
    np.testing.assert_allclose((operator @ centred)[fold.test], expected, atol=1e-9)
