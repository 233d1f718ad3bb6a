"""What guidance brought in two runs, beside each other."""

from __future__ import annotations

from collections.abc import Iterator

from brainbench.guidance.score import Change, GuidanceScore
from brainbench.results.compare.comparison import Refusal, Row
from brainbench.results.compare.paired import independent_interval
from brainbench.results.record import Record

_METRICS = {"auc": "gain in AUC", "accuracy_at_threshold": "gain in accuracy at the threshold"}


def compare_gains(baseline: Record, other: Record) -> Iterator[Row | Refusal]:
    """Rows of each way of guiding in both, by arm; refusals of the rest.

    Single answers of guided models are in no record, so a difference has the interval of
    two independent numbers.
    """
    before = {score.identifier: score for score in baseline.gains}
    after = {score.identifier: score for score in other.gains}
    hashes = [{d.name: d.data_sha256 for d in record.datasets} for record in (baseline, other)]
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            run = "the baseline" if name in before else "the other run"
            yield Refusal(kind="gain", name=name, reason=f"only {run} has it")
            continue
        first, second = before[name], after[name]
        data = [held.get(first.dataset) for held in hashes]
        reason = _reason(first, second)
        if data[0] != data[1]:
            reason = f"other data: {data[0]} and {data[1]}"
        if reason is not None:
            yield Refusal(kind="gain", name=name, reason=reason)
            continue
        yield from _rows(first, second)


def _reason(first: GuidanceScore, second: GuidanceScore) -> str | None:
    for what, field in (
        ("number of test items", "n_items"),
        ("number of test problems", "n_base"),
        ("reasoning type of the test", "test_type"),
        ("number of people", "n_people"),
        ("tier", "tier"),
    ):
        values = getattr(first, field), getattr(second, field)
        if values[0] != values[1]:
            return f"other {what}: {values[0]} and {values[1]}"
    return None


def _rows(first: GuidanceScore, second: GuidanceScore) -> Iterator[Row]:
    others = {difference.against: difference for difference in second.differences}
    for difference in first.differences:
        found = others.get(difference.against)
        if found is None:
            continue
        for metric, words in _METRICS.items():
            pair = [
                next((c for c in one.changes if c.metric == metric), None)
                for one in (difference, found)
            ]
            if pair[0] is None or pair[1] is None:
                continue
            name = f"{first.identifier} against {difference.against}"
            yield _row(name, words, pair[0], pair[1], first.n_base)


def _row(name: str, metric: str, before: Change, after: Change, n: int) -> Row:
    interval = None
    if before.interval is not None and after.interval is not None:
        interval = independent_interval(before.value, before.interval, after.value, after.interval)
    return Row(
        kind="gain",
        name=name,
        metric=metric,
        baseline=before.value,
        other=after.value,
        difference=after.value - before.value,
        interval=interval,
        over="nothing",
        n=n,
    )
