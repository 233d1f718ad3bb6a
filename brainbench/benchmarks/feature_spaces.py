"""Feature spaces: the model, and what knows nothing of it, in one form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.cell import POOLED, Cell
from brainbench.benchmarks.own_columns import own_columns
from brainbench.encoding import linear_kernels, random_kernels
from brainbench.encoding import nuisance as features
from brainbench.models import Activations
from brainbench.quantities import Layer

Array = NDArray[np.float64]
RANDOM = "random features"
DRAWS = 20


@dataclass(frozen=True)
class FeatureSpace:
    """Kernels to be scored, the best of them reported.

    Attributes
    ----------
    name : as printed.
    kernels : (n_layers, n_items, n_items), or one such array per person where the
        features are a person's own.
    layers : of each kernel.
    """

    name: str
    kernels: Array | Sequence[Array]
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class NotApplicable:
    """A feature space that cannot be made here, and why."""

    name: str
    reason: str


def model_space(cell: Cell, activations: Activations) -> FeatureSpace:
    """All sites and layers of a model, on the items of a cell.

    Parameters
    ----------
    cell : items to keep.
    activations : of the model, on all problems of the cell's recording.

    Returns
    -------
    One kernel per layer, site after site.
    """
    kernels = [linear_kernels(values[cell.items]) for values in activations.values.values()]
    layers = [Layer(site, i) for site in activations.values for i in activations.layers[site]]
    return FeatureSpace("model", np.concatenate(kernels), tuple(layers))


def widths_of(activations: Activations) -> list[int]:
    """Units of every layer of every site."""
    return [v.shape[2] for v in activations.values.values() for _ in range(v.shape[1])]


def random_space(cell: Cell, widths: list[int], seed: int, draw: int) -> FeatureSpace:
    """Normal features, one layer of each width, best layer chosen as the model's is.

    Drawn for all items of the dataset and then cut, so that a draw is the same features
    in every cell.

    Parameters
    ----------
    cell : items to keep.
    widths : number of features in each layer; see :func:`widths_of`.
    seed : of the run.
    draw : number of the draw, from 0; each has features of its own.
    """
    rng = np.random.default_rng([seed, draw])
    whole = random_kernels(len(cell.recording.problems), widths, rng)
    cut = whole[:, cell.items[:, None], cell.items]
    return FeatureSpace(RANDOM, cut, tuple(Layer(RANDOM, i) for i in range(len(widths))))


def nuisance_spaces(cell: Cell) -> list[FeatureSpace | NotApplicable]:
    """Reasoning type, length, position, condition, response times, as far as they exist; and what
    the card names.
    """
    named = [
        _columns(name, columns, "it does not vary here")
        for name, columns in own_columns(cell).items()
    ]
    return [*(make(cell) for make in _NUISANCES), *named]


def count_nuisances(cell: Cell) -> int:
    """How many spaces :func:`nuisance_spaces` gives, those that are not applicable too."""
    return len(_NUISANCES) + len(cell.recording.card.nuisance)


def _columns(name: str, columns: Array, reason: str) -> FeatureSpace | NotApplicable:
    """A one-layer space, or the reason where no column varies."""
    if not columns.any():
        return NotApplicable(name, reason)
    return FeatureSpace(name, linear_kernels(columns[:, None, :]), (Layer(name, 0),))


def _reasoning_type(cell: Cell) -> FeatureSpace | NotApplicable:
    labels = [problem.reasoning_type for problem in cell.problems]
    reason = (
        f"every item here is {cell.reasoning_type}"
        if cell.reasoning_type != POOLED
        else ("every item is of one type")
    )
    return _columns("reasoning type", features.one_hot(labels), reason)


def _length(cell: Cell) -> FeatureSpace | NotApplicable:
    columns = features.text_length([problem.sentences for problem in cell.problems])
    return _columns("length", columns, "every text is of the same length")


def _position(cell: Cell) -> FeatureSpace | NotApplicable:
    """Position within the run, and over the session: where the order of items is fixed,
    shuffled folds let a map learn an item from its neighbours in time.
    """
    if cell.places is None:
        return NotApplicable("position", "the dataset does not say where items stand in a run")
    grids = {"within run": cell.position, "over session": cell.items}
    kernels = [linear_kernels(features.position_bumps(places)) for places in grids.values()]
    labels = [Layer(grid, i) for grid in grids for i in range(len(features.POSITION_WIDTHS))]
    return FeatureSpace("position", np.concatenate(kernels), tuple(labels))


def _condition(cell: Cell) -> FeatureSpace | NotApplicable:
    if cell.conditions is None:
        return NotApplicable("condition", "the stimuli are plain texts, not problems")
    names = [condition.name for condition in cell.conditions]
    return _columns("condition", features.one_hot(names), "every item is of one condition")


def _response_time(cell: Cell) -> FeatureSpace | NotApplicable:
    return _times(cell, "response time", features.own_response_time)


def _others_response_time(cell: Cell) -> FeatureSpace | NotApplicable:
    return _times(cell, "others' response time", features.others_response_time)


def _times(
    cell: Cell, name: str, columns: Callable[[Array, int], Array]
) -> FeatureSpace | NotApplicable:
    """A feature that is another one for each person."""
    if cell.recording.behavior is None:
        return NotApplicable(name, f"{cell.recording.card.name} records no responses")
    seconds, people = cell.recorded("response_time")
    kernels = [linear_kernels(columns(seconds, person)[:, None, :]) for person in people]
    return FeatureSpace(name, kernels, (Layer(name, 0),))


_NUISANCES: tuple[Callable[[Cell], FeatureSpace | NotApplicable], ...] = (
    _reasoning_type,
    _length,
    _position,
    _condition,
    _response_time,
    _others_response_time,
)
