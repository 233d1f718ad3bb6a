"""Strengths under a limit on what they do to neutral text, the same for every arm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from simulated_signals import make_signals

from brainbench.guidance.arms import GUIDED, LABEL_ONLY, RANDOM, UNGUIDED
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator, ask_problems
from brainbench.guidance.evaluation.neutral import NeutralPrefixes
from brainbench.guidance.evaluation.selection import SteeringGrid
from brainbench.guidance.layer_sets import layer_sets
from brainbench.guidance.steering.asking import Candidates
from brainbench.guidance.steering.experiment import (
    SteeringPlan,
    choose_directions,
    read_training,
    steer_held_out,
)
from brainbench.guidance.steering.limits import ShiftLimit
from brainbench.models import LanguageModel

Tiny = Callable[..., LanguageModel]
ARMS = (UNGUIDED, GUIDED, RANDOM, LABEL_ONLY)
GRID = SteeringGrid(layer_sets(4), (0.5, 2.0, 8.0), 4)


@pytest.fixture(scope="module")
def world(tiny: Tiny) -> dict[str, Any]:
    torch.set_num_threads(1)
    evaluator = LastTokenEvaluator(tiny("llama", 3), "attention", range(4))
    training, held, questions = read_training(evaluator, make_signals(9, 2))
    return {
        "evaluator": evaluator,
        "training": training,
        "held": held,
        "labels": np.array([question.label for question in questions]),
        "validation": ask_problems(evaluator.model, make_signals(6, 4).problems[12:]),
        "limit": ShiftLimit(NeutralPrefixes(evaluator, 12), NeutralPrefixes(evaluator, 30), None),
    }


def plan(world: dict[str, Any], limit: float | None) -> SteeringPlan:
    return SteeringPlan(ARMS, (0, 1), GRID, neutral=replace(world["limit"], limit=limit))


def choose(world: dict[str, Any], limit: float | None) -> Any:
    return choose_directions(
        world["evaluator"], world["training"], world["validation"], plan(world, limit)
    )


class TestNewProblems:
    def test_each_dose_says_what_it_does_and_more_of_it_does_more(
        self, world: dict[str, Any]
    ) -> None:
        chosen, doses = choose(world, None)
        for each in chosen[1:]:
            own = [d for d in doses if d.arm == each.arm]
            by_set = {name: [d.shift.kl for d in own if d.layers == name] for name in GRID.sets}
            assert all(np.all(np.diff(kl) > 0) for kl in by_set.values())
            direct = world["limit"].every.shift(each.delta[None, None])
            assert each.shift == pytest.approx([direct.kl[0], direct.rise[0], 0.0], abs=1e-6)
        assert list(chosen[0].shift) == [0.0, 0.0, 0.0]

    def test_nothing_beyond_the_limit_is_chosen_by_any_arm(self, world: dict[str, Any]) -> None:
        _, doses = choose(world, None)
        limit = float(np.median([dose.shift.kl for dose in doses]))
        chosen, _ = choose(world, limit)
        assert all(each.shift[0] <= limit and not each.shift[2] for each in chosen)
        free, _ = choose(world, None)
        assert any(one.strength != other.strength for one, other in zip(chosen, free, strict=True))

    def test_where_all_are_beyond_it_the_weakest_is_taken_and_marked(
        self, world: dict[str, Any]
    ) -> None:
        chosen, doses = choose(world, 1e-9)
        for each in chosen[1:]:
            assert each.strength == 0.5
            assert each.shift[2] == 1.0
        guided = [dose.shift.kl for dose in doses if dose.arm == GUIDED]
        assert chosen[1].shift[0] == pytest.approx(min(guided))

    def test_a_direction_of_each_state_is_made_from_the_states_of_the_text(
        self, world: dict[str, Any]
    ) -> None:
        limit = world["limit"]
        units, sizes = limit.some.states, np.array([[0.1] * 4, [0.5] * 4])
        found = limit.of(Candidates(sizes, lambda states: -states))
        delta = -units[:, None] * sizes[None, :, :, None]
        assert found.kl == pytest.approx(limit.some.shift(delta).kl)
        # an attention output taken away whole is another than one taken away a little
        assert found.kl[1] > found.kl[0] > 0


def test_held_out_runs_keep_to_the_limit_too(world: dict[str, Any]) -> None:
    def steer(limit: float | None) -> Any:
        training, held, labels = world["training"], world["held"], world["labels"]
        return steer_held_out(training, held, labels, plan(world, limit))

    _, doses = steer(None)
    limit = float(np.median([dose.shift.kl for dose in doses]))
    answers, _ = steer(limit)
    for arm, found in answers.items():
        assert found.shifts.shape == (2, 3)
        assert (found.shifts[:, 0] <= limit).all()
        assert not found.shifts[:, 2].any()
        assert (found.shifts[:, 0] > 0).all() == (arm != UNGUIDED)
    strictly, _ = steer(1e-9)
    assert strictly[GUIDED].shifts[:, 2] == pytest.approx(1.0)
    assert strictly[GUIDED].strengths == pytest.approx(0.5)


def test_items_are_sampled_evenly(world: dict[str, Any]) -> None:
    limit = world["limit"]
    units = np.random.default_rng(0).standard_normal((9, 4, 32))
    factors = np.ones((1, 4))
    assert len(limit.some) == 2
    found = limit.of_items(units, factors)
    taken = units[[0, 4]][:, None]
    assert found.kl == pytest.approx(limit.some.shift(taken).kl)
