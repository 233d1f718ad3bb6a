"""HRFs of the library are nilearn's on another clock."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.imaging.betas.library import (
    SHAPES,
    STRETCHES,
    hrf_library,
    hrf_model,
    stretched_hrf,
)

glm = pytest.importorskip("nilearn.glm.first_level", reason="HRFs are nilearn's")


@pytest.mark.parametrize("shape", SHAPES)
def test_without_stretch_they_are_those_of_nilearn(shape: str) -> None:
    theirs = {"glover": glm.glover_hrf, "spm": glm.spm_hrf}[shape](2.0, 50)
    np.testing.assert_allclose(stretched_hrf(2.0, 50, shape=shape), theirs, atol=1e-15)


@pytest.mark.parametrize("stretch", [0.7, 1.6])
def test_a_peak_comes_later_by_the_stretch(stretch: float) -> None:
    times = np.arange(2000) * 0.04
    plain, other = (stretched_hrf(2.0, 50, stretch=s) for s in (1.0, stretch))
    assert times[other.argmax()] == pytest.approx(stretch * times[plain.argmax()], abs=0.1)
    assert other.sum() == pytest.approx(1)


def test_the_library_has_twenty_that_differ_and_work_in_a_design() -> None:
    library = hrf_library()
    assert len({model.__name__ for model in library}) == len(SHAPES) * len(STRETCHES) == 20
    times = np.arange(40) * 2.0
    made = [
        glm.compute_regressor((np.array([4.0]), np.array([12.0]), np.ones(1)), model, times)[0][
            :, 0
        ]
        for model in library
    ]
    assert np.linalg.matrix_rank(np.column_stack(made)) >= 10
    own = glm.compute_regressor((np.array([4.0]), np.array([12.0]), np.ones(1)), "glover", times)[0]
    again = glm.compute_regressor(
        (np.array([4.0]), np.array([12.0]), np.ones(1)), hrf_model("glover", 1.0), times
    )[0]
    np.testing.assert_allclose(again, own, atol=1e-12)
