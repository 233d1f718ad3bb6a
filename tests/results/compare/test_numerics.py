"""The same weights, computed otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simulated_records import empty

from brainbench.results import Record
from brainbench.results.compare.comparison import Differing
from brainbench.results.compare.numerics import same_weights
from brainbench.results.compare.provenance import differences
from brainbench.results.finished import FinishedRun


def told(tmp_path: Any, change: Callable[[Record], None]) -> str | None:
    before, after = empty(), empty()
    for record in (before, after):
        record.model.weights_sha256, record.model.dtype = "b" * 64, "float32"
        record.model.device = "cpu"
    change(after)
    found = differences(FinishedRun(before, tmp_path), FinishedRun(after, tmp_path))
    return same_weights(before, after, found)


def bfloat(record: Record) -> None:
    record.model.dtype, record.model.sha256 = "bfloat16", "c" * 64
    record.config["options"] = {"dtype": "bfloat16"}


def several(record: Record) -> None:
    bfloat(record)
    record.model.device = "cuda"
    record.config["options"] |= {"batch_size": 8}
    record.versions["torch"] = "3.0"


def test_what_differs_is_named(tmp_path: Any) -> None:
    assert told(tmp_path, bfloat) == (
        "the same weights, another dtype (float32 → bfloat16): what differs is rounding"
    )
    assert told(tmp_path, several) == (
        "the same weights, another dtype (float32 → bfloat16) and another device (cpu → cuda) and "
        "other versions of software and another batch size (default → 8): what differs is rounding"
    )


def other_weights(record: Record) -> None:
    record.model.weights_sha256 = "e" * 64


def no_weights(record: Record) -> None:
    record.model.weights_sha256 = None


def wording(record: Record) -> None:
    record.model.prompt_sha256 = "f" * 64


def learned(record: Record) -> None:
    record.model.learned_from = ["xiao2026"]


def data(record: Record) -> None:
    record.datasets[0].version = "2"


def seed(record: Record) -> None:
    record.config["seed"] = 3


def strength(record: Record) -> None:
    record.config["options"]["strength"] = 2.0


def nothing(record: Record) -> None:
    record.model.source = "elsewhere"


@pytest.mark.parametrize(
    "change", [other_weights, no_weights, wording, learned, data, seed, strength]
)
def test_what_bears_on_answers_is_no_rounding(change: Any, tmp_path: Any) -> None:
    def both(record: Record) -> None:
        bfloat(record)
        change(record)

    assert told(tmp_path, both) is None


def test_without_any_difference_nothing_is_said(tmp_path: Any) -> None:
    assert told(tmp_path, nothing) is None
    record = empty()
    record.benchmarks = {"b": 1}
    record.model.weights_sha256 = "b" * 64
    other = Differing(kind="versions", name="b", baseline=1, other=2)
    assert same_weights(record, record, [other]) is None
