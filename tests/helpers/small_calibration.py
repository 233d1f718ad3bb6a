"""The smallest calibration that has every kind of row."""

from __future__ import annotations

from typing import Any

import golden_numbers

from brainbench.calibration import CalibrationPlan, calibrate

PLAN = CalibrationPlan(
    reasoning_types=("transitive",),
    n_tested=8,
    n_planted=4,
    n_mis_specified=0,
    n_narrow=0,
    n_pooled=0,
    n_layer=1,
    n_published=2,
    n_reference=1,
    n_courses=1,
    shares=(0.2,),
    alike=(0.0,),
    draws=19,
    tested_draws=19,
    pooled_draws=9,
)


def calibrated() -> dict[str, Any]:
    return golden_numbers.calibration(calibrate(0, PLAN))
