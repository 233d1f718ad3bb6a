"""Responses cut into folds: contrasts, unit lengths, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding import prepare_responses, published_folds
from brainbench.encoding.kernels import contrasts
from brainbench.errors import DataError

N_ITEMS, N_VOXELS = 25, 6
FOLDS = published_folds(["a"] * N_ITEMS)


@pytest.fixture
def block():
    return 3.0 + np.random.default_rng(0).standard_normal((N_ITEMS, N_VOXELS))


def test_each_part_is_what_it_says(block):
    for (train, test), found in zip(FOLDS, prepare_responses(block, FOLDS), strict=True):
        centred = block[train] - block[train].mean(axis=0)
        np.testing.assert_allclose(contrasts(len(train)) @ found.trained, centred, atol=1e-13)
        np.testing.assert_allclose(found.gram, found.trained @ found.trained.T, atol=1e-12)
        np.testing.assert_allclose(found.spread, np.linalg.norm(centred, axis=0), rtol=1e-12)
        measured = block[test] - block[test].mean(axis=0)
        unit = measured / np.linalg.norm(measured, axis=0)
        np.testing.assert_allclose(contrasts(len(test)) @ found.target, unit, atol=1e-13)
        assert found.varies.all()


def test_nothing_of_the_test_items_is_in_the_training_part(block):
    train, test = FOLDS[0]
    changed = block.copy()
    changed[test] *= -7.0
    before, after = (prepare_responses(b, [(train, test)])[0] for b in (block, changed))
    assert np.array_equal(before.trained, after.trained)
    assert np.array_equal(before.gram, after.gram)
    assert not np.allclose(before.target, after.target)


@pytest.mark.parametrize("level", [0.0, 1e-9, 0.1, 12345.678])
def test_voxels_that_do_not_vary_have_no_target(block, level):
    block[:, 2] = level
    for found in prepare_responses(block, FOLDS):
        assert found.varies.tolist() == [True, True, False, True, True, True]
        assert not found.target[:, 2].any()


def test_a_voxel_may_vary_in_one_fold_only(block):
    block[:, 4] = 0.1
    block[FOLDS[3][1][0], 4] = 0.2
    varies = [bool(found.varies[4]) for found in prepare_responses(block, FOLDS)]
    assert varies == [False, False, False, True, False]


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e12])
def test_small_and_large_units_vary_all_the_same(block, scale):
    assert all(found.varies.all() for found in prepare_responses(scale * block, FOLDS))


@pytest.mark.parametrize("level", [1e4, 1e9])
def test_a_large_mean_hides_no_variation(block, level):
    assert all(found.varies.all() for found in prepare_responses(level + block, FOLDS))


def test_the_block_is_not_changed(block):
    kept = block.copy()
    prepare_responses(block, FOLDS)
    assert np.array_equal(block, kept)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_responses_that_are_not_numbers_are_refused_with_their_count(block, bad):
    block[3, [0, 5]] = bad
    block[4, 0] = bad
    with pytest.raises(DataError, match=r"^2 voxels hold NaN"):
        prepare_responses(block, FOLDS)


@pytest.mark.parametrize("shape", [(N_ITEMS,), (N_ITEMS, 0), (N_ITEMS, 2, 2)])
def test_responses_of_a_wrong_shape_are_refused(shape):
    with pytest.raises(DataError, match="items, voxels"):
        prepare_responses(np.zeros(shape), FOLDS)


def test_too_few_items_for_the_folds_are_refused(block):
    with pytest.raises(DataError, match="points outside the 20 items"):
        prepare_responses(block[:20], FOLDS)
