"""The targeted search of two runs: two numbers for each arm, and no verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator

from brainbench.guidance.score import SearchScore
from brainbench.results.compare.comparison import ComparisonRow, Refusal
from brainbench.results.compare.gains import other_data, other_design
from brainbench.results.record import Record

_DESIGN = {
    "site": "site",
    "loss": "loss",
    "centring": "centring",
    "n_people": "number of people",
    "n_items": "number of items",
    "n_wrong": "items that the model has wrong",
    "n_pairs": "number of pairs",
}


def compare_searches(baseline: Record, other: Record) -> Iterator[ComparisonRow | Refusal]:
    """The share of flipped answers under each arm, where as many pairs were searched for.

    A record does not hold which pairs flipped, so there is neither interval nor p. A flip is not
    a gain, so nothing here gets worse, and nothing is lost.

    Parameters
    ----------
    baseline, other : records of the two runs.
    """
    before = {score.identifier: score for score in baseline.searches}
    after = {score.identifier: score for score in other.searches}
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            run = "the baseline" if name in before else "the other run"
            yield Refusal(kind="search", name=name, reason=f"only {run} has it")
            continue
        first, second = before[name], after[name]
        reason = other_data(first.dataset, baseline, other) or other_design(first, second, _DESIGN)
        if reason is not None:
            yield Refusal(kind="search", name=name, reason=reason)
            continue
        yield from _rows(first, second)


def _rows(first: SearchScore, second: SearchScore) -> Iterator[ComparisonRow | Refusal]:
    before, after = (
        {row.arm: row.flipped for row in score.rows if math.isfinite(row.flipped)}
        for score in (first, second)
    )
    for arm in dict.fromkeys([*before, *after]):
        if arm not in before or arm not in after:
            run = "the baseline" if arm in before else "the other run"
            reason = f"{arm}: only {run} has it"
            yield Refusal(kind="search", name=first.identifier, reason=reason)
            continue
        yield ComparisonRow(
            kind="search",
            name=first.identifier,
            metric=f"flipped, {arm}",
            baseline=before[arm],
            other=after[arm],
            difference=after[arm] - before[arm],
            over="nothing",
            n=first.n_pairs,
        )
