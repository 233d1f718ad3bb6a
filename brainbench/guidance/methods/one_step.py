"""One gradient step that brings predicted and measured responses closer."""

from __future__ import annotations

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.guidance.methods.directions import (
    Material,
    item_steps,
    item_weights,
    to_unit,
    training_steps,
)
from brainbench.guidance.signals import Signals


def held_out(material: Material, states: Array, signals: Signals) -> Array:
    """Each held-out item's own step, by maps of the training items.

    Parameters
    ----------
    material : training items, with the signals that guide.
    states, signals : (n_items, L, units) states and responses of the held-out items.

    Returns
    -------
    (n_items, L, units), each one long or 0.
    """
    return item_steps(material.maps(), states, signals.responses, material.way)


def problems(material: Material) -> Array:
    """(L, units) weighted mean of the training items' steps.

    Those that the model has wrong count, each weighted by the share of people who had it right,
    of those who answered: the paper's direction, with one step of a length chosen beforehand in
    place of a search that stops when the answer is right, and with maps that do not know the item.

    Parameters
    ----------
    material : training items, with the signals that guide.

    Raises
    ------
    DataError
        When nobody has any item right.
    """
    weight = item_weights(material.training)
    return to_unit(np.einsum("i,ilu->lu", weight, training_steps(material)))
