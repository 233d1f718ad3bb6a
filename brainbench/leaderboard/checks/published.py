"""Whether scores of the published protocol can have come from the protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from brainbench.benchmarks import AlignmentBenchmark, PublishedScore
from brainbench.benchmarks.feature_spaces import DRAWS, RANDOM
from brainbench.datasets import load_card
from brainbench.leaderboard.checks.faults import Fault, different, names_differ, number, recomputed

NUISANCE = (
    "reasoning type", "length", "position", "condition", "response time", "others' response time",
)  # fmt: skip
ROWS = (*NUISANCE, RANDOM)


def published_faults(scores: Sequence[PublishedScore]) -> Iterator[Fault]:
    """Faults of every score: its design, its people, its layers and its nuisance rows."""
    met: set[str] = set()
    for score in scores:
        place = f"published ({score.benchmark})"
        if score.benchmark in met:
            yield Fault(place, "stands twice")
        met.add(score.benchmark)
        for fault in (
            *_design_faults(score),
            *_median_faults(score),
            *_layer_faults(score),
            *_row_faults(score),
        ):
            yield Fault(f"{place}.{fault.field}", fault.problem, fault.remedy)


def _design_faults(score: PublishedScore) -> Iterator[Fault]:
    card = load_card(score.dataset)
    own = AlignmentBenchmark(score.dataset, score.roi, score.reasoning_type)
    yield from different("benchmark", score.benchmark, own.identifier, "its parts say")
    yield from different("protocol", score.protocol, own.protocol, "such scores are")
    yield from different("n_subjects", score.n_subjects, len(card.subjects), "the data card says")
    leak = score.roi in card.selection_leak
    yield from different("selection_leak", score.selection_leak, leak, "the data card says")
    voxels = card.rois.get(score.roi)
    yield from different("n_voxels", score.n_voxels, voxels, "the data card says")
    for person in score.subjects:
        place = f"subjects ({person.subject[:40]}).n_voxels"
        yield from different(place, person.n_voxels, voxels, "the data card says")
    names = [person.subject for person in score.subjects]
    yield from names_differ("subjects", names, card.subjects, "the people of the data card")


def _median_faults(score: PublishedScore) -> Iterator[Fault]:
    """The headline is the median over people, at the headline's layer."""
    people = score.subjects
    if not people:
        yield Fault("raw", "stands without the scores of its people")
        return
    raw = np.array([person.raw for person in people])
    yield from recomputed("raw", score.raw, float(np.median(raw)), "the people's")
    mad = float(np.median(np.abs(raw - score.raw)))
    yield from recomputed("mad", score.mad, mad, "the people's")
    for name in ("reference", "score"):
        given = [getattr(person, name) for person in people]
        if None not in given:
            median = float(np.median(given))
            yield from recomputed(name, getattr(score, name), median, "the people's")
    means = [person.ceiling for person in people if person.ceiling is not None]
    if len(means) == len(people) and len({person.n_voxels for person in people}) == 1:
        yield from recomputed("ceiling", score.ceiling, float(np.mean(means)), "the people's")
    if score.reference is None and score.n_subjects >= 3:
        yield Fault("reference", "is missing, though there are enough people for one")


def _layer_faults(score: PublishedScore) -> Iterator[Fault]:
    """The headline is the best of the layers."""
    if not score.layers:
        yield Fault("layer", "was chosen among layers that the record does not hold")
        return
    best = max(row.raw for row in score.layers)
    yield from recomputed("raw", score.raw, best, "the best of its layers")
    own = [row for row in score.layers if row.layer == score.layer]
    if len(own) != 1:
        problem = f"{str(score.layer)[:40]} stands {len(own)} times among the layers"
        yield Fault("layer", problem)
    divided = [row.score for row in score.layers if row.score is not None]
    if score.score is not None and divided:
        yield from recomputed("score", score.score, max(divided), "the best of its layers")


def _row_faults(score: PublishedScore) -> Iterator[Fault]:
    """No score without its nuisance rows."""
    rows = score.controls
    names = [row.control for row in rows]
    yield from names_differ("controls", names, ROWS, "the protocol's nuisance rows")
    for row in rows:
        place = f"controls ({row.control[:40]})"
        if row.raw is None:
            if not row.reason:
                yield Fault(place, "has neither a number nor a reason why there is none")
        elif row.control == RANDOM and (row.draws != DRAWS or row.raw_range is None):
            problem = f"has {row.draws} draws and the range {row.raw_range}"
            yield Fault(place, f"{problem}; the protocol asks for {DRAWS}")
    if rows and all(row.raw is None for row in rows if row.control != RANDOM):
        problem = f"has no number in any row but {RANDOM}; raw is {number(score.raw)}"
        yield Fault("controls", problem)
