"""What each arm adds, and what it must not know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from simulated_signals import make_signals, make_states

from brainbench import plugins
from brainbench.errors import DataError, UsageError
from brainbench.guidance.arms import (
    GUIDED,
    LABEL_ONLY,
    PERMUTED,
    RANDOM,
    UNGUIDED,
    arms_of,
    find_arm,
)
from brainbench.guidance.maps import fit_controlled
from brainbench.guidance.methods.directions import (
    SteeringLoss,
    Training,
    class_difference,
    item_steps,
    thirds,
    to_unit,
)
from brainbench.guidance.methods.guiding import (
    held_out_directions,
    problem_direction,
    problem_director,
)
from brainbench.guidance.methods.registry import METHODS
from brainbench.guidance.signals import MoreAnswers, Signals
from brainbench.plugins import MethodPlugin, Plugin

ARMS = [arm.name for arm in arms_of("steering") if arm.name != UNGUIDED]
EVERY = make_signals(9, 4)
TRAIN, TEST = np.arange(27), np.arange(27, 36)
STATES = make_states(36)
SAID = np.random.default_rng(1).integers(-1, 2, 36)
TRAINING = Training(EVERY.at(TRAIN), STATES[TRAIN], SAID[TRAIN])
HELD_OUT = EVERY.at(TEST)
# signals that are the same for everybody: those who were right differ in nothing
ALIKE = ("right minus wrong", "label as fMRI")


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def swapped(signals: Signals) -> Signals:
    """The same with every label turned round."""
    return replace(signals, labels=~signals.labels)


class TestHeldOut:
    @pytest.mark.parametrize("arm", ARMS)
    def test_labels_of_held_out_items_are_not_known(self, arm: str) -> None:
        found, other = (
            held_out_directions(arm, TRAINING, STATES[TEST], signals, rng())
            for signals in (HELD_OUT, swapped(HELD_OUT))
        )
        assert found.shape == STATES[TEST].shape
        np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0)
        # but for the one arm that is told them, and is called an oracle for it
        assert np.array_equal(found, other) != (arm == "label as fMRI")

    @pytest.mark.parametrize("arm", ARMS)
    def test_labels_of_training_items_are_known_to_those_who_say_so(self, arm: str) -> None:
        turned = replace(TRAINING, signals=swapped(TRAINING.signals))
        found, other = (
            held_out_directions(arm, training, STATES[TEST], HELD_OUT, rng())
            for training in (TRAINING, turned)
        )
        assert np.array_equal(found, other) != (arm in (LABEL_ONLY, "label as fMRI"))

    @pytest.mark.parametrize("arm", ARMS)
    def test_answers_and_who_was_right_play_no_part(self, arm: str) -> None:
        other = Training(
            replace(TRAINING.signals, right=1 - TRAINING.signals.right),
            TRAINING.states,
            -SAID[TRAIN],
        )
        poor = replace(HELD_OUT, right=1 - HELD_OUT.right)
        np.testing.assert_array_equal(
            held_out_directions(arm, TRAINING, STATES[TEST], HELD_OUT, rng()),
            held_out_directions(arm, other, STATES[TEST], poor, rng()),
        )

    def test_guided_is_one_step_by_maps_of_the_training_items(self) -> None:
        maps = fit_controlled(
            TRAINING.states, TRAINING.signals.responses, list(TRAINING.signals.runs)
        )
        for way in (SteeringLoss(), SteeringLoss("cosine", "raw")):
            np.testing.assert_array_equal(
                held_out_directions(GUIDED, TRAINING, STATES[TEST], HELD_OUT, rng(), way),
                item_steps(maps, STATES[TEST], HELD_OUT.responses, way),
            )

    def test_an_item_is_guided_by_itself_and_no_other_held_out_one(self) -> None:
        found = held_out_directions(GUIDED, TRAINING, STATES[TEST], HELD_OUT, rng())
        states = STATES[TEST].copy()
        responses = tuple(block.copy() for block in HELD_OUT.responses)
        states[1:], responses[0][1:], responses[2][1:] = 99.0, -5.0, 7.0
        poisoned = HELD_OUT.with_responses(responses)
        other = held_out_directions(GUIDED, TRAINING, states, poisoned, rng())
        np.testing.assert_array_equal(other[0], found[0])
        assert not np.allclose(other[1:], found[1:])

    def test_permuted_takes_the_place_of_measured_in_training_and_test(self) -> None:
        found = held_out_directions(PERMUTED, TRAINING, STATES[TEST], HELD_OUT, rng())
        guided = held_out_directions(GUIDED, TRAINING, STATES[TEST], HELD_OUT, rng())
        assert not np.isclose(found, guided).all(axis=(1, 2)).any()

    def test_constant_arms_have_one_for_all(self) -> None:
        label = held_out_directions(LABEL_ONLY, TRAINING, STATES[TEST], HELD_OUT, rng())
        expected = to_unit(class_difference(TRAINING.states, TRAINING.signals.labels))
        np.testing.assert_array_equal(label, np.broadcast_to(expected, label.shape))
        drawn = held_out_directions(RANDOM, TRAINING, STATES[TEST], HELD_OUT, rng())
        assert (drawn == drawn[0]).all()
        with pytest.raises(DataError, match="unguided gives no direction"):
            held_out_directions(UNGUIDED, TRAINING, STATES[TEST], HELD_OUT, rng())


class TestForProblems:
    def test_guided_is_the_mean_step_at_items_the_model_has_wrong(self) -> None:
        signals = TRAINING.signals
        total = np.zeros((3, 11))
        for fitted, out in thirds(signals.runs):
            maps = fit_controlled(
                STATES[fitted], [b[fitted] for b in signals.responses], list(signals.runs[fitted])
            )
            for item in out:
                step = item_steps(maps, STATES[[item]], [b[[item]] for b in signals.responses])[0]
                # 0 stands for True; -1, no answer, is wrong
                wrong = SAID[item] != (0 if signals.labels[item] else 1)
                total += wrong * signals.right[:, item].sum() * step
        found = problem_direction(GUIDED, TRAINING, rng())
        np.testing.assert_allclose(found, to_unit(total))

    @pytest.mark.parametrize("arm", ARMS)
    def test_one_unit_direction_of_every_arm(self, arm: str) -> None:
        found = problem_direction(arm, TRAINING, rng())
        np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0)
        assert found.shape == (3, 11)
        again, other = (
            problem_direction(arm, TRAINING, np.random.default_rng(seed)) for seed in (7, 8)
        )
        np.testing.assert_array_equal(again, found)
        drawn = arm not in (GUIDED, LABEL_ONLY, "label as fMRI")
        assert np.array_equal(other, found) != drawn

    def test_label_only_is_the_difference_of_class_means(self) -> None:
        expected = to_unit(class_difference(TRAINING.states, TRAINING.signals.labels))
        np.testing.assert_array_equal(problem_direction(LABEL_ONLY, TRAINING, rng()), expected)

    def test_where_the_model_is_right_every_item_guides(self) -> None:
        right = replace(TRAINING, answer=np.where(TRAINING.signals.labels, 0, 1))
        wrong = replace(TRAINING, answer=1 - right.answer)
        assert wrong.humans_beat_model
        assert not right.humans_beat_model
        np.testing.assert_array_equal(
            problem_direction(GUIDED, right, rng()), problem_direction(GUIDED, wrong, rng())
        )

    def test_a_missing_answer_weighs_nothing(self) -> None:
        # one person alone answered; as if all three had answered alike
        silent = np.full_like(TRAINING.signals.right, np.nan)
        silent[1] = TRAINING.signals.right[1]
        alike = np.broadcast_to(silent[1], silent.shape)
        one, same = (
            problem_direction(
                GUIDED, replace(TRAINING, signals=replace(TRAINING.signals, right=r)), rng()
            )
            for r in (silent, alike)
        )
        np.testing.assert_allclose(one, same)
        assert not np.allclose(one, problem_direction(GUIDED, TRAINING, rng()))

    def test_more_people_weigh_by_their_share(self) -> None:
        share = np.where(TRAIN == 2, 1.0, 0.0)
        more = MoreAnswers("others", 73, share)
        wrong = np.where(TRAINING.signals.labels, 1, 0)
        training = replace(TRAINING, signals=replace(TRAINING.signals, more=more), answer=wrong)
        (fitted,) = (fit for fit, out in thirds(training.signals.runs) if 2 in out)
        own = training.signals.at(fitted)
        maps = fit_controlled(STATES[fitted], own.responses, list(own.runs))
        alone = [block[[2]] for block in training.signals.responses]
        found = problem_direction(GUIDED, training, rng())
        np.testing.assert_allclose(found, item_steps(maps, STATES[[2]], alone)[0])

    def test_nobody_being_right_is_an_error(self) -> None:
        nobody = replace(TRAINING.signals, right=0 * TRAINING.signals.right)
        with pytest.raises(DataError, match="nobody has any item right"):
            problem_direction(PERMUTED, replace(TRAINING, signals=nobody), rng())


class TestEveryMethod:
    @pytest.mark.parametrize("arm", ARMS)
    @pytest.mark.parametrize("method", METHODS)
    def test_held_out_items_are_not_told_of(self, method: str, arm: str) -> None:
        """Neither labels nor who was right; responses only where the method says so."""
        found = held_out_directions(arm, TRAINING, STATES[TEST], HELD_OUT, rng(), None, method)
        assert found.shape == STATES[TEST].shape
        if (method, arm) == ALIKE:
            assert not found.any()
            return
        np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0)
        poor = replace(swapped(HELD_OUT), right=1 - HELD_OUT.right)
        other = held_out_directions(arm, TRAINING, STATES[TEST], poor, rng(), None, method)
        told = arm == "label as fMRI" and METHODS[method].reads_item
        assert np.array_equal(found, other) != told
        noise = np.random.default_rng(5)
        else_ = HELD_OUT.with_responses(
            tuple(noise.standard_normal(block.shape) for block in HELD_OUT.responses)
        )
        other = held_out_directions(arm, TRAINING, STATES[TEST], else_, rng(), None, method)
        reads = METHODS[method].reads_item and arm not in (LABEL_ONLY, RANDOM, "label as fMRI")
        assert np.array_equal(found, other) != reads

    @pytest.mark.parametrize("arm", ARMS)
    @pytest.mark.parametrize("method", METHODS)
    def test_new_problems(self, method: str, arm: str) -> None:
        """One direction, or one for each state that is the same in batches of any size."""
        found = problem_director(arm, TRAINING, rng(), None, method)
        if not callable(found):
            assert not METHODS[method].by_item or not find_arm(arm).has_signals
            length = 0.0 if (method, arm) == ALIKE else 1.0
            np.testing.assert_allclose(np.linalg.norm(found, axis=-1), length)
            return
        assert METHODS[method].by_item
        new = make_states(7, seed=9)
        whole = found(new)
        np.testing.assert_allclose(np.linalg.norm(whole, axis=-1), 1.0)
        parts = [found(new[[item]]) for item in range(3)] + [found(new[3:])]
        np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-12)
        assert not np.allclose(whole, whole[:1])

    @pytest.mark.parametrize("method", METHODS)
    def test_permuted_signals_give_something_else(self, method: str) -> None:
        guided, permuted, again = (
            problem_director(arm, TRAINING, rng(), None, method)
            for arm in (GUIDED, PERMUTED, GUIDED)
        )
        new = make_states(2, seed=9)
        for one, other in ((guided, permuted), (guided, again)):
            values = [each(new) if callable(each) else each for each in (one, other)]
            assert np.allclose(*values) == (other is again)


class TestMethodsOfPlugins:
    @staticmethod
    def plug(monkeypatch: pytest.MonkeyPatch, **given: Any) -> None:
        mine = MethodPlugin(
            "mine",
            given.get("held_out", lambda material, states, signals: 3 * states),
            given.get("problems", lambda material: 2 * material.training.states.mean(axis=0)),
            by_item=given.get("by_item", False),
        )
        monkeypatch.setattr(plugins, "_plugins", lambda: {"lab": Plugin(methods={"mine": mine})})

    def test_what_they_give_is_made_one_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plug(monkeypatch)
        found = held_out_directions(GUIDED, TRAINING, STATES[TEST], HELD_OUT, rng(), None, "mine")
        np.testing.assert_allclose(found, to_unit(STATES[TEST]))
        mean = to_unit(TRAINING.states.mean(axis=0))
        np.testing.assert_allclose(problem_direction(GUIDED, TRAINING, rng(), None, "mine"), mean)
        self.plug(monkeypatch, problems=lambda material: lambda states: -states, by_item=True)
        direct = problem_director(GUIDED, TRAINING, rng(), None, "mine")
        assert callable(direct)
        np.testing.assert_allclose(direct(STATES[TEST]), to_unit(-STATES[TEST]))
        with pytest.raises(UsageError, match="mine has a direction for each problem"):
            problem_direction(GUIDED, TRAINING, rng(), None, "mine")

    @pytest.mark.parametrize(
        ("wrong", "match"),
        [
            ({"problems": lambda material: np.ones(3)}, r"new problems are \(3,\), not \(3, 11\)"),
            ({"problems": lambda material: np.full((3, 11), np.nan)}, "NaN or infinite"),
            ({"problems": lambda material: np.sign}, "by_item=False stands for an array"),
            ({"by_item": True}, "by_item=True stands for a function of states"),
        ],
    )
    def test_what_is_wrong_with_it_is_said(
        self, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], match: str
    ) -> None:
        self.plug(monkeypatch, **wrong)
        with pytest.raises(DataError, match=match):
            problem_director(GUIDED, TRAINING, rng(), None, "mine")

    def test_held_out_items_of_another_shape(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plug(monkeypatch, held_out=lambda material, states, signals: states[:1])
        with pytest.raises(DataError, match="'mine': directions of held-out items are"):
            held_out_directions(GUIDED, TRAINING, STATES[TEST], HELD_OUT, rng(), None, "mine")
