"""Amplifying what maps predict of a state, against maps written out and slopes."""

from __future__ import annotations

import numpy as np
from simulated_signals import make_signals, make_states

from brainbench.guidance.methods.directions import Material, Training, to_unit
from brainbench.guidance.methods.own_map import held_out, problems

SIGNALS = make_signals(9, 3)
STATES = make_states(27)
MATERIAL = Material(Training(SIGNALS, STATES, np.zeros(27, np.int64)))
NEW = make_states(5, seed=4)


def test_by_maps_that_are_written_out() -> None:
    found, maps = problems(MATERIAL)(NEW), MATERIAL.maps()
    for layer in range(3):
        total = np.zeros((5, 11))
        for dual in maps.duals:
            weights = dual[layer].T @ maps.span[layer]  # (voxels, units)
            total += to_unit((NEW[:, layer] - maps.mean[layer]) @ weights.T @ weights)
        np.testing.assert_allclose(found[:, layer], to_unit(total))


def test_predictions_grow_as_fast_as_they_can() -> None:
    one = Material(
        Training(SIGNALS.with_responses(SIGNALS.responses[:1]), STATES, 0 * STATES[:, 0, 0])
    )
    maps, direct = one.maps(), problems(one)

    def size(states: np.ndarray) -> np.ndarray:
        return np.square(maps.predict(states, 0, centred=True)).sum(axis=-1)

    step = 1e-5 * direct(NEW)
    other = 1e-5 * to_unit(np.random.default_rng(0).standard_normal(NEW.shape))
    assert (size(NEW + step) > size(NEW)).all()
    assert (size(NEW + step) > size(NEW + other)).all()


def test_responses_to_held_out_items_are_not_read() -> None:
    signals = make_signals(9, 4).at(np.arange(27, 32))
    found = held_out(MATERIAL, NEW, signals)
    np.testing.assert_array_equal(found, problems(MATERIAL)(NEW))
    poisoned = signals.with_responses(tuple(np.full_like(b, np.nan) for b in signals.responses))
    np.testing.assert_array_equal(held_out(MATERIAL, NEW, poisoned), found)


def test_every_problem_has_its_own_and_the_mean_state_none() -> None:
    found = problems(MATERIAL)(NEW)
    assert not np.allclose(found[0], found[1])
    np.testing.assert_array_equal(
        problems(MATERIAL)(STATES.mean(axis=0)[None]), np.zeros((1, 3, 11))
    )
