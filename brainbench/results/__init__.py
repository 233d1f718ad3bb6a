"""The record of a run: schema, store, and how it is printed."""

from brainbench.results.record import (
    SCHEMA_VERSION,
    AnyScore,
    BehaviorRow,
    ControlRow,
    DatasetInfo,
    LayerRow,
    ModelInfo,
    Record,
    ScoreRow,
    TaskInfo,
)
from brainbench.results.samples import sample_rows
from brainbench.results.screen import render_record
from brainbench.results.store import RunFolder, find_record, load_record

__all__ = [
    "SCHEMA_VERSION",
    "AnyScore",
    "BehaviorRow",
    "ControlRow",
    "DatasetInfo",
    "LayerRow",
    "ModelInfo",
    "Record",
    "RunFolder",
    "ScoreRow",
    "TaskInfo",
    "find_record",
    "load_record",
    "render_record",
    "sample_rows",
]
