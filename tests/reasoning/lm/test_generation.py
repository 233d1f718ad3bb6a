"""Greedy decoding in batches against one prompt at a time, every token read anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiers import families, quick
from tiny_models import VOCABULARY, build_model, make_tokenizer

from brainbench.errors import DataError
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.prompts.batches import Tokens
from brainbench.reasoning.lm.generation import Completion, Decoding, Generator
from brainbench.reasoning.lm.response_cache import ResponseCache

END = 2
TOKENIZER = make_tokenizer()


def naive(model: Any, prompt: Tokens, most: int) -> Completion:
    """The whole text through the model for every token."""
    said: list[int] = []
    while len(said) < most:
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([[*prompt, *said]])).logits
        token = int(logits[0, -1].argmax())
        if token == END:
            return Completion(tuple(said), False)
        said.append(token)
    return Completion(tuple(said), True)


def prompts(seed: int = 0, shared: int = 11) -> list[Tokens]:
    """Of several lengths, one of them twice, behind a common beginning."""
    rng = np.random.default_rng(seed)

    def draw(n: int) -> list[int]:
        return [int(token) for token in rng.integers(3, VOCABULARY, n)]

    head = draw(shared)
    own = [tuple(head + draw(n)) for n in (1, 3, 3, 9, 14)]
    return [*own, own[1]]


def ending(model: Any, after: int = 4) -> Any:
    """The same model, its end of text likelier: some answers end on their own."""
    with torch.no_grad():
        weights = model.get_output_embeddings().weight
        weights[END] = weights[after]
    return model


def generator(model: Any, batch_size: int = 4, **given: Any) -> Generator:
    given = {"context_length": None, **given}
    return Generator(Loaded(model, TOKENIZER), batch_size, **given)


def go_on(made: Generator, asked: Sequence[Tokens], decoding: Decoding) -> list[Completion]:
    return made.generate(asked, ["a"] * len(asked), decoding)


@pytest.mark.parametrize("family", families())
def test_every_family_is_as_one_prompt_at_a_time(family: str) -> None:
    model, asked = build_model(family), prompts()
    expected = [naive(model, prompt, 7) for prompt in asked]
    assert go_on(generator(model), asked, Decoding(7)) == expected


@pytest.mark.parametrize("batch_size", quick([1, 2, 64], [2, 64]))
@pytest.mark.parametrize("shared", [0, 11])
def test_rows_that_end_leave_and_change_nothing(batch_size: int, shared: int) -> None:
    found: list[Completion] = []
    for seed in range(4):
        model, asked = build_model("llama", seed=seed), prompts(seed, shared)
        # whatever is said often ends the text in its place
        often = naive(model, asked[2], 12).tokens[3]
        ending(model, often)
        expected = [naive(model, prompt, 12) for prompt in asked]
        given = go_on(generator(model, batch_size), asked, Decoding(12))
        assert given == expected
        found += given
    assert any(said.cut_off for said in found)
    assert any(not said.cut_off and len(said.tokens) > 0 for said in found)


def test_a_text_that_stops_it_is_found_wherever_tokens_divide_it() -> None:
    model, (prompt, *_) = build_model("llama"), prompts()
    whole = naive(model, prompt, 12).tokens
    text = TOKENIZER.decode(whole[:6])
    (said,) = go_on(generator(model), [prompt], Decoding(12, (text[-3:],)))
    assert not said.cut_off
    assert len(said.tokens) < 12
    assert said.tokens == whole[: len(said.tokens)]
    assert text[-3:] in TOKENIZER.decode(said.tokens)
    assert text[-3:] not in TOKENIZER.decode(said.tokens[:-1])


def test_the_end_of_the_context_cuts_it_off() -> None:
    model, asked = build_model("llama"), prompts()
    limit = max(map(len, asked)) + 2
    found = go_on(generator(model, context_length=limit), asked, Decoding(9))
    expected = [naive(model, prompt, min(9, limit - len(prompt))) for prompt in asked]
    assert found == expected
    assert len(found[4].tokens) == 2
    assert found[4].cut_off


class Full:
    """A device whose memory takes so many rows."""

    def __init__(self, model: Any, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
        forward = model.forward

        def limited(*args: Any, **given: Any) -> Any:
            if given["input_ids"].shape[0] > rows:
                raise torch.OutOfMemoryError("no room")
            return forward(*args, **given)

        monkeypatch.setattr(model, "forward", limited)


def test_what_does_not_fit_is_divided(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    model, asked = build_model("llama"), prompts()
    expected = [naive(model, prompt, 5) for prompt in asked]
    Full(model, 2, monkeypatch)
    assert go_on(generator(model, 8), asked, Decoding(5)) == expected
    assert said == [f"out of memory: batches of {n} prompts from here on" for n in (3, 2)]


def test_one_prompt_that_does_not_fit_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_model("llama")
    Full(model, 0, monkeypatch)
    with pytest.raises(DataError, match="one prompt alone does not fit"):
        go_on(generator(model), prompts(), Decoding(3))


def test_an_output_of_nan_is_an_error() -> None:
    model = build_model("llama")
    with torch.no_grad():
        model.get_output_embeddings().weight[3] = float("nan")
    with pytest.raises(DataError, match="NaN or infinite"):
        go_on(generator(model), prompts(), Decoding(3))


def test_no_hook_is_left_and_training_goes_on(count: Callable[[Any], int]) -> None:
    model = build_model("llama").train()
    go_on(generator(model), prompts(), Decoding(3))
    assert count(model) == 0
    assert model.training


class TestKeptAnswers:
    @pytest.fixture
    def cache(self, tmp_path: Path) -> ResponseCache:
        return ResponseCache(tmp_path / "responses", {"weights": "w"})

    def test_are_given_again_without_the_model(
        self, cache: ResponseCache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model, asked = build_model("llama"), prompts()
        first = go_on(generator(model, responses=cache), asked, Decoding(5))
        Full(model, 0, monkeypatch)
        assert go_on(generator(model, responses=cache), asked, Decoding(5)) == first
        for other in (Decoding(6), Decoding(5, ("x",))):
            with pytest.raises(DataError):
                go_on(generator(model, responses=cache), asked, other)

    def test_drawn_ones_are_not_kept(self, cache: ResponseCache) -> None:
        drawing = Decoding(8, (), {"do_sample": True, "temperature": 5.0})
        asked = prompts()[:1] * 2
        made = generator(build_model("llama"), responses=cache)
        torch.manual_seed(0)
        first = go_on(made, asked, drawing)
        assert go_on(made, asked, drawing) != first
        assert not cache.folder.exists()
        torch.manual_seed(0)
        assert go_on(made, asked, drawing) == first


class TestDrawn:
    def test_one_token_to_choose_from_is_greedy(self) -> None:
        model, asked = build_model("llama"), prompts()
        drawing = Decoding(6, (), {"do_sample": True, "top_k": 1})
        assert go_on(generator(model), asked, drawing) == [naive(model, p, 6) for p in asked]

    def test_what_stops_it_is_not_cut_off(self) -> None:
        model, (prompt, *_) = build_model("llama"), prompts()
        text = TOKENIZER.decode(naive(model, prompt, 6).tokens)[-3:]
        drawing = Decoding(12, (text,), {"do_sample": True, "top_k": 1})
        (said,) = go_on(generator(model), [prompt], drawing)
        assert not said.cut_off
        assert len(said.tokens) < 12
