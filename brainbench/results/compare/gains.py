"""What guidance brought in two runs, beside each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from brainbench.guidance.rows import Change, Difference
from brainbench.guidance.score import GuidanceScore
from brainbench.results.compare.asked import asked_arm, asked_gain
from brainbench.results.compare.comparison import ROUNDING, ComparisonRow, Refusal
from brainbench.results.compare.paired import (
    Interval,
    independent_interval,
    interval_p,
    within,
)
from brainbench.results.record import Record

_METRICS = {"auc": "gain in AUC", "accuracy_at_threshold": "gain in accuracy at the threshold"}
# a gain lies from -1 to 1
_MAX = 2.0

# what must be the same, by what it is called when it is not; layers are listed among what differs
_DESIGN = {
    "n_items": "number of test items",
    "n_base": "number of test problems",
    "test_type": "reasoning type of the test",
    "n_people": "number of people",
    "tier": "tier",
    "site": "site",
    "n_permutations": "number of permutations",
    "limit": "limit on the shift of neutral text",
    "answers_of": "people whose answers weigh items",
}


def compare_gains(baseline: Record, other: Record) -> Iterator[ComparisonRow | Refusal]:
    """Rows of each way of guiding in both, by arm; refusals of the rest.

    Single answers of guided models are in no record, so a difference has the interval of
    two independent numbers.

    Parameters
    ----------
    baseline, other : records of the two runs.
    """
    before = {score.identifier: score for score in baseline.gains}
    after = {score.identifier: score for score in other.gains}
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            lost = asked_gain(other, before[name])
            yield Refusal(kind="gain", name=name, reason="only the baseline has it", lost=lost)
            continue
        if name not in before:
            yield Refusal(kind="gain", name=name, reason="only the other run has it")
            continue
        first, second = before[name], after[name]
        reason = other_data(first.dataset, baseline, other) or other_design(first, second, _DESIGN)
        if reason is not None:
            yield Refusal(kind="gain", name=name, reason=reason, lost=True)
            continue
        for arm, of_both in _arms(first, second).items():
            yield from _rows(first, arm, *of_both, asked=asked_arm(baseline, other, arm))


def other_data(dataset: str, baseline: Record, other: Record) -> str | None:
    """That the people who guide are of other data, in words; None where they are not.

    Parameters
    ----------
    dataset : name of the dataset whose people guide.
    baseline, other : records of the two runs; the hashes of their data are compared.
    """
    found = [
        next((d.data_sha256 for d in record.datasets if d.name == dataset), None)
        for record in (baseline, other)
    ]
    return None if found[0] == found[1] else f"other data: {found[0]} and {found[1]}"


def other_design(first: object, second: object, design: Mapping[str, str]) -> str | None:
    """The first field that is not the same, in words; None where all are.

    Parameters
    ----------
    first, second : scores of the two runs.
    design : attribute of both → what it is called.
    """
    for field, what in design.items():
        values = getattr(first, field), getattr(second, field)
        if values[0] != values[1]:
            return f"other {what}: {values[0]} and {values[1]}"
    return None


def _arms(
    first: GuidanceScore, second: GuidanceScore
) -> dict[str, tuple[Difference | None, Difference | None]]:
    before, after = ({one.against: one for one in score.differences} for score in (first, second))
    return {arm: (before.get(arm), after.get(arm)) for arm in dict.fromkeys([*before, *after])}


def _rows(
    score: GuidanceScore,
    arm: str,
    before: Difference | None,
    after: Difference | None,
    asked: bool,
) -> Iterator[ComparisonRow | Refusal]:
    """Of one arm; ``asked``: whether the other run was asked for it."""
    name = f"{score.identifier} against {arm}"
    if before is None or after is None:
        run = "the baseline" if after is None else "the other run"
        lost = after is None and asked
        yield Refusal(kind="gain", name=name, reason=f"only {run} has it", lost=lost)
        return
    for metric, words in _METRICS.items():
        first, second = (_change(one, metric) for one in (before, after))
        if first is not None and second is not None:
            yield _row(name, words, first, second, score.n_base)
        elif first is not None or second is not None:
            run = "the baseline" if second is None else "the other run"
            yield Refusal(
                kind="gain", name=name, reason=f"{words}: only {run} has it", lost=second is None
            )


def _change(difference: Difference, metric: str) -> Change | None:
    """None also where it is not a number."""
    return next(
        (c for c in difference.changes if c.metric == metric and math.isfinite(c.value)), None
    )


def _row(name: str, metric: str, before: Change, after: Change, n: int) -> ComparisonRow:
    interval, p = _error(before, after)
    return ComparisonRow(
        kind="gain",
        name=name,
        metric=metric,
        baseline=before.value,
        other=after.value,
        difference=after.value - before.value,
        interval=interval,
        p=p,
        over="nothing",
        n=n,
    )


def _error(before: Change, after: Change) -> tuple[Interval | None, float | None]:
    """95 % interval and p as of two independent numbers.

    None where a record has no interval, or one without width: that tells no error.
    """
    ends = before.interval, after.interval
    if ends[0] is None or ends[1] is None:
        return None, None
    if min(high - low for low, high in (ends[0], ends[1])) <= ROUNDING:
        return None, None
    value = after.value - before.value
    found = independent_interval(before.value, ends[0], after.value, ends[1])
    return within(found, value, _MAX), interval_p(value, found)
