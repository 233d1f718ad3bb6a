"""Comparing runs with the first of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from brainbench.errors import UsageError
from brainbench.results.compare.alignment import compare_cells
from brainbench.results.compare.collapse import find_collapses
from brainbench.results.compare.comparison import Comparison, ComparisonRow, Pair, Refusal
from brainbench.results.compare.gains import compare_gains
from brainbench.results.compare.items import pair_tasks
from brainbench.results.compare.judging import judge
from brainbench.results.compare.ladder import compare_ladders
from brainbench.results.compare.numerics import same_weights
from brainbench.results.compare.provenance import differences
from brainbench.results.compare.searches import compare_searches
from brainbench.results.compare.task_rows import task_rows
from brainbench.results.finished import FinishedRun


def compare_runs(runs: Sequence[FinishedRun], tolerance: float = 0.0) -> Comparison:
    """Hold each run against the first.

    Parameters
    ----------
    runs : the baseline, then one or more others.
    tolerance : a regression is a difference below minus this that chance does not explain, all
        rows of its kind considered.

    Returns
    -------
    A pair for each other run; what cannot be compared is among its refusals.

    Raises
    ------
    UsageError
        When there are fewer than two runs, or the tolerance is not a size.
    """
    if len(runs) < 2:
        raise UsageError("give two runs or more; the first is the baseline")
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise UsageError(f"--tolerance {tolerance}: give a number from 0")
    baseline = runs[0]
    return Comparison(
        tolerance=tolerance, pairs=[_pair(baseline, other, tolerance) for other in runs[1:]]
    )


def _pair(baseline: FinishedRun, other: FinishedRun, tolerance: float) -> Pair:
    tasks, refused = pair_tasks(baseline, other)
    found: list[ComparisonRow | Refusal] = [
        *compare_ladders(baseline.record, other.record),
        *compare_cells(baseline.record, other.record),
        *task_rows(tasks),
        *refused,
        *compare_gains(baseline.record, other.record),
        *compare_searches(baseline.record, other.record),
    ]
    differs = differences(baseline, other)
    numerics = same_weights(baseline.record, other.record, differs)
    rows = [row for row in found if isinstance(row, ComparisonRow)]
    facts = {"tolerance": tolerance, "rounding": numerics is not None}
    return Pair(
        baseline=baseline.name,
        other=other.name,
        differs=differs,
        numerics=numerics,
        collapsed=find_collapses(tasks),
        rows=judge([row.model_copy(update=facts) for row in rows]),
        refused=[row for row in found if isinstance(row, Refusal)],
    )
