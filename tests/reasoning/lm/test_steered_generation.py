"""Texts of a steered model against one prompt at a time, every token read anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiers import families, quick
from tiny_models import VOCABULARY, build_model, make_tokenizer
from tiny_steerings import by_hand, make_steering

from brainbench.models import MadeFor, Steering
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.prompts.batches import Tokens
from brainbench.models.steering.vector import STEERED_TOKENS
from brainbench.reasoning.lm.generation import Completion, Decoding, Generator
from brainbench.reasoning.lm.response_cache import ResponseCache

END = 2
TOKENIZER = make_tokenizer()
TYPES = ("syllogistic", "transitive")
GROUPS = ("transitive", None, "syllogistic", "transitive", "syllogistic", "syllogistic")


def steering(tokens: str, **changes: Any) -> Steering:
    made = MadeFor("tiny", "0" * 64, "llama", 4, 32)
    return make_steering(made, TYPES, tokens=tokens, strength=4.0, **changes)


def prompts(seed: int = 0) -> list[Tokens]:
    """Of several lengths behind a common beginning, one of them in two groups."""
    rng = np.random.default_rng(seed)

    def draw(n: int) -> list[int]:
        return [int(token) for token in rng.integers(3, VOCABULARY, n)]

    head = draw(11)
    own = [tuple(head + draw(n)) for n in (1, 3, 3, 9, 14)]
    return [*own, own[0]]


def naive(model: Any, prompt: Tokens, given: Steering, group: str | None, most: int) -> Completion:
    """The whole text through the model for every token."""
    said: list[int] = []
    with by_hand(model, given, group, len(prompt) - 1):
        while len(said) < most:
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([[*prompt, *said]])).logits
            token = int(logits[0, -1].argmax())
            if token == END:
                return Completion(tuple(said), False)
            said.append(token)
    return Completion(tuple(said), True)


def go_on(
    model: Any, given: Steering | None, decoding: Decoding, batch_size: int = 4, **how: Any
) -> list[Completion]:
    made = Generator(Loaded(model, TOKENIZER), batch_size, None, steering=given, **how)
    groups = GROUPS if given is not None else ()
    return made.generate(prompts(), ["a"] * len(GROUPS), decoding, groups=groups)


def expected_of(model: Any, given: Steering, most: int) -> list[Completion]:
    return [
        naive(model, prompt, given, group, most)
        for prompt, group in zip(prompts(), GROUPS, strict=True)
    ]


@pytest.mark.parametrize("tokens", ["generated", "all"])
@pytest.mark.parametrize("family", families())
def test_every_family_is_as_one_prompt_at_a_time(family: str, tokens: str) -> None:
    model, given = build_model(family), steering(tokens)
    found = go_on(model, given, Decoding(7))
    assert found == expected_of(model, given, 7)
    bare = go_on(model, None, Decoding(7))
    assert found[1] == bare[1]
    assert sum(a != b for a, b in zip(found, bare, strict=True)) >= 2


@pytest.mark.parametrize("batch_size", quick([1, 2, 64], [2]))
@pytest.mark.parametrize("tokens", STEERED_TOKENS)
def test_rows_that_end_leave_and_change_nothing(tokens: str, batch_size: int) -> None:
    found: list[Completion] = []
    for seed in range(4):
        model, given = build_model("llama", seed=seed), steering(tokens, site="hidden")
        often = naive(model, prompts()[2], given, GROUPS[2], 12).tokens[3]
        with torch.no_grad():
            weights = model.get_output_embeddings().weight
            weights[END] = weights[often]
        said = go_on(model, given, Decoding(12), batch_size)
        assert said == expected_of(model, given, 12)
        found += said
    assert any(one.cut_off for one in found)
    assert any(not one.cut_off and one.tokens for one in found)


@pytest.mark.parametrize("tokens", STEERED_TOKENS)
def test_drawn_ones_are_steered_too(tokens: str) -> None:
    model, given = build_model("llama"), steering(tokens)
    # one token to choose from is greedy
    drawing = Decoding(6, (), {"do_sample": True, "top_k": 1})
    assert go_on(model, given, drawing) == expected_of(model, given, 6)


def test_kept_texts_are_of_a_group(tmp_path: Path) -> None:
    model, given = build_model("llama"), steering("generated")
    cache = ResponseCache(tmp_path, {"weights": "w", "intervention": given.sha256})
    made = Generator(Loaded(model, TOKENIZER), 4, None, cache, given)
    some = prompts()[:2]
    for _ in range(2):
        for group in (None, *TYPES):
            found = made.generate(some, ["a"] * 2, Decoding(5), groups=[group] * 2)
            assert found == [naive(model, prompt, given, group, 5) for prompt in some]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=type)
@pytest.mark.parametrize("sampling", [{}, {"do_sample": True}], ids=["greedy", "drawn"])
def test_no_hook_is_left_after_an_error(
    sampling: dict[str, Any],
    error: BaseException,
    count: Callable[[Any], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, seen = build_model("llama"), list[int]()
    forward = model.model.layers[3].mlp.forward

    def fail(*given: Any, **named: Any) -> Any:
        seen.append(count(model))
        if len(seen) > 3:
            raise error
        return forward(*given, **named)

    monkeypatch.setattr(model.model.layers[3].mlp, "forward", fail)
    with pytest.raises(type(error)):
        go_on(model, steering("generated"), Decoding(9, (), sampling))
    assert seen[-1] > 0
    assert count(model) == 0
