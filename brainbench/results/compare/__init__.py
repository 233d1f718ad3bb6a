"""Runs beside each other: paired differences, what differs, what cannot be compared."""

from brainbench.results.compare.comparison import Comparison, ComparisonRow, Pair
from brainbench.results.compare.runs import compare_runs
from brainbench.results.compare.shown import comparison_markdown, render_comparison

__all__ = [
    "Comparison",
    "ComparisonRow",
    "Pair",
    "compare_runs",
    "comparison_markdown",
    "render_comparison",
]
