"""What tells the trials that people had right from those that they had wrong.

Of each training item that some people had right and others wrong, the mean step towards the
responses of the former minus that towards the responses of the latter. Steps are taken in the
model's states, through each person's own map, because people's voxels are not the same. The
direction is the mean of these contrasts, at held-out items and at new problems: who had a held-out
item right would tell its label.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.methods.directions import Material, Training, to_unit, training_steps
from brainbench.guidance.signals import Signals

# of the steps' lengths: what is shorter is rounding
_LEAST = 1e-9


def contrast_weights(signals: Signals) -> Array:
    """(P, n_items) shares that take the mean of the wrong from the mean of the right.

    Parameters
    ----------
    signals : items, and who had them right.

    Returns
    -------
    1 / (people who had it right), minus 1 / (people who had it wrong), 0 where a person gave no
    answer; 0 at items that lack either.
    """
    right, wrong = signals.right > 0.5, signals.right < 0.5
    both = disputed(signals)
    return np.where(both, right / _count(right) - wrong / _count(wrong), 0.0)


def disputed(signals: Signals) -> NDArray[np.bool_]:
    """(n_items,) whether some people had an item right and others wrong."""
    some_right, some_wrong = (signals.right > 0.5).any(axis=0), (signals.right < 0.5).any(axis=0)
    return np.logical_and(some_right, some_wrong)


def held_out(material: Material, states: Array, signals: Signals) -> Array:
    """(n_items, L, units) the contrast of the training items; 0 where none of them has one.

    Parameters
    ----------
    material : training items, with the signals that guide.
    states, signals : (n_items, L, units) states of the held-out items; not used.
    """
    if not disputed(material.training.signals).any():
        return np.zeros_like(states)
    every = np.ones(len(material.training.states))
    return np.broadcast_to(_contrast(material, every), states.shape)


def problems(material: Material) -> Array:
    """(L, units) the contrast, of items that the model has wrong where there are any.

    Parameters
    ----------
    material : training items, with the signals that guide.

    Raises
    ------
    DataError
        When no item was had right by some people and wrong by others.
    """
    training: Training = material.training
    check(training.signals)
    missed = training.signals.missed(training.answer).astype(np.float64)
    if not (missed * disputed(training.signals)).any():
        missed = np.ones_like(missed)
    return _contrast(material, missed)


def check(signals: Signals) -> None:
    """Raise ``DataError`` where no item was had right by some people and wrong by others."""
    if not disputed(signals).any():
        raise DataError(
            f"{signals.source}: no item was answered rightly by some people and wrongly by others, "
            "so the method 'right minus wrong' has nothing to go by; take another method, or a "
            "dataset that records answers"
        )


def notes(signals: Signals) -> tuple[str, ...]:
    """How few items there are."""
    found, every = int(disputed(signals).sum()), len(signals.problems)
    return (f"of {every} items, {found} were had right by some people and wrong by others",)


def _contrast(material: Material, weight: Array) -> Array:
    shares = weight * contrast_weights(material.training.signals)
    total = training_steps(material, shares).sum(axis=0)
    # of signals that are the same for everybody only rounding is left
    length = np.linalg.norm(total, axis=-1, keepdims=True)
    return to_unit(np.where(length > _LEAST * np.abs(shares).sum(), total, 0.0))


def _count(which: NDArray[np.bool_]) -> Array:
    counted: Array = np.maximum(which.sum(axis=0), 1).astype(np.float64)
    return counted
