"""The search for all pairs at once against one pair at a time, whole prompts, explicit maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from simulated_signals import make_signals, make_states
from tiny_models import VOCABULARY
from torch import Tensor

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.evaluation.cached_prompts import (
    LastTokenEvaluator,
    PrefilledBatch,
    Question,
)
from brainbench.guidance.maps import BrainMaps, fit_published
from brainbench.guidance.objective import Objective
from brainbench.guidance.steering import search as module
from brainbench.guidance.steering.search import (
    Pairs,
    Scale,
    Search,
    ask_pairs,
    follow,
    keep,
    scale_of,
    search,
    wrong_and_right,
)
from brainbench.models import LanguageModel
from brainbench.models.architectures import find_sites

Tiny = Callable[..., LanguageModel]
LAYERS = (1, 2)


def draw(count: int) -> list[Question]:
    """Prompts whose answer is True, False, or, for a third of the vocabulary, neither."""
    rng = np.random.default_rng(5)
    true, false = tuple(range(3, 140)), tuple(range(140, 270))
    return [
        Question(
            f"q{i}", f"q{i}", 0, tuple(rng.integers(3, VOCABULARY, 8 + i % 4).tolist()),
            (true, false), i % 2, "syllogistic",
        )
        for i in range(count)
    ]  # fmt: skip


@dataclass(frozen=True)
class World:
    """A model, its questions, and people who answer them."""

    model: LanguageModel
    held: list[PrefilledBatch]
    questions: list[Question]
    states: Array
    answer: Array
    labels: Array
    responses: Sequence[Array]
    maps: BrainMaps
    pairs: Pairs


def make_world(model: LanguageModel, count: int = 14) -> World:
    questions = draw(count)
    held = LastTokenEvaluator(model, "attention", LAYERS).hold(questions)
    states, answer = np.zeros((count, 2, 32)), np.zeros(count, np.int64)
    for part in held:
        told = part.ask(states=True)
        assert told.states is not None
        states[list(part.rows)], answer[list(part.rows)] = told.states[:, 0], told.answer[:, 0]
    labels = np.array([question.label for question in questions])
    responses = [block[:count] for block in make_signals().responses]
    right = np.random.default_rng(0).random((3, count)) < 0.6
    pairs = wrong_and_right(answer, labels, right)
    return World(
        model, held, questions, states, answer, labels, responses,
        fit_published(states, responses), pairs,
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(tiny: Tiny) -> World:
    torch.set_num_threads(1)
    return make_world(tiny("llama", 8, dtype=torch.float64))


def answer_whole(world: World, question: Question, moved: Sequence[Tensor]) -> tuple[int, Tensor]:
    """Answer to a whole prompt, and states, with a hook on each layer."""
    network = world.model.loader.model
    attention, caught, handles = find_sites(network).attention, [], []
    for layer, more in zip(LAYERS, moved, strict=True):

        def hook(module: Any, inputs: Any, output: Any, more: Tensor = more) -> Any:
            state = output[0].clone()
            state[0, -1] += more.detach()
            caught.append(state[0, -1])
            return (state, *output[1:])

        handles.append(attention[layer].register_forward_hook(hook))
    with torch.no_grad():
        best = int(network(input_ids=torch.tensor([question.tokens])).logits[0, -1].argmax())
    for handle in handles:
        handle.remove()
    spelt = [number for number, ids in enumerate(question.choices) if best in ids]
    return (spelt or [-1])[0], torch.stack(caught)


def one_by_one(world: World, person: int, item: int, steps: int) -> dict[str, Any]:
    """The paper's search for one person and item, plainly."""
    scale, question = scale_of(world.states), world.questions[item]
    weights = [torch.tensor(world.maps.span[n].T @ world.maps.duals[person][n]) for n in range(2)]
    measured = torch.tensor(world.responses[person][item])
    state = torch.tensor(world.states[item])
    moved = [torch.zeros(32, dtype=torch.float64, requires_grad=True) for _ in LAYERS]
    optimisers = [
        torch.optim.AdamW([delta], lr=0.1 * float(scale.magnitude[n]))
        for n, delta in enumerate(moved)
    ]
    valid = [torch.zeros(32, dtype=torch.float64) for _ in LAYERS]
    found: dict[str, Any] = {"tries": 0, "reverted": 0, "lengths": []}
    for step in range(1, steps + 1):
        for n, delta in enumerate(moved):
            optimisers[n].zero_grad()
            predicted = (state[n] + delta) @ weights[n]
            loss = -torch.nn.functional.cosine_similarity(predicted, measured, dim=0)
            loss.backward()
            optimisers[n].step()
            with torch.no_grad():
                length, most = float(delta.norm()), 10 * float(scale.sigma[n])
                if length > most:
                    delta *= most / length
        if step % 5:
            continue
        choice, found["reached"] = answer_whole(world, question, moved)
        found["delta"] = torch.stack([delta.detach().clone() for delta in moved])
        found["lengths"].append([float(delta.detach().norm()) for delta in moved])
        if choice == question.label:
            found["tries"] = step // 5
            break
        if choice < 0:
            found["reverted"] += 1
            with torch.no_grad():
                for delta, last in zip(moved, valid, strict=True):
                    delta.copy_(last)
        valid = [delta.detach().clone() for delta in moved]
    return found


