"""Whether one run's model is found more clearly in people's responses than another's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from scipy import stats

from brainbench.benchmarks import LadderContext
from brainbench.benchmarks.ladder.names import IN_WORDS
from brainbench.benchmarks.ladder.pairing import as_found
from brainbench.encoding.ladder.pairs import compare_pair
from brainbench.results.compare.asked import asked_benchmark
from brainbench.results.compare.comparison import ComparisonRow, Refusal
from brainbench.results.record import Record

_HALF = float(stats.norm.ppf(0.975))


def compare_ladders(baseline: Record, other: Record) -> Iterator[ComparisonRow | Refusal]:
    """A row for each dataset whose ladder both runs have; refusals of the rest.

    Parameters
    ----------
    baseline, other : records of the two runs.
    """
    before, after = (
        {context.benchmark: context for context in record.ladder_context}
        for record in (baseline, other)
    )
    hashes = [{data.name: data.data_sha256 for data in record.datasets}
              for record in (baseline, other)]  # fmt: skip
    for name in dict.fromkeys([*before, *after]):
        first, second = before.get(name), after.get(name)
        if first is None or second is None:
            run = "the baseline" if second is None else "the other run"
            lost = second is None and asked_benchmark(other, name)
            yield Refusal(kind="alignment", name=name, reason=f"only {run} has it", lost=lost)
            continue
        reason = _unlike(first, second, *hashes)
        if reason:
            yield Refusal(kind="alignment", name=name, reason=reason, lost=True)
        else:
            yield _row(first, second)


def _unlike(
    first: LadderContext, second: LadderContext, before: Mapping[str, str], after: Mapping[str, str]
) -> str:
    """Why two ladders cannot be compared; empty where they can."""
    design = {
        "benchmark version": (first.version, second.version),
        "data": (before.get(first.dataset), after.get(second.dataset)),
        "rung": (first.compared.rung, second.compared.rung),
        "people": (first.compared.subjects, second.compared.subjects),
        "number of items": (first.n_items, second.n_items),
        "orders of the items: run both with one seed": (
            first.compared.orders,
            second.compared.orders,
        ),
    }
    return next((f"other {what}" for what, (one, two) in design.items() if one != two), "")


def _row(first: LadderContext, second: LadderContext) -> ComparisonRow:
    """The z of the other run less that of the baseline, and what it would take to show it."""
    one, two = as_found(second.compared), as_found(first.compared)
    test = compare_pair(one, two)
    more = test.more
    half = _HALF * test.error
    return ComparisonRow(
        kind="alignment",
        primary=True,
        name=first.benchmark,
        metric=f"z beyond {IN_WORDS[first.compared.rung]}",
        protocol="controlled",
        baseline=two.z,
        other=one.z,
        difference=test.difference,
        stderr=test.error,
        interval=(test.difference - half, test.difference + half),
        p=test.p,
        over="people",
        n=len(first.compared.subjects),
        n_items=first.n_items,
        takes=None
        if more is None
        else (math.ceil(more * len(first.compared.subjects)), math.ceil(more * first.n_items)),
        identical=test.difference == 0.0 and bool(np.array_equal(one.null, two.null)),
    )
