"""Predictivity is what plain loops over scikit-learn and scipy give, and finds what is planted."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import ConstantInputWarning, pearsonr
from sklearn.linear_model import RidgeCV

from brainbench.encoding import (
    PUBLISHED_ALPHAS,
    linear_kernels,
    parallel,
    predictivity,
    prepare_responses,
    published_folds,
    threads,
)
from brainbench.encoding.published import prediction
from brainbench.errors import DataError

N_ITEMS = 35
FOLDS = published_folds([0] * 20 + [1] * 15)
VOXELS = (5, 8, 1)


def plain_loop(features, block, folds):
    """(n_layers, n_voxels) mean r, and how many pairs of fold and voxel had none."""
    r = np.zeros((features.shape[1], block.shape[1]))
    constant = np.zeros(features.shape[1])
    for layer in range(features.shape[1]):
        for train, test in folds:
            model = RidgeCV(alphas=PUBLISHED_ALPHAS).fit(features[train, layer], block[train])
            predicted = model.predict(features[test, layer]).reshape(len(test), -1)
            for voxel in range(block.shape[1]):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConstantInputWarning)
                    one = pearsonr(predicted[:, voxel], block[test, voxel]).statistic
                constant[layer] += np.isnan(one)
                r[layer, voxel] += np.nan_to_num(one) / len(folds)
    return r, constant


def ours(features, blocks, folds=FOLDS, **kwargs):
    prepared = [prepare_responses(block, folds) for block in blocks]
    return predictivity(linear_kernels(features), folds, prepared, **kwargs)


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((N_ITEMS, 4, 50))
    values[:, 1, 3:] = 0.0  # a layer of few units
    values[:, 2] *= 30.0  # a layer where the least penalties differ
    return values


@pytest.fixture(scope="module")
def blocks(features):
    """Three people with a signal of layers 0 and 2, each with voxels of their own."""
    rng = np.random.default_rng(1)
    signal = features[:, 0, :10] + features[:, 2, :10] / 30.0
    return [
        signal @ rng.standard_normal((10, width)) / 3 + rng.standard_normal((N_ITEMS, width))
        for width in VOXELS
    ]


@pytest.fixture(scope="module")
def expected(features, blocks):
    return [plain_loop(features, block, FOLDS) for block in blocks]


# predictions of 4 layers × 6 contrasts: these chunks hold 1, 1, 3, 7 and all voxels
@pytest.mark.parametrize("chunk", [1, 24, 24 * 3 + 5, 24 * 7, prediction._CHUNK_VALUES])
def test_predictivity_is_the_plain_loop(features, blocks, expected, chunk, monkeypatch):
    monkeypatch.setattr(prediction, "_CHUNK_VALUES", chunk)
    found = ours(features, blocks)
    for scored, (r, constant) in zip(found, expected, strict=True):
        np.testing.assert_allclose(scored.r, r, rtol=0, atol=1e-10)
        assert scored.n_constant.tolist() == constant.tolist()


@pytest.mark.parametrize("held", [1, 2 * 5 * 7 * N_ITEMS**2 * 8, 3 * 5 * 7 * N_ITEMS**2 * 8])
def test_layers_may_be_decomposed_in_groups(features, blocks, expected, held, monkeypatch):
    """Groups of one, of two, and of three and one."""
    monkeypatch.setattr(prediction, "_DECOMPOSED_BYTES", held)
    found = ours(features, blocks)
    for scored, (r, constant) in zip(found, expected, strict=True):
        np.testing.assert_allclose(scored.r, r, rtol=0, atol=1e-10)
        assert scored.n_constant.tolist() == constant.tolist()


@pytest.mark.parametrize(
    ("held", "number"), [(0, 1), (5 * 7 * 70**2 * 8 * 3, 3), (10**12, 729_000)]
)
def test_kernels_at_once_fit_in_what_may_be_held(held, number, monkeypatch):
    monkeypatch.setattr(prediction, "_DECOMPOSED_BYTES", held)
    assert prediction.kernels_at_once(70, 5, 7) == pytest.approx(number, rel=1e-3)


def test_a_person_alone_scores_as_among_others(features, blocks):
    together = ours(features, blocks)
    for block, scored in zip(blocks, together, strict=True):
        (alone,) = ours(features, [block])
        np.testing.assert_allclose(alone.r, scored.r, rtol=0, atol=1e-12)


def test_predictions_that_do_not_vary_count_nothing_and_are_counted(features, blocks):
    changed = features.copy()
    changed[:, 1] = np.array([0.1, -7.3, 1e5] * 16 + [0.0, 1.0])
    found = ours(changed, blocks)
    for block, scored in zip(blocks, found, strict=True):
        assert not scored.r[1].any()
        assert scored.n_constant.tolist() == [0, len(FOLDS) * block.shape[1], 0, 0]
        assert scored.r[[0, 2, 3]].all()


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6])
def test_scale_of_the_features_is_one_with_that_of_the_penalty(features, blocks, scale):
    (before,) = ours(features, blocks[:1])
    (after,) = ours(scale * features, blocks[:1], alphas=scale**2 * PUBLISHED_ALPHAS)
    np.testing.assert_allclose(after.r, before.r, rtol=0, atol=1e-10)
    assert not after.n_constant.any()


def test_small_predictions_vary_all_the_same(features, blocks):
    """Units of 0.01 and a large penalty: predictions of some 1e-7 of the responses."""
    (scored,) = ours(0.01 * features, blocks[:1])
    r, _ = plain_loop(0.01 * features, blocks[0], FOLDS)
    np.testing.assert_allclose(scored.r, r, rtol=0, atol=1e-9)
    assert not scored.n_constant.any()


def test_a_prediction_may_be_constant_in_one_fold_only(features, blocks):
    """A unit that marks one item predicts nothing where that item is not in the test set."""
    marked = FOLDS[2][1][0]
    changed = np.zeros((N_ITEMS, 1, 1))
    changed[marked] = 1.0
    (scored,) = ours(changed, blocks[:1])
    # where it is, the unit is constant in train: no weight, and again no variation
    assert not scored.r.any()
    assert scored.n_constant.tolist() == [len(FOLDS) * VOXELS[0]]
    changed[FOLDS[1][1][0]] = -1.0
    (scored,) = ours(changed, blocks[:1])
    r, constant = plain_loop(changed, blocks[0], FOLDS)
    np.testing.assert_allclose(scored.r, r, rtol=0, atol=1e-10)
    assert scored.n_constant.tolist() == [3 * VOXELS[0]] == constant.tolist()


@pytest.mark.parametrize("level", [0.0, 0.1, -1234.5])
def test_responses_that_do_not_vary_count_nothing_and_are_counted(features, blocks, level):
    block = blocks[1].copy()
    block[:, 3] = level  # in every fold
    block[FOLDS[0][1], 6] = level  # in the test items of one fold
    (scored,) = ours(features, [block])
    r, constant = plain_loop(features, block, FOLDS)
    assert not scored.r[:, 3].any()
    np.testing.assert_allclose(scored.r, r, rtol=0, atol=1e-10)
    assert scored.n_constant.tolist() == [len(FOLDS) + 1] * 4 == constant.tolist()


@pytest.mark.parametrize("workers", [2, 3, 16])
def test_the_number_of_threads_changes_no_bit(workers, monkeypatch):
    rng = np.random.default_rng(2)
    kernels = linear_kernels(rng.standard_normal((70, 6, 200)))
    folds = published_folds([0] * 36 + [1] * 34)
    blocks = [
        prepare_responses(rng.standard_normal((70, width)), folds) for width in (300, 41, 7, 1300)
    ]
    monkeypatch.setattr(threads, "n_workers", lambda: 1)
    one = predictivity(kernels, folds, blocks)
    monkeypatch.setattr(threads, "n_workers", lambda: workers)
    many = predictivity(kernels, folds, blocks)
    for a, b in zip(one, many, strict=True):
        assert np.array_equal(a.r, b.r)
        assert np.array_equal(a.n_constant, b.n_constant)


def test_parallel_keeps_the_order_and_passes_errors_on(monkeypatch):
    monkeypatch.setattr(threads, "n_workers", lambda: 4)
    assert parallel(lambda n: n * n, list(range(50))) == [n * n for n in range(50)]
    with pytest.raises(ZeroDivisionError):
        parallel(lambda n: 1 / n, [1, 0])


@pytest.mark.parametrize("scale", [1e-6, -3.0, 1e6])
def test_shift_and_scale_of_the_responses_change_nothing(features, blocks, scale):
    shifts = np.random.default_rng(3).uniform(-10, 10, VOXELS[1])
    (before,), (after,) = (
        ours(features, blocks[1:2]),
        ours(features, [scale * (blocks[1] + shifts)]),
    )
    np.testing.assert_allclose(after.r, before.r, rtol=0, atol=1e-10)


def test_a_scale_for_each_voxel_changes_nothing_at_a_fixed_penalty(features, blocks):
    """With a choice it may: voxels of large variance count for more in it."""
    scales = np.array([1e-3, 1, 10, 1e4, 2, 3, 0.5, -1])
    alphas = np.array([10.0])
    (before,), (after,) = (
        ours(features, [block], alphas=alphas) for block in (blocks[1], scales * blocks[1])
    )
    np.testing.assert_allclose(after.r, before.r, rtol=0, atol=1e-10)


@pytest.mark.parametrize("snr", [0.05, 0.3, 3.0])
def test_a_planted_signal_scores_what_theory_says(snr):
    """y = Xw + noise with p units and m training items, signal variance snr, noise 1.

    The prediction is the signal plus an error of variance p/m (1 + p/m), so to first order
    E r = ρ - ρ (1 - ρ²) / 2(t - 1) with ρ = snr / sqrt((snr + p/m (1 + p/m)) (1 + snr)), for
    t test items. Tolerance: 4 standard errors over 300 voxels, plus 0.005 for what is left
    out (penalties, the finite X: terms of order 1/m and 1/t²).
    """
    rng = np.random.default_rng(4)
    n_items, n_units, n_voxels = 400, 4, 300
    x = rng.standard_normal((n_items, n_units))
    w = rng.standard_normal((n_units, n_voxels))
    w *= np.sqrt(snr) / np.linalg.norm(w, axis=0)
    y = x @ w + rng.standard_normal((n_items, n_voxels))
    folds = published_folds(np.arange(n_items) % 2)
    (scored,) = ours(x[:, None, :], [y], folds)
    ratio = n_units / 320
    rho = snr / np.sqrt((snr + ratio * (1 + ratio)) * (1 + snr))
    theory = rho - rho * (1 - rho**2) / (2 * 79)
    standard_error = scored.r.std() / np.sqrt(n_voxels)
    assert abs(scored.r.mean() - theory) < 4 * standard_error + 0.005


def test_pure_noise_scores_nothing():
    """Given the other items, the order of the test responses is exchangeable: E r = 0."""
    rng = np.random.default_rng(5)
    folds = published_folds([0] * 36 + [1] * 34)
    x, y = rng.standard_normal((70, 3, 576)), rng.standard_normal((70, 2000))
    (scored,) = ours(x, [y], folds)
    standard_error = scored.r.std(axis=1) / np.sqrt(2000)
    assert (np.abs(scored.r.mean(axis=1)) < 4 * standard_error).all()
    # r of one fold has variance 1/(t - 1). With far more units than items the prediction of
    # item i is near to the sum of K_ij y_j: every y_i K_ij y_j is in two folds, so that the
    # variance of the mean over folds is not a fifth of that but two fifths.
    np.testing.assert_allclose(scored.r.std(axis=1), np.sqrt(2 / 13 / 5), rtol=0.06)


@pytest.mark.parametrize("where", ["features", "responses"])
def test_what_is_not_a_number_is_refused(features, blocks, where):
    x, y = features.copy(), blocks[0].copy()
    (x if where == "features" else y)[3, 0] = np.nan
    with pytest.raises(DataError, match="NaN"):
        ours(x, [y])


def test_no_voxels_or_folds_are_refused(features, blocks):
    with pytest.raises(DataError, match="no voxels"):
        ours(features, [])
    with pytest.raises(DataError, match="no folds"):
        ours(features, blocks, folds=[])
    prepared, kernels = [prepare_responses(blocks[0], FOLDS)], linear_kernels(features[:30])
    with pytest.raises(DataError, match="points outside the 30 items"):
        predictivity(kernels, FOLDS, prepared)