def run(world: World) -> Search:
    return search(
        world.held,
        world.states,
        Objective(world.maps, world.responses),
        world.pairs,
        scale_of(world.states),
    )


class TestSearch:
    def test_all_at_once_is_what_one_at_a_time_finds(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "STEPS", 60)
        found = run(world)
        for row, (person, item) in enumerate(
            zip(world.pairs.people, world.pairs.items, strict=True)
        ):
            expected = one_by_one(world, person, item, 60)
            assert found.tries[row] == expected["tries"]
            assert found.reverted[row] == expected["reverted"]
            np.testing.assert_allclose(found.delta[row], expected["delta"], atol=1e-7)
            np.testing.assert_allclose(found.reached[row], expected["reached"], atol=1e-5)
            asked = len(expected["lengths"])
            np.testing.assert_allclose(found.lengths[row, :asked], expected["lengths"], atol=1e-7)
            assert np.isnan(found.lengths[row, asked:]).all()
        # early, late, never, and with answers that were neither: all of it was there
        assert len(found.tries) >= 10
        assert found.tries.min() == 0
        assert len(set(found.tries.tolist())) >= 3
        assert 0 < (found.reverted > 0).sum() < len(found.tries)
        assert ((found.reverted > 0) & found.flipped).any()
        assert (found.flipped == (found.tries > 0)).all()

    def test_a_direction_is_never_longer_than_ten_spreads(self, world: World) -> None:
        sigma, magnitude = scale_of(world.states).sigma, np.full(2, 1e3)
        # at this rate the first step is out of the ball
        found = search(
            world.held,
            world.states,
            Objective(world.maps, world.responses),
            world.pairs,
            Scale(sigma, magnitude),
        )
        lengths = found.lengths[~np.isnan(found.lengths).any(axis=2)]
        np.testing.assert_allclose(lengths.max(axis=0), 10 * sigma)

    def test_progress_is_told(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "STEPS", 20)
        told: list[tuple[int, int]] = []
        search(
            world.held,
            world.states,
            Objective(world.maps, world.responses),
            world.pairs,
            scale_of(world.states),
            lambda *at: told.append(at),
        )
        assert told == [(0, 20), (5, 20), (10, 20), (15, 20), (20, 20)]

    def test_states_that_are_nothing_are_said(self, world: World) -> None:
        objective = Objective(world.maps, [np.full_like(b, np.nan) for b in world.responses])
        with pytest.raises(DataError, match="the slope of the search is NaN"):
            search(world.held, world.states, objective, world.pairs, scale_of(world.states))


