"""Held-out prediction against scikit-learn, refitted from scratch, permuted or not."""

from __future__ import annotations

import numpy as np
import pytest
from himalaya.backend import set_backend
from himalaya.kernel_ridge import solve_kernel_ridge_eigenvalues
from sklearn.linear_model import Ridge

from brainbench.encoding.controlled.folds import HeldOutFold, held_out_folds, permutations
from brainbench.encoding.controlled.prediction import (
    People,
    all_together,
    layer_errors,
    normalised,
    predict,
)
from brainbench.encoding.controlled.ridge import (
    CONTROLLED_ALPHAS,
    dual_maps,
    leave_one_out_operators,
    residual_operator,
    ridge_maps,
)
from brainbench.encoding.kernels import Array, linear_kernels
from brainbench.errors import DataError

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
    people = People(tuple(blocks), FOLDS)
    once = predict(kernels, people, orders, ALPHAS, null_r2=False)
    np.testing.assert_array_equal(once.r, found.r)
    np.testing.assert_allclose(once.r2, found.r2[:, :1], atol=1e-15)


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
    # the errors and what they are a share of are summed apart
    np.testing.assert_allclose(found.r2, 0.0, atol=1e-12)
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
    operator = leave_one_out_operators(x @ x.T, fold, np.array([3.0]))[0]
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


TURNS = np.array(list("abcabcabcabcabcabcabcbcc"))
TURNED = tuple(held_out_folds(TURNS))


