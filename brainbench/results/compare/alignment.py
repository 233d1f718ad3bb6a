"""Scores of alignment and behaviour of two runs, paired over people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.results.compare.asked import asked_benchmark
from brainbench.results.compare.comparison import ROUNDING, ComparisonRow, Kind, Refusal
from brainbench.results.compare.paired import (
    Interval,
    independent_interval,
    interval_p,
    mean_difference,
    sign_test,
    within,
)
from brainbench.results.record import Record

# as for any interval over people
MIN_PEOPLE = 3
# correlations and κ lie from -1 to 1
MOST = 2.0


@dataclass(frozen=True)
class Metric:
    """One number of a benchmark.

    Parameters
    ----------
    value : the headline.
    people : the number of each person.
    intervals : the record's own 95 % that a difference may not be surer than: over items, for
        people share them, and over people where those share one choice of penalties.
    """

    value: float | None
    people: Mapping[str, float | None]
    intervals: Sequence[Interval | None] = ()


@dataclass(frozen=True)
class Scored:
    """One benchmark of one run, as far as it is compared.

    ``design`` is what must be the same, by what it is called when it is not.
    """

    kind: Kind
    name: str
    protocol: str | None
    design: Mapping[str, object]
    metrics: Mapping[str, Metric]


def compare_cells(baseline: Record, other: Record) -> Iterator[ComparisonRow | Refusal]:
    """Rows of each benchmark in both, refusals of the rest, in the baseline's order.

    Parameters
    ----------
    baseline, other : records of the two runs.
    """
    before, after = _scored(baseline), _scored(other)
    for name in dict.fromkeys([*before, *after]):
        first, second = before.get(name), after.get(name)
        if first is None or second is None:
            held = first or second
            run = "the baseline" if second is None else "the other run"
            lost = second is None and asked_benchmark(other, name)
            yield Refusal(kind=held.kind if held else "alignment", name=name,
                          reason=f"only {run} has it", lost=lost)  # fmt: skip
            continue
        yield from _compare(first, second)


def _compare(first: Scored, second: Scored) -> Iterator[ComparisonRow | Refusal]:
    if first.protocol != second.protocol:
        reason = f"other protocol: {first.protocol} and {second.protocol}"
        yield Refusal(kind=first.kind, name=first.name, reason=reason, lost=True)
        return
    for what, value in first.design.items():
        found = second.design.get(what)
        if value != found:
            shown = "" if isinstance(value, frozenset) else f": {value} and {found}"
            yield Refusal(
                kind=first.kind, name=first.name, reason=f"other {what}{shown}", lost=True
            )
            return
    for name, metric in first.metrics.items():
        yield from _rows(first, name, metric, second.metrics[name])


def _rows(
    cell: Scored, name: str, before: Metric, after: Metric
) -> Iterator[ComparisonRow | Refusal]:
    own = [{subject for subject, value in metric.people.items() if _is_number(value)}
           for metric in (before, after)]  # fmt: skip
    shared = [subject for subject in before.people if subject in own[0] & own[1]]
    if not shared:
        reason = f"{name}: no person has a number in both"
        yield Refusal(kind=cell.kind, name=cell.name, reason=reason, lost=bool(own[0]))
        return
    if own[0] != own[1]:
        reason = f"{name}: {len(own[0])} and {len(own[1])} people have a number, {len(shared)} both"
        # κ is undefined with those who are as constant as the model: no sign of its getting worse
        lost = cell.kind == "alignment" and bool(own[0] - own[1])
        yield Refusal(kind=cell.kind, name=cell.name, reason=reason, lost=lost)
    held = np.array([(before.people[one], after.people[one]) for one in shared], float)
    change = held[:, 1] - held[:, 0]
    interval, p = _error(change, before, after)
    yield ComparisonRow(
        kind=cell.kind,
        name=cell.name,
        metric=name,
        protocol=cell.protocol,
        baseline=before.value,
        other=after.value,
        difference=float(change.mean()),
        interval=interval,
        p=p,
        over="people",
        n=len(shared),
        identical=not change.any(),
    )


def _error(
    change: NDArray[np.float64], before: Metric, after: Metric
) -> tuple[Interval | None, float | None]:
    """The outer ends of Student's t over people and of both records' intervals, as if independent.

    The largest p of them. Where all people differ by the same, that of the sign test; of two
    people or fewer there is none.
    """
    if change.size < MIN_PEOPLE:
        return None, None
    found = mean_difference(change)
    intervals: list[Interval] = []
    p = sign_test(change)
    if found.stderr and found.interval and found.p is not None:
        intervals, p = [found.interval], found.p
    for first, second in zip(before.intervals, after.intervals, strict=True):
        if first is None or second is None or before.value is None or after.value is None:
            continue
        interval = independent_interval(before.value, first, after.value, second)
        # a record's interval without width tells no error
        if interval[1] - interval[0] > ROUNDING:
            intervals.append(interval)
            p = max(p, interval_p(after.value - before.value, interval) or 0.0)
    if not intervals:
        return None, p
    outer = min(low for low, _ in intervals), max(high for _, high in intervals)
    return within(outer, found.value, MOST), p


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _scored(record: Record) -> dict[str, Scored]:
    """Benchmarks by name; of two protocols in one record the one that comes first."""
    hashes = {dataset.name: dataset.data_sha256 for dataset in record.datasets}
    found: dict[str, Scored] = {}
    for one in (*_controlled(record, hashes), *_published(record, hashes),
                *_behavior(record, hashes)):  # fmt: skip
        found.setdefault(one.name, one)
    return found


def _controlled(record: Record, hashes: Mapping[str, str]) -> Iterator[Scored]:
    for score in record.controlled:
        people = score.subjects
        yield Scored(
            "alignment",
            score.benchmark,
            "controlled",
            {
                "benchmark version": score.version,
                "data": hashes.get(score.dataset),
                "readout": score.readout,
                "number of items": score.n_items,
                "number of voxels": score.n_voxels,
                "people": frozenset(person.subject for person in people),
            },
            {
                "r": Metric(
                    score.raw.value,
                    {p.subject: p.r for p in people},
                    (score.raw.items_interval,),
                ),
                "unique R²": Metric(
                    score.unique_r2.value,
                    {p.subject: p.unique_r2 for p in people},
                    (score.unique_r2.interval, score.unique_r2.items_interval),
                ),
            },
        )


def _published(record: Record, hashes: Mapping[str, str]) -> Iterator[Scored]:
    for score in record.published:
        yield Scored(
            "alignment",
            score.benchmark,
            score.protocol,
            {
                "benchmark version": score.version,
                "data": hashes.get(score.dataset),
                "number of items": score.n_items,
                "people": frozenset(person.subject for person in score.subjects),
            },
            {"r at the best layer": Metric(score.raw, score.by_person)},
        )


def _behavior(record: Record, hashes: Mapping[str, str]) -> Iterator[Scored]:
    for row in record.behavior:
        yield Scored(
            "behaviour",
            row.benchmark,
            None,
            {
                "benchmark version": row.version,
                "data": hashes.get(row.dataset),
                "number of items": row.n_items,
                "people": frozenset(person.subject for person in row.people),
            },
            {
                "κ of errors": Metric(
                    row.error_consistency.value,
                    {person.subject: person.error_consistency for person in row.people},
                    (row.error_consistency.interval_items,),
                )
            },
        )
