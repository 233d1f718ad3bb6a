"""Asking at the price of one token against whole prompts, one by one, with a hook on each layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from simulated_signals import make_signals
from tiers import families
from tiny_models import VOCABULARY, build_model
from torch import Tensor

from brainbench.errors import DataError
from brainbench.guidance.evaluation import cached_prompts as module
from brainbench.guidance.evaluation.cached_prompts import (
    LastTokenEvaluator,
    Question,
    Responses,
    ask_problems,
)
from brainbench.models import LanguageModel
from brainbench.models.architectures import find_sites
from brainbench.models.model import SITES, Site
from brainbench.problems.rows import to_problem

Tiny = Callable[..., LanguageModel]
CountHooks = Callable[[LanguageModel], int]
LAYERS = (1, 3)
# longer than any prompt but the longest, which is just as long
WINDOW = 30


def draw(lengths: Sequence[int] = (30, 17, 22, 22), shared: int = 12) -> list[Question]:
    """Random prompts, of a common beginning; the choices are half of the vocabulary."""
    rng = np.random.default_rng(sum(lengths))
    head = rng.integers(3, VOCABULARY, shared).tolist()
    return [
        Question(
            f"q{i}",
            f"q{i}",
            0,
            (*head, *rng.integers(3, VOCABULARY, n - shared).tolist()),
            (tuple(range(3, 100)), tuple(range(100, 200))),
            i % 2,
            "syllogistic",
        )
        for i, n in enumerate(lengths)
    ]


def directions(rows: int, count: int, seed: int = 0, size: float = 2.0) -> Tensor:
    """(rows, count, layers, units), of the size of states."""
    rng = np.random.default_rng(seed)
    return torch.tensor(size * rng.standard_normal((rows, count, len(LAYERS), 32)))


def by_hand(
    model: LanguageModel, site: Site, question: Question, delta: Tensor | None, tokens: int = 1
) -> tuple[Tensor, Tensor]:
    """Logits after a prompt's last token, and states (layers, units) there, the plain way."""
    network = model.loader.model
    modules, caught, handles = getattr(find_sites(network), site), [], []
    for number, layer in enumerate(LAYERS):

        def hook(module: Any, inputs: Any, output: Any, number: int = number) -> Any:
            state = (output[0] if isinstance(output, tuple) else output).clone()
            if delta is not None:
                state[0, -tokens:] += delta[number].to(state.dtype)
            caught.append(state[0, -1])
            return (state, *output[1:]) if isinstance(output, tuple) else state

        handles.append(modules[layer].register_forward_hook(hook))
    try:
        with torch.no_grad():
            logits = network(input_ids=torch.tensor([question.tokens])).logits[0, -1].double()
    finally:
        for handle in handles:
            handle.remove()
    return logits, torch.stack(caught)


def expect(
    model: LanguageModel,
    site: Site,
    questions: Sequence[Question],
    delta: Tensor | None,
    tokens: int = 1,
) -> Responses:
    """What (questions, candidates) must be told."""
    count = 1 if delta is None else delta.shape[1]
    answer = np.full((len(questions), count), -1, np.int64)
    odds, states = np.zeros(answer.shape), []
    for row, question in enumerate(questions):
        for candidate in range(count):
            one = None if delta is None else delta[row, candidate]
            logits, state = by_hand(model, site, question, one, tokens)
            best = int(logits.argmax())
            for number, ids in enumerate(question.choices):
                if best in ids:
                    answer[row, candidate] = number
            true, false = (logits[list(ids)].logsumexp(0) for ids in question.choices)
            odds[row, candidate] = float(true - false)
            states.append(state.float().numpy())
    return Responses(answer, odds, np.stack(states).reshape(*answer.shape, len(LAYERS), -1))


def ask(
    evaluator: LastTokenEvaluator, questions: Sequence[Question], delta: Tensor | None
) -> Responses:
    """Told of all questions in their order, whatever the batches."""
    count = 1 if delta is None else delta.shape[1]
    answer = np.zeros((len(questions), count), np.int64)
    odds, states = np.zeros(answer.shape), np.zeros((*answer.shape, len(LAYERS), 32), np.float32)
    for part in evaluator.hold(questions):
        rows = list(part.rows)
        own = delta if delta is None or len(delta) == 1 else delta[rows]
        told = part.ask(own, states=True)
        assert told.states is not None
        answer[rows], odds[rows], states[rows] = told.answer, told.log_odds, told.states
    return Responses(answer, odds, states)


