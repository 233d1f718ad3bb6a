"""Behaviour, guidance and calibration give the numbers they always gave, offline.

``pytest tests/regression/test_golden_suites.py --regold`` writes them anew. Alignment has a file of
its own beside this one, accuracy one in ``tests/reasoning``, the quick form of the calibration one
in ``tests/calibration``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import golden_numbers
import pytest
from golden_files import hold_golden
from guided_run import GuidedRun
from small_calibration import calibrated


def test_nano_among_simulated_people(answered: Any, golden: Callable[..., None]) -> None:
    # the log-odds are computed in float32; ranks of times and answers hardly move
    golden(golden_numbers.behavior(answered.scores()), "behavior_nano", golden_numbers.FLOAT32)


def test_nano_guided_by_simulated_people(guided: GuidedRun, golden: Callable[..., None]) -> None:
    golden(golden_numbers.guidance(guided.record), "guidance_nano", golden_numbers.of_guidance)


def test_a_small_calibration(golden: Callable[..., None]) -> None:
    golden(calibrated(), "calibration_small")


def test_counts_move_only_where_a_tolerance_lets_them(tmp_path: Path) -> None:
    """On another platform than the file's."""
    path = tmp_path / "numbers.json"
    path.write_text(
        json.dumps({"platform": {}, "numbers": {"a": 3, "b": True, "c": None}}), "utf-8"
    )
    hold_golden(path, {"a": 4, "b": True, "c": None}, 1.0)
    hold_golden(path, {"a": 9, "b": False, "c": 1.0}, float("inf"))
    for wrong in ({"a": 5}, {"b": False}, {"c": 0.0}, {"a": None}):
        with pytest.raises(AssertionError, match="1 differ on another platform"):
            hold_golden(path, {"a": 3, "b": True, "c": None, **wrong}, 1.0)
    with pytest.raises(AssertionError, match="a: 4, golden 3"):
        hold_golden(path, {"a": 4, "b": True, "c": None}, 0.1)
