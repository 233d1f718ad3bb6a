"""Shifts on neutral text against plain passes with a hook, one prefix at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from brainbench.errors import DataError
from brainbench.guidance.evaluation import neutral as module
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator
from brainbench.guidance.evaluation.neutral import NeutralPassages, NeutralPrefixes
from brainbench.guidance.evaluation.neutral_text import neutral_text
from brainbench.models import LanguageModel
from brainbench.models.architectures import find_sites

Tiny = Callable[..., LanguageModel]
LAYERS = (1, 3)
EVERY = 12


@pytest.fixture(scope="module")
def evaluator(tiny: Tiny) -> LastTokenEvaluator:
    return LastTokenEvaluator(tiny("llama", 3), "attention", LAYERS)


@pytest.fixture(scope="module")
def prefixes(evaluator: LastTokenEvaluator) -> NeutralPrefixes:
    return NeutralPrefixes(evaluator, EVERY)


def directions(rows: int, count: int) -> Any:
    rng = np.random.default_rng(rows)
    return 2.0 * rng.standard_normal((rows, count, len(LAYERS), 32))


def by_hand(
    evaluator: LastTokenEvaluator, tokens: tuple[int, ...], delta: Tensor, steered: int = 1
) -> Tensor:
    """Log-probabilities after the first half of a passage, added to by a hook on each layer."""
    network = evaluator.model.loader.model
    handles = []
    for number, layer in enumerate(LAYERS):

        def hook(module: Any, inputs: Any, output: Any, number: int = number) -> Any:
            state = output[0].clone()
            state[0, -steered:] += delta[number].to(state.dtype)
            return (state, *output[1:])

        module = find_sites(network).attention[layer]
        handles.append(module.register_forward_hook(hook))
    with torch.no_grad():
        logits = network(input_ids=torch.tensor([tokens[: len(tokens) // 2]])).logits[0, -1]
    for handle in handles:
        handle.remove()
    return logits.double().log_softmax(-1)


@pytest.mark.parametrize("own", [False, True])
def test_it_is_what_plain_passes_with_a_hook_give(
    evaluator: LastTokenEvaluator, prefixes: NeutralPrefixes, own: bool
) -> None:
    passages = neutral_text().tokens(evaluator.model, EVERY)
    delta = directions(len(passages) if own else 1, 3)
    found = prefixes.shift(delta)
    kl, rise = np.zeros(3), np.zeros(3)
    for i, tokens in enumerate(passages):
        plain = by_hand(evaluator, tokens, torch.zeros(2, 32))
        for c in range(3):
            moved = by_hand(evaluator, tokens, torch.tensor(delta[i if own else 0, c]))
            kl[c] += float((plain.exp() * (plain - moved)).sum())
            rise[c] += float((plain - moved)[tokens[len(tokens) // 2]])
    assert found.kl == pytest.approx(kl / len(passages), abs=1e-5)
    assert found.rise == pytest.approx(rise / len(passages), abs=1e-5)
    assert (found.kl > 1e-3).all()


def test_a_direction_at_several_tokens_is_tried_at_as_many(
    evaluator: LastTokenEvaluator,
) -> None:
    several = LastTokenEvaluator(evaluator.model, "attention", LAYERS, 3)
    delta = directions(1, 1)
    kl = []
    for tokens in neutral_text().tokens(evaluator.model, EVERY):
        plain = by_hand(evaluator, tokens, torch.zeros(2, 32))
        moved = by_hand(evaluator, tokens, torch.tensor(delta[0, 0]), 3)
        kl.append(float((plain.exp() * (plain - moved)).sum()))
    found = NeutralPrefixes(several, EVERY).shift(delta)
    assert found.kl[0] == pytest.approx(np.mean(kl), abs=1e-5)


def test_nothing_added_shifts_nothing_and_more_shifts_more(prefixes: NeutralPrefixes) -> None:
    delta = directions(1, 1) * np.array([0.0, 0.25, 0.5, 1.0, 2.0])[None, :, None, None]
    found = prefixes.shift(delta)
    assert (found.kl[0], found.rise[0]) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert (np.diff(found.kl) > 0).all()


def test_candidates_in_parts_give_the_same(
    evaluator: LastTokenEvaluator, prefixes: NeutralPrefixes, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = prefixes.shift(directions(1, 5))
    monkeypatch.setattr("brainbench.guidance.evaluation.cached_prompts._MAX_LOGITS", 1)
    parts = NeutralPrefixes(evaluator, EVERY).shift(directions(1, 5))
    assert parts.kl == pytest.approx(whole.kl, abs=1e-6)
    assert parts.rise == pytest.approx(whole.rise, abs=1e-6)


def test_directions_of_items_must_be_as_many_as_prefixes(prefixes: NeutralPrefixes) -> None:
    with pytest.raises(DataError, match="directions of 2 items do not fit 5 prefixes"):
        prefixes.shift(directions(2, 1))


def test_a_model_is_not_shifted_from_itself_and_a_changed_one_by_what_whole_passes_say(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    one, other = tiny("llama", 3), tiny("llama", 4)
    passages = NeutralPassages(one, EVERY)
    same = passages.shift(one)
    assert (same.kl[0], same.rise[0]) == (0.0, 0.0)
    kl, rise = [], []
    for tokens in neutral_text().tokens(one, EVERY):
        ids = torch.tensor([tokens])
        with torch.no_grad():
            plain, moved = (
                m.loader.model(input_ids=ids).logits[0, :-1].double().log_softmax(-1)
                for m in (one, other)
            )
        kl.append(float((plain.exp() * (plain - moved)).sum(-1)[::8].mean()))
        rise.append(float((plain - moved).gather(-1, ids[0, 1:, None]).mean()))
    found = passages.shift(other)
    assert found.kl[0] == pytest.approx(np.mean(kl), abs=1e-5)
    assert found.rise[0] == pytest.approx(np.mean(rise), abs=1e-5)
