"""Whether scores of the published protocol can have come from the protocol."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from brainbench.benchmarks import AlignmentBenchmark
from brainbench.benchmarks.feature_spaces import DRAWS, RANDOM
from brainbench.datasets import load_card
from brainbench.leaderboard.checks.faults import Fault, different, names_differ, number, recomputed
from brainbench.leaderboard.kinds.published import EVERYBODY
from brainbench.results import ControlRow, LayerRow, Record, ScoreRow

NUISANCE = (
    "reasoning type", "length", "position", "condition", "response time", "others' response time",
)  # fmt: skip
ROWS = (*NUISANCE, RANDOM)


def published_faults(record: Record) -> Iterator[Fault]:
    """Faults of every benchmark: its headline, its people, its layers and its nuisance rows."""
    people: dict[str, list[ScoreRow]] = defaultdict(list)
    heads: dict[str, list[ScoreRow]] = defaultdict(list)
    layers: dict[str, list[LayerRow]] = defaultdict(list)
    controls: dict[str, list[ControlRow]] = defaultdict(list)
    for row in record.scores:
        (heads if row.subject == EVERYBODY else people)[row.benchmark].append(row)
    for layer in record.layers:
        layers[layer.benchmark].append(layer)
    for control in record.controls:
        controls[control.benchmark].append(control)
    for name, found in heads.items():
        if len(found) > 1:
            yield Fault(f"scores ({name})", f"holds {len(found)} rows of all people")
        head = found[0]
        for told in (
            *_design_faults(head, people[name]),
            *_median_faults(head, people[name]),
            *_layer_faults(head, layers[name]),
            *_row_faults(head, controls[name]),
        ):
            yield Fault(f"scores ({name}).{told.field}", told.problem, told.remedy)
    parts = (("scores", people), ("layers", layers), ("controls", controls))
    for kind, named in parts:
        for name in sorted(set(named) - set(heads)):
            yield Fault(f"{kind} ({name[:80]})", "belongs to no score of all people")


def _design_faults(head: ScoreRow, people: Sequence[ScoreRow]) -> Iterator[Fault]:
    dataset = head.benchmark.partition(".")[0]
    card = load_card(dataset)
    own = AlignmentBenchmark(dataset, head.roi, head.reasoning_type)
    yield from different("benchmark", head.benchmark, own.identifier, "its parts say")
    yield from different("protocol", head.protocol, own.protocol, "such rows are")
    yield from different("n_subjects", head.n_subjects, len(card.subjects), "the data card says")
    for row in (head, *people):
        said = "n_voxels" if row is head else f"n_voxels ({row.subject[:40]})"
        yield from different(said, row.n_voxels, card.rois.get(head.roi), "the data card says")
    names = [row.subject for row in people]
    yield from names_differ("subject", names, card.subjects, "the people of the data card")


def _median_faults(head: ScoreRow, people: Sequence[ScoreRow]) -> Iterator[Fault]:
    """The headline is the median over people, at the headline's layer."""
    if not people:
        yield Fault("raw", "stands without the scores of its people")
        return
    raw = np.array([row.raw for row in people])
    yield from recomputed("raw", head.raw, float(np.median(raw)), "the people's")
    mad = float(np.median(np.abs(raw - head.raw)))
    yield from recomputed("mad", head.mad, mad, "the people's")
    for name in ("reference", "score"):
        given = [getattr(row, name) for row in people]
        if None not in given:
            median = float(np.median(given))
            yield from recomputed(name, getattr(head, name), median, "the people's")
    means = [row.ceiling for row in people if row.ceiling is not None]
    if len(means) == len(people) and len({row.n_voxels for row in people}) == 1:
        yield from recomputed("ceiling", head.ceiling, float(np.mean(means)), "the people's")
    if head.reference is None and head.n_subjects >= 3:
        yield Fault("reference", "is missing, though there are enough people for one")
    if any((row.site, row.layer) != (head.site, head.layer) for row in people):
        yield Fault("layer", "is not the layer of its people")


def _layer_faults(head: ScoreRow, layers: Sequence[LayerRow]) -> Iterator[Fault]:
    """The headline is the best of the layers."""
    if not layers:
        yield Fault("layer", "was chosen among layers that the record does not hold")
        return
    best = max(row.raw for row in layers)
    yield from recomputed("raw", head.raw, best, "the best of its layers")
    own = [row for row in layers if (row.site, row.layer) == (head.site, head.layer)]
    if len(own) != 1:
        problem = f"{head.site[:40]} {head.layer} stands {len(own)} times among the layers"
        yield Fault("layer", problem)
    divided = [row.score for row in layers if row.score is not None]
    if head.score is not None and divided:
        yield from recomputed("score", head.score, max(divided), "the best of its layers")


def _row_faults(head: ScoreRow, rows: Sequence[ControlRow]) -> Iterator[Fault]:
    """No score without its nuisance rows."""
    names = [row.control for row in rows]
    yield from names_differ("controls", names, ROWS, "the protocol's nuisance rows")
    for row in rows:
        place = f"controls ({row.control[:40]})"
        if row.raw is None:
            if not row.reason:
                yield Fault(place, "has neither a number nor a reason why there is none")
            continue
        high = row.raw if row.raw_range is None else row.raw_range[1]
        found = ["model"] if high >= head.raw else []
        if head.reference is not None and row.raw >= head.reference:
            found.append("reference")
        if list(row.reaches) != found:
            said, ought = ", ".join(row.reaches), ", ".join(found)
            problem = f"reaches {said or 'nothing'}, its numbers reach {ought or 'nothing'}"
            yield Fault(f"{place}.reaches", problem)
        if row.control == RANDOM and (row.draws != DRAWS or row.raw_range is None):
            problem = f"has {row.draws} draws and the range {row.raw_range}"
            yield Fault(place, f"{problem}; the protocol asks for {DRAWS}")
    if rows and all(row.raw is None for row in rows if row.control != RANDOM):
        yield Fault("controls", f"has no number in any row but {RANDOM}; raw is {number(head.raw)}")
