"""Directions in closed form, and what they must not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from simulated_signals import make_signals, make_states

from brainbench.guidance.arms import UNGUIDED, arms_of
from brainbench.guidance.maps import fit_controlled
from brainbench.guidance.methods.directions import (
    SteeringLoss,
    Training,
    class_difference,
    item_steps,
    random_direction,
    thirds,
    to_unit,
)
from brainbench.guidance.objective import Objective

ARMS = [arm.name for arm in arms_of("steering") if arm.name != UNGUIDED]
EVERY = make_signals(9, 4)
TRAIN, TEST = np.arange(27), np.arange(27, 36)
STATES = make_states(36)
SAID = np.random.default_rng(1).integers(-1, 2, 36)
TRAINING = Training(EVERY.at(TRAIN), STATES[TRAIN], SAID[TRAIN])
HELD_OUT = EVERY.at(TEST)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_units_are_one_long_and_nothing_stays_nothing() -> None:
    drawn = np.random.default_rng(0).standard_normal((3, 2, 5))
    drawn[1, 0] = 0.0
    found = to_unit(drawn)
    lengths = np.linalg.norm(found, axis=-1)
    np.testing.assert_allclose(lengths, [[1, 1], [0, 1], [1, 1]])
    np.testing.assert_allclose(found[2] * np.linalg.norm(drawn[2], axis=-1)[:, None], drawn[2])


def test_class_difference_is_that_of_the_means() -> None:
    labels = np.array([True, False, True])
    states = np.arange(12.0).reshape(3, 2, 2)
    expected = (states[0] + states[2]) / 2 - states[1]
    np.testing.assert_array_equal(class_difference(states, labels), expected)


def test_random_directions_are_everywhere_and_one_long() -> None:
    found = random_direction((4000, 3), rng())
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0)
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=0.05)
    np.testing.assert_allclose(found.T @ found / 4000, np.eye(3) / 3, atol=0.03)


def test_thirds_of_every_run_are_left_out_once_and_hang_together() -> None:
    runs = np.array(list("bbbbbbbaaaaaabbb"))
    parts = thirds(runs)
    assert len(parts) == 3
    assert sorted(np.concatenate([out for _, out in parts])) == list(range(16))
    for fitted, out in parts:
        assert sorted([*fitted, *out]) == list(range(16))
        assert {str(run) for run in runs[out]} == {"a", "b"}
        for name in "ab":
            places = np.flatnonzero(np.isin(np.flatnonzero(runs == name), out))
            assert (np.diff(places) == 1).all()
            assert len(places) in (2, 3, 4)


class TestItemSteps:
    MAPS = fit_controlled(TRAINING.states, TRAINING.signals.responses)

    def test_closed_form_of_squares_about_the_means(self) -> None:
        found = item_steps(self.MAPS, STATES[TEST], HELD_OUT.responses)
        for item in range(9):
            for layer in range(3):
                total = np.zeros(11)
                for person, block in enumerate(HELD_OUT.responses):
                    weights = self.MAPS.span[layer].T @ self.MAPS.duals[person][layer]
                    centred = STATES[TEST[item], layer] - self.MAPS.mean[layer]
                    left = block[item] - self.MAPS.offsets[person] - centred @ weights
                    step = weights @ left
                    total += step / np.linalg.norm(step)
                np.testing.assert_allclose(found[item, layer], total / np.linalg.norm(total))

    @pytest.mark.parametrize(
        "way", [SteeringLoss(), SteeringLoss("cosine", "raw"), SteeringLoss("pearson", "intercept")]
    )
    def test_a_small_step_lowers_the_loss(self, way: SteeringLoss) -> None:
        alone = [HELD_OUT.responses[1]]
        maps = replace(self.MAPS, duals=self.MAPS.duals[1:2], offsets=self.MAPS.offsets[1:2])
        steps = item_steps(maps, STATES[TEST], alone, way)
        objective = Objective(maps, alone, way.loss, way.centring)
        before, after, back = (
            objective.of_everybody(torch.tensor(STATES[TEST] + h * steps), torch.arange(9))
            for h in (0.0, 1e-4, -1e-4)
        )
        assert (after < before).all()
        assert (back > before).all()
        # of all directions of this length it is the steepest
        other = to_unit(np.random.default_rng(0).standard_normal(steps.shape))
        for h in (1e-4, -1e-4):
            turned = torch.tensor(STATES[TEST] + h * other)
            assert (after < objective.of_everybody(turned, torch.arange(9))).all()

    def test_for_everybody_the_mean_loss_falls(self) -> None:
        steps = item_steps(self.MAPS, STATES[TEST], HELD_OUT.responses)
        objective = Objective(self.MAPS, HELD_OUT.responses, "mse", "centred")
        before, after = (
            objective.of_everybody(torch.tensor(STATES[TEST] + h * steps), torch.arange(9))
            for h in (0.0, 1e-3)
        )
        assert (after.mean(dim=0) < before.mean(dim=0)).all()


def test_some_items_of_a_training_set() -> None:
    items = np.array([3, 1])
    part = TRAINING.at(items)
    assert part.signals.problems == tuple(TRAINING.signals.problems[i] for i in items)
    np.testing.assert_array_equal(part.states, TRAINING.states[items])
    np.testing.assert_array_equal(part.answer, TRAINING.answer[items])
