"""Simulated people whose truth is known, scored by the controlled protocol."""

from brainbench.calibration.picture import can_draw, draw_calibration
from brainbench.calibration.record import FULL, QUICK, Calibration, CalibrationRow, Plan
from brainbench.calibration.runner import calibrate, new_calibration
from brainbench.calibration.store import PICTURE, RECORD, CalibrationFolder
from brainbench.calibration.table import render_calibration

__all__ = [
    "FULL",
    "PICTURE",
    "QUICK",
    "RECORD",
    "Calibration",
    "CalibrationFolder",
    "CalibrationRow",
    "Plan",
    "calibrate",
    "can_draw",
    "draw_calibration",
    "new_calibration",
    "render_calibration",
]
