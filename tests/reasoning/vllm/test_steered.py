"""Steered tasks in vLLM, its engine stood in for: the answers are those of brainbench's scorer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stand_in_vllm
from stand_in_vllm import LLM
from tiny_steerings import TYPES, make_steering

from brainbench.errors import UsageError
from brainbench.models import LanguageModel, MadeFor, ModelOptions, load_model
from brainbench.reasoning.backends import check_tasks_fit, open_lm
from brainbench.reasoning.options import TaskOptions

STORY = "Ann is taller than Bob. Bob is taller than Carl."
KINDS = ("transitive", "syllogistic", "riddle", "transitive")
TOKENS = ("last", "generated", "all")


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> type[LLM]:
    return stand_in_vllm.install(monkeypatch)


@pytest.fixture
def model(llama_folder: Path) -> LanguageModel:
    found = load_model(llama_folder, ModelOptions(device="cpu"))
    assert isinstance(found, LanguageModel)
    return found


@pytest.fixture
def typed(request_of: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Requests of one item of each kind."""

    def make(what: str, *given: Any) -> list[Any]:
        requests = [request_of(what, *given, item=number) for number in range(len(KINDS))]
        for request, kind in zip(requests, KINDS, strict=True):
            request.doc["reasoning_type"] = kind
        return requests

    return make


def both(model: LanguageModel, ask: Callable[[Any], Any], **changes: Any) -> list[Any]:
    """What the two backends answer, steered."""
    steering = make_steering(MadeFor.of(model), TYPES, strength=2.0, **changes)
    with model.steered(steering) as view:
        return [ask(open_lm(view, TaskOptions(backend=name))) for name in ("vllm", "hf")]


@pytest.mark.parametrize("site", ["attention", "hidden"])
@pytest.mark.parametrize("tokens", TOKENS)
def test_likelihoods(
    tokens: str, site: str, model: LanguageModel, typed: Callable[..., list[Any]]
) -> None:
    requests = [
        *typed("loglikelihood", STORY, " Ann is taller"),
        *typed("loglikelihood", STORY, " Bob"),
        *typed("loglikelihood", "", STORY),
    ]
    found, right = both(
        model, lambda lm: [v for v, _ in lm.loglikelihood(requests)], tokens=tokens, site=site
    )
    assert found == pytest.approx(right, abs=2e-3)
    # each type has its own directions, and one has none
    assert len({round(value, 2) for value in found[:4]}) == 3
    assert found[0] == found[3]


@pytest.mark.parametrize("tokens", TOKENS)
def test_what_is_generated(
    tokens: str, model: LanguageModel, typed: Callable[..., list[Any]]
) -> None:
    requests = typed("generate_until", STORY, {"until": [], "max_gen_toks": 6})
    found, right = both(model, lambda lm: lm.generate_until(requests), tokens=tokens)
    assert found == [str(text) for text in right]
    assert len(set(found)) > 1


@pytest.mark.parametrize("tokens", TOKENS)
def test_whole_texts(tokens: str, model: LanguageModel, typed: Callable[..., list[Any]]) -> None:
    requests = typed("loglikelihood_rolling", STORY)
    found, right = both(model, lambda lm: lm.loglikelihood_rolling(requests), tokens=tokens)
    assert found == pytest.approx(right, abs=5e-3)


def test_one_text_that_is_divided_in_two_ways(
    model: LanguageModel, typed: Callable[..., list[Any]]
) -> None:
    requests = [
        *typed("loglikelihood", "Ann is taller", " than Bob."),
        *typed("loglikelihood", "Ann is", " taller than Bob."),
    ]
    found, right = both(model, lambda lm: [v for v, _ in lm.loglikelihood(requests)], tokens="last")
    assert found == pytest.approx(right, abs=2e-3)


def test_the_engine_is_made_for_hooks(
    engine: type[LLM], model: LanguageModel, typed: Callable[..., list[Any]], said: list[str]
) -> None:
    requests = typed("loglikelihood", STORY, " Ann")
    both(model, lambda lm: lm.loglikelihood(requests))
    given = engine.made[0].given
    assert given["enforce_eager"]
    assert not given["enable_prefix_caching"]
    assert not given["enable_chunked_prefill"]
    # of both backends the same warning
    told = "no directions for riddle: 1 of 4 requests are asked unsteered"
    assert said == [f"some_task: the steering test has {told}"] * 2


def test_what_would_miss_tokens_is_refused(model: LanguageModel) -> None:
    steering = make_steering(MadeFor.of(model), TYPES)
    options = TaskOptions(backend="vllm", model_args={"enable_prefix_caching": True})
    with model.steered(steering) as view:
        check_tasks_fit(view, options)
        with pytest.raises(UsageError, match="enable_prefix_caching=True: states are read and"):
            _ = open_lm(view, options).asked
