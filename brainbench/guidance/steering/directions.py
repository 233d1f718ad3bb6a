"""Directions in a model's states, from brain responses and from the baselines in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError, UnknownNameError
from brainbench.guidance.arm_signals import remake_of
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, RANDOM, find_arm
from brainbench.guidance.maps import BrainMaps, fit_controlled
from brainbench.guidance.objective import Objective
from brainbench.guidance.signals import Signals
from brainbench.guidance.steering.search import Search

MEANS = ("raw", "unit")


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


def general_direction(found: Search, mean: str = "raw") -> Array:
    """The paper's direction for new problems: the mean of those that flipped an answer.

    Parameters
    ----------
    mean : ``raw``, or ``unit``: its unit vector times the standard deviation of the directions'
        projections on it.

    Returns
    -------
    (L, units).

    Raises
    ------
    DataError
        When no answer was flipped.
    """
    if mean not in MEANS:
        raise UnknownNameError("mean of directions", mean, MEANS)
    if not found.flipped.any():
        raise DataError("no answer was flipped: there is no direction to take the mean of")
    chosen = found.delta[found.flipped]
    middle: Array = chosen.mean(axis=0)
    if mean == "raw":
        return middle
    unit = to_unit(middle)
    scaled: Array = unit * np.einsum("rlu,lu->rl", chosen, unit).std(axis=0)[:, None]
    return scaled


def item_steps(
    maps: BrainMaps, states: Array, responses: Sequence[Array], way: SteeringLoss | None = None
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
        total += to_unit(-slope.numpy())
    return to_unit(total)


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

    @property
    def humans_beat_model(self) -> bool:
        """Whether the model has an item wrong that a person has right."""
        return self.signals.humans_beat_model(self.answer)


Made = Callable[[Training, Array, Signals, np.random.Generator], Array]


def held_out_directions(
    arm: str,
    training: Training,
    states: Array,
    signals: Signals,
    rng: np.random.Generator,
    way: SteeringLoss | None = None,
) -> Array:
    """Unit directions for held-out items, guided by their own responses.

    Parameters
    ----------
    arm : name of the arm; its responses take the place of the measured ones in training and test.
    training : the items that maps, means and differences are learned from.
    states, signals : (n_items, L, units) states and responses of the held-out items.
    rng : generator of stochastic arms.

    Returns
    -------
    (n_items, L, units). ``label only`` and ``random direction`` have one for all items.
    """
    if not find_arm(arm).has_signals:
        return np.broadcast_to(_constant(arm, training, rng), states.shape)
    remake = remake_of(arm)
    own, other = remake(training.signals, rng), remake(signals, rng)
    maps = fit_controlled(training.states, own.responses, list(own.runs))
    return item_steps(maps, states, other.responses, way)


def problem_direction(
    arm: str, training: Training, rng: np.random.Generator, way: SteeringLoss | None = None
) -> Array:
    """One unit direction for problems that nobody was scanned on.

    The mean of :func:`item_steps` over training items that the model has wrong, each weighted by
    the share of people who had it right, of those who answered: the paper's direction, with one
    step of a length chosen beforehand in place of a search that stops when the answer is right,
    and with maps that do not know the item: each third of a run is left out in turn. Where the
    model has none of them wrong that people have right, every item counts; see
    :attr:`Training.humans_beat_model`.

    Parameters
    ----------
    arm : name of the arm; its responses take the place of the measured ones.
    training : scanner items, the model's states and answers.
    rng : generator of stochastic arms.
    way : loss and centring; the default is :class:`SteeringLoss`'s.

    Returns
    -------
    (L, units).

    Raises
    ------
    DataError
        When nobody has any item right.
    """
    if not find_arm(arm).has_signals:
        return _constant(arm, training, rng)
    own = remake_of(arm)(training.signals, rng)
    people = own.share_right
    weight = training.signals.missed(training.answer) * people
    if not weight.any():
        weight = people
    if not weight.any():
        raise DataError("nobody has any item right: nothing to guide by")
    steps = np.zeros_like(training.states)
    for fitted, left_out in thirds(own.runs):
        maps = fit_controlled(
            training.states[fitted],
            [block[fitted] for block in own.responses],
            list(own.runs[fitted]),
        )
        steps[left_out] = item_steps(
            maps, training.states[left_out], [block[left_out] for block in own.responses], way
        )
    return to_unit(np.einsum("i,ilu->lu", weight, steps))


def thirds(runs: NDArray[np.str_]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """(fitted, left out) items: a contiguous third of every run is left out in turn."""
    block = np.empty(len(runs), np.intp)
    for name in np.unique(runs):
        rows = np.flatnonzero(runs == name)
        for number, part in enumerate(np.array_split(rows, 3)):
            block[part] = number
    return [(np.flatnonzero(block != b), np.flatnonzero(block == b)) for b in range(3)]


def _constant(arm: str, training: Training, rng: np.random.Generator) -> Array:
    """Directions of arms without signals."""
    if arm == LABEL_ONLY:
        return to_unit(class_difference(training.states, training.signals.labels))
    if arm == RANDOM:
        return random_direction(training.states.shape[1:], rng)
    raise DataError(f"{arm} gives no direction; {GUIDED} and its baselines do")
