"""Whether rows of the ladder can have come from the test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brainbench.benchmarks import LadderBenchmark, LadderContext, LadderRow
from brainbench.benchmarks.ladder.names import RUNGS
from brainbench.benchmarks.ladder.score import ALL, together
from brainbench.datasets import list_datasets, load_card
from brainbench.encoding.ladder.permutations import PERMUTATIONS
from brainbench.leaderboard.checks.faults import Fault, different, names_differ, number

# a p value is a whole number of permutations of all of them, but for rounding
_WHOLE = 1e-6
# z of models that are compared have three digits
_ROUNDED = 1e-3


def ladder_faults(rows: Sequence[LadderRow], contexts: Sequence[LadderContext]) -> Iterator[Fault]:
    """Faults of every dataset's rows: which there are, and p values that no permutations give.

    Parameters
    ----------
    rows : of all datasets; z and p of each rung, term, ROI and reasoning type.
    contexts : one of each dataset: its design, and rows in other forms and of baselines.
    """
    named = [context.dataset for context in contexts]
    yield from names_differ("ladder_context", dict.fromkeys(row.dataset for row in rows), named,
                            "the datasets of its rows")  # fmt: skip
    for context in contexts:
        own = [row for row in rows if row.dataset == context.dataset]
        for fault in (*_design_faults(context), *_row_faults(own), *_compared_faults(context, own)):
            yield Fault(f"ladder ({context.dataset}).{fault.field}", fault.problem, fault.remedy)
        for place, more in (("forms", context.forms), ("baselines", context.baselines)):
            for i, row in enumerate(more):
                yield from _p_faults(f"ladder_context ({context.dataset}).{place}[{i}].p", row)


def _design_faults(context: LadderContext) -> Iterator[Fault]:
    own = LadderBenchmark(context.dataset)
    yield from different("benchmark", context.benchmark, own.identifier, "its dataset says")
    if context.dataset in list_datasets():
        card = load_card(context.dataset)
        yield from different("n_subjects", context.n_subjects, len(card.subjects), "its card says")
        people = context.compared.subjects
        yield from different("compared.subjects", people, tuple(card.subjects), "its card says")
        leak = tuple(roi for roi in card.rois if roi in card.selection_leak)
        yield from different("selection_leak", context.selection_leak, leak, "its card says")


def _compared_faults(context: LadderContext, rows: Sequence[LadderRow]) -> Iterator[Fault]:
    """What models are compared by is the z of its row, of these people."""
    own = context.compared
    row = together(rows).get(own.rung)
    if row is None:
        yield Fault("compared.rung", f"is {own.rung}, which has no row of all cells together")
    elif abs(row.z - own.z) > _ROUNDED:
        yield Fault("compared.z", f"is {number(own.z)}; the row of {own.rung} says {number(row.z)}")
    yield from different("compared.without_person", len(own.without_person), len(own.subjects),
                         "subjects says")  # fmt: skip
    if not own.null:
        yield Fault("compared.null", "is empty: models are compared under orders of the items")


def _row_faults(rows: Sequence[LadderRow]) -> Iterator[Fault]:
    met: set[tuple[str, ...]] = set()
    for row in rows:
        key = (row.rung, row.term, row.roi, row.reasoning_type)
        place = " ".join(key)[:120]
        if key in met:
            yield Fault(place, "stands twice")
        met.add(key)
        if (row.roi == ALL) != (row.reasoning_type == ALL):
            yield Fault(place, f"is of {row.roi} and {row.reasoning_type}: both are {ALL}, or none")
        yield from _p_faults(f"{place}.p", row)
    climbed = [rung for rung in RUNGS if (rung, "larger", ALL, ALL) in met]
    if not climbed or climbed[0] != RUNGS[0]:
        yield Fault(
            "rung", f"{RUNGS[0]} is missing for all cells together: every ladder begins there"
        )
    for rung in dict.fromkeys(row.rung for row in rows):
        if rung not in climbed:
            yield Fault(str(rung), "has cells, and no row of all cells together")


def _p_faults(place: str, row: LadderRow) -> Iterator[Fault]:
    """P is (1 + orders not below) / (1 + orders), or, of all orders, a share of them."""
    count = row.n_permutations
    sizes = (count, count + 1) if count < PERMUTATIONS else (count + 1,)
    if not any(abs(row.p * size - round(row.p * size)) < _WHOLE * size for size in sizes):
        yield Fault(place, f"is {number(row.p)}, which {count:,} permutations cannot give")
    elif row.p * max(sizes) < 1.0 - _WHOLE * max(sizes):
        yield Fault(place, f"is {number(row.p)}, below the least that {count:,} permutations give")
