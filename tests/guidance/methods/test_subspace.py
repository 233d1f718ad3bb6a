"""Directions that steps share, and moves within them, by hand."""

from __future__ import annotations

import numpy as np
from simulated_signals import make_signals, make_states

from brainbench.guidance.methods.directions import (
    Material,
    Training,
    item_steps,
    item_weights,
    spread_of,
    to_unit,
    training_steps,
)
from brainbench.guidance.methods.subspace import (
    RANK,
    Replacement,
    held_out,
    leading_directions,
    problems,
)

STATES = make_states(27)
SAID = np.random.default_rng(1).integers(-1, 2, 27)
MATERIAL = Material(Training(make_signals(9, 3), STATES, SAID))


def test_leading_directions_are_axes_of_the_weighted_second_moment() -> None:
    rng = np.random.default_rng(0)
    steps, weight = rng.standard_normal((20, 2, 6)), rng.random(20)
    basis = leading_directions(steps, weight, 2)
    for layer in range(2):
        moment = np.einsum("i,iu,iv->uv", weight, steps[:, layer], steps[:, layer])
        _, axes = np.linalg.eigh(moment)
        expected = axes[:, -2:] @ axes[:, -2:].T
        np.testing.assert_allclose(basis[layer].T @ basis[layer], expected, atol=1e-10)


def test_where_steps_span_less_the_rest_is_nothing() -> None:
    steps = np.zeros((5, 1, 4))
    steps[:, 0, 2] = [1, -1, 2, 0, 3]
    basis = leading_directions(steps, np.array([1.0, 1, 0, 1, 1]))
    np.testing.assert_allclose(np.abs(basis), [[[0, 0, 1, 0], [0] * 4, [0] * 4]])
    assert not leading_directions(0 * steps, np.ones(5)).any()
    # fewer items than directions
    assert leading_directions(np.ones((1, 1, 4)), np.ones(1)).shape == (1, RANK, 4)


def test_a_part_of_the_state_is_moved_to_the_target_and_the_rest_stays() -> None:
    basis = np.array([[[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]])
    move = Replacement(basis, np.array([[2.0, 5.0, 0.0]]), np.array([[1.0, 1, 1, 1]]))
    found = move(np.array([[[3.0, 2, 9, -7]], [[3.0, 6, 0, 0]]]))
    # (2, 5) less (3 − 1, 2 − 1) is (0, 4); of the second nothing is left to move
    np.testing.assert_allclose(found, [[[0, 1, 0, 0]], [[0, 0, 0, 0]]])


def test_problems_go_where_training_items_were_to_go() -> None:
    weight, steps = item_weights(MATERIAL.training), training_steps(MATERIAL)
    basis, mean = leading_directions(steps, weight), STATES.mean(axis=0)
    sigma = spread_of(STATES)
    new = make_states(4, seed=5)
    found = problems(MATERIAL)(new)
    for layer in range(3):
        inside = basis[layer].T @ basis[layer]
        goals = STATES[:, layer] - mean[layer] + sigma[layer] * steps[:, layer]
        goal = np.average(goals, axis=0, weights=weight)
        expected = (goal - (new[:, layer] - mean[layer])) @ inside
        np.testing.assert_allclose(found[:, layer], to_unit(expected), atol=1e-10)


def test_a_held_out_item_keeps_of_its_own_step_what_is_shared() -> None:
    signals = make_signals(9, 4).at(np.arange(27, 36))
    states = make_states(9, seed=3)
    found = held_out(MATERIAL, states, signals)
    steps = training_steps(MATERIAL)
    basis = leading_directions(steps, np.ones(27))
    own = item_steps(MATERIAL.maps(), states, signals.responses)
    expected = np.einsum("nlu,lku,lkv->nlv", own, basis, basis)
    np.testing.assert_allclose(found, to_unit(expected))
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0)
