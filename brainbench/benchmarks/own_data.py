"""Benchmarks of somebody's own recording: those that its structure allows, and why not others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from brainbench.benchmarks.base import OwnBenchmark, types_of
from brainbench.benchmarks.cell import POOLED, prepare_cell
from brainbench.benchmarks.controlled.benchmark import ControlledBenchmark
from brainbench.benchmarks.controlled.cell import ControlledCell
from brainbench.benchmarks.ladder.benchmark import LadderBenchmark
from brainbench.benchmarks.ladder.people import prepare_types
from brainbench.benchmarks.protocols import EVERY_PROTOCOL
from brainbench.benchmarks.published.benchmark import AlignmentBenchmark
from brainbench.benchmarks.reached import MAXIMUM_PEOPLE, MINIMUM_PEOPLE
from brainbench.datasets import Recording, subjects_of
from brainbench.errors import DataError

# the ladder holds a matrix of items by items for each item that is left out: 1 GB of 500
MAX_LADDER_ITEMS = 500


@dataclass(frozen=True)
class Allowed:
    """What can be scored on a recording.

    Attributes
    ----------
    benchmarks : those that its structure allows, in the order they are listed.
    lacking : what it does not allow, each with the reason.
    """

    benchmarks: tuple[OwnBenchmark, ...]
    lacking: tuple[str, ...]


def benchmarks_of(
    recording: Recording, protocol: str = EVERY_PROTOCOL, limit: int | None = None
) -> Allowed:
    """The benchmarks of a recording.

    Parameters
    ----------
    recording : responses to problems or texts, such as :func:`brainbench.load_assembly` gives.
    protocol : ``controlled`` (with the ladder), ``published``, or ``all``.
    limit : only the first items of each type.

    Returns
    -------
    Benchmarks that hold the recording: ``benchmark(model)`` scores one.
    """
    card = recording.card
    kinds = types_of(card) if len(card.reasoning_types) > 1 else card.reasoning_types
    found: list[OwnBenchmark] = []
    lacking: list[str] = []
    if protocol in (EVERY_PROTOCOL, "controlled"):
        reason = _no_ladder(recording, limit)
        if reason is None:
            found.append(LadderBenchmark(card.name, POOLED, recording))
        else:
            lacking.append(f"no ladder: {reason}")
        held, why = _controlled_types(recording, kinds, limit)
        lacking += why
        found += [ControlledBenchmark(card.name, roi, kind, recording)
                  for roi in card.rois for kind in held]  # fmt: skip
    if protocol in (EVERY_PROTOCOL, "published"):
        held, why = _published_types(recording, kinds, limit)
        lacking += why
        found += [AlignmentBenchmark(card.name, roi, kind, recording)
                  for roi in card.rois for kind in held]  # fmt: skip
    if found:
        lacking += _without(recording, found)
    return Allowed(tuple(found), tuple(lacking))


def _controlled_types(
    recording: Recording, kinds: Sequence[str], limit: int | None
) -> tuple[list[str], list[str]]:
    """Types whose folds can be made, and why those of the others cannot."""
    card, assembly = recording.card, recording.assembly
    if len(set(assembly[card.held_out].values.tolist())) < 2:
        others = ", ".join(_candidates(recording))
        named = f"; --group says which column does ({others})" if others else ""
        return [], [
            "no controlled protocol: it predicts whole runs that are held out, and the data name "
            f"no runs{named}"
        ]
    held, why = [], []
    for kind in kinds:
        try:
            _ = ControlledCell(
                prepare_cell(recording, kind, [next(iter(card.rois))], limit), 0
            ).folds
            held.append(kind)
        except DataError as error:
            why.append(f"no controlled protocol for {kind}: {_of_group(str(error), card.held_out)}")
    return held, why


def _published_types(
    recording: Recording, kinds: Sequence[str], limit: int | None
) -> tuple[list[str], list[str]]:
    held, why = [], []
    for kind in kinds:
        try:
            prepare_cell(recording, kind, [next(iter(recording.card.rois))], limit)
            held.append(kind)
        except DataError as error:
            why.append(f"no published protocol for {kind}: {error}")
    return held, why


def _no_ladder(recording: Recording, limit: int | None) -> str | None:
    """Why the ladder cannot be climbed; None where it can."""
    card = recording.card
    try:
        types = prepare_types(recording, card.reasoning_types, list(card.rois), 0, limit, draws=1)
        if not any(one.projections for one in types.values()):
            return "too few items are left once the means of runs are taken out"
    except DataError as error:
        return str(error)
    most = max(len(one.cell.items) for one in types.values())
    if most > MAX_LADDER_ITEMS:
        return (
            f"it takes {MAX_LADDER_ITEMS} items of a type at most, and there are {most}: --select "
            "some, or name a column of types"
        )
    return None


def _without(recording: Recording, found: Sequence[OwnBenchmark]) -> Iterator[str]:
    """What the scores that can be made come without."""
    ladder, controlled, published = (
        any(isinstance(one, kind) for one in found)
        for kind in (LadderBenchmark, ControlledBenchmark, AlignmentBenchmark)
    )
    card, assembly = recording.card, recording.assembly
    people = subjects_of(assembly)
    if len(people) < MINIMUM_PEOPLE:
        count = "1 person" if len(people) == 1 else f"{len(people)} people"
        yield (
            f"no inter-subject reference, and no ceiling: {count} or column of averages, and it "
            f"takes {MINIMUM_PEOPLE} people"
        )
    elif len(people) > MAXIMUM_PEOPLE and published:
        yield f"no published ceiling: it takes {MAXIMUM_PEOPLE} people at most"
    sizes = {
        (subject, roi): int(((assembly["subject"] == subject) & (assembly["roi"] == roi)).sum())
        for subject in people
        for roi in card.rois
    }
    if ladder and len(people) > 1:
        apart = [roi for roi in card.rois if len({sizes[one, roi] for one in people}) > 1]
        if apart:
            yield (
                "no `between` on the ladder, where people are held against each other voxel by "
                f"voxel: they have different numbers of voxels in {', '.join(apart)}"
            )
    elif ladder:
        yield "no `between` on the ladder: it holds people against each other"
    single = [roi for roi in card.rois if max(sizes[one, roi] for one in people) == 1]
    if single and controlled:
        yield (
            f"one voxel, or one mean, for each person in {', '.join(single)}: without patterns, "
            "similarity (RSA, CKA) is that of a single number"
        )
    if "position" not in assembly.coords:
        yield (
            "no rung of position, nor its nuisance: the data do not say where items stand in a run "
            "(--position)"
        )
    if recording.behavior is None:
        yield "no rung of behaviour, nor its nuisance: the data hold no answers"
    if not card.repeated_items:
        yield "no reliability of the responses: each item was shown once"


def _candidates(recording: Recording) -> list[str]:
    """Coordinates that could be what is held out: several labels, each of several items."""
    assembly = recording.assembly
    count = len(recording.problems)
    known = [str(n) for n, held in assembly.coords.items() if held.dims == ("presentation",)]
    return [
        name
        for name in known
        if name not in ("stimulus_id", "repeat", "position", "reasoning_type")
        and 1 < len(np.unique(assembly[name].values.astype(str))) <= count // 6
    ]


def _of_group(text: str, held_out: str) -> str:
    """What is said of runs, where something else is held out."""
    return text if held_out == "run" else f"{text} (of {held_out})"