@dataclass
class Scripted:
    """Answers that were written down, in place of a model's."""

    script: list[list[int]]
    asked: list[tuple[Array, Tensor]]

    def __call__(self, held: Any, items: Array, moved: Tensor) -> tuple[Array, Array]:
        self.asked.append((items.copy(), moved.clone()))
        answer = np.array(self.script[len(self.asked) - 1])
        return answer, moved.numpy().astype(np.float32)


STATES = make_states(18, 2, 6)
PAIRS = Pairs(np.array([0, 1, 2]), np.array([4, 4, 9]), np.zeros(18, np.int64))


class TestReverting:
    def run(
        self, script: list[list[int]], monkeypatch: pytest.MonkeyPatch
    ) -> tuple[Search, list[tuple[Array, Tensor]]]:
        scripted = Scripted(script, [])
        monkeypatch.setattr(module, "ask_pairs", scripted)
        monkeypatch.setattr(module, "STEPS", 5 * len(script))
        signals = make_signals()
        objective = Objective(fit_published(STATES, signals.responses), signals.responses)
        return search([], STATES, objective, PAIRS, scale_of(STATES)), scripted.asked

    def test_only_the_pair_itself_goes_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plain, first = self.run([[1, 1, 1]] * 4, monkeypatch)
        found, asked = self.run([[1, 1, 1], [1, -1, 1], [1, 1, 1], [1, 1, 1]], monkeypatch)
        for before, after in zip(first, asked, strict=True):
            torch.testing.assert_close(after[1][[0, 2]], before[1][[0, 2]])
        torch.testing.assert_close(asked[1][1], first[1][1])
        # five steps from where it stood after the first try, not from where it was sent back
        assert (asked[2][1][1] - asked[0][1][1]).norm() < (first[2][1][1] - first[0][1][1]).norm()
        assert found.reverted.tolist() == [0, 1, 0]
        assert plain.reverted.tolist() == [0, 0, 0]

    def test_before_any_valid_answer_it_goes_back_to_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "RATE", 0.0)
        _, asked = self.run([[-1, 1, 1], [-1, 1, 1]], monkeypatch)
        assert not asked[1][1][0].any()

    def test_those_who_are_right_are_asked_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found, asked = self.run([[1, 0, 1], [0, 1], [-1], [-1]], monkeypatch)
        assert [items.tolist() for items, _ in asked] == [[4, 4, 9], [4, 9], [9], [9]]
        assert found.tries.tolist() == [2, 1, 0]
        assert found.reverted.tolist() == [0, 0, 2]
        np.testing.assert_array_equal(found.delta[1], asked[0][1][1])
        np.testing.assert_array_equal(found.delta[0], asked[1][1][0])
        np.testing.assert_allclose(found.reached[1], asked[0][1][1], rtol=1e-6)
        assert np.isnan(found.lengths[:, :, 0]).tolist() == [
            [False, False, True, True],
            [False, True, True, True],
            [False] * 4,
        ]

    def test_it_stops_when_all_are_right(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found, asked = self.run([[0, 0, 0], [], [], []], monkeypatch)
        assert len(asked) == 1
        assert found.tries.tolist() == [1, 1, 1]


class TestFollow:
    def test_tries_are_as_many_and_as_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "STEPS", 20)
        lengths = np.arange(1.0, 25.0).reshape(3, 4, 2)
        lengths[1, 1:] = np.nan
        lengths[0, 3:] = np.nan
        before = lengths.copy()
        # the second stays where its first try was, the first where its third: asked no more
        scripted = Scripted([[1, -1, 1], [1, 0], [1]], [])
        monkeypatch.setattr(module, "ask_pairs", scripted)
        units = np.zeros((3, 2, 6))
        units[[0, 1, 2], :, [3, 4, 5]] = 1.0
        steps: list[tuple[int, int]] = []
        found = follow([], PAIRS, lengths, keep(units), lambda *step: steps.append(step))
        np.testing.assert_array_equal(lengths, before)
        asked = [{0: 0, 1: 0, 2: 0}, {0: 1, 2: 1}, {0: 2}]
        assert len(scripted.asked) == len(asked)
        for (_, moved), rows in zip(scripted.asked, asked, strict=True):
            assert len(moved) == len(rows)
            for own, (row, number) in zip(moved, rows.items(), strict=True):
                np.testing.assert_allclose(own, lengths[row, number][:, None] * units[row])
        assert found.tries.tolist() == [0, 0, 2]
        # an answer that is none of the choices is one at every try that stays there
        assert found.reverted.tolist() == [0, 4, 0]
        # where the search that is followed had stopped, its last length
        expected = lengths.copy()
        expected[0, 3], expected[1, 1:], expected[2, 2:] = lengths[0, 2], lengths[1, 0], np.nan
        np.testing.assert_allclose(found.lengths, expected)
        assert steps == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]

    def test_directions_that_flipped_an_answer_flip_it_again(self, world: World) -> None:
        found = run(world)
        kept = np.flatnonzero(found.flipped)
        assert len(kept) > 2
        pairs = Pairs(world.pairs.people[kept], world.pairs.items[kept], world.labels)
        lengths = np.full_like(found.lengths[kept], np.nan)
        lengths[:, 0] = np.linalg.norm(found.delta[kept], axis=-1)
        unit = found.delta[kept] / lengths[:, 0, :, None]
        again = follow(world.held, pairs, lengths, keep(unit))
        assert again.tries.tolist() == [1] * len(kept)
        np.testing.assert_allclose(again.delta, found.delta[kept])
        np.testing.assert_allclose(again.reached, found.reached[kept], atol=1e-5)


