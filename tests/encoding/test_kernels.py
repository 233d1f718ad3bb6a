"""Kernels of features, and kernels of random features that were never drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from brainbench.encoding import linear_kernels, random_kernels
from brainbench.errors import DataError

DRAWS = 20_000
# Seeds are fixed, so these tests are repeatable. Over the 760 numbers compared, 5 standard
# errors would be passed by chance for fewer than one choice of seeds in a thousand.
STANDARD_ERRORS = 5.0


def features(dtype=np.float64, shape=(12, 3, 7)):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def centred_products(values):
    """Inner products by plain loops, in extended precision."""
    exact = values.astype(np.longdouble)
    exact = exact - exact.mean(axis=0)
    return np.stack([exact[:, layer] @ exact[:, layer].T for layer in range(values.shape[1])])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_linear_kernels_are_centred_inner_products(dtype):
    values = features() if dtype != np.int32 else 10 * features()
    values = values.astype(dtype)
    kernels = linear_kernels(values)
    assert kernels.dtype == np.float64
    np.testing.assert_allclose(kernels, centred_products(values).astype(float), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_narrow_types_are_computed_in_double(dtype):
    values = (100 * features(shape=(12, 2, 3000))).astype(dtype)
    with np.errstate(over="ignore"):
        narrow = np.stack([(c := v - v.mean(axis=0)) @ c.T for v in values.swapaxes(0, 1)])
    exact = centred_products(values).astype(float)
    scale = np.abs(exact).max()
    assert np.abs(linear_kernels(values) - exact).max() < 1e-13 * scale
    assert not np.abs(narrow - exact).max() < 1e-10 * scale  # what would happen otherwise


def test_a_large_offset_does_not_hurt():
    values = features()
    shifted = values + 1e6 * np.random.default_rng(1).uniform(0.5, 1.0, 7)
    difference = np.abs(linear_kernels(shifted) - linear_kernels(values)).max()
    # the shifted values themselves are rounded to 1e-10; their uncentred products to 1e-3
    assert difference < 1e-8


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_numbers_are_refused_with_their_layer(bad):
    values = features()
    values[4, 2, 1] = bad
    with pytest.raises(DataError, match="layer 2"):
        linear_kernels(values)


@pytest.mark.parametrize("shape", [(12, 7), (12,), (2, 3, 4, 5)])
def test_features_of_a_wrong_shape_are_refused(shape):
    with pytest.raises(DataError, match="items, layers, units"):
        linear_kernels(np.zeros(shape))


@pytest.fixture(scope="module", params=[3, 6, 40], ids="width {}".format)
def drawn(request):
    """Width, and many random kernels of six items."""
    width = request.param
    return width, random_kernels(6, [width] * DRAWS, np.random.default_rng(width))


def test_random_kernels_have_the_mean_of_normal_features(drawn):
    width, kernels = drawn
    # E K = width I; Var K_ii = 2 width, Var K_ij = width
    error = np.abs(kernels.mean(axis=0) - width * np.eye(6))
    standard_error = np.sqrt(width * (1 + np.eye(6)) / DRAWS)
    assert (error < STANDARD_ERRORS * standard_error).all()


def test_random_kernels_have_the_covariance_of_normal_features(drawn):
    width, kernels = drawn
    rows, columns = np.triu_indices(6)
    entries = kernels[:, rows, columns] - width * (rows == columns)
    products = entries[:, :, None] * entries[:, None, :]
    # Cov(K_ij, K_kl) = width (δ_ik δ_jl + δ_il δ_jk): no two different entries covary
    expected = np.diag(width * (1.0 + (rows == columns)))
    standard_error = products.std(axis=0) / np.sqrt(DRAWS)
    assert (np.abs(products.mean(axis=0) - expected) < STANDARD_ERRORS * standard_error).all()


@pytest.mark.parametrize("which", [-1, -2])
def test_eigenvalues_of_random_kernels_are_those_of_drawn_features(drawn, which):
    width, kernels = drawn
    normal = np.random.default_rng(99).standard_normal((4000, 6, width))
    ours = np.linalg.eigvalsh(kernels[:4000])[:, which]
    theirs = np.linalg.eigvalsh(normal @ normal.swapaxes(1, 2))[:, which]
    assert ks_2samp(ours, theirs).pvalue > 1e-3


@pytest.mark.parametrize(("width", "rank"), [(1, 1), (4, 4), (9, 9), (10, 10), (50, 10)])
def test_rank_is_the_lesser_of_width_and_items(width, rank):
    (kernel,) = random_kernels(10, [width], np.random.default_rng(0))
    values = np.linalg.eigvalsh(kernel)
    assert (values > 1e-9 * values.max()).sum() == rank
    assert (values > -1e-12 * values.max()).all()
    assert np.array_equal(kernel, kernel.T)


def test_random_kernels_are_repeatable_and_differ_between_layers_and_seeds():
    def draw(seed):
        return random_kernels(8, [20, 20], np.random.default_rng(seed))

    assert np.array_equal(draw(3), draw(3))
    assert not np.allclose(draw(3), draw(4))
    assert not np.allclose(*draw(3))


@pytest.mark.parametrize("widths", [[0], [3, -1], 5, [[2, 2]]])
def test_widths_that_are_none_are_refused(widths):
    with pytest.raises(DataError, match="widths must be positive"):
        random_kernels(5, widths, np.random.default_rng(0))
