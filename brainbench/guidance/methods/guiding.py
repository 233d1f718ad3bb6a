"""What a method adds for an arm: the arm says whose signals, the method what is made of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError, UsageError
from brainbench.guidance.arm_signals import remake_of
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, RANDOM, find_arm
from brainbench.guidance.methods.directions import (
    Director,
    Material,
    SteeringLoss,
    Training,
    class_difference,
    random_direction,
    to_unit,
)
from brainbench.guidance.methods.registry import (
    METHODS,
    ONE_STEP,
    Method,
    find_method,
    method_plugins,
)
from brainbench.guidance.signals import Signals
from brainbench.plugins import MethodPlugin


class Implementation(Protocol):
    """The functions of a method's file.

    ``check(signals)``, which raises ``DataError`` where items do not serve, and ``notes(signals)``,
    sentences for the record, may be there too.
    """

    def held_out(self, material: Material, states: Array, signals: Signals) -> Array:
        """(n_items, L, units) unit directions at held-out items."""

    def problems(self, material: Material) -> Array | Director:
        """(L, units) unit direction at new problems, or one for each problem's states."""


def held_out_directions(
    arm: str,
    training: Training,
    states: Array,
    signals: Signals,
    rng: np.random.Generator,
    way: SteeringLoss | None = None,
    method: str = ONE_STEP,
) -> Array:
    """Unit directions for held-out items.

    Parameters
    ----------
    arm : name of the arm; its responses take the place of the measured ones in training and test.
    training : the items that maps, means and differences are learned from.
    states, signals : (n_items, L, units) states and responses of the held-out items.
    rng : generator of stochastic arms.
    way : loss and centring; the default is :class:`.SteeringLoss`'s.
    method : name of the method of steering.

    Returns
    -------
    (n_items, L, units). ``label only`` and ``random direction`` have one for all items, whatever
    the method.
    """
    if not find_arm(arm).has_signals:
        return np.broadcast_to(_constant(arm, training, rng), states.shape)
    remake = remake_of(arm)
    own, other = remake(training.signals, rng), remake(signals, rng)
    material = Material(training.guided_by(own), way or SteeringLoss())
    return _functions(method).held_out(material, states, other)


def problem_director(
    arm: str,
    training: Training,
    rng: np.random.Generator,
    way: SteeringLoss | None = None,
    method: str = ONE_STEP,
) -> Array | Director:
    """What an arm adds at problems that nobody was scanned on.

    Parameters
    ----------
    arm : name of the arm; its responses take the place of the measured ones.
    training : scanner items, the model's states and answers.
    rng : generator of stochastic arms.
    way : loss and centring; the default is :class:`.SteeringLoss`'s.
    method : name of the method of steering.

    Returns
    -------
    A unit direction (L, units), the same at every problem; or, of a method that goes by the
    problem, a function of the states (n, L, units) there that gives one for each. Arms without
    signals have one direction, whatever the method.

    Raises
    ------
    DataError
        When the items do not serve the method: nobody has any item right, for example.
    """
    if not find_arm(arm).has_signals:
        return _constant(arm, training, rng)
    own = remake_of(arm)(training.signals, rng)
    return _functions(method).problems(Material(training.guided_by(own), way or SteeringLoss()))


def problem_direction(
    arm: str,
    training: Training,
    rng: np.random.Generator,
    way: SteeringLoss | None = None,
    method: str = ONE_STEP,
) -> Array:
    """(L, units) as :func:`problem_director`, of a method that adds the same at every problem.

    Raises
    ------
    UsageError
        When the method goes by the problem.
    """
    if find_method(method).by_item:
        raise UsageError(f"{method} has a direction for each problem, and none for all")
    found = problem_director(arm, training, rng, way, method)
    assert isinstance(found, np.ndarray)
    return found


def check_signals(method: str, signals: Signals) -> None:
    """Raise ``DataError`` where items do not serve a method.

    Parameters
    ----------
    method : its name.
    signals : the people's own.
    """
    getattr(_functions(method), "check", lambda signals: None)(signals)


def notes_of(method: str, signals: Signals) -> tuple[str, ...]:
    """Sentences on what a method makes of some signals, for the record; of most there is none.

    Parameters
    ----------
    method : its name.
    signals : the people's own.
    """
    found: tuple[str, ...] = getattr(_functions(method), "notes", lambda signals: ())(signals)
    return found


def _functions(name: str) -> Implementation:
    method = find_method(name)
    if name in METHODS:
        return cast(Implementation, import_module(f"{__package__}.{method.file}"))
    return _Checked(method, method_plugins()[name])


class _Checked:
    """A plugin's functions; what they give is checked, and made one long."""

    def __init__(self, method: Method, given: MethodPlugin) -> None:
        self._method, self._given = method, given

    def held_out(self, material: Material, states: Array, signals: Signals) -> Array:
        found = self._given.held_out(material, states, signals)
        return self._unit(found, states.shape, "held-out items")

    def problems(self, material: Material) -> Array | Director:
        found = self._given.problems(material)
        if callable(found) != self._method.by_item:
            raise DataError(
                f"the method {self._method.name!r} gives {type(found).__name__} for new problems: "
                f"by_item={self._method.by_item} stands for "
                f"{'a function of states' if self._method.by_item else 'an array'}"
            )
        if not callable(found):
            return self._unit(found, material.training.states.shape[1:], "new problems")
        return lambda states: self._unit(found(states), states.shape, "new problems")

    def _unit(self, found: Any, shape: tuple[int, ...], what: str) -> Array:
        array = np.asarray(found, np.float64)
        if array.shape != shape or not np.isfinite(array).all():
            wrong = (
                "NaN or infinite values" if array.shape == shape else f"{array.shape}, not {shape}"
            )
            raise DataError(f"the method {self._method.name!r}: directions of {what} are {wrong}")
        return to_unit(array)


def _constant(arm: str, training: Training, rng: np.random.Generator) -> Array:
    """Directions of arms without signals."""
    if arm == LABEL_ONLY:
        return to_unit(class_difference(training.states, training.signals.labels))
    if arm == RANDOM:
        return random_direction(training.states.shape[1:], rng)
    raise DataError(f"{arm} gives no direction; {GUIDED} and its baselines do")
