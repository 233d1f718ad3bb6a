"""Directions that are drawn anew at every try of the targeted search.

A search that follows one direction has one ticket, and is asked forty times along it; one that
draws at every try has forty tickets. So signals get the same lottery: at each try the signals of
an arm are drawn anew, the published maps fitted to them, and a pair's direction is the steepest
descent there, at the state of its own problem, of the loss that the search descends:

    u ∝ −∇ₓ loss(W x, y),    one long at each layer

Of guided restarts the signals are the people's own and do not change: the items are drawn with
replacement that the map is fitted on, its penalties those of all items, and y stays the pair's
own response. Labels alone draw the items of each class.

A draw is of the seed, the arm and the try (a random direction, of the pair as well): it does not
depend on which other pairs are searched for, nor on which of them have succeeded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.guidance.arm_signals import remake_of
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, RANDOM, RESTARTS
from brainbench.guidance.maps import BrainMaps, fit_published, refit
from brainbench.guidance.methods.directions import (
    SteeringLoss,
    Training,
    class_difference,
    random_direction,
    to_unit,
)
from brainbench.guidance.objective import Objective
from brainbench.guidance.signals import Signals
from brainbench.guidance.steering.search import Course, Pairs


def generator(seed: int, arm: str, *which: int) -> np.random.Generator:
    """The generator of a seed, an arm, and of what else a draw is of.

    Parameters
    ----------
    seed : of the arm's draws.
    arm : its name.
    which : whole numbers from 0, such as the try, the person and the item.
    """
    return np.random.default_rng([seed, crc32(arm.encode()), *which])


def restart_course(
    arm: str, training: Training, pairs: Pairs, way: SteeringLoss, seed: int
) -> Course:
    """Where the pairs of an arm with restarts go at each try.

    Parameters
    ----------
    arm : a name in :data:`~brainbench.guidance.arms.RESTARTS`.
    training : items, states and answers of the search.
    pairs : who is searched for.
    way : loss and centring of the search.
    seed : of the draws.

    Returns
    -------
    (number of the try from 0, numbers of the pairs) → (pairs, L, units) unit directions.
    """
    of = RESTARTS[arm].of
    if of == RANDOM:
        return _Random(arm, training.states.shape[1:], pairs, seed)
    if of == LABEL_ONLY:
        return _Labels(arm, training, pairs, seed)
    refitted: Callable[[np.random.Generator], tuple[BrainMaps, Signals]]
    refitted = _Resampled.of(training) if of == GUIDED else _Redrawn(of, training)
    return _Descent(arm, training.states, pairs, way, seed, refitted)


@dataclass(frozen=True)
class _Random:
    arm: str
    shape: tuple[int, ...]
    pairs: Pairs
    seed: int

    def __call__(self, number: int, rows: NDArray[np.intp]) -> Array:
        people, items = self.pairs.people[rows].tolist(), self.pairs.items[rows].tolist()
        drawn = [
            random_direction(self.shape, generator(self.seed, self.arm, number, person, item))
            for person, item in zip(people, items, strict=True)
        ]
        return np.stack(drawn)


@dataclass(frozen=True)
class _Labels:
    arm: str
    training: Training
    pairs: Pairs
    seed: int

    def __call__(self, number: int, rows: NDArray[np.intp]) -> Array:
        rng, true = generator(self.seed, self.arm, number), self.training.signals.labels
        own = [rng.choice(np.flatnonzero(true == label), (true == label).sum()) for label in (1, 0)]
        drawn = np.concatenate(own)
        difference = to_unit(class_difference(self.training.states[drawn], true[drawn]))
        return towards_right(difference, self.pairs, rows)


def towards_right(difference: Array, pairs: Pairs, rows: NDArray[np.intp]) -> Array:
    """(rows, L, units) a difference of classes (L, units), towards the right answer of each pair.

    Parameters
    ----------
    difference : True minus False.
    pairs, rows : which pairs.
    """
    sign = np.where(pairs.labels[pairs.items[rows]] == 0, 1.0, -1.0)
    found: Array = sign[:, None, None] * difference
    return found


@dataclass(frozen=True)
class _Redrawn:
    """Maps of signals that are drawn anew, penalties chosen anew with them."""

    of: str
    training: Training

    def __call__(self, rng: np.random.Generator) -> tuple[BrainMaps, Signals]:
        signals = remake_of(self.of)(self.training.signals, rng)
        return fit_published(self.training.states, signals.responses), signals


@dataclass(frozen=True)
class _Resampled:
    """Maps of the same signals to items drawn with replacement."""

    training: Training
    alphas: Array

    @classmethod
    def of(cls, training: Training) -> _Resampled:
        return cls(training, fit_published(training.states, training.signals.responses).alphas)

    def __call__(self, rng: np.random.Generator) -> tuple[BrainMaps, Signals]:
        signals, states = self.training.signals, self.training.states
        drawn = rng.integers(len(states), size=len(states))
        blocks = [block[drawn] for block in signals.responses]
        return refit(states[drawn], blocks, self.alphas), signals


@dataclass(frozen=True)
class _Descent:
    """Steepest descent of the loss, with maps fitted anew at each try."""

    arm: str
    states: Array
    pairs: Pairs
    way: SteeringLoss
    seed: int
    refitted: Callable[[np.random.Generator], tuple[BrainMaps, Signals]]

    def __call__(self, number: int, rows: NDArray[np.intp]) -> Array:
        maps, signals = self.refitted(generator(self.seed, self.arm, number))
        objective = Objective(maps, signals.responses, self.way.loss, self.way.centring)
        people, items = (
            torch.as_tensor(held[rows]) for held in (self.pairs.people, self.pairs.items)
        )
        slope = objective.slopes(torch.as_tensor(self.states, dtype=torch.float64), people, items)
        return to_unit(-slope.numpy())