class TestAskPairs:
    def test_pairs_of_all_batches_are_as_whole_prompts(self, world: World, tiny: Tiny) -> None:
        evaluator = LastTokenEvaluator(world.model, "attention", LAYERS)
        held = evaluator.hold(world.questions, np.arange(5)) + evaluator.hold(
            world.questions, np.arange(5, 14)
        )
        items = np.array([9, 2, 2, 13, 2, 2, 2, 9, 0])
        moved = 3 * torch.tensor(np.random.default_rng(0).standard_normal((9, 2, 32)))
        answer, reached = ask_pairs(held, items, moved)
        for row, item in enumerate(items):
            expected, states = answer_whole(world, world.questions[item], list(moved[row]))
            assert answer[row] == expected
            np.testing.assert_allclose(reached[row], states, atol=1e-5)
        assert len(set(answer.tolist())) > 1

    def test_rows_hold_all_and_waste_little(self) -> None:
        assert module._width([0, 0]) == 0
        assert module._width([0, 7, 0]) == 7
        # ten of one and one of nine: not ten places for each
        counts = [10, *[1] * 9]
        width = module._width(counts)
        assert sum(-(-n // width) for n in counts) * width < 40


def test_pairs_are_people_who_are_right_where_the_model_is_not() -> None:
    answer, labels = np.array([0, 1, -1, 0]), np.array([0, 0, 1, 1])
    right = np.array([[1.0, 1, 0, 1], [1, 0, 1, np.nan]])
    pairs = wrong_and_right(answer, labels, right)
    assert list(zip(pairs.people, pairs.items, strict=True)) == [(0, 1), (0, 3), (1, 2)]
    assert pairs.labels is labels


def test_scale_is_the_spread_about_the_mean_and_the_mean_size() -> None:
    states = np.array([[[3.0, 0.0], [1.0, -1.0]], [[-3.0, 8.0], [1.0, 1.0]]])
    scale = scale_of(states)
    # about (0, 4): both at distance 5; about (1, 0): both at distance 1
    np.testing.assert_allclose(scale.sigma, [5.0, 1.0])
    np.testing.assert_allclose(scale.magnitude, [3.5, 1.0])
