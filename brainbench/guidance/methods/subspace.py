"""What the steps of the training items have in common: their leading directions.

With u_i the step of training item i and w_i its weight, R are at each layer the k leading right
singular vectors of the rows √w_i u_i. Nothing outside them is added.

- A held-out item's own step is projected: δ ∝ Rᵀ R u.
- A new problem's state x is moved, within the subspace, to where the training items were to go:
  δ ∝ Rᵀ (τ − R (x − μ)),  τ = R Σ w_i (x_i − μ + σ u_i) / Σ w_i
  with μ the mean and σ the spread of the training states. What x is outside stays as it is.

Source of the second: Wu et al. 2024, ReFT, NeurIPS 37 (an intervention h + Rᵀ(W h + b − R h) in a
low-rank subspace; here W = 0, and R and b are not trained but come from people's responses);
replacing a state's part in a subspace: Geiger et al. 2024, CLeaR.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.guidance.methods.directions import (
    Director,
    Material,
    item_steps,
    item_weights,
    spread_of,
    to_unit,
    training_steps,
)
from brainbench.guidance.signals import Signals

RANK = 3
# of the largest singular value: below it a direction is rounding
_LEAST = 1e-9


@dataclass(frozen=True)
class Replacement:
    """Moves a state's part in a subspace towards a target.

    Attributes
    ----------
    basis : (L, k, units) orthonormal rows; 0 where steps span less than k.
    target : (L, k) coordinates to move to, of states less their mean.
    mean : (L, units).
    """

    basis: Array
    target: Array
    mean: Array

    def __call__(self, states: Array) -> Array:
        """(n, L, units) unit directions at states (n, L, units)."""
        here = np.einsum("nlu,lku->nlk", states - self.mean, self.basis)
        return to_unit(np.einsum("nlk,lku->nlu", self.target - here, self.basis))


def leading_directions(steps: Array, weight: Array, rank: int = RANK) -> Array:
    """Leading right singular vectors of weighted steps, at each layer.

    Parameters
    ----------
    steps : (n_items, L, units).
    weight : (n_items,) from 0.
    rank : how many.

    Returns
    -------
    (L, rank, units) orthonormal rows; 0 where the steps span less.
    """
    rows = np.swapaxes(np.sqrt(weight)[:, None, None] * steps, 0, 1)
    _, sizes, found = np.linalg.svd(rows, full_matrices=False)
    basis = np.zeros((len(rows), rank, rows.shape[2]))
    some = min(rank, sizes.shape[1])
    kept = sizes[:, :some] > _LEAST * np.maximum(sizes[:, :1], np.finfo(float).tiny)
    basis[:, :some] = found[:, :some] * kept[..., None]
    return basis


def held_out(material: Material, states: Array, signals: Signals) -> Array:
    """(n_items, L, units) each held-out item's own step, in the subspace of the training items'.

    Parameters
    ----------
    material : training items, with the signals that guide; each counts the same.
    states, signals : (n_items, L, units) states and responses of the held-out items.
    """
    steps = training_steps(material)
    basis = leading_directions(steps, np.ones(len(steps)))
    own = item_steps(material.maps(), states, signals.responses, material.way)
    along = np.einsum("nlu,lku->nlk", own, basis)
    return to_unit(np.einsum("nlk,lku->nlu", along, basis))


def problems(material: Material) -> Director:
    """A move within the subspace, from where a problem's state lies.

    Parameters
    ----------
    material : training items, with the signals that guide; weighted as in ``one step``.

    Raises
    ------
    DataError
        When nobody has any item right.
    """
    states = material.training.states
    weight, steps = item_weights(material.training), training_steps(material)
    basis, mean = leading_directions(steps, weight), states.mean(axis=0)
    goals = states - mean + spread_of(states)[:, None] * steps
    goal = np.einsum("i,ilu->lu", weight / weight.sum(), goals)
    return Replacement(basis, np.einsum("lu,lku->lk", goal, basis), mean)
