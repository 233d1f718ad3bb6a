"""Whether scores of the controlled protocol can have come from the protocol.

What follows from other numbers of the record is computed again, by the functions that
computed it; what does not follow is held against the data card.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from brainbench.benchmarks import ControlledBenchmark, ControlledScore
from brainbench.benchmarks.cell import POOLED
from brainbench.benchmarks.controlled.cell import (
    DRAWS,
)
from brainbench.benchmarks.controlled.score import Estimate
from brainbench.benchmarks.feature_spaces import DRAWS as RANDOM_DRAWS
from brainbench.benchmarks.feature_spaces import RANDOM
from brainbench.datasets import Card, load_card
from brainbench.leaderboard.checks.faults import (
    Fault,
    different,
    names_differ,
    number,
    recomputed,
    same,
)
from brainbench.leaderboard.kinds.controlled import UNTRAINED, is_constant
from brainbench.statistics.inference import benjamini_hochberg, people_interval

# control rows of every score; which of them have numbers depends on the data
NUISANCE = (
    "reasoning type", "run", "position", "length", "condition", "words",
    "response time", "others' response time", "accuracy", "others' accuracy",
    "missing response",
)  # fmt: skip
ROWS = (*NUISANCE, RANDOM, UNTRAINED)
# Standard deviation that draws of unique R², means over voxels and people, have at most: in the
# records that are here 0.004 at the widest. The record holds their mean and not their spread.
WIDEST_NULL = 0.05


def controlled_faults(scores: Sequence[ControlledScore]) -> Iterator[Fault]:
    """Faults of every score."""
    names = [score.benchmark for score in scores]
    for i, score in enumerate(scores):
        place = f"controlled[{i}] ({score.benchmark})"
        card = load_card(score.dataset)
        if names.index(score.benchmark) < i:
            yield Fault(place, "stands twice")
        for fault in (
            *_design_faults(score, card),
            *_mean_faults(score),
            *_reference_faults(score),
            *_p_faults(score),
            *_row_faults(score, card),
            *_constant_faults(score),
        ):
            yield Fault(f"{place}.{fault.field}", fault.problem, fault.remedy)


def _design_faults(score: ControlledScore, card: Card) -> Iterator[Fault]:
    """What the data card and the protocol settle."""
    own = ControlledBenchmark(score.dataset, score.roi, score.reasoning_type)
    yield from different("benchmark", score.benchmark, own.identifier, "its parts say")
    primary = score.reasoning_type != POOLED
    yield from different("primary", score.primary, primary, "its reasoning type says")
    yield from different("n_subjects", score.n_subjects, len(card.subjects), "the data card says")
    people = [person.subject for person in score.subjects]
    yield from names_differ("subjects", people, card.subjects, "the people of the data card")
    yield from different("n_voxels", score.n_voxels, card.rois.get(score.roi), "the data card says")
    leak = score.roi in card.selection_leak
    yield from different("selection_leak", score.selection_leak, leak, "the data card says")
    if score.draws < DRAWS:
        yield Fault("draws", f"are {score.draws}, the protocol asks for {DRAWS} or more")


def _mean_faults(score: ControlledScore) -> Iterator[Fault]:
    """Means over people are those of the people, whose variance is explained once at most."""
    people = score.subjects
    if not people:
        return
    for person in people:
        whole = person.unique_r2 + person.nuisance_r2
        if whole > 1.0 + 1e-9:
            problem = f"and nuisance_r2 add up to {number(whole)}, more than all variance"
            yield Fault(f"subjects ({person.subject[:40]}).unique_r2", problem)
    r = [person.r for person in people]
    unique = [person.unique_r2 for person in people]
    yield from recomputed("raw.value", score.raw.value, float(np.mean(r)), "the people's r")
    yield from recomputed(
        "unique_r2.value", score.unique_r2.value, float(np.mean(unique)), "the people's"
    )
    nuisance = float(np.mean([person.nuisance_r2 for person in people]))
    yield from recomputed("nuisance_r2", score.nuisance_r2, nuisance, "the people's")
    interval = people_interval(r)
    given = score.raw.interval
    if (interval is None) != (given is None) or (
        interval and given and not all(map(same, interval, given))
    ):
        yield Fault("raw.interval", f"is {given}, the people's r give {interval}")


def _reference_faults(score: ControlledScore) -> Iterator[Fault]:
    """The inter-subject reference, and what is divided by it."""
    reference = score.reference
    own = [person.reference for person in score.subjects]
    if reference is None:
        for name in ("ratio", "ratio_interval", "reference_unique_r2", "extrapolation"):
            if getattr(score, name) is not None:
                yield Fault(name, "is there without an inter-subject reference")
        if score.n_subjects >= 3:
            yield Fault("reference", "is missing, though there are enough people for one")
        return
    known = [value for value in own if value is not None]
    if len(known) < len(own):
        yield Fault("reference", "is there, but not of every person")
    elif known:
        mean = float(np.mean(known))
        yield from recomputed("reference.value", reference.value, mean, "the people's")
    curve = score.extrapolation.curve if score.extrapolation else ()
    if curve:
        yield from recomputed(
            "extrapolation.curve", curve[-1], reference.value, "all others, which the reference is,"
        )
    if score.reference_unique_r2 is None:
        yield Fault("reference_unique_r2", "is missing beside a reference")
    trusted = reference.interval is not None and reference.interval[0] > 0.0
    if not trusted:
        if score.ratio is not None:
            yield Fault("ratio", "is there, though the reference's interval is not above 0")
        return
    if reference.value <= 0.0:
        problem = f"is {number(reference.value)}, though its interval is above 0"
        yield Fault("reference.value", problem)
        return
    ratio = score.raw.value / reference.value
    yield from recomputed("ratio", score.ratio, ratio, "raw and reference")
    ends = score.ratio_interval
    if ends is None or not ends[0] - 1e-9 <= ratio <= ends[1] + 1e-9:
        yield Fault("ratio_interval", f"is {ends}, which does not hold the ratio {number(ratio)}")


def _p_faults(score: ControlledScore) -> Iterator[Fault]:
    """A p value of D draws is a whole number of (D + 1)ths, and never 0."""
    estimates = {
        "raw": score.raw,
        "unique_r2": score.unique_r2,
        "unique_r2_stacked": score.unique_r2_stacked,
        "nested.r": score.nested.r,
    }
    given = {f"{name}.p": one.p for name, one in estimates.items()}
    given |= {f"layers[{i}].p": layer.p for i, layer in enumerate(score.layers)}
    for name, p in given.items():
        # where r had more orders, layers by themselves had these
        draws = min(DRAWS, score.draws) if name.startswith("layers") else score.draws
        if p is None:
            yield Fault(name, "is missing: every score is held against its permutations")
            continue
        counted = p * (draws + 1) if 0.0 < p <= 1.0 else 0.0
        if counted < 1 - 1e-6 or not same(counted, round(counted), 1e-5):
            problem = f"is {number(p)}, which {draws} permutations cannot give"
            yield Fault(name, problem)
    if score.layers and all(0.0 <= layer.p <= 1.0 for layer in score.layers):
        corrected = benjamini_hochberg([layer.p for layer in score.layers])
        for i, (layer, q) in enumerate(zip(score.layers, corrected, strict=True)):
            yield from recomputed(f"layers[{i}].q", layer.q, q, "the layers' p")
    if score.unique_r2.null_mean is None:
        yield Fault("unique_r2.null_mean", "is missing: its mean under permutation is not 0")
    yield from _null_faults("unique_r2", score.unique_r2, score.draws)
    yield from _null_faults("unique_r2_stacked", score.unique_r2_stacked, score.draws)


def _null_faults(name: str, estimate: Estimate, draws: int) -> Iterator[Fault]:
    """A value is as far from the mean of its null as its p leaves room for.

    Of D draws with mean m and standard deviation σ, k reach the value v, p = (k + 1) / (D + 1).
    Whatever their distribution, Cantelli's inequality on the draws themselves gives

        v − m ≤ σ √((D − k) / k)    and    m − v ≤ σ √(k / (D − k)):

    a value that no draw reaches is not below their mean, one that all reach not above it.
    """
    value, mean, p = estimate.value, estimate.null_mean, estimate.p
    if mean is None or p is None or not 0.0 < p <= 1.0 or draws < 1:
        return
    k = min(max(round(p * (draws + 1)) - 1, 0), draws)
    above = math.inf if k == 0 else WIDEST_NULL * math.sqrt((draws - k) / k)
    below = math.inf if k == draws else WIDEST_NULL * math.sqrt(k / (draws - k))
    if not -below - 1e-9 <= value - mean <= above + 1e-9:
        where, most = ("above", above) if value > mean else ("below", below)
        problem = (
            f"is {number(mean)}; the value is {number(abs(value - mean))} {where} it, and with "
            f"p {number(p)} no more than {number(most)} {where}"
        )
        yield Fault(f"{name}.null_mean", problem)


def _row_faults(score: ControlledScore, card: Card) -> Iterator[Fault]:
    """No score without its nuisance rows."""
    rows = {row.control: row for row in score.controls}
    names = [row.control for row in score.controls]
    yield from names_differ("controls", names, ROWS, "the protocol's nuisance rows")
    for row in score.controls:
        place = f"controls ({row.control[:40]})"
        if row.r is None and not row.reason:
            yield Fault(place, "has neither a number nor a reason why there is none")
    drawn = rows.get(RANDOM)
    if drawn is not None and (drawn.draws != RANDOM_DRAWS or drawn.r_range is None):
        problem = f"has {drawn.draws} draws and the range {drawn.r_range}"
        yield Fault(f"controls ({RANDOM})", f"{problem}; the protocol asks for {RANDOM_DRAWS}")
    always = [name for name in ("position", "length", "condition", "words") if name in rows]
    if not card.simulated and all(rows[name].r is None for name in always):
        yield Fault("controls", "has no number in any row that every text has")


def _constant_faults(score: ControlledScore) -> Iterator[Fault]:
    """What predicts the same for every item gets nothing."""
    if is_constant(score) and score.raw.value != 0.0:
        problem = f"is {number(score.raw.value)} for predictions that never vary, which count 0"
        yield Fault("raw.value", problem)
