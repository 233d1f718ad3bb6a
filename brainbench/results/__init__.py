"""The record of a run: schema, store, and how it is printed."""

from brainbench.results.only import only
from brainbench.results.record import (
    SCHEMA_VERSION,
    AnyScore,
    DatasetInfo,
    ModelInfo,
    Record,
    TaskInfo,
)
from brainbench.results.samples import sample_rows
from brainbench.results.screen import render_record, render_scorecard
from brainbench.results.store import RunFolder, find_record, load_record

__all__ = [
    "SCHEMA_VERSION",
    "AnyScore",
    "DatasetInfo",
    "ModelInfo",
    "Record",
    "RunFolder",
    "TaskInfo",
    "find_record",
    "load_record",
    "only",
    "render_record",
    "render_scorecard",
    "sample_rows",
]
