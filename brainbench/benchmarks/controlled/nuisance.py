"""Nuisance of the controlled protocol: kernels to score and remove, columns to remove wholly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.feature_extraction.text import CountVectorizer

from brainbench.benchmarks.cell import POOLED, Cell
from brainbench.benchmarks.own_columns import own_columns, removable_columns
from brainbench.encoding import linear_kernels
from brainbench.encoding import nuisance as features

Array = NDArray[np.float64]
# one kernel, or one for each person; or why there is none
Space = Array | str


def nuisance_kernels(cell: Cell) -> dict[str, Space]:
    """Every nuisance by name: (n, n), (P, n, n) where it is a person's own, or a reason."""
    sentences = [problem.sentences for problem in cell.problems]
    runs = run_labels(cell)
    kinds = [problem.reasoning_type for problem in cell.problems]
    order = {run: place for kind in dict.fromkeys(kinds) for place, run in enumerate(
        dict.fromkeys(r for r, k in zip(runs, kinds, strict=True) if k == kind))}  # fmt: skip
    spaces: dict[str, Space] = {
        "reasoning type": "each type's mean is taken out, learned on training runs"
        if cell.reasoning_type == POOLED
        else f"every item here is {cell.reasoning_type}",
        "run": _kernel(features.one_hot([order[run] for run in runs]), "all runs are first runs")
        if cell.reasoning_type == POOLED
        else "a run that is held out has no training item of its own",
        "position": "the dataset does not say where items stand in a run"
        if cell.places is None
        else _position(cell.places),
        "length": _kernel(features.text_length(sentences), "every text is of the same length"),
        "condition": _kernel(
            condition_columns(cell),
            "the stimuli are plain texts, not problems"
            if cell.conditions is None
            else "every item is of one condition",
        ),
        "words": _kernel(_words(sentences), "every text has the same words"),
    }
    named = own_columns(cell).items()
    spaces |= {name: _kernel(own, "it does not vary here") for name, own in named}
    return spaces | {name: _own(cell, what) for name, what in _OF_PEOPLE.items()}


def stacked(spaces: dict[str, Space], n_people: int) -> Array:
    """(K, P, n, n) every kernel there is; (K, 1, n, n) where nothing is a person's own.

    Parameters
    ----------
    spaces : by name (n, n), or (P, n, n) where they are a person's own; or a sentence why there is
        none, which is passed over.
    n_people : P.
    """
    kernels = [space for space in spaces.values() if not isinstance(space, str)]
    size = n_people if any(kernel.ndim == 3 for kernel in kernels) else 1
    return np.stack([np.broadcast_to(k, (size, *k.shape[-2:])) for k in kernels])


def nuisance_columns(cell: Cell) -> Array:
    """(n, q) or (P, n, q) what model features are made orthogonal to on training items.

    Position (the two slowest waves over a run), words, characters, validity, negation,
    premises needed, what the card names (numbers, and labels of few kinds), and where they were
    recorded response time (own and others') and accuracy. They are few, because training items
    are: position's bumps and the words themselves are only penalised. Where several reasoning
    types are pooled each type has its own: length or time may weigh otherwise in another type.
    """
    columns = _plain_columns(cell)
    kinds = np.array([problem.reasoning_type for problem in cell.problems])
    each = [columns * (kinds == kind)[:, None] for kind in dict.fromkeys(kinds.tolist())]
    return np.concatenate(each, axis=-1)


def _plain_columns(cell: Cell) -> Array:
    """(n, q) or (P, n, q), the same for every type."""
    shared = np.concatenate(
        [
            *([] if cell.places is None else [features.slow_waves(cell.places)]),
            features.text_length([problem.sentences for problem in cell.problems]),
            condition_columns(cell),
            removable_columns(cell),
        ],
        axis=1,
    )
    if cell.recording.behavior is None:
        return shared
    names = ("response time", "others' response time", "accuracy")
    own = [_columns(cell, _OF_PEOPLE[name]) for name in names]
    people = np.broadcast_to(shared, (len(cell.subjects), *shared.shape))
    return np.concatenate([people, *own], axis=2)


def condition_columns(cell: Cell) -> Array:
    """(n, 3) validity, negation, premises needed, standardised; (n, 0) of plain texts."""
    if cell.conditions is None:
        return np.zeros((len(cell.items), 0))
    return features.standardise([[c.valid, c.negated, c.premises_needed] for c in cell.conditions])


def run_labels(cell: Cell) -> list[str]:
    """Run of each item."""
    return [str(name) for name in cell.coordinate("run")]


def _words(sentences: list[tuple[str, ...]]) -> Array:
    texts = [" ".join(item) for item in sentences]
    counts = CountVectorizer(token_pattern=r"\S+").fit_transform(texts).toarray()
    return features.standardise(counts)


def _position(places: ArrayLike) -> Array:
    """Bumps of every width together."""
    return np.asarray(_scaled(linear_kernels(features.position_bumps(places))).sum(axis=0))


def _kernel(columns: Array, reason: str) -> Space:
    return linear_kernels(columns[:, None, :])[0] if columns.any() else reason


def _own(cell: Cell, what: _OfPeople) -> Space:
    if cell.recording.behavior is None:
        return f"{cell.recording.card.name} records no responses"
    columns = _columns(cell, what)
    if not columns.any():
        return "it does not vary here"
    return np.stack([linear_kernels(own[:, None, :])[0] for own in columns])


def _columns(cell: Cell, what: _OfPeople) -> Array:
    """(P, n, q) columns of each person of the cell."""
    name, make = what
    values, people = cell.recorded(name)
    return np.stack([make(values, person) for person in people])


_OfPeople = tuple[str, Callable[[Array, int], Array]]
# name of a nuisance → what was recorded, and a person's columns of (n, everybody) of it
_OF_PEOPLE: dict[str, _OfPeople] = {
    "response time": ("response_time", features.own_response_time),
    "others' response time": ("response_time", features.others_response_time),
    "accuracy": ("accuracy", features.own_response_time),
    "others' accuracy": ("accuracy", features.others_response_time),
    "missing response": (
        "response_time",
        lambda seconds, person: features.standardise(np.isnan(seconds[:, person])),
    ),
}


def _scaled(kernels: Array) -> Array:
    """Kernels (..., n, n) centred and of trace n; zero where the features do not vary."""
    n = kernels.shape[-1]
    centre = np.eye(n) - 1.0 / n
    centred = centre @ kernels @ centre
    trace = np.trace(centred, axis1=-2, axis2=-1)
    scale = np.divide(n, trace, out=np.zeros_like(trace), where=trace > 1e-12)
    scaled: Array = centred * scale[..., None, None]
    return scaled
