"""Log-likelihoods against one prompt at a time, in every family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiers import families
from tiny_models import VOCABULARY, build_model

from brainbench.errors import DataError
from brainbench.models.prompts.batches import Tokens
from brainbench.reasoning.lm import likelihoods
from brainbench.reasoning.lm.likelihoods import Likelihoods
from brainbench.reasoning.lm.response_cache import ResponseCache
from brainbench.reasoning.lm.schedule import Query


def naive(model: Any, query: Query) -> tuple[float, bool]:
    """One whole sequence, every logit."""
    tokens = torch.tensor([query.context + query.continuation])
    with torch.inference_mode():
        logits = model(input_ids=tokens).logits[0].double()
    places = range(len(query.context) - 1, tokens.shape[1] - 1)
    values = logits.log_softmax(-1)
    total = sum(float(values[p, t]) for p, t in zip(places, query.continuation, strict=True))
    return total, [int(logits[p].argmax()) for p in places] == list(query.continuation)


def asked(model: Any, seed: int = 0) -> list[Query]:
    """Stories with questions of several lengths, answers of one token and of more."""
    rng = np.random.default_rng(seed)

    def draw(n: int) -> Tokens:
        return tuple(rng.integers(3, VOCABULARY, n).tolist())

    instruction, queries = draw(12), []
    for story in (draw(17), draw(20), draw(6)):
        for length in (1, 4, 9):
            context = instruction + story + draw(length)
            queries += [Query(context, said) for said in ((5,), (6,), (7, 8, 9), draw(11), (7,))]
    # one that greedy decoding says
    context = queries[0].context
    with torch.inference_mode():
        best = int(model(input_ids=torch.tensor([context])).logits[0, -1].argmax())
    return [*queries, Query(context, (best,))]


def scored(model: Any, queries: Sequence[Query], **given: Any) -> list[tuple[float, bool]]:
    return Likelihoods(model, **{"batch_size": 4, **given}).score(queries, ["a"] * len(queries))


def agree(found: Sequence[tuple[float, bool]], expected: Sequence[tuple[float, bool]]) -> None:
    np.testing.assert_allclose([v for v, _ in found], [v for v, _ in expected], atol=1e-4)
    assert [g for _, g in found] == [g for _, g in expected]


@pytest.mark.parametrize("family", families())
def test_every_family_is_as_one_prompt_at_a_time(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_model(family)
    queries = asked(model)
    expected = [naive(model, query) for query in queries]
    assert expected[-1][1]
    for costs in (0, 10_000):  # with stems and without
        monkeypatch.setitem(likelihoods._PASS_COSTS, "cpu", costs)
        agree(scored(model, queries), expected)


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_batches_change_nothing(batch_size: int) -> None:
    model = build_model("llama")
    queries = asked(model, seed=1)
    agree(scored(model, queries, batch_size=batch_size), [naive(model, q) for q in queries])


def test_no_hook_is_left_and_training_goes_on(count: Callable[[Any], int]) -> None:
    model = build_model("llama").train()
    scored(model, asked(model))
    assert count(model) == 0
    assert model.training
    assert next(model.parameters()).grad is None


def test_progress_counts_queries() -> None:
    model, told = build_model("llama"), []
    queries = asked(model)
    Likelihoods(model, 4).score(queries, ["a"] * len(queries), lambda *given: told.append(given))
    assert told[0] == (0, len(queries))
    assert told[-1] == (len(queries), len(queries))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


class Full:
    """A device whose memory takes so many rows."""

    def __init__(self, model: Any, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
        forward = model.forward

        def limited(*args: Any, **given: Any) -> Any:
            if given["input_ids"].shape[0] > rows:
                raise torch.OutOfMemoryError("no room")
            return forward(*args, **given)

        monkeypatch.setattr(model, "forward", limited)


@pytest.mark.parametrize("costs", [0, 10_000])
def test_what_does_not_fit_is_divided(
    costs: int, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setitem(likelihoods._PASS_COSTS, "cpu", costs)
    model = build_model("llama")
    queries = asked(model)
    expected = [naive(model, query) for query in queries]
    Full(model, 3, monkeypatch)
    agree(scored(model, queries, batch_size=16), expected)
    assert said
    assert all("out of memory: batches of" in text for text in said)


def test_one_row_that_does_not_fit_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_model("llama")
    queries = asked(model)
    Full(model, 0, monkeypatch)
    with pytest.raises(DataError, match="one prompt alone does not fit"):
        scored(model, queries)


def test_an_output_of_nan_is_an_error() -> None:
    model = build_model("llama")
    with torch.no_grad():
        model.get_output_embeddings().weight[3] = float("nan")
    with pytest.raises(DataError, match="NaN or infinite"):
        scored(model, [Query((5, 6), (7,))])


class TestKeptAnswers:
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Callable[..., ResponseCache]:
        def make(**identity: Any) -> ResponseCache:
            return ResponseCache(tmp_path / "responses", {"weights": "w", **identity})

        return make

    def test_are_given_again_without_the_model(
        self, cache: Callable[..., ResponseCache], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = build_model("llama")
        queries = asked(model)
        first = scored(model, queries, responses=cache())
        Full(model, 0, monkeypatch)
        assert scored(model, queries, responses=cache()) == first
        # not to a model of another identity
        with pytest.raises(DataError):
            scored(model, queries, responses=cache(intervention="steered"))

    def test_of_every_model_lie_in_a_folder_of_their_own(
        self, cache: Callable[..., ResponseCache]
    ) -> None:
        folders = {
            cache(**identity).folder
            for identity in (
                {}, {"weights": "v"}, {"dtype": "bfloat16"}, {"revision": "main"},
                {"intervention": "steered"}, {"prompt": "chat"},
            )
        }  # fmt: skip
        assert len(folders) == 6

    def test_damaged_are_computed_again(self, cache: Callable[..., ResponseCache]) -> None:
        model = build_model("llama")
        queries = asked(model)
        first = scored(model, queries, responses=cache())
        files = sorted(cache().folder.rglob("*.safetensors"))
        assert files
        for file in files:
            content = bytearray(file.read_bytes())
            content[-3] ^= 0xFF
            file.write_bytes(bytes(content))
        assert scored(model, queries, responses=cache()) == first
