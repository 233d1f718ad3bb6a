"""A wrong HRF is reported, a right one is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from brainbench.imaging.betas import BetaOptions, HrfFit, hrf_fit
from brainbench.imaging.betas.library import hrf_model
from brainbench.imaging.betas.simulated import Simulation, simulate_person, spaced_trials

pytest.importorskip("nilearn", reason="makes the designs; install the imaging extra")


def fit(seed: int, hrf: Any, **changes: Any) -> HrfFit:
    rng = np.random.default_rng(seed)
    tables = [spaced_trials(rng) for _ in range(2)]
    made = simulate_person(tables, Simulation(hrf=hrf, **{"voxels": 40, **changes}), rng)
    return hrf_fit(made.runs)["roi"]


@pytest.mark.parametrize("stretch", [0.7, 1.6])
def test_an_hrf_that_is_much_faster_or_slower_is_told(stretch: float) -> None:
    found = fit(0, hrf_model("glover", stretch))
    assert found.wrong
    assert found.missed > 0.15


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_right_hrf_is_not_told_with_little_noise_or_much(seed: int) -> None:
    for noise in (0.3, 4.0):
        assert not fit(seed, "glover", noise=noise).wrong


def test_where_nothing_responds_nothing_is_told() -> None:
    assert not fit(3, "glover", mean=0.0, spread=0.0).wrong


def test_the_hrf_that_is_assumed_is_that_of_the_options() -> None:
    rng = np.random.default_rng(5)
    made = simulate_person(
        [spaced_trials(rng) for _ in range(2)], Simulation(voxels=40, hrf="spm", noise=0.2), rng
    )
    right = hrf_fit(made.runs, BetaOptions(hrf="spm"))["roi"]
    assert right.missed < 0.02
    assert right.missed < hrf_fit(made.runs)["roi"].missed
