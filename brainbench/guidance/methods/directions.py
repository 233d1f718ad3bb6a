"""Directions in a model's states, from brain responses and from the baselines in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.maps import BrainMaps, fit_controlled
from brainbench.guidance.objective import Objective
from brainbench.guidance.signals import Signals


@dataclass(frozen=True)
class SteeringLoss:
    """The loss whose gradient turns responses into directions.

    Attributes
    ----------
    loss, centring : of :class:`~brainbench.guidance.objective.Objective`. A cosine is blind to
        the size of a prediction, and has no gradient where responses have one dimension.
    """

    loss: str = "mse"
    centring: str = "centred"


def to_unit(directions: Array) -> Array:
    """Directions (..., units) of length 1; those of length 0 stay."""
    length = np.linalg.norm(directions, axis=-1, keepdims=True)
    found: Array = np.divide(directions, length, out=np.zeros_like(directions), where=length > 0)
    return found


def item_steps(
    maps: BrainMaps,
    states: Array,
    responses: Sequence[Array],
    way: SteeringLoss | None = None,
    shares: Array | None = None,
) -> Array:
    """One gradient step per item that brings the predicted and the measured response closer.

    The step goes against the gradient of the loss, normalised in every layer; then the mean over
    people, normalised again. Nothing of an item's label or of the model's answer is used.

    Parameters
    ----------
    maps : fitted on other items, where items are to be held out.
    states : (n_items, L, units).
    responses : per person (n_items, voxels).
    way : loss and centring.
    shares : (P, n_items) weight of each person's step; the sum is then not normalised again.

    Returns
    -------
    (n_items, L, units).
    """
    chosen = way or SteeringLoss()
    objective = Objective(maps, responses, chosen.loss, chosen.centring)
    total = np.zeros_like(states)
    items = torch.arange(len(states))
    for person in range(len(responses)):
        leaf = torch.as_tensor(states, dtype=torch.float64).requires_grad_()
        who = torch.full_like(items, person)
        (slope,) = torch.autograd.grad(objective.of_pairs(leaf, who, items).sum(), leaf)
        step = to_unit(-slope.numpy())
        total += step if shares is None else shares[person][:, None, None] * step
    return to_unit(total) if shares is None else total


def spread_of(states: Array) -> Array:
    """(L,) sqrt(mean squared distance from the mean) of states (n_items, L, units)."""
    spread = states - states.mean(axis=0)
    found: Array = np.sqrt(np.square(spread).sum(axis=2).mean(axis=0))
    return found


def class_difference(states: Array, labels: NDArray[np.bool_]) -> Array:
    """(L, units) mean state of conclusions that follow minus that of those that do not.

    Parameters
    ----------
    states : (n_items, L, units).
    labels : (n_items,) whether the conclusion follows; both labels must occur.
    """
    difference: Array = states[labels].mean(axis=0) - states[~labels].mean(axis=0)
    return difference


def random_direction(shape: Sequence[int], rng: np.random.Generator) -> Array:
    """Random unit vectors (..., units), uniform over directions.

    Parameters
    ----------
    shape : of the result; the last of it is the number of units.
    rng : source of the draw.
    """
    return to_unit(rng.standard_normal(tuple(shape)))


@dataclass(frozen=True)
class Training:
    """The items, states and answers that directions are learned from.

    Attributes
    ----------
    signals : items with the people's own responses.
    states : (n_items, L, units) of the model at them.
    answer : (n_items,) the model's answers, as numbers of choices; 0 is True.
    """

    signals: Signals
    states: Array
    answer: NDArray[np.int64]

    def at(self, items: NDArray[np.intp]) -> Training:
        """Only some items."""
        return Training(self.signals.at(items), self.states[items], self.answer[items])

    def guided_by(self, signals: Signals) -> Training:
        """The same items with signals of an arm."""
        return replace(self, signals=signals)

    @property
    def humans_beat_model(self) -> bool:
        """Whether the model has an item wrong that a person has right."""
        return self.signals.humans_beat_model(self.answer)


@dataclass(frozen=True)
class Material:
    """What a method makes directions of.

    Attributes
    ----------
    training : scanner items, with the signals of the arm in the place of the people's; the
        model's states and answers.
    way : loss and centring.
    """

    training: Training
    way: SteeringLoss = SteeringLoss()

    def maps(self) -> BrainMaps:
        """Maps from states to responses, of all training items."""
        return _fit(self.training, np.arange(len(self.training.states)))


# states (n, L, units) of the model → unit directions of the same shape, each of its own state
Director = Callable[[Array], Array]


def item_weights(training: Training) -> Array:
    """(n_items,) how much the step of each training item counts at new problems.

    The share of people who had it right, where the model has it wrong, else 0; where the model has
    none of them wrong that people have right, every item counts; see
    :attr:`Training.humans_beat_model`.

    Raises
    ------
    DataError
        When nobody has any item right.
    """
    people = training.signals.share_right
    weight = training.signals.missed(training.answer) * people
    if not weight.any():
        weight = people
    if not weight.any():
        raise DataError("nobody has any item right: nothing to guide by")
    return weight


def training_steps(material: Material, shares: Array | None = None) -> Array:
    """(n_items, L, units) each training item's step, by maps that do not know it.

    Each third of a run is left out in turn.

    Parameters
    ----------
    material : training items, with the signals that guide.
    shares : (P, n_items) of :func:`item_steps`.
    """
    training = material.training
    steps = np.zeros_like(training.states)
    for fitted, left_out in thirds(training.signals.runs):
        responses = training.signals.at(left_out).responses
        maps = _fit(training, fitted)
        some = None if shares is None else shares[:, left_out]
        steps[left_out] = item_steps(maps, training.states[left_out], responses, material.way, some)
    return steps


def _fit(training: Training, items: NDArray[np.intp]) -> BrainMaps:
    signals = training.signals.at(items)
    return fit_controlled(training.states[items], signals.responses, list(signals.runs))


def thirds(runs: NDArray[np.str_]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """(fitted, left out) items: a contiguous third of every run is left out in turn."""
    block = np.empty(len(runs), np.intp)
    for name in np.unique(runs):
        rows = np.flatnonzero(runs == name)
        for number, part in enumerate(np.array_split(rows, 3)):
            block[part] = number
    return [(np.flatnonzero(block != b), np.flatnonzero(block == b)) for b in range(3)]
