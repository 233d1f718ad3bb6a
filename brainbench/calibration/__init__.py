"""Simulated people whose truth is known, scored as measured people are."""

from brainbench.calibration.ladder.record import FULL as LADDER_FULL
from brainbench.calibration.ladder.record import QUICK as LADDER_QUICK
from brainbench.calibration.ladder.record import LadderCalibration
from brainbench.calibration.ladder.runner import calibrate_ladder, new_ladder_calibration
from brainbench.calibration.ladder.table import render_ladder_calibration
from brainbench.calibration.picture import can_draw, draw_calibration
from brainbench.calibration.record import FULL, QUICK, Calibration, CalibrationPlan, CalibrationRow
from brainbench.calibration.runner import calibrate, new_calibration
from brainbench.calibration.store import (
    DESIGNS,
    LADDER,
    PICTURE,
    RECORD,
    CalibrationFolder,
    file_of,
)
from brainbench.calibration.study import StudyDesigns, StudyPlan, new_designs, simulate_designs
from brainbench.calibration.study_table import render_designs
from brainbench.calibration.table import render_calibration

__all__ = [
    "DESIGNS",
    "FULL",
    "LADDER",
    "LADDER_FULL",
    "LADDER_QUICK",
    "PICTURE",
    "QUICK",
    "RECORD",
    "Calibration",
    "CalibrationFolder",
    "CalibrationPlan",
    "CalibrationRow",
    "LadderCalibration",
    "StudyDesigns",
    "StudyPlan",
    "calibrate",
    "calibrate_ladder",
    "can_draw",
    "draw_calibration",
    "file_of",
    "new_calibration",
    "new_designs",
    "new_ladder_calibration",
    "render_calibration",
    "render_designs",
    "render_ladder_calibration",
    "simulate_designs",
]
