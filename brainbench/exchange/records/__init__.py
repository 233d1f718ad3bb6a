"""Records of runs in the formats of other tools; each format is described in docs/exchange.md."""

from brainbench.exchange.records.formats import FORMATS, export_runs
from brainbench.exchange.records.numbers import Number, own_numbers
from brainbench.exchange.records.options import ExportOptions

__all__ = ["FORMATS", "ExportOptions", "Number", "export_runs", "own_numbers"]
