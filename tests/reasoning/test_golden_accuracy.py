"""The built-in model on the quick suite gives the answers it always gave, offline and soon.

``pytest tests/reasoning/test_golden_accuracy.py --regold`` writes them anew.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from brainbench.results import Record
from brainbench.run import evaluate

GOLDEN = Path(__file__).parent / "golden" / "nano_accuracy.json"
# float32 rounds differently on another processor; log-odds are of the order of 1
ROUNDING = 1e-3
SECONDS = 60


def numbers(record: Record) -> dict[str, Any]:
    kept = {
        "choices", "n_items", "n_clusters", "accuracy", "accuracy_stderr", "always", "said",
        "balanced_accuracy", "auc", "auc_stderr", "dprime", "n_invalid", "threshold",
        "threshold_task", "n_threshold", "accuracy_at_threshold", "reading",
    }  # fmt: skip
    rows = {bias.task: bias.model_dump(mode="json", include=kept) for bias in record.answer_bias}
    group = record.accuracy["brainbench_deductive_quick"]
    return {
        **rows,
        "brainbench_deductive_quick": {
            name: value for name, value in group.items() if name.endswith(",none")
        },
    }


def test_nano_on_the_quick_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    start = time.perf_counter()
    record = evaluate(suite="accuracy", output_path=tmp_path)
    assert time.perf_counter() - start < SECONDS
    assert (record.model.identifier, record.model.builtin) == ("nano", True)
    found = numbers(record)
    if request.config.getoption("--regold"):
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    expected = json.loads(GOLDEN.read_text("utf-8"))
    assert set(found) == set(expected)
    for task, row in expected.items():
        for name, value in row.items():
            held = pytest.approx(value, abs=ROUNDING) if isinstance(value, float | dict) else value
            assert found[task][name] == held, (task, name)
