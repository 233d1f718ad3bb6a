"""Steering against a plain reading of what it says, what it must not know, and a planted truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from simulated_signals import make_signals
from sklearn.metrics import roc_auc_score

from brainbench.datasets import load_recording
from brainbench.encoding.kernels import Array
from brainbench.guidance.answers import ArmAnswers
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, RANDOM, UNGUIDED, arms_of
from brainbench.guidance.evaluation import cached_prompts
from brainbench.guidance.evaluation.cached_prompts import (
    LastTokenEvaluator,
    PrefilledBatch,
    Question,
    ask_problems,
)
from brainbench.guidance.evaluation.problem_tests import TESTS
from brainbench.guidance.evaluation.selection import STRENGTHS, SteeringGrid, threshold
from brainbench.guidance.evaluation.test_sets import TestQuestions
from brainbench.guidance.layer_sets import layer_sets
from brainbench.guidance.methods.directions import Training, to_unit
from brainbench.guidance.methods.guiding import (
    held_out_directions,
    problem_direction,
    problem_director,
)
from brainbench.guidance.rows import Dose
from brainbench.guidance.signals import read_signals
from brainbench.guidance.steering.asking import Candidates, ask_all, ask_each
from brainbench.guidance.steering.experiment import (
    SteeringPlan,
    choose_directions,
    read_training,
    steer_held_out,
    steer_problems,
    stream,
)
from brainbench.guidance.steering.search import scale_of
from brainbench.models import LanguageModel, load_model

Tiny = Callable[..., LanguageModel]
ARMS = tuple(arm.name for arm in arms_of("steering"))
GRID = SteeringGrid(layer_sets(4), (2.0, 8.0), 4)


@dataclass(frozen=True)
class World:
    """Two runs of nine syllogisms, asked a tiny model."""

    evaluator: LastTokenEvaluator
    training: Training
    held: list[PrefilledBatch]
    questions: list[Question]
    labels: Array


@pytest.fixture(scope="module")
def world(tiny: Tiny) -> World:
    torch.set_num_threads(1)
    evaluator = LastTokenEvaluator(tiny("llama", 3), "attention", range(4))
    training, held, questions = read_training(evaluator, make_signals(9, 2))
    labels = np.array([question.label for question in questions])
    return World(evaluator, training, held, questions, labels)


def steer(
    world: World, plan: SteeringPlan, training: Training | None = None, labels: Array | None = None
) -> tuple[dict[str, ArmAnswers], list[Dose]]:
    own = world.training if training is None else training
    return steer_held_out(own, world.held, world.labels if labels is None else labels, plan)


@pytest.fixture(scope="module")
def steered(world: World) -> tuple[dict[str, ArmAnswers], list[Dose]]:
    """Every arm, two seeds."""
    return steer(world, SteeringPlan(ARMS, (0, 1), GRID))


class TestAsking:
    def test_training_is_what_the_model_says_by_itself(self, world: World) -> None:
        model, problems = world.evaluator.model, world.training.signals.problems
        answers = model.answer(problems)
        expected = np.where(np.isnan(answers.said), -1, 1 - np.nan_to_num(answers.said))
        np.testing.assert_array_equal(world.training.answer, expected)
        states = model.activations(problems).values["attention"]
        np.testing.assert_allclose(world.training.states, states, atol=1e-5)
        assert world.training.states.dtype == np.float64
        assert [q.identifier for q in world.questions] == [p.identifier for p in problems]

    def test_some_items_in_any_order_and_of_several_batches(self, world: World) -> None:
        delta = np.random.default_rng(0).standard_normal((18, 3, 4, 32))
        whole = ask_all(world.held, 18, delta, states=True)
        parts = world.evaluator.hold(world.questions, np.arange(7)) + world.evaluator.hold(
            world.questions, np.arange(7, 18)
        )
        items = np.array([11, 2, 9])
        some = ask_all(parts, 18, delta[items], items=items, states=True)
        np.testing.assert_allclose(some.odds[items], whole.odds[items], atol=1e-5)
        np.testing.assert_array_equal(some.answer[items], whole.answer[items])
        np.testing.assert_allclose(some.states[items], whole.states[items], atol=1e-5)
        rest = np.setdiff1d(np.arange(18), items)
        assert np.isnan(some.odds[rest]).all()
        assert (some.answer[rest] == -1).all()

    def test_one_direction_for_all(self, world: World) -> None:
        one = np.random.default_rng(0).standard_normal((1, 2, 4, 32))
        items = np.array([4, 5])
        found = ask_all(world.held, 18, one, items=items)
        expected = ask_all(world.held, 18, np.repeat(one, 18, axis=0))
        np.testing.assert_allclose(found.odds[items], expected.odds[items], atol=1e-5)


class TestHeldOut:
    def test_at_strength_0_every_arm_is_the_model_as_it_is(self, world: World) -> None:
        answers, doses = steer(
            world, SteeringPlan(ARMS, (0,), SteeringGrid(layer_sets(4), (0.0,), 4))
        )
        plain = answers[UNGUIDED]
        for name in ARMS:
            np.testing.assert_allclose(answers[name].log_odds, plain.log_odds, atol=1e-5)
            np.testing.assert_array_equal(answers[name].answer, plain.answer)
        assert {dose.strength for dose in doses} == {0.0}

    def test_guided_read_plainly(
        self, world: World, steered: tuple[dict[str, ArmAnswers], list[Dose]]
    ) -> None:
        """Directions by maps of the other run; strength, layers and threshold by its thirds."""
        training, labels = world.training, world.labels
        signals = training.signals
        rng = np.random.default_rng(0)
        expected, strengths, acting = np.zeros(18), [], set[int]()
        for test in (np.arange(9), np.arange(9, 18)):
            train = np.setdiff1d(np.arange(18), test)
            own = training.at(train)
            sigma = np.sqrt(np.square(own.states - own.states.mean(axis=0)).sum(-1).mean(0))
            tried = {}
            for strength in (2.0, 8.0):
                for name, layers in layer_sets(4).items():
                    odds = np.zeros(9)
                    for third in np.split(np.arange(9), 3):
                        fitted = np.setdiff1d(np.arange(9), third)
                        unit = held_out_directions(
                            GUIDED, own.at(fitted), own.states[third], own.signals.at(third), rng
                        )
                        unit[:, np.setdiff1d(np.arange(4), layers)] = 0.0
                        delta = strength * sigma[:, None] * unit
                        odds[third] = asked(world, train[third], delta)
                    score = roc_auc_score(labels[train] == 0, odds)
                    tried[strength, name] = (score, threshold(odds, labels[train]))
            # the first of the best: weaker, then the middle
            strength, name = max(tried, key=lambda option: tried[option][0])
            strengths.append(strength)
            acting |= set(layer_sets(4)[name])
            unit = held_out_directions(GUIDED, own, training.states[test], signals.at(test), rng)
            unit[:, np.setdiff1d(np.arange(4), layer_sets(4)[name])] = 0.0
            delta = strength * sigma[:, None] * unit
            expected[test] = asked(world, test, delta) - tried[strength, name][1]
        found = steered[0][GUIDED]
        np.testing.assert_allclose(found.log_odds[0], expected, atol=1e-5)
        assert found.strengths is not None
        assert found.strengths[0] == np.mean(strengths)
        assert found.layers == tuple(sorted(acting))
        assert steered[0][UNGUIDED].layers is None

    def test_a_run_is_not_read_before_it_is_told(
        self, world: World, steered: tuple[dict[str, ArmAnswers], list[Dose]]
    ) -> None:
        """Labels of one run turned: what is said in it stays, though not in the other."""
        poisoned = np.arange(9)
        labels, turned = world.labels.copy(), world.training.signals.labels.copy()
        labels[poisoned], turned[poisoned] = 1 - labels[poisoned], ~turned[poisoned]
        signals = replace(world.training.signals, labels=turned)
        training = replace(world.training, signals=signals)
        answers, _ = steer(world, SteeringPlan(ARMS, (0, 1), GRID), training, labels)
        changed = 0
        for name in ARMS:
            found, before = answers[name], steered[0][name]
            same = np.allclose(found.log_odds[:, :9], before.log_odds[:, :9], atol=1e-5)
            # one arm is told these labels, and named for it
            assert same == (name != "label as fMRI"), name
            changed += not np.allclose(found.log_odds[:, 9:], before.log_odds[:, 9:], atol=1e-5)
        assert changed > 4

    def test_seeds_change_what_is_drawn(
        self, steered: tuple[dict[str, ArmAnswers], list[Dose]]
    ) -> None:
        answers, _ = steered
        assert set(answers) == set(ARMS)
        for name, found in answers.items():
            assert found.log_odds.shape == (2, 18)
            drawn = name in (PERMUTED, RANDOM, "random fMRI", "random fMRI, no mean")
            assert np.array_equal(found.log_odds[0], found.log_odds[1]) != drawn
            if name == UNGUIDED:
                assert found.strengths is None
            else:
                assert found.strengths is not None
                assert np.isin(found.strengths, [2.0, 5.0, 8.0]).all()
            assert found.thresholds is not None
            assert not found.thresholds.any(), "odds are told from them"

    def test_an_arm_does_not_change_with_the_others_or_with_more_seeds(
        self, world: World, steered: tuple[dict[str, ArmAnswers], list[Dose]]
    ) -> None:
        alone, _ = steer(world, SteeringPlan((PERMUTED,), (1,), GRID))
        np.testing.assert_allclose(
            alone[PERMUTED].log_odds[0], steered[0][PERMUTED].log_odds[1], atol=1e-5
        )

    def test_a_dose_for_each_option_of_each_arm(
        self, steered: tuple[dict[str, ArmAnswers], list[Dose]]
    ) -> None:
        _, doses = steered
        expected = [(a, *option) for a in ARMS if a != UNGUIDED for option in GRID.options]
        assert [(dose.arm, dose.layers, dose.strength) for dose in doses] == expected
        for dose in doses:
            assert dose.auc is not None
            assert 0 <= dose.auc <= 1
            assert 0 <= dose.accuracy <= dose.valid <= 1


def asked(world: World, items: Array, delta: Array) -> Array:
    """Log-odds of some items, each delta by its own (items, layers, units)."""
    whole = np.zeros((18, 1, *delta.shape[1:]))
    whole[items, 0] = delta
    return ask_all(world.held, 18, whole).odds[items, 0]


class TestPlantedTruth:
    """People whose truth is known, and the built-in model."""

    @pytest.fixture(scope="class")
    @staticmethod
    def areas() -> dict[str, dict[str, float]]:
        """ROI → arm → AUC on held-out items."""
        torch.set_num_threads(1)
        recording, found = load_recording("phantom_guidance"), {}
        for roi in ("validity", "words"):
            evaluator = LastTokenEvaluator(load_model("nano"), "attention", range(4))
            training, held, questions = read_training(
                evaluator, read_signals(recording, roi, "syllogistic")
            )
            labels = np.array([question.label for question in questions])
            arms = (UNGUIDED, GUIDED, PERMUTED, LABEL_ONLY)
            plan = SteeringPlan(arms, (0, 1), SteeringGrid(layer_sets(4), STRENGTHS, 4))
            answers, _ = steer_held_out(training, held, labels, plan)
            found[roi] = {
                arm: float(np.mean([roc_auc_score(labels == 0, o) for o in own.log_odds]))
                for arm, own in answers.items()
            }
        return found

    def test_signals_of_validity_guide(self, areas: dict[str, dict[str, float]]) -> None:
        found = areas["validity"]
        assert found[GUIDED] > 0.97
        for arm in (UNGUIDED, PERMUTED, LABEL_ONLY):
            assert found[arm] < found[GUIDED] - 0.15

    def test_signals_of_words_do_not(self, areas: dict[str, dict[str, float]]) -> None:
        found = areas["words"]
        for arm in (UNGUIDED, PERMUTED, LABEL_ONLY):
            assert found[GUIDED] < found[arm] + 0.02
        # what has no signals is the same beside both
        for arm in (UNGUIDED, LABEL_ONLY):
            assert found[arm] == areas["validity"][arm]


class TestNewProblems:
    @pytest.fixture(scope="class")
    @staticmethod
    def validation(world: World) -> list[Question]:
        return ask_problems(world.evaluator.model, make_signals(6, 4).problems[12:])

    @pytest.fixture(scope="class")
    @staticmethod
    def plan() -> SteeringPlan:
        return SteeringPlan((UNGUIDED, GUIDED, RANDOM, LABEL_ONLY), (0, 1), GRID)

    def by_hand(self, world: World, questions: list[Question], delta: Array) -> Array:
        """Log-odds of each question delta by (layers, units)."""
        (held,) = world.evaluator.hold(questions)
        odds = np.zeros(len(questions))
        odds[list(held.rows)] = held.ask(torch.tensor(delta)[None, None]).log_odds[:, 0]
        return odds

    def test_strength_and_layers_are_the_best_on_validation_problems(
        self, world: World, validation: list[Question], plan: SteeringPlan
    ) -> None:
        chosen, doses = choose_directions(world.evaluator, world.training, validation, plan)
        assert [(each.arm, each.row) for each in chosen] == [
            (UNGUIDED, 0), (GUIDED, 0), (RANDOM, 0), (RANDOM, 1), (LABEL_ONLY, 0)
        ]  # fmt: skip
        assert not chosen[0].delta.any()
        assert (chosen[0].layers, chosen[0].strength) == (None, 0.0)
        labels = np.array([question.label for question in validation])
        factors = GRID.factors(scale_of(world.training.states).sigma)
        for each in (chosen[1], chosen[4]):
            unit = problem_direction(each.arm, world.training, np.random.default_rng(0))
            options = [unit * factor[:, None] for factor in factors]
            areas = [
                roc_auc_score(labels == 0, self.by_hand(world, validation, option))
                for option in options
            ]
            best = int(np.argmax(areas))
            assert (each.layers, each.strength) == GRID.options[best]
            np.testing.assert_allclose(each.delta, options[best])
            told = [dose.auc for dose in doses if dose.arm == each.arm]
            assert told == pytest.approx(areas)
        assert len(doses) == 3 * len(GRID.options)
        # of equal norm
        sigma = scale_of(world.training.states).sigma
        for each in chosen[1:]:
            lengths = np.linalg.norm(each.delta, axis=-1) / sigma
            np.testing.assert_allclose(lengths[lengths > 0], each.strength)

    def test_labels_of_the_test_play_no_part_and_thresholds_come_from_validation(
        self, world: World, validation: list[Question], plan: SteeringPlan
    ) -> None:
        chosen, _ = choose_directions(world.evaluator, world.training, validation, plan)
        asked = ask_problems(world.evaluator.model, make_signals(6, 4).problems[:12])
        turned = [replace(question, label=1 - question.label) for question in asked]
        test = TESTS["three premises, syllogistic"]
        found, other = (
            steer_problems(world.evaluator, TestQuestions(test, own, validation), [chosen], plan)[0]
            for own in (asked, turned)
        )
        labels = np.array([question.label for question in validation])
        for each in chosen:
            answers = found[each.arm]
            np.testing.assert_array_equal(answers.log_odds, other[each.arm].log_odds)
            rows = [each.row] if each.arm == RANDOM else [0, 1]
            for row in rows:
                expected = self.by_hand(world, asked, each.delta)
                np.testing.assert_allclose(answers.log_odds[row], expected, atol=1e-5)
                cut = threshold(self.by_hand(world, validation, each.delta), labels)
                assert answers.thresholds is not None
                assert answers.thresholds[row] == pytest.approx(cut, abs=1e-5)
                if each.arm != UNGUIDED:
                    assert answers.strengths is not None
                    assert answers.strengths[row] == each.strength
                    assert each.layers is not None
                    assert answers.layers is not None
                    assert set(plan.grid.sets[each.layers]) <= set(answers.layers)
        assert found[UNGUIDED].strengths is None

    def test_directions_of_several_sources_are_asked_together(
        self, world: World, validation: list[Question], plan: SteeringPlan
    ) -> None:
        chosen, _ = choose_directions(world.evaluator, world.training, validation, plan)
        others = [replace(each, delta=-each.delta, strength=each.strength + 1) for each in chosen]
        test = TestQuestions(TESTS["three premises, syllogistic"], validation[:5], validation)
        together = steer_problems(world.evaluator, test, [chosen, others], plan)
        for found, own in zip(together, (chosen, others), strict=True):
            (alone,) = steer_problems(world.evaluator, test, [own], plan)
            for arm in plan.arms:
                np.testing.assert_allclose(found[arm].log_odds, alone[arm].log_odds, atol=1e-5)
                np.testing.assert_array_equal(found[arm].strengths, alone[arm].strengths)
                np.testing.assert_allclose(found[arm].thresholds, alone[arm].thresholds, atol=1e-5)
        assert not np.allclose(together[0][GUIDED].log_odds, together[1][GUIDED].log_odds)

    def test_three_choices_are_chosen_by_accuracy(
        self, world: World, validation: list[Question], plan: SteeringPlan
    ) -> None:
        true, false = validation[0].choices
        blind = [replace(q, choices=(true, false, (5, 6))) for q in validation]
        chosen, doses = choose_directions(world.evaluator, world.training, blind, plan)
        assert all(dose.auc is None for dose in doses)
        for each in chosen[1:]:
            own = [dose for dose in doses if dose.arm == each.arm]
            if each.arm == RANDOM:
                continue
            best = max(own, key=lambda dose: dose.accuracy)
            assert (each.layers, each.strength) == (best.layers, best.strength)
        (found,) = steer_problems(
            world.evaluator, TestQuestions(TESTS["FOLIO"], blind, blind), [chosen], plan
        )
        assert not found[GUIDED].has_odds
        assert found[GUIDED].thresholds is None


class TestByItem:
    """What is added is a function of the problem's own states."""

    @pytest.fixture(scope="class")
    @staticmethod
    def validation(world: World) -> list[Question]:
        return ask_problems(world.evaluator.model, make_signals(6, 4).problems[12:])

    @staticmethod
    def direct(states: Array) -> Array:
        """Each state less the first of its layers, one long."""
        return to_unit(states - 0.9 * states[:, :1] + 0.1)

    @pytest.mark.parametrize("room", [40, 4096])
    def test_batches_of_any_size(
        self, world: World, validation: list[Question], room: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beside directions that are the same everywhere, in the order that was asked for."""
        lengths = np.array([[1.0, 0.0, 2.0, 0.0], [3.0, 3.0, 3.0, 3.0]])
        fixed = np.random.default_rng(0).standard_normal((2, 4, 32))
        own = Candidates(lengths, self.direct)
        several = [Candidates(fixed[:1]), own, Candidates(fixed[1:])]
        (held,) = world.evaluator.hold(validation)
        plain = held.ask(states=True).states
        assert plain is not None
        monkeypatch.setattr(cached_prompts, "_HELD_TOKENS", {"cpu": room})
        found = ask_each(world.evaluator, validation, several, "asking", lambda step: None)
        assert found.odds.shape == (len(validation), 4)
        unit = self.direct(plain[:, 0].astype(np.float64))
        expected = held.ask(torch.tensor(unit[:, None] * lengths[None, :, :, None]))
        rows = list(held.rows)
        np.testing.assert_allclose(found.odds[rows, 1:3], expected.log_odds, atol=1e-5)
        same = held.ask(torch.tensor(fixed)[None])
        np.testing.assert_allclose(found.odds[rows][:, [0, 3]], same.log_odds, atol=1e-5)
        np.testing.assert_array_equal(found.answer[rows][:, [0, 3]], same.answer)

    def test_directions_of_states_alone(self, world: World, validation: list[Question]) -> None:
        own = Candidates(np.ones((1, 4)), self.direct)
        found = ask_each(world.evaluator, validation, [own], "asking", lambda step: None)
        assert np.isfinite(found.odds).all()

    @pytest.mark.parametrize("method", ["own map", "subspace"])
    def test_chosen_and_asked_as_it_is_read(
        self, world: World, validation: list[Question], method: str
    ) -> None:
        plan = SteeringPlan((UNGUIDED, GUIDED, PERMUTED, LABEL_ONLY), (0, 1), GRID, method=method)
        chosen, doses = choose_directions(world.evaluator, world.training, validation, plan)
        assert len(doses) == 3 * len(GRID.options)
        sigma = scale_of(world.training.states).sigma
        states = read_training(world.evaluator, make_signals(6, 4))[0].states[12:]
        test = TestQuestions(TESTS["three premises, syllogistic"], validation, validation)
        (found,) = steer_problems(world.evaluator, test, [chosen], plan)
        for each in chosen:
            if each.arm in (UNGUIDED, LABEL_ONLY):
                assert each.direct is None
                continue
            rng = stream(plan.seeds[each.row], each.arm, 0, "problems")
            direct = problem_director(each.arm, world.training, rng, None, method)
            assert callable(direct)
            assert each.layers is not None
            masked = [layer in layer_sets(4)[each.layers] for layer in range(4)]
            lengths = each.strength * sigma * masked
            np.testing.assert_allclose(each.lengths, lengths)
            mean = lengths[:, None] * direct(world.training.states).mean(axis=0)
            np.testing.assert_allclose(each.delta, mean)
            delta = direct(states) * lengths[:, None]
            (held,) = world.evaluator.hold(validation)
            rows = list(held.rows)
            expected = held.ask(torch.tensor(delta[rows])[:, None]).log_odds[:, 0]
            np.testing.assert_allclose(
                found[each.arm].log_odds[each.row, rows], expected, atol=1e-4
            )
        assert not np.allclose(found[GUIDED].log_odds, found[PERMUTED].log_odds)
