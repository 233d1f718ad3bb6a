"""Scores of alignment and behaviour of two runs, paired over people."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brainbench.results.compare.asked import asked_benchmark
from brainbench.results.compare.comparison import Kind, Refusal, Row
from brainbench.results.compare.paired import (
    Estimate,
    Interval,
    independent_interval,
    mean_difference,
)
from brainbench.results.record import Record


@dataclass(frozen=True)
class Metric:
    """One number of a benchmark.

    Parameters
    ----------
    value : the headline.
    people : the number of each person.
    interval : the record's own 95 %, where Student's t over people is known to be too
        narrow: people share one choice of penalties.
    """

    value: float | None
    people: Mapping[str, float | None]
    interval: Interval | None = None


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


def compare_cells(baseline: Record, other: Record) -> Iterator[Row | Refusal]:
    """Rows of each benchmark in both, refusals of the rest, in the baseline's order."""
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


def _compare(first: Scored, second: Scored) -> Iterator[Row | Refusal]:
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


def _rows(cell: Scored, name: str, before: Metric, after: Metric) -> Iterator[Row | Refusal]:
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
    found = mean_difference(held[:, 1] - held[:, 0])
    widened = _widened(found, before, after)
    yield Row(
        kind=cell.kind,
        name=cell.name,
        metric=name,
        protocol=cell.protocol,
        baseline=before.value,
        other=after.value,
        difference=found.value,
        stderr=found.stderr if widened is None else None,
        interval=widened or found.interval,
        p=found.p if widened is None else None,
        over="people",
        n=found.n,
    )


def _widened(found: Estimate, before: Metric, after: Metric) -> Interval | None:
    """The outer ends of Student's t and of both records' intervals, as if independent."""
    if before.interval is None or after.interval is None or found.interval is None:
        return None
    if not found.stderr and not found.value:
        return found.interval  # the same run
    if before.value is None or after.value is None:
        return None
    low, high = independent_interval(before.value, before.interval, after.value, after.interval)
    return min(low, found.interval[0]), max(high, found.interval[1])


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
                "r": Metric(score.raw.value, {p.subject: p.r for p in people}),
                "unique R²": Metric(
                    score.unique_r2.value,
                    {p.subject: p.unique_r2 for p in people},
                    score.unique_r2.interval,
                ),
            },
        )


def _published(record: Record, hashes: Mapping[str, str]) -> Iterator[Scored]:
    by_person: dict[str, dict[str, float]] = defaultdict(dict)
    for row in record.scores:
        by_person[row.benchmark][row.subject] = row.raw
    for row in record.scores:
        if row.subject != "all":
            continue
        people = {name: r for name, r in by_person[row.benchmark].items() if name != "all"}
        yield Scored(
            "alignment",
            row.benchmark,
            row.protocol,
            {
                "benchmark version": row.version,
                "data": _data_of(row.benchmark, hashes),
                "number of items": row.n_items,
                "people": frozenset(people),
            },
            {"r at the best layer": Metric(row.raw, people)},
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
                )
            },
        )


def _data_of(benchmark: str, hashes: Mapping[str, str]) -> str | None:
    """Hash of the dataset that a benchmark is named after."""
    names: Sequence[str] = [name for name in hashes if benchmark.startswith(f"{name}.")]
    return hashes[max(names, key=len)] if names else None