def same(found: Responses, expected: Responses, tolerance: float = 2e-5) -> None:
    np.testing.assert_allclose(found.log_odds, expected.log_odds, rtol=0, atol=tolerance)
    assert found.states is not None
    assert expected.states is not None
    scale = np.abs(expected.states).max()
    np.testing.assert_allclose(found.states, expected.states, rtol=0, atol=1e-5 * scale)
    np.testing.assert_array_equal(found.answer, expected.answer)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("family", families())
def test_every_family_is_told_what_whole_prompts_tell(
    family: str, site: Site, tiny: Tiny, count_hooks: CountHooks
) -> None:
    window = "attention_chunk_size" if family == "llama4_text" else "sliding_window"
    model, asked = tiny(family, **{window: WINDOW}), draw()
    evaluator, delta = LastTokenEvaluator(model, site, LAYERS), directions(4, 3)
    found = ask(evaluator, asked, delta)
    same(found, expect(model, site, asked, delta))
    plain = ask(evaluator, asked, None)
    same(plain, expect(model, site, asked, None))
    # a direction is not what is tolerated
    assert np.abs(found.log_odds - plain.log_odds).max() > 1e-2
    assert count_hooks(model) == 0


class TestCandidates:
    def test_together_as_one_by_one(self, tiny: Tiny) -> None:
        evaluator, asked, delta = (
            LastTokenEvaluator(tiny(), "attention", LAYERS),
            draw(),
            directions(4, 5),
        )
        (held,) = evaluator.hold(asked)
        delta = delta[list(held.rows)]
        together = held.ask(delta, states=True)
        assert together.states is not None
        for candidate in range(5):
            alone = held.ask(delta[:, candidate : candidate + 1], states=True)
            assert alone.states is not None
            np.testing.assert_allclose(
                alone.log_odds[:, 0], together.log_odds[:, candidate], atol=1e-5
            )
            np.testing.assert_allclose(alone.states[:, 0], together.states[:, candidate], atol=1e-5)
            np.testing.assert_array_equal(alone.answer[:, 0], together.answer[:, candidate])

    def test_what_is_kept_does_not_change_by_asking(self, tiny: Tiny) -> None:
        (held,) = LastTokenEvaluator(tiny(), "attention", LAYERS).hold(draw())
        delta = directions(4, 3)
        first = held.ask(delta, states=True)
        held.ask(directions(4, 8, seed=1))
        second = held.ask(delta, states=True)
        np.testing.assert_array_equal(first.log_odds, second.log_odds)
        np.testing.assert_array_equal(first.states, second.states)

    def test_what_lies_below_is_run_once(self, tiny: Tiny) -> None:
        model = tiny()
        blocks = find_sites(model.loader.model).hidden
        (held,) = LastTokenEvaluator(model, "attention", (2, 3)).hold(draw())
        runs = [0, 0, 0, 0]

        def count(number: int) -> Callable[..., None]:
            def hook(module: Any, given: Any, output: Any) -> None:
                runs[number] += 1

            return hook

        for number, block in enumerate(blocks):
            block.mlp.register_forward_hook(count(number))
        for _ in range(3):
            held.ask(directions(4, 2))
        assert runs == [1, 1, 4, 4]

    def test_nothing_is_as_none(self, tiny: Tiny) -> None:
        (held,) = LastTokenEvaluator(tiny(), "attention", LAYERS).hold(draw())
        plain, zero = held.ask(), held.ask(torch.zeros(1, 2, 2, 32))
        assert plain.states is None
        np.testing.assert_allclose(zero.log_odds, plain.log_odds.repeat(2, axis=1), atol=1e-5)

    def test_some_questions_as_often_as_wanted(self, tiny: Tiny) -> None:
        (held,) = LastTokenEvaluator(tiny(), "attention", LAYERS).hold(draw())
        delta, rows = directions(4, 3), [2, 0, 2, 3, 2]
        whole = held.ask(delta, states=True)
        part = held.ask(delta[rows], states=True, rows=rows)
        assert whole.states is not None
        same(part, Responses(whole.answer[rows], whole.log_odds[rows], whole.states[rows]))

    def test_layers_in_any_order(self, tiny: Tiny) -> None:
        model, delta = tiny(), directions(4, 3)
        (held,) = LastTokenEvaluator(model, "attention", LAYERS).hold(draw())
        (turned,) = LastTokenEvaluator(model, "attention", LAYERS[::-1]).hold(draw())
        found, other = held.ask(delta, states=True), turned.ask(delta.flip(2), states=True)
        np.testing.assert_array_equal(other.log_odds, found.log_odds)
        assert found.states is not None
        assert other.states is not None
        np.testing.assert_array_equal(other.states, found.states[:, :, ::-1])

    def test_one_for_all_questions(self, tiny: Tiny) -> None:
        (held,) = LastTokenEvaluator(tiny(), "hidden", LAYERS).hold(draw())
        delta = directions(1, 3)
        one, each = held.ask(delta), held.ask(delta.expand(4, -1, -1, -1))
        np.testing.assert_array_equal(one.log_odds, each.log_odds)

    def test_more_than_one_pass_holds(self, tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
        model = tiny()
        (held,) = LastTokenEvaluator(model, "attention", LAYERS).hold(draw())
        delta = directions(4, 7)
        whole = held.ask(delta, states=True)
        sizes: list[int] = []
        model.loader.model.lm_head.register_forward_hook(
            lambda module, given, output: sizes.append(output.shape[1])
        )
        monkeypatch.setattr(module, "_MAX_LOGITS", 4 * VOCABULARY * 3)
        parts = held.ask(delta, states=True)
        assert sizes == [3, 3, 1]
        same(parts, whole)
        monkeypatch.setattr(module, "_MAX_LOGITS", 1)
        same(held.ask(delta, states=True), whole)

    def test_double_precision_is_exact(self, tiny: Tiny) -> None:
        model, asked = tiny(dtype=torch.float64), draw()
        evaluator, delta = LastTokenEvaluator(model, "attention", LAYERS), directions(4, 3)
        expected = expect(model, "attention", asked, delta)
        found = ask(evaluator, asked, delta)
        np.testing.assert_allclose(found.log_odds, expected.log_odds, rtol=0, atol=1e-11)

    def test_half_precision_is_what_whole_prompts_tell_in_it(self, tiny: Tiny) -> None:
        model, asked = tiny(dtype=torch.bfloat16), draw()
        delta = directions(4, 3)
        expected = expect(model, "attention", asked, delta)
        found = ask(LastTokenEvaluator(model, "attention", LAYERS), asked, delta)
        assert np.abs(found.log_odds - expected.log_odds).max() < 0.05
        plain = expect(model, "attention", asked, None)
        assert np.abs(expected.log_odds - plain.log_odds).max() > 0.2

    def test_an_adapter_around_the_model(self, tiny: Tiny) -> None:
        model = tiny()
        adapted = get_peft_model(
            build_model("llama", 1), LoraConfig(r=2, target_modules=["q_proj"])
        )
        with torch.no_grad():
            for parameter in adapted.parameters():
                if parameter.requires_grad:
                    parameter.normal_(0, 0.5)
        wrapped = LanguageModel.of(adapted.eval(), model.loader.tokenizer, "tiny")
        asked, delta = draw(), directions(4, 2)
        found = ask(LastTokenEvaluator(wrapped, "attention", LAYERS), asked, delta)
        same(found, expect(wrapped, "attention", asked, delta))
        bare = ask(LastTokenEvaluator(model, "attention", LAYERS), asked, delta)
        assert np.abs(found.log_odds - bare.log_odds).max() > 1e-2


class TestPrompts:
    @pytest.mark.parametrize(
        ("lengths", "shared"),
        [((9, 14, 5), 0), ((20,), 0), ((13, 13), 13), ((1, 1, 7), 0), ((1,), 0), ((13, 20), 12)],
        ids=["nothing shared", "one", "the same", "one token", "one alone", "one token more"],
    )
    def test_of_every_shape(self, lengths: Sequence[int], shared: int, tiny: Tiny) -> None:
        model, asked = tiny(), draw(lengths, shared)
        delta = directions(len(asked), 2)
        found = ask(LastTokenEvaluator(model, "attention", LAYERS), asked, delta)
        same(found, expect(model, "attention", asked, delta))
        again = ask(LastTokenEvaluator(model, "attention", LAYERS), asked, None)
        same(again, expect(model, "attention", asked, None))

    def test_in_as_many_batches_as_there_is_room_for(
        self, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        evaluator, asked, delta = (
            LastTokenEvaluator(tiny(), "attention", LAYERS),
            draw(),
            directions(4, 2),
        )
        whole = ask(evaluator, asked, delta)
        monkeypatch.setitem(module._HELD_TOKENS, "cpu", 60)
        done: list[tuple[int, int]] = []
        parts = list(evaluator.batches(asked, lambda *at: done.append(at)))
        assert [len(part.questions) for part in parts] == [2, 2]
        assert done == [(0, 4), (2, 4), (4, 4)]
        assert sorted(row for part in parts for row in part.rows) == [0, 1, 2, 3]
        for part in parts:
            assert part.questions == [asked[row] for row in part.rows]
        same(ask(evaluator, asked, delta), whole)

    def test_some_of_them_keep_their_numbers(self, tiny: Tiny) -> None:
        evaluator, asked = LastTokenEvaluator(tiny(), "attention", LAYERS), draw()
        whole = ask(evaluator, asked, None)
        (held,) = evaluator.hold(asked, np.array([3, 1]))
        assert sorted(held.rows) == [1, 3]
        told = held.ask()
        np.testing.assert_allclose(told.log_odds, whole.log_odds[list(held.rows)], atol=1e-5)

    def test_the_caller_is_left_in_peace_between_batches(self, tiny: Tiny) -> None:
        """No mode of the pass reaches those who loop, nor stays when they leave the loop."""
        model = tiny("gpt2", attn_pdrop=0.5, resid_pdrop=0.5)
        network = model.loader.model.train()
        for _ in LastTokenEvaluator(model, "attention", LAYERS).batches(draw()):
            assert not torch.is_inference_mode_enabled()
            assert network.training
            break
        assert network.training

    def test_nothing_is_dropped_at_random(self, tiny: Tiny) -> None:
        model = tiny("gpt2", attn_pdrop=0.5, resid_pdrop=0.5, embd_pdrop=0.5)
        asked, delta = draw(), directions(4, 2)
        expected = expect(model, "attention", asked, delta)
        model.loader.model.train()
        same(ask(LastTokenEvaluator(model, "attention", LAYERS), asked, delta), expected)


class TestAnswers:
    def test_none_of_the_choices_is_minus_one_and_three_have_no_odds(self, tiny: Tiny) -> None:
        model, asked = tiny(), draw((9, 9, 9, 9, 9, 9), 0)
        likeliest = [int(by_hand(model, "attention", q, None)[0].argmax()) for q in asked]
        others = [token for token in range(3, VOCABULARY) if token not in likeliest]
        wordings = [
            replace(q, choices=((others[0],), (others[1], best), (others[2],)))
            if i % 2
            else replace(q, choices=((others[0],), (others[1],)))
            for i, (q, best) in enumerate(zip(asked, likeliest, strict=True))
        ]
        found = ask(LastTokenEvaluator(model, "attention", LAYERS), wordings, None)
        assert found.answer[:, 0].tolist() == [-1, 1, -1, 1, -1, 1]
        assert np.isnan(found.log_odds[:, 0]).tolist() == [False, True] * 3

    def test_problems_are_asked_in_the_models_own_way(self, tiny: Tiny) -> None:
        model, problems = tiny(), make_signals().problems[:4]
        asked = ask_problems(model, problems)
        answers = model.answer(problems)
        evaluator = LastTokenEvaluator(model, "attention", LAYERS)
        found = ask(evaluator, asked, None)
        np.testing.assert_allclose(found.log_odds[:, 0], answers.log_odds, atol=1e-5)
        states = model.activations(problems).values["attention"][:, list(LAYERS)]
        assert found.states is not None
        np.testing.assert_allclose(found.states[:, 0], states, atol=1e-5)
        for question, problem in zip(asked, problems, strict=True):
            assert question.identifier == question.base_id == problem.identifier
            assert question.label == (0 if problem.condition.valid else 1)
            assert (question.order, question.kind) == (0, "syllogistic")

    def test_orders_of_one_problem_are_numbered(self, tiny: Tiny) -> None:
        row: dict[str, Any] = {
            "reasoning_type": "syllogistic",
            "premises": ["All blorks are wugs.", "All wugs are zats."],
            "conclusion": "All blorks are zats.",
            "valid": True,
            "negated": False,
            "premises_needed": 2,
            "form": None,
        }
        problems = [
            to_problem({**row, "id": f"{base}-{order}", "base_id": base})
            for base in ("a", "b")
            for order in range(3)
        ]
        asked = ask_problems(tiny(), problems)
        assert [(q.base_id, q.order) for q in asked] == [(b, o) for b in "ab" for o in range(3)]


class TestErrors:
    def test_what_overflows_is_said_and_what_is_kept_stays(self, tiny: Tiny) -> None:
        (held,) = LastTokenEvaluator(tiny(), "attention", LAYERS).hold(draw())
        before = held.ask(directions(4, 2))
        with pytest.raises(DataError, match="NaN or infinite: a step is too long"):
            held.ask(torch.full((1, 1, 2, 32), torch.inf))
        np.testing.assert_array_equal(held.ask(directions(4, 2)).log_odds, before.log_odds)

    def test_a_prompt_longer_than_the_model_reads_or_looks_back(self, tiny: Tiny) -> None:
        short = LastTokenEvaluator(tiny("llama", max_position_embeddings=29), "attention", LAYERS)
        with pytest.raises(DataError, match=r"q0 has 30 tokens; tiny reads 29 at most"):
            short.hold(draw())
        exact = LastTokenEvaluator(tiny("llama", max_position_embeddings=30), "attention", LAYERS)
        assert exact.hold(draw())
        for family in ("mistral", "gemma2", "gemma3"):
            near = LastTokenEvaluator(tiny(family, sliding_window=29), "attention", LAYERS)
            with pytest.raises(DataError, match="q0 has 30 tokens; tiny looks back 29"):
                near.hold(draw())
        chunked = LastTokenEvaluator(
            tiny("llama4_text", attention_chunk_size=29), "attention", LAYERS
        )
        with pytest.raises(DataError, match="q0 has 30 tokens; tiny looks back 29"):
            chunked.hold(draw())
        # a window that is not used is none
        unused = tiny("qwen2", sliding_window=29, use_sliding_window=False, layer_types=None)
        assert LastTokenEvaluator(unused, "attention", LAYERS).hold(draw())

    def test_layers_that_are_not_there(self, tiny: Tiny) -> None:
        for layers in ((1, 4), (-1,), ()):
            with pytest.raises(DataError, match="tiny has layers 0 to 3, not"):
                LastTokenEvaluator(tiny(), "attention", layers)

    def test_no_questions(self, tiny: Tiny) -> None:
        with pytest.raises(DataError, match="no questions to ask"):
            LastTokenEvaluator(tiny(), "attention", LAYERS).hold([])

    @pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=type)
    @pytest.mark.parametrize("layer", [1, 3])
    def test_a_pass_that_fails_leaves_no_hook_and_no_keys(
        self,
        error: BaseException,
        layer: int,
        tiny: Tiny,
        count_hooks: CountHooks,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        model = tiny()
        (held,) = LastTokenEvaluator(model, "attention", LAYERS).hold(draw())
        expected = held.ask(directions(4, 2), states=True)
        seen: list[int] = []

        def fail(*given: Any, **named: Any) -> Any:
            seen.append(count_hooks(model))
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(model.loader.model.model.layers[layer].mlp, "forward", fail)
            with pytest.raises(type(error)):
                held.ask(directions(4, 2), states=True)
        assert seen[0] > 0, "nothing was hooked"
        assert count_hooks(model) == 0
        found = held.ask(directions(4, 2), states=True)
        np.testing.assert_array_equal(found.log_odds, expected.log_odds)
        np.testing.assert_array_equal(found.states, expected.states)


class TestSeveralTokens:
    """Vectors added at the last few tokens, of prompts of which one is no longer than that."""

    @pytest.mark.parametrize("family", families())
    @pytest.mark.parametrize("site", SITES)
    def test_as_a_hook_on_whole_prompts(self, tiny: Tiny, family: str, site: Site) -> None:
        window = "attention_chunk_size" if family == "llama4_text" else "sliding_window"
        model, asked = tiny(family, **{window: WINDOW}), draw((30, 5, 22, 22, 3), shared=2)
        delta = directions(5, 3)
        found = ask(LastTokenEvaluator(model, site, LAYERS, tokens=5), asked, delta)
        same(found, expect(model, site, asked, delta, tokens=5))

    def test_one_direction_for_all_and_none(self, tiny: Tiny) -> None:
        model, asked = tiny(), draw()
        evaluator = LastTokenEvaluator(model, "attention", LAYERS, tokens=4)
        one = directions(1, 2)
        same(ask(evaluator, asked, one), ask(evaluator, asked, one.expand(4, -1, -1, -1)))
        plain = ask(LastTokenEvaluator(model, "attention", LAYERS), asked, None)
        same(ask(evaluator, asked, None), plain)

    def test_prompts_that_differ_before_the_last_token_alone(self, tiny: Tiny) -> None:
        """What all prompts begin with ends in the middle of what is steered."""
        (first,) = draw((20,), shared=12)
        asked = [replace(first, tokens=(*first.tokens[:-1], last)) for last in (7, 8)]
        model, delta = tiny(), directions(2, 3)
        found = ask(LastTokenEvaluator(model, "attention", LAYERS, tokens=4), asked, delta)
        same(found, expect(model, "attention", asked, delta, tokens=4))

    def test_no_token_is_refused(self, tiny: Tiny) -> None:
        with pytest.raises(DataError, match="0 tokens are steered"):
            LastTokenEvaluator(tiny(), "attention", LAYERS, tokens=0)
