"""Runs beside each other: paired differences, what differs, what cannot be compared."""

from brainbench.results.compare.comparison import Comparison, Pair, Row
from brainbench.results.compare.markdown import comparison_markdown
from brainbench.results.compare.runs import compare_runs
from brainbench.results.compare.table import render_comparison

__all__ = [
    "Comparison",
    "Pair",
    "Row",
    "compare_runs",
    "comparison_markdown",
    "render_comparison",
]
