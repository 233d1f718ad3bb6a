"""How often the verdict on guidance is reached where the truth is known, and what docs say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

import brainbench
from brainbench.calibration.guidance import (
    GAINS,
    RULES,
    GuidanceCalibration,
    GuidanceDesign,
    calibrate_guidance,
    judge,
    simulate_answers,
)
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.verdict import AGAINST, CLAIM
from brainbench.statistics.answers import auc

DOCS = Path(brainbench.__file__).parent.parent / "docs"
BEFORE, NOW = RULES
# few problems in one order: quick, and each draw of signals differs much from the next
SMALL = GuidanceDesign(
    "small", "steering", 64, 1, 16, auc=0.55, common=0.9, of_problem=1.0, spread=0.09
)


def outcomes(
    gain: float, count: int, design: GuidanceDesign = SMALL
) -> Sequence[tuple[bool, dict[tuple[str, str, str], bool]]]:
    found = []
    for seed in range(count):
        arms = simulate_answers(design, gain, np.random.default_rng([7, seed]))
        arms = {name: arms[name] for name in (UNGUIDED, GUIDED, *AGAINST)}
        outcome = judge(arms, design.items, 200, seed)
        found.append((outcome.helps[NOW], dict(outcome.found)))
    return found


class TestRates:
    COUNT = 40

    def test_nothing_is_claimed_where_nothing_is_gained(self) -> None:
        found = outcomes(0.0, self.COUNT)
        assert np.mean([helps for helps, _ in found]) <= 0.05

        def rate(arm: str, metric: str, rule: str) -> float:
            return float(np.mean([singles[arm, metric, rule] for _, singles in found]))

        for arm in AGAINST:
            for metric in CLAIM:
                most = binom.ppf(0.999, self.COUNT, 0.05) / self.COUNT
                assert rate(arm, metric, NOW) <= most
        # with what other signals vary by left out
        assert rate(LABEL_ONLY, "auc", BEFORE) > 0.25

    def test_a_large_gain_is_found(self) -> None:
        found = outcomes(0.4, 12, replace(SMALL, spread=0.02))
        assert np.mean([helps for helps, _ in found]) > 0.8


def test_arms_have_the_area_that_was_planted() -> None:
    design = replace(SMALL, n_base=4000, spread=0.0)
    arms = simulate_answers(design, 0.2, np.random.default_rng(0))
    areas = {name: auc(arm.log_odds[0], design.items.labels == 0) for name, arm in arms.items()}
    assert areas.pop(GUIDED) == pytest.approx(0.75, abs=0.02)
    assert list(areas.values()) == pytest.approx([0.55] * len(areas), abs=0.03)
    # without drawn signals a steered model answers the same with every seed
    assert np.ptp(arms[LABEL_ONLY].log_odds, axis=0).max() == 0.0
    assert np.ptp(arms[PERMUTED].log_odds, axis=0).min() > 0.0


def test_every_design_and_gain_is_counted_by_both_rules() -> None:
    found = calibrate_guidance([SMALL], 2, 1, n_draws=50)
    assert [row.gain for row in found.rows if row.what == "verdict"] == [
        gain for gain in GAINS for _ in RULES
    ]
    assert {row.n for row in found.rows if row.gain == 0.0} == {2}
    one = found.one("small", 0.0, NOW, "auc", LABEL_ONLY)
    assert one.interval[0] <= one.rate <= one.interval[1]
    with pytest.raises(KeyError):
        found.one("small", 0.0, NOW, "mcnemar", LABEL_ONLY)
    assert GuidanceCalibration.model_validate_json(found.model_dump_json()) == found
