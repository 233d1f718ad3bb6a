"""Projections against least squares."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding.ladder.projection import (
    degrees_left,
    residual_kernel,
    residual_maker,
    run_columns,
)
from brainbench.errors import DataError


def test_residuals_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    columns = rng.standard_normal((20, 4)) * [1.0, 1e3, 1e-3, 3.0]
    responses = rng.standard_normal((20, 7))
    fitted = columns @ np.linalg.lstsq(columns, responses, rcond=None)[0]
    maker = residual_maker(columns)
    np.testing.assert_allclose(maker @ responses, responses - fitted, atol=1e-9)
    assert degrees_left(maker) == 16


def test_columns_that_repeat_each_other_count_once() -> None:
    columns = np.random.default_rng(1).standard_normal((10, 3))
    repeated = np.hstack([columns, columns @ [[1.0], [2.0], [-1.0]], np.zeros((10, 1))])
    np.testing.assert_allclose(residual_maker(repeated), residual_maker(columns), atol=1e-10)


def test_each_person_has_a_projection() -> None:
    columns = np.random.default_rng(2).standard_normal((3, 8, 2))
    made = residual_maker(columns)
    assert made.shape == (3, 8, 8)
    np.testing.assert_allclose(made[1], residual_maker(columns[1]))


def test_run_means_are_taken_out() -> None:
    runs = np.array(["a", "b", "a", "b", "b"])
    left = residual_maker(run_columns(runs)) @ np.array([1.0, 5.0, 3.0, 6.0, 10.0])
    np.testing.assert_allclose(left, [-1.0, -2.0, 1.0, -1.0, 3.0], atol=1e-12)


def test_layers_weigh_the_same_whatever_their_scale() -> None:
    rng = np.random.default_rng(3)
    features = rng.standard_normal((2, 12, 5))
    layers = features @ features.transpose(0, 2, 1)
    maker = residual_maker(np.ones((12, 1)))
    scaled = layers * np.array([1.0, 1e4])[:, None, None]
    np.testing.assert_allclose(
        residual_kernel(layers, maker), residual_kernel(scaled, maker), atol=1e-12
    )
    assert np.trace(residual_kernel(layers, maker)) == pytest.approx(2.0)


def test_features_that_nuisance_explains_leave_nothing() -> None:
    columns = np.random.default_rng(4).standard_normal((12, 3))
    layers = (columns @ columns.T)[None]
    assert not residual_kernel(layers, residual_maker(columns)).any()


def test_columns_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="NaN or infinite"):
        residual_maker(np.array([[1.0], [np.nan]]))
