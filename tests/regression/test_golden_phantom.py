"""The runs that need no download give the scores they always gave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from brainbench.models import PHANTOM_FILE
from brainbench.run import evaluate


def test_the_shipped_activations_give_the_golden_scores(
    tmp_path: Path, golden: Callable[..., None]
) -> None:
    record = evaluate(PHANTOM_FILE, output_path=tmp_path)
    golden(record, "phantom_builtin")
    planted = next(row for row in record.scores if row.benchmark == "phantom.signal.all-ridge")
    assert (planted.site, planted.layer) == ("attention", 15), "where the card says it was planted"


def test_the_default_run_gives_the_golden_scores(
    tmp_path: Path, golden: Callable[..., None]
) -> None:
    record = evaluate(output_path=tmp_path)
    assert (record.model.identifier, record.model.builtin) == ("nano", True)
    # a matrix product in float32 rounds differently on another processor
    golden(record, "phantom_nano", tolerance=1e-3)