def own_features(seed: int) -> tuple[Array, list[Array]]:
    """(2, 24, 3, 6) features of two people, and their responses, of 4 and 7 voxels."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((2, 24, 3, 6))
    blocks = [rng.standard_normal((24, width)) for width in (4, 7)]
    for own, block in zip(features, blocks, strict=True):
        block += own[:, 2] @ rng.standard_normal((6, block.shape[1]))
    return features, blocks


def own_kernels(features: Array) -> list[Array]:
    people = [normalised(linear_kernels(own), TURNED) for own in features]
    return [np.stack(parts) for parts in zip(*people, strict=True)]


def test_each_person_may_have_features_of_their_own() -> None:
    features, blocks = own_features(20)
    order = permutations(TURNS, 1, np.random.default_rng(21))
    found = predict(own_kernels(features), People(tuple(blocks), TURNED), order, ALPHAS)
    for draw, responses in enumerate([blocks, [block[order[0]] for block in blocks]]):
        r, error, total = np.zeros(2), np.zeros(2), np.zeros(2)
        for number, fold in enumerate(TURNED):
            x = [[scale(own[:, layer], fold) for layer in range(3)] for own in features]
            inside = np.zeros((3, len(ALPHAS)))
            for layer, penalty in np.ndindex(inside.shape):
                for inner in fold.inner:
                    a, b = fold.train[inner.fitted], fold.train[inner.checked]
                    for own, y in zip(x, responses, strict=True):
                        model = Ridge(ALPHAS[penalty]).fit(own[layer][a], y[a])
                        inside[layer, penalty] += ((y[b] - model.predict(own[layer][b])) ** 2).sum()
            layer, penalty = np.unravel_index(inside.argmin(), inside.shape)
            assert found.chosen[draw, number] == layer
            for person, y in enumerate(responses):
                own = x[person][layer]
                model = Ridge(ALPHAS[penalty]).fit(own[fold.train], y[fold.train])
                guess = model.predict(own[fold.test])
                pairs = zip(guess.T, y[fold.test].T, strict=True)
                r[person] += np.mean([np.corrcoef(p, m)[0, 1] for p, m in pairs]) / 3
                error[person] += ((y[fold.test] - guess) ** 2).sum()
                total[person] += ((y[fold.test] - y[fold.train].mean(axis=0)) ** 2).sum()
        np.testing.assert_allclose(found.r[:, draw], r, atol=1e-9)
        np.testing.assert_allclose(found.r2[:, draw], 1.0 - error / total, atol=1e-9)


@pytest.mark.parametrize("strata", [None, TURNS == "a"], ids=["one mean", "strata of runs"])
def test_many_orders_equal_predicting_permuted_responses(strata: Array | None) -> None:
    """More draws than are worked on at once, and runs whose items are not neighbours."""
    folds = tuple(held_out_folds(TURNS, strata))
    rng = np.random.default_rng(22)
    features, blocks = own_features(23)
    kernels = normalised(linear_kernels(features[0]), folds)
    orders = permutations(TURNS, 130, rng)
    found = predict(kernels, People(tuple(blocks), folds), orders)
    for draw in (0, 1, 98, 99, 100, 130):
        order = orders[draw - 1] if draw else np.arange(24)
        alone = predict(kernels, People(tuple(block[order] for block in blocks), folds))
        np.testing.assert_allclose(found.r[:, draw], alone.r[:, 0], atol=1e-10)
        np.testing.assert_allclose(found.r2[:, draw], alone.r2[:, 0], atol=1e-10)
        np.testing.assert_allclose(found.greatest[draw], alone.greatest[0], atol=1e-10)
        assert (found.chosen[draw] == alone.chosen[0]).all()
        np.testing.assert_allclose(
            found.r[:, draw], [own.mean() for own in alone.voxels], atol=1e-10
        )


def test_strata_within_runs_are_kept_by_orders_that_keep_them() -> None:
    kinds = np.array(list("st" * 12))
    folds = tuple(held_out_folds(TURNS, kinds))
    features, blocks = own_features(24)
    blocks = [block + 3.0 * (kinds == "s")[:, None] for block in blocks]
    kernels = normalised(linear_kernels(features[0]), folds)
    (order,) = permutations(TURNS, 1, np.random.default_rng(25), [kinds])
    found = predict(kernels, People(tuple(blocks), folds), order[None])
    alone = predict(kernels, People(tuple(block[order] for block in blocks), folds))
    np.testing.assert_allclose(found.r[:, 1], alone.r[:, 0], atol=1e-10)
    np.testing.assert_allclose(found.r2[:, 1], alone.r2[:, 0], atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_choices_among_equals_do_not_depend_on_the_held_out_run(seed: int) -> None:
    """Without any signal, what is chosen hangs on every response that is looked at."""
    features, blocks = simulate(30 + seed, None)
    kernels = linear_kernels(features)
    spoilt, moved = [block.copy() for block in blocks], features.copy()
    rng = np.random.default_rng(seed)
    for block in spoilt:
        block[FOLDS[0].test] = 50 * rng.standard_normal((8, 5))
    moved[FOLDS[0].test] = 50 * rng.standard_normal((8, 3, 6))
    orders = permutations(RUNS, 20, rng)
    found = predict(normalised(kernels, FOLDS), People(tuple(blocks), FOLDS), orders)
    assert len(set(found.chosen[:, 0])) > 1
    for others, responses in ((kernels, spoilt), (linear_kernels(moved), blocks)):
        other = predict(normalised(others, FOLDS), People(tuple(responses), FOLDS), orders)
        assert (other.chosen[:, 0] == found.chosen[:, 0]).all()
        assert (other.chosen[:, 1:] != found.chosen[:, 1:]).any()


def test_constant_voxels_count_0_and_are_counted_in_the_measured_order_only() -> None:
    features, blocks = simulate(40)
    blocks[1][:, 2] = 4.2
    blocks[2][FOLDS[1].test, 0] = 1.0
    orders = permutations(RUNS, 3, np.random.default_rng(41))
    kernels = normalised(linear_kernels(features), FOLDS)
    found = predict(kernels, People(tuple(blocks), FOLDS), orders)
    assert found.voxels[1][2] == 0.0
    assert found.n_constant == 3 + 1


@pytest.mark.parametrize("bad", [np.zeros((0, 27, 27)), np.full((1, 27, 27), np.nan)])
def test_no_features_or_nan_are_refused(bad: Array) -> None:
    with pytest.raises(DataError, match="no features to predict from"):
        normalised(bad, FOLDS)


def test_responses_that_do_not_vary_have_nothing_explained() -> None:
    features, blocks = simulate(12)
    people = People((blocks[0], np.zeros((27, 5))), FOLDS)
    kernels = normalised(linear_kernels(features), FOLDS)
    found = predict(kernels, people)
    assert found.r[1, 0] == found.r2[1, 0] == 0.0
    assert not layer_errors(kernels, people)[1].any()
    assert found.r2[0, 0] > 0.0


def test_what_does_not_vary_over_held_out_items_predicts_nothing() -> None:
    """Which run an item is of is the same for all items of a held-out run: rounding is not an r."""
    rng = np.random.default_rng(5)
    runs = np.repeat(["a", "b", "c", "d"], 16)
    types = np.repeat(["x", "x", "y", "y"], 16)
    folds = held_out_folds(runs, types)
    features = (runs[:, None] == np.unique(runs)).astype(float) + 0.1
    kernels = normalised(linear_kernels(features[:, None]), folds)
    people = People((rng.standard_normal((64, 40)), rng.standard_normal((64, 9))), tuple(folds))
    found = predict(kernels, people, permutations(runs, 5, rng))
    assert (found.r == 0.0).all()
    assert found.n_constant == 4 * 49
