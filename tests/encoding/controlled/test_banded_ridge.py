"""What a model adds to nuisance: against a plain computation, and where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding.controlled.banded_ridge import (
    MODEL_PENALTIES,
    Bands,
    UniqueVariance,
    make_bands,
    nuisance_band,
    unique_variance,
)
from brainbench.encoding.controlled.folds import HeldOutFold, held_out_folds, permutations
from brainbench.encoding.controlled.ridge import CONTROLLED_ALPHAS
from brainbench.encoding.kernels import Array
from brainbench.statistics.inference import p_value

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
        for rows in (fold.train, fold.test):
            wanted = np.trace(band.model[0][np.ix_(rows, rows)])
            size = np.sqrt(wanted / np.trace(m[np.ix_(rows, rows)]))
            m[rows] *= size
            m[:, rows] *= size
        centred = fold.centre @ gram @ fold.centre.T
        tried = [inside(fold, n, alpha, centred) for alpha in CONTROLLED_ALPHAS]
        alpha = float(CONTROLLED_ALPHAS[int(np.argmin(tried))])
        tried = [inside(fold, n + m * alpha / beta, alpha, centred) for beta in MODEL_PENALTIES]
        joint = n + m * alpha / MODEL_PENALTIES[int(np.argmin(tried))]
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


def by_rows(
    features: Array, columns: Array, order: Array, blocks: list[Array]
) -> tuple[Array, Array, Array, list[float], list[float]]:
    """Everything from the features themselves: residuals, refits by dense solves, grid of w.

    Returns R² of nuisance, unique R² of both bands and of the mix, per person; β and w per
    fold, w from a grid of 20 001.
    """
    size = (len(FOLDS), len(blocks))
    alone, both, mixed, total = (np.zeros(size) for _ in range(4))
    betas, weights = [], []
    for number, fold in enumerate(FOLDS):
        train, test = fold.train, fold.test

        def unit(rows: Array, train: Array = train) -> Array:
            return rows * np.sqrt(len(train) / (rows[train] ** 2).sum())

        def fit(bands: list[tuple[Array, float]], y: Array, fitted: Array, checked: Array) -> Array:
            """Predictions with an intercept, each band at its own penalty."""
            x = np.hstack([rows / np.sqrt(penalty) for rows, penalty in bands])
            mean = x[fitted].mean(axis=0)
            own = x[fitted] - mean
            means = y[fitted].mean(axis=0)
            beta = np.linalg.solve(own.T @ own + np.eye(x.shape[1]), own.T @ (y[fitted] - means))
            guess: Array = (x[checked] - mean) @ beta + means
            return guess

        n = unit(columns - columns[train].mean(axis=0))
        c = columns - columns[train].mean(axis=0)
        c = c * np.sqrt(len(train) / c.shape[1] / (c[train] ** 2).sum(axis=0))
        m = unit(features - features[train].mean(axis=0))
        loo = []
        for alpha in CONTROLLED_ALPHAS:
            missed = 0.0
            for item in train:
                rest, one = train[train != item], np.array([item])
                missed += float(((m[one] - fit([(c, alpha)], m, rest, one)) ** 2).sum())
            loo.append(missed)
        chosen = float(CONTROLLED_ALPHAS[int(np.argmin(loo))])
        inverse = np.linalg.inv(c[train].T @ c[train] + chosen * np.eye(c.shape[1]))

        def residual(
            rows: Array,
            c: Array = c,
            inverse: Array = inverse,
            train: Array = train,
            test: Array = test,
        ) -> Array:
            left = rows.copy()
            left[train] -= c[train] @ np.linalg.lstsq(c[train], rows[train], rcond=None)[0]
            left[test] -= c[test] @ inverse @ c[train].T @ rows[train]
            return left

        measured = unit(residual(m))
        m = residual(measured[order])
        for rows in (train, test):
            m[rows] *= np.sqrt((measured[rows] ** 2).sum() / (m[rows] ** 2).sum())
        inners = [(train[inner.fitted], train[inner.checked]) for inner in fold.inner]

        def inside(bands: list[tuple[Array, float]], inners: list = inners) -> float:
            return sum(
                float(((y[b] - fit(bands, y, a, b)) ** 2).sum()) for a, b in inners for y in blocks
            )

        alpha = min(CONTROLLED_ALPHAS, key=lambda a: inside([(n, a)]))
        other = min(CONTROLLED_ALPHAS, key=lambda a: inside([(m, a)]))

        def pair(
            beta: float, n: Array = n, m: Array = m, alpha: float = alpha
        ) -> list[tuple[Array, float]]:
            return [(n, alpha)] if np.isinf(beta) else [(n, alpha), (m, beta)]

        beta = min(MODEL_PENALTIES, key=lambda one: inside(pair(one)))
        grid, errors = np.linspace(0.0, 1.0, 20_001), 0.0
        for a, b in inners:
            for y in blocks:
                one = y[b] - fit([(n, alpha)], y, a, b)
                two = y[b] - fit([(m, other)], y, a, b)
                errors = errors + (
                    (1 - grid) ** 2 * (one**2).sum()
                    + grid**2 * (two**2).sum()
                    + 2 * grid * (1 - grid) * (one * two).sum()
                )
        w = float(grid[int(np.argmin(errors))])
        for person, y in enumerate(blocks):
            one, two = (fit([band], y, train, test) for band in ((n, alpha), (m, other)))
            alone[number, person] = ((y[test] - one) ** 2).sum()
            both[number, person] = ((y[test] - fit(pair(beta), y, train, test)) ** 2).sum()
            mixed[number, person] = ((y[test] - (1 - w) * one - w * two) ** 2).sum()
            total[number, person] = ((y[test] - y[train].mean(axis=0)) ** 2).sum()
        betas.append(float(beta))
        weights.append(w)
    alone, both, mixed, total = (part.sum(axis=0) for part in (alone, both, mixed, total))
    return 1 - alone / total, (alone - both) / total, (alone - mixed) / total, betas, weights


def test_units_of_the_columns_do_not_matter() -> None:
    orders = permutations(RUNS, 3, np.random.default_rng(28))
    kernel, gram = NUISANCE @ NUISANCE.T, [grams(29, MODEL, 0.4)]
    model = [fold.normalise((MODEL @ MODEL.T)[None])[0] for fold in FOLDS]
    scaled = NUISANCE * [1e-3, 1.0, 1e4]
    one, other = (make_bands(kernel, columns, model, FOLDS) for columns in (NUISANCE, scaled))
    same(unique_variance(one, gram, orders)[0], unique_variance(other, gram, orders)[0])


def voxels(seed: int, people: int = 2) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [
        OWN @ rng.standard_normal((3, 6))
        + NUISANCE @ rng.standard_normal((3, 6))
        + 1.5 * rng.standard_normal((24, 6))
        for _ in range(people)
    ]


def test_equal_to_refits_on_the_features_measured_and_permuted() -> None:
    blocks = voxels(20)
    orders = permutations(RUNS, 3, np.random.default_rng(21))
    found = unique_variance(bands(), [np.stack([y @ y.T for y in blocks])], orders)[0]
    added, inner_weights = [], []
    for draw, order in enumerate([np.arange(24), *orders]):
        nuisance, unique, mixed, betas, weights = by_rows(MODEL, NUISANCE, order, blocks)
        np.testing.assert_allclose(found.nuisance, nuisance, atol=1e-8)
        np.testing.assert_allclose(found.banded[:, draw], unique, atol=1e-8)
        np.testing.assert_allclose(found.stacked[:, draw], mixed, atol=1e-3)
        np.testing.assert_allclose(found.weights[draw], weights, atol=5e-5)
        assert list(found.penalties[draw]) == betas
        added.append(np.abs(unique).max())
        inner_weights += [w for w in weights if 0.0 < w < 1.0]
    assert max(added) > 0.05
    assert inner_weights


def personal(features: list[Array], columns: list[Array]) -> list[Bands]:
    model = [np.stack([fold.normalise((f @ f.T)[None])[0] for f in features]) for fold in FOLDS]
    return make_bands(np.stack([c @ c.T for c in columns]), np.stack(columns), model, FOLDS)


def test_a_person_whose_columns_differ_is_fitted_with_those() -> None:
    """Of one person by themselves nothing is summed, so the two must agree."""
    rng = np.random.default_rng(22)
    blocks, columns = voxels(23), [NUISANCE, rng.standard_normal((24, 3))]
    features = [MODEL, rng.standard_normal((24, 9))]
    orders = permutations(RUNS, 2, rng)
    silent = np.zeros((24, 24))
    for person in range(2):
        alone = [silent, silent]
        alone[person] = blocks[person] @ blocks[person].T
        together = unique_variance(personal(features, columns), [np.stack(alone)], orders)[0]
        single = personal([features[person]], [columns[person]])
        own = unique_variance(single, [alone[person][None]], orders)[0]
        for name in ("nuisance", "banded", "stacked"):
            found = getattr(together, name)
            np.testing.assert_allclose(found[person], getattr(own, name)[0], atol=1e-9)
            assert not (name == "nuisance" and found[1 - person])
        np.testing.assert_allclose(together.weights, own.weights, atol=1e-9)
    both = unique_variance(
        personal(features, columns), [np.stack([y @ y.T for y in blocks])], orders
    )[0]
    same_columns = unique_variance(bands(), [np.stack([y @ y.T for y in blocks])], orders)[0]
    assert not np.allclose(both.nuisance[1], same_columns.nuisance[1], atol=1e-3)


def test_more_orders_than_are_worked_on_at_once_equal_one_by_one() -> None:
    gram = np.stack([y @ y.T for y in voxels(24)])
    orders = permutations(RUNS, 140, np.random.default_rng(25))
    found = unique_variance(bands(), [gram], orders)[0]
    for draw in (127, 128, 140):
        one = unique_variance(bands(), [gram], orders[draw - 1 : draw])[0]
        np.testing.assert_allclose(found.banded[:, draw], one.banded[:, 1], atol=1e-10)
        np.testing.assert_allclose(found.stacked[:, draw], one.stacked[:, 1], atol=1e-10)


def test_responses_that_do_not_vary_have_nothing_to_explain() -> None:
    found = unique_variance(bands(), [np.zeros((2, 24, 24))])[0]
    assert np.array_equal(found.banded, np.zeros((2, 1)))
    assert np.array_equal(found.stacked, np.zeros((2, 1)))


def test_features_within_strata_and_columns_add_exactly_nothing() -> None:
    kinds = np.array(list("ssst" * 6))
    folds = held_out_folds(RUNS, kinds)
    columns = np.column_stack([NUISANCE, kinds == "s"])
    mixed = columns @ np.random.default_rng(26).standard_normal((4, 8))
    model = [fold.normalise((mixed @ mixed.T)[None])[0] for fold in folds]
    made = make_bands(columns @ columns.T, columns, model, folds)
    found = unique_variance(made, [np.stack([y @ y.T for y in voxels(27)])])[0]
    assert not found.banded.any()
    assert not found.stacked.any()


def test_nuisance_of_no_use_does_not_hold_the_model_back() -> None:
    """Its penalty is then the largest; that on the model must not be a multiple of it."""
    useless = np.random.default_rng(30).standard_normal((24, 2))
    found = unique_variance(bands(OWN, useless), [grams(31, OWN, 0.8)])[0]
    assert abs(found.nuisance.mean()) < 0.05
    assert found.banded.mean() > 0.5
    assert (found.penalties <= 100.0).all()


def test_spaces_of_nuisance_count_alike_on_training_items_whatever_their_units() -> None:
    """Test rows are larger here, so that a weight by all rows would be another."""
    rng = np.random.default_rng(31)
    one, other = rng.standard_normal((24, 2)), rng.standard_normal((2, 24, 5))
    fold = FOLDS[0]
    one[fold.test] *= 4.0
    spaces = [np.broadcast_to(one @ one.T, (2, 24, 24)), 1e6 * other @ np.swapaxes(other, 1, 2)]
    found = nuisance_band(np.stack(spaces), fold)
    for person in range(2):
        parts = []
        for columns in (one, other[person]):
            own = columns - columns[fold.train].mean(axis=0)
            parts.append(own / np.sqrt((own[fold.train] ** 2).sum()))
        together = np.hstack(parts)
        np.testing.assert_allclose(
            found[person], together @ together.T * len(fold.train) / 2.0, atol=1e-9
        )


def test_what_nuisance_leaves_has_unit_variance_on_training_items() -> None:
    for band in bands():
        rows = np.ix_(band.fold.train, band.fold.train)
        assert np.trace(band.model[0][rows]) == pytest.approx(len(band.fold.train))
