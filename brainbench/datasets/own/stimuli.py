"""The stimuli of an assembly: texts, or deductive problems where their parts are coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

import xarray as xr

from brainbench.datasets.netcdf import DIMS
from brainbench.datasets.own.coordinates import as_labels, as_name, as_texts, over, values_of
from brainbench.datasets.own.options import AssemblyCard
from brainbench.errors import DataError
from brainbench.problems import TEXT, Condition, Problem, ReasoningType, Stimulus, Text
from brainbench.problems.logic import classify

_OF_PROBLEMS = ("premise1", "conclusion", "validity", "negation", "premises_needed")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class OwnStimuli:
    """What each presentation showed.

    Attributes
    ----------
    stimuli : of each row.
    notes : what a reader of the scores must know.
    """

    stimuli: list[Stimulus]
    notes: tuple[str, ...] = ()


def read_stimuli(assembly: xr.DataArray, card: AssemblyCard) -> OwnStimuli:
    """The stimulus of each presentation.

    Deductive problems are read as such where the assembly holds their premises, conclusion and
    condition, as those of brainbench's own datasets do; everything else is plain text.

    Parameters
    ----------
    assembly : (presentation, neuroid) with the coordinates that the card names.
    card : names of the coordinates.

    Raises
    ------
    DataError
        When stimuli are not texts, or a name stands for two of them.
    """
    known = over(assembly, DIMS[0])
    if set(_OF_PROBLEMS) <= set(known) and card.stimulus not in known:
        stimuli = _problems(assembly, card)
    else:
        stimuli = _texts(assembly, card)
    by_id: dict[str, Stimulus] = {}
    for row, one in enumerate(stimuli, start=1):
        other = by_id.setdefault(one.identifier, one)
        if other.sentences != one.sentences:
            texts = (" ".join(each.sentences)[:40] for each in (other, one))
            raise DataError(
                f"{card.stimulus_id} {one.identifier!r} stands for two texts, "
                f"{' and '.join(map(repr, texts))} (row {row}): one of the two coordinates is "
                "shuffled against the other, or the names are not those of the texts"
            )
        if other != one:
            raise DataError(f"{one.identifier!r} is of two types, or has two conditions")
    return OwnStimuli(stimuli, tuple(_twins(list(by_id.values()))))


def _texts(assembly: xr.DataArray, card: AssemblyCard) -> list[Stimulus]:
    texts = as_texts(values_of(assembly, card.stimulus, DIMS[0], "stimulus"), card.stimulus)
    kinds = [TEXT] * len(texts)
    if card.type is not None:
        labels = as_labels(values_of(assembly, card.type, DIMS[0], "type"), card.type)
        kinds = [as_name(label) for label in labels]
    if card.stimulus_id in over(assembly, DIMS[0]) or card.stimulus_id != "stimulus_id":
        held = values_of(assembly, card.stimulus_id, DIMS[0], "stimulus_id")
        names = as_labels(held, card.stimulus_id)
    else:
        # by the text alone: rows may come in any order
        order = {text: number for number, text in enumerate(sorted(set(texts)), start=1)}
        width = len(str(len(order)))
        names = [f"text-{order[text]:0{width}d}" for text in texts]
    return [Text(*one) for one in zip(names, texts, kinds, strict=True)]


def _problems(assembly: xr.DataArray, card: AssemblyCard) -> list[Stimulus]:
    def texts(name: str) -> list[str]:
        return as_texts(values_of(assembly, name, DIMS[0], name), name)

    def truths(name: str) -> list[bool]:
        labels = as_labels(values_of(assembly, name, DIMS[0], name), name)
        strange = next((text for text in labels if text.lower() not in _TRUTH), None)
        if strange is not None:
            raise DataError(f"{name} is {strange!r}, neither true nor false")
        return [_TRUTH[text.lower()] for text in labels]

    parts = [f"premise{i}" for i in range(1, 10)]
    premises = zip(*(texts(name) for name in parts if name in over(assembly, DIMS[0])), strict=True)
    given = card.type or "reasoning_type"
    kinds = as_labels(values_of(assembly, given, DIMS[0], "type"), given)
    strange_kind = next((kind for kind in kinds if kind not in get_args(ReasoningType)), None)
    if strange_kind is not None:
        raise DataError(f"{given} is {strange_kind!r}, which is not a type of reasoning")
    held = values_of(assembly, card.stimulus_id, DIMS[0], "stimulus_id")
    needed = as_labels(values_of(assembly, "premises_needed", DIMS[0], ""), "premises_needed")
    rows = zip(
        as_labels(held, card.stimulus_id), kinds, premises, texts("conclusion"), needed,
        truths("validity"), truths("negation"), strict=True,
    )  # fmt: skip
    found: dict[str, Stimulus] = {}
    listed = []
    for name, kind, said, conclusion, count, valid, negated in rows:
        if not count.isdigit():
            raise DataError(f"premises_needed of {name} is {count!r}, no number")
        condition = Condition(int(count), valid, negated)
        one = Problem(name, cast(ReasoningType, kind), said, conclusion, condition)
        if one != found.get(name):
            _prove(one)
        found[name] = one
        listed.append(cast(Stimulus, one))
    return listed


def _prove(problem: Problem) -> None:
    """What can be proven from the text must be what the file says."""
    try:
        _, proven = classify(problem.premises, problem.conclusion)
    except DataError:
        return  # other wording than brainbench reads: the file's word is taken
    if proven.valid != problem.condition.valid:
        follows = "follows" if proven.valid else "does not follow"
        raise DataError(
            f"{problem.identifier}: its conclusion {follows}, and the file says validity "
            f"{str(problem.condition.valid).lower()}"
        )


def _twins(stimuli: Sequence[Stimulus]) -> list[str]:
    """The same text under two names can train and test."""
    by_text: dict[tuple[str, ...], list[str]] = {}
    for one in stimuli:
        by_text.setdefault(one.sentences, []).append(one.identifier)
    same = [names for names in by_text.values() if len(names) > 1]
    if not same:
        return []
    return [
        f"{len(same)} texts stand under several names, as {' and '.join(same[0][:2])}: they can be "
        "in training and test at once"
    ]
