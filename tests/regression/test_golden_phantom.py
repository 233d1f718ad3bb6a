"""The default run gives the scores it always gave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from brainbench.results import Record
from brainbench.run import evaluate


def test_default_run_is_the_golden_one(
    tmp_path: Path, golden: Callable[[Record, str], None]
) -> None:
    record = evaluate(output_path=tmp_path)
    golden(record, "phantom_builtin")
    planted = next(row for row in record.scores if row.benchmark == "phantom.signal.all-ridge")
    assert (planted.site, planted.layer) == ("attention", 15), "where the card says it was planted"
