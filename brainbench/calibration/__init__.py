"""Simulated people whose truth is known, scored as measured people are."""

from brainbench.calibration.ladder.record import FULL as LADDER_FULL
from brainbench.calibration.ladder.record import QUICK as LADDER_QUICK
from brainbench.calibration.ladder.record import LadderCalibration
from brainbench.calibration.ladder.runner import calibrate_ladder, new_ladder_calibration
from brainbench.calibration.ladder.table import render_ladder_calibration
from brainbench.calibration.picture import can_draw, draw_calibration
from brainbench.calibration.record import FULL, QUICK, Calibration, CalibrationRow, Plan
from brainbench.calibration.runner import calibrate, new_calibration
from brainbench.calibration.store import LADDER, PICTURE, RECORD, CalibrationFolder
from brainbench.calibration.table import render_calibration

__all__ = [
    "FULL",
    "LADDER",
    "LADDER_FULL",
    "LADDER_QUICK",
    "PICTURE",
    "QUICK",
    "RECORD",
    "Calibration",
    "CalibrationFolder",
    "CalibrationRow",
    "LadderCalibration",
    "Plan",
    "calibrate",
    "calibrate_ladder",
    "can_draw",
    "draw_calibration",
    "new_calibration",
    "new_ladder_calibration",
    "render_calibration",
    "render_ladder_calibration",
]
