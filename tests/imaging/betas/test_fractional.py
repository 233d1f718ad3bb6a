"""Ridge by the length that it leaves: against plain ridge and a root finder."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from brainbench.imaging.betas.fractional import FractionalRidge


@pytest.fixture(scope="module")
def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    design = rng.normal(size=(80, 12))
    # neighbours overlap, as trials do
    design += 0.9 * np.roll(design, 1, axis=1)
    return design, rng.normal(size=(80, 30))


def test_a_fraction_of_1_is_least_squares(problem: tuple[np.ndarray, np.ndarray]) -> None:
    design, data = problem
    solver = FractionalRidge.of(design)
    expected, *_ = np.linalg.lstsq(design, data, rcond=None)
    projected = solver.project(data)
    np.testing.assert_allclose(solver.coefficients(projected, 1.0), expected, atol=1e-12)
    np.testing.assert_allclose(solver.coefficients(projected, np.ones(30)), expected, atol=1e-12)


@pytest.mark.parametrize("fraction", [0.05, 0.4, 0.95, 0.999])
def test_coefficients_are_those_of_ridge_and_as_long_as_asked(
    problem: tuple[np.ndarray, np.ndarray], fraction: float
) -> None:
    design, data = problem
    solver = FractionalRidge.of(design)
    projected = solver.project(data)
    whole = solver.coefficients(projected, 1.0)
    found = solver.coefficients(projected, fraction)
    length = np.linalg.norm(found, axis=0) / np.linalg.norm(whole, axis=0)
    np.testing.assert_allclose(length, fraction, rtol=1e-10)

    def ridge(alpha: float, voxel: int) -> np.ndarray:
        gram = design.T @ design + alpha * np.eye(design.shape[1])
        return np.asarray(np.linalg.solve(gram, design.T @ data[:, voxel]))

    def miss(log_alpha: float, voxel: int) -> float:
        aim = fraction * np.linalg.norm(whole[:, voxel])
        return float(np.linalg.norm(ridge(np.exp(log_alpha), voxel)) - aim)

    for voxel in (0, 17):
        alpha = np.exp(brentq(miss, -20, 30, args=(voxel,), xtol=1e-13))
        np.testing.assert_allclose(found[:, voxel], ridge(alpha, voxel), rtol=1e-8)


def test_every_voxel_may_have_a_fraction_of_its_own(
    problem: tuple[np.ndarray, np.ndarray],
) -> None:
    design, data = problem
    solver = FractionalRidge.of(design)
    projected = solver.project(data)
    fractions = np.linspace(0.1, 1, 30)
    found = solver.coefficients(projected, fractions)
    for voxel in (0, 13, 29):
        alone = solver.coefficients(projected[:, [voxel]], float(fractions[voxel]))
        np.testing.assert_allclose(found[:, [voxel]], alone, atol=1e-12)


def test_a_voxel_without_data_has_no_response() -> None:
    solver = FractionalRidge.of(np.eye(6)[:, :3])
    assert (solver.coefficients(np.zeros((3, 2)), 0.5) == 0).all()
