"""A beginning that is kept once for all rows gives what copies of it give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from brainbench.models.forward import shared_attention
from brainbench.models.forward.kv_cache import empty_cache
from brainbench.models.forward.prefix_cache import SharedPrefix
from brainbench.models.forward.shared_attention import (
    attending,
    expanded,
    is_shared,
    longest_shared,
    rows_of,
    run,
    share,
)

Tiny = Callable[..., Any]
BEGINNING = torch.arange(5, 22)[None]
FOLLOW = torch.tensor([[30, 31, 32, 33, 34], [40, 41, 42, 43, 44], [31, 40, 30, 41, 33]])
TAILS = torch.tensor([[50, 51, 52], [51, 50, 53], [52, 52, 50], [53, 51, 51]])
# whose attention has a window, wider here than what is asked
WINDOWED = ("qwen3", "mixtral", "gemma3")
STEMS = [2, 0, 0, 1]


def continued(model: Any, kept_once: bool) -> list[torch.Tensor]:
    """Logits of rows that follow a beginning, of tails that follow some of them, and once more."""
    with torch.inference_mode():
        past = empty_cache()
        run(model, BEGINNING, past)
        past = share(past) if kept_once else expanded(past, len(FOLLOW))
        assert is_shared(past) is kept_once
        first = run(model, FOLLOW, past).logits
        tails = rows_of(past, STEMS)
        second = run(model, TAILS, tails).logits
        third = run(model, TAILS.flip(1), tails).logits
    return [first, second, third]


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen3", "gpt_neox", "mixtral", "gemma3"])
def test_it_gives_what_copies_give(family: str, tiny: Tiny) -> None:
    model = tiny(family, **({"sliding_window": 64} if family in WINDOWED else {})).eval()
    assert longest_shared(model, BEGINNING[0].tolist())
    # how float32 rounds differs between processors; float64 leaves room for no other difference
    model = model.double()
    for found, expected in zip(continued(model, True), continued(model, False), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_a_row_is_what_it_is_alone(tiny: Tiny) -> None:
    model = tiny("llama", dtype=torch.float64).eval()
    found = continued(model, True)[1]
    with torch.inference_mode():
        for row, stem in enumerate(STEMS):
            alone = torch.cat([BEGINNING[0], FOLLOW[stem], TAILS[row]])[None]
            expected = model(input_ids=alone).logits[0, -3:]
            torch.testing.assert_close(found[row], expected, rtol=0, atol=1e-12)


def test_a_window_counts_only_where_it_is_too_narrow(tiny: Tiny) -> None:
    model = tiny("gemma3", sliding_window=40).eval()
    prefix = SharedPrefix(model)
    beginning = tuple(BEGINNING[0].tolist())
    assert longest_shared(model, beginning) == 40
    # left over in the configuration of a Mistral that was made a Llama
    assert longest_shared(tiny("llama", sliding_window=8), beginning) == float("inf")
    with torch.inference_mode():
        assert is_shared(prefix.past(beginning, 2, room=40 - len(beginning)))
        assert not is_shared(prefix.past(beginning, 2, room=40 - len(beginning) + 1))
        # no pass of the caller's own understands it: only who asks for it is given it
        assert not is_shared(prefix.past(beginning, 2))


def test_a_window_that_is_too_narrow_is_refused_in_the_pass_too(tiny: Tiny) -> None:
    model = tiny("gemma3").eval()
    past = empty_cache()
    long = torch.arange(5, 13)[None]  # as long as its window
    with torch.inference_mode():
        run(model, long, past)
        with pytest.raises(shared_attention._Refused):
            run(model, FOLLOW, share(past))


def test_attention_of_another_kind_is_left_as_it_is(tiny: Tiny) -> None:
    tokens = BEGINNING[0].tolist()
    assert not longest_shared(tiny("gemma2").eval(), tokens)  # scores are capped
    eager = tiny("llama").eval()
    eager.config._attn_implementation = "eager"
    assert not longest_shared(eager, tokens)
    assert not longest_shared(tiny("llama").eval().to(torch.bfloat16), tokens)
    broken = tiny("llama").eval()
    with torch.no_grad():
        broken.lm_head.weight[3, 3] = torch.nan
    assert not longest_shared(broken, tokens)


def test_one_that_gives_something_else_is_found_by_trying(tiny: Tiny) -> None:
    model = tiny("llama").eval()
    attention = model.model.layers[1].self_attn
    forward = attention.forward

    def leaning(*given: Any, **named: Any) -> Any:
        """An attention that looks at its cache beside the interface."""
        out, weights = forward(*given, **named)
        past = named["past_key_values"] if "past_key_values" in named else named["cache"]
        return out + past.layers[1].keys.mean(), weights

    attention.forward = leaning
    assert not longest_shared(model, BEGINNING[0].tolist())


def test_a_layer_that_does_not_attend_is_an_error(tiny: Tiny) -> None:
    model = tiny("llama").eval()
    past = empty_cache()
    with torch.inference_mode():
        run(model, BEGINNING, past)
        shared = share(past)
        with pytest.raises(RuntimeError, match="not every layer"), attending(model, shared):
            pass


def test_the_model_is_as_before(tiny: Tiny) -> None:
    model = tiny("llama").eval()
    heard: list[int] = []
    model.model.layers[0].register_forward_hook(lambda *_: heard.append(1))
    assert longest_shared(model, [7])
    assert not heard
    assert model.config._attn_implementation == "sdpa"
    with torch.inference_mode():
        model(input_ids=BEGINNING)
    assert heard == [1]


def test_a_model_that_was_changed_since_is_looked_at_again(tiny: Tiny) -> None:
    model, tokens = tiny("llama").eval(), BEGINNING[0].tolist()
    assert longest_shared(model, tokens)
    model.config._attn_implementation = "eager"
    assert not longest_shared(model, tokens)
    model.config._attn_implementation = "sdpa"
    assert longest_shared(model, tokens)
    assert not longest_shared(model.to(torch.bfloat16), tokens)
