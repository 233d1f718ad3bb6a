"""The runs that need no download give the scores they always gave.

``pytest tests/regression -m "" --regold -k "every_cell or default_run"`` writes those of the
controlled protocol anew, ``-k published --regold`` those of the published one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brainbench.models import PHANTOM_FILE
from brainbench.run import Settings, evaluate

PUBLISHED = Settings(protocol="published")


def test_the_shipped_activations_give_the_golden_controlled_scores(
    controlled_run: Any, golden: Callable[..., None]
) -> None:
    record = controlled_run.record
    assert [row.protocol for row in record.controlled] == ["controlled"] * 7
    golden(record, "phantom_builtin_controlled", only=controlled_run.held)
    found = {
        row.benchmark
        for row in record.controlled
        if row.unique_r2.p == 1 / (1 + row.draws) and (row.unique_r2.interval or (0.0,))[0] > 0.0
    }
    planted = {"phantom.signal.syllogistic-ridge", "phantom.signal.transitive-ridge"}
    assert planted <= found
    assert {name.split(".")[1] for name in found} == {"signal"}


@pytest.mark.exhaustive
def test_every_cell_of_the_shipped_activations_gives_the_golden_scores(
    tmp_path: Path, golden: Callable[..., None]
) -> None:
    record = evaluate(PHANTOM_FILE, output_path=tmp_path)
    assert [row.protocol for row in record.controlled] == ["controlled"] * 9
    golden(record, "phantom_builtin_controlled")


@pytest.mark.exhaustive
def test_nano_gives_the_golden_controlled_scores(
    tmp_path: Path, golden: Callable[..., None]
) -> None:
    record = evaluate(suite="builtin", output_path=tmp_path)
    assert (record.model.identifier, record.model.builtin) == ("nano", True)
    # a matrix product in float32 rounds differently on another processor
    golden(record, "phantom_nano_controlled", tolerance=1e-3, p_tolerance=0.02)


def test_nano_gives_the_golden_controlled_scores_of_a_cell(
    tmp_path: Path, golden: Callable[..., None]
) -> None:
    cell = "phantom.signal.syllogistic-ridge"
    record = evaluate(benchmarks=[cell], output_path=tmp_path)
    assert [row.protocol for row in record.controlled] == ["controlled"]
    golden(
        record,
        "phantom_nano_controlled",
        tolerance=1e-3,
        p_tolerance=0.02,
        only=lambda name: name.startswith(cell),
    )


def test_the_shipped_activations_give_the_golden_published_scores(
    tmp_path: Path, golden: Callable[..., None]
) -> None:
    record = evaluate(PHANTOM_FILE, settings=PUBLISHED, output_path=tmp_path)
    golden(record, "phantom_builtin")
    planted = next(row for row in record.published if row.benchmark == "phantom.signal.all-ridge")
    assert planted.layer == ("attention", 15), "where the card says it was planted"


def test_nano_gives_the_golden_published_scores(
    tmp_path: Path, golden: Callable[..., None]
) -> None:
    record = evaluate(suite="builtin", settings=PUBLISHED, output_path=tmp_path)
    assert (record.model.identifier, record.model.builtin) == ("nano", True)
    # a matrix product in float32 rounds differently on another processor
    golden(record, "phantom_nano", tolerance=1e-3)
