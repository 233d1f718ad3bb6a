"""Reliability against statsmodels' analysis of variance and a planted share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from brainbench.encoding.controlled.reliability import reliability
from brainbench.errors import DataError


def test_equal_to_the_mean_squares_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(0)
    responses = rng.standard_normal((3, 8, 1)) + rng.standard_normal((8, 1))
    frame = pd.DataFrame(
        {"y": responses[..., 0].ravel(), "item": np.tile(np.arange(8), 3).astype(str)}
    )
    table = anova_lm(ols("y ~ C(item)", frame).fit())
    between, within = table["mean_sq"]
    assert reliability(responses).rho == pytest.approx(1.0 - within / between, abs=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_a_planted_share_is_recovered(share: float) -> None:
    """Mean of two repeats: ρ = s / (s + (1 - s) / 2)."""
    rng = np.random.default_rng(1)
    signal = np.sqrt(share) * rng.standard_normal((60, 400))
    responses = signal + np.sqrt(1.0 - share) * rng.standard_normal((2, 60, 400))
    expected = share / (share + (1.0 - share) / 2.0)
    assert reliability(responses).rho == pytest.approx(expected, abs=0.03)


def test_the_bounds_are_what_the_truth_itself_scores() -> None:
    """r of mean responses with the noise-free ones, and R²; voxels are not equally reliable."""
    rng = np.random.default_rng(2)
    signal = rng.standard_normal((4000, 5)) * [0.3, 0.6, 1.0, 2.0, 4.0]
    responses = signal + 1.5 * rng.standard_normal((2, 4000, 5))
    means, found = responses.mean(axis=0), reliability(responses)
    r = np.mean([np.corrcoef(signal[:, v], means[:, v])[0, 1] for v in range(5)])
    r2 = 1.0 - ((means - signal) ** 2).sum() / ((means - means.mean(axis=0)) ** 2).sum()
    assert found.bound_r == pytest.approx(r, abs=0.02)
    assert found.rho == pytest.approx(r2, abs=0.02)
    assert np.sqrt(found.rho) > r + 0.1, "of all voxels together it is not a bound of the mean r"


def test_means_of_groups_do_not_count() -> None:
    """Runs differ by far more than items; a nested analysis of variance tells items of runs."""
    rng = np.random.default_rng(3)
    runs = np.repeat(["a", "b"], 6)
    responses = rng.standard_normal((3, 12, 1)) + rng.standard_normal((12, 1))
    responses += np.where(runs == "a", 9.0, 0.0)[:, None]
    frame = pd.DataFrame(
        {
            "y": responses[..., 0].ravel(),
            "run": np.tile(runs, 3),
            "place": np.tile(np.arange(6), 6).astype(str),
        }
    )
    table = anova_lm(ols("y ~ C(run) * C(place)", frame).fit())
    items = table.loc[["C(place)", "C(run):C(place)"]]
    between, within = items["sum_sq"].sum() / items["df"].sum(), table.loc["Residual", "mean_sq"]
    found = reliability(responses, runs)
    assert found.rho == pytest.approx(1.0 - within / between, abs=1e-9)
    assert reliability(responses).rho > found.rho + 0.1


def test_constant_responses_and_wrong_arrays() -> None:
    found = reliability(np.ones((2, 4, 3)))
    assert (found.rho, found.bound_r) == (0.0, 0.0)
    with pytest.raises(DataError, match="group of at least two items"):
        reliability(np.ones((2, 4, 3)), [0, 1, 2, 3])
    with pytest.raises(DataError, match="two repeats"):
        reliability(np.ones((1, 4, 3)))
    with pytest.raises(DataError, match="NaN"):
        reliability(np.full((2, 4, 3), np.nan))
