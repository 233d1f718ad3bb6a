"""A model for each trial at once: equal to nilearn's GLM for each trial in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter

from brainbench.errors import DataError
from brainbench.imaging.betas.design import build_design
from brainbench.imaging.betas.options import BetaOptions, Hrf, NoiseModel
from brainbench.imaging.betas.separate import separate
from brainbench.imaging.betas.simulated import Simulation, simulate_person, spaced_trials

pytest.importorskip("nilearn", reason="its GLM is the reference; install the imaging extra")
Array = np.ndarray[Any, Any]


def one_by_one(series: Array, design: Any, noise_model: str) -> Array:
    from nilearn.glm.first_level import run_glm

    found = np.empty((design.own.shape[1], series.shape[1]))
    for i in range(design.own.shape[1]):
        matrix = np.column_stack([design.own[:, i], design.rest[:, i], design.nuisance])
        labels, results = run_glm(series, matrix, noise_model=noise_model)
        for label, result in results.items():
            found[i, labels == label] = result.theta[0]
    return found


@pytest.mark.parametrize("hrf", ["glover", "spm + derivative", "glover + derivative + dispersion"])
@pytest.mark.parametrize("noise_model", ["ols", "ar1"])
def test_equal_to_nilearn_trial_by_trial(hrf: Hrf, noise_model: NoiseModel) -> None:
    rng = np.random.default_rng(5)
    person = simulate_person([spaced_trials(rng, 6, 3)], Simulation(voxels=60), rng)
    run = person.runs[0]
    design = build_design(run, BetaOptions(hrf=hrf))
    # coefficients of all kinds, also below 0
    a = np.linspace(-0.5, 0.9, 60)
    white = rng.normal(size=(len(run.series), 60))
    noise = np.column_stack([lfilter([1], [1, -r], white[:, i]) for i, r in enumerate(a)])
    series = design.own[:, :, 0] @ rng.normal(1, 0.5, (6, 60)) + noise
    found = separate(series, design.own, design.rest, design.nuisance, noise_model)
    np.testing.assert_allclose(found, one_by_one(series, design, noise_model), rtol=0, atol=1e-9)


def test_equal_where_scans_are_left_out() -> None:
    from dataclasses import replace

    rng = np.random.default_rng(6)
    person = simulate_person([spaced_trials(rng, 6, 3)], Simulation(voxels=20), rng)
    kept = np.ones(len(person.runs[0].series), bool)
    kept[[0, 1, 22, 23, 40]] = False
    run = replace(person.runs[0], kept=kept)
    design = build_design(run, BetaOptions())
    assert len(design.own) == len(design.nuisance) == kept.sum()
    series = run.series[kept].astype(float) / 10 - 100
    found = separate(series, design.own, design.rest, design.nuisance)
    np.testing.assert_allclose(found, one_by_one(series, design, "ar1"), rtol=0, atol=1e-8)


def test_a_trial_that_confounds_make_up_is_refused() -> None:
    rng = np.random.default_rng(7)
    run = simulate_person([spaced_trials(rng, 5, 2)], Simulation(voxels=4), rng).runs[0]
    design = build_design(run, BetaOptions())
    nuisance = np.column_stack([design.nuisance, design.own[:, 2]])
    for noise_model in ("ols", "ar1"):
        with pytest.raises(DataError, match="the response of trial 3 cannot be separated"):
            separate(
                run.series.astype(float),
                design.own,
                design.rest,
                nuisance,
                noise_model,  # type: ignore[arg-type]
            )


def test_a_single_trial_has_no_rest() -> None:
    rng = np.random.default_rng(8)
    run = simulate_person([spaced_trials(rng, 1, 1)], Simulation(voxels=4), rng).runs[0]
    design = build_design(run, BetaOptions())
    series = run.series.astype(float)
    expected, *_ = np.linalg.lstsq(np.column_stack([design.own[:, 0], design.nuisance]), series)
    found = separate(series, design.own, design.rest, design.nuisance, "ols")
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-8)


def test_a_constant_voxel_has_no_response() -> None:
    rng = np.random.default_rng(9)
    run = simulate_person([spaced_trials(rng, 4, 2)], Simulation(voxels=3), rng).runs[0]
    design = build_design(run, BetaOptions())
    series = run.series.astype(float)
    series[:, 1] = 7.0
    found = separate(series, design.own, design.rest, design.nuisance)
    np.testing.assert_allclose(found[:, 1], 0, atol=1e-9)
    assert np.isfinite(found).all()
