"""A cache goes by the name that the model knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiers import FAMILIES

from brainbench.models.forward.kv_cache import empty_cache, with_cache


class Old(torch.nn.Module):
    def forward(self, input_ids: Any, past_key_values: Any = None, **more: Any) -> None: ...


class New(torch.nn.Module):
    def forward(self, input_ids: Any, cache: Any = None, **more: Any) -> None: ...


def test_old_and_new_names() -> None:
    assert with_cache(Old(), 1) == {"past_key_values": 1}
    assert with_cache(New(), None) == {"cache": None}


@pytest.mark.parametrize("adapted", [False, True])
@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2", "gemma3", "qwen3"])
def test_every_model_takes_it_without_a_warning(
    family: str, adapted: bool, tiny: Callable[..., Any], recwarn: pytest.WarningsRecorder
) -> None:
    assert family in FAMILIES
    model = tiny(family)
    if adapted:
        names = ["c_attn"] if family == "gpt2" else ["q_proj"]
        model = get_peft_model(model, LoraConfig(r=2, target_modules=names))
    tokens = torch.arange(5, 14)[None]
    past = empty_cache()
    with torch.no_grad():
        whole = model(input_ids=tokens).logits[0, -1]
        model(input_ids=tokens[:, :6], use_cache=True, **with_cache(model, past))
        rest = model(input_ids=tokens[:, 6:], use_cache=True, **with_cache(model, past))
    torch.testing.assert_close(rest.logits[0, -1], whole, atol=1e-4, rtol=1e-4)
    assert not [w for w in recwarn if "past_key_values" in str(w.message)]
