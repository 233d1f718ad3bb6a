"""Comparing runs with the first of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from brainbench.errors import UsageError
from brainbench.results.compare.alignment import compare_cells
from brainbench.results.compare.comparison import Comparison, Pair, Refusal, Row, got_worse
from brainbench.results.compare.gains import compare_gains
from brainbench.results.compare.items import compare_tasks
from brainbench.results.compare.provenance import differences
from brainbench.results.compare.searches import compare_searches
from brainbench.results.finished import FinishedRun


def compare_runs(runs: Sequence[FinishedRun], tolerance: float = 0.0) -> Comparison:
    """Hold each run against the first.

    Parameters
    ----------
    runs : the baseline, then one or more others.
    tolerance : a regression is a difference below minus this whose interval, where it has
        one, lies below 0.

    Returns
    -------
    A pair for each other run; what cannot be compared is among its refusals.

    Raises
    ------
    UsageError
        When there are fewer than two runs, or the tolerance is no size.
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
    found: Iterable[Row | Refusal] = [
        *compare_cells(baseline.record, other.record),
        *compare_tasks(baseline, other),
        *compare_gains(baseline.record, other.record),
        *compare_searches(baseline.record, other.record),
    ]
    rows = [row for row in found if isinstance(row, Row)]
    return Pair(
        baseline=baseline.name,
        other=other.name,
        differs=differences(baseline, other),
        rows=[r.model_copy(update={"regression": got_worse(r, tolerance)}) for r in rows],
        refused=[row for row in found if isinstance(row, Refusal)],
    )
