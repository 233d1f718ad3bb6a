"""The built-in model on the quick suite gives the answers it always gave, offline and soon.

``pytest tests/reasoning/test_golden_accuracy.py --regold`` writes them anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import golden_numbers
import pytest
from golden_files import alone

from brainbench.run import evaluate

GOLDEN = Path(__file__).parent / "golden" / "nano_accuracy.json"
SECONDS = 60


def test_nano_on_the_quick_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Callable[..., None]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    start = time.perf_counter()
    with alone(tmp_path / "cache"):
        record = evaluate(suite="accuracy", output_path=tmp_path)
    assert time.perf_counter() - start < SECONDS
    assert (record.model.identifier, record.model.builtin) == ("nano", True)
    # float32 rounds differently on another processor; log-odds are of the order of 1
    golden(golden_numbers.accuracy(record), GOLDEN, golden_numbers.FLOAT32)
