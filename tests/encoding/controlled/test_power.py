"""The least effect that would be found agrees with the test that finds it."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding.controlled.power import least_found
from brainbench.statistics.inference import holm, p_value


@pytest.mark.parametrize("draws", [19, 199, 200, 1000])
@pytest.mark.parametrize("family", [1, 3, 6, 50])
def test_a_mean_is_found_exactly_where_holm_finds_it(draws: int, family: int) -> None:
    """The other cells of the family find nothing."""
    null = np.random.default_rng(draws).standard_normal(draws)
    threshold = least_found(null, 0.05 / family)
    if threshold is None:
        assert holm([p_value(10.0, null)], family)[0] >= 0.05
        return
    for mean, found in ((threshold + 1e-6, True), (threshold, False)):
        assert (holm([p_value(mean, null)], family)[0] < 0.05) == found
