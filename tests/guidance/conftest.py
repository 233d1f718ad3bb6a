"""Tiny language models that can be guided, and a count of the hooks they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from tiny_models import CHAT_TEMPLATE, build_model, make_tokenizer
from transformers import PreTrainedTokenizerFast

from brainbench.models import LanguageModel


@pytest.fixture(scope="session")
def chat_tokenizer() -> PreTrainedTokenizerFast:
    made = make_tokenizer()
    made.chat_template = CHAT_TEMPLATE
    return made


@pytest.fixture(scope="session")
def tiny(chat_tokenizer: PreTrainedTokenizerFast) -> Callable[..., LanguageModel]:
    """Builds a model of a family, four layers of 32 units, to be asked."""

    def build(family: str = "llama", seed: int = 1, **changes: Any) -> LanguageModel:
        return LanguageModel.of(build_model(family, seed, **changes), chat_tokenizer, "tiny")

    return build


@pytest.fixture
def count_hooks() -> Callable[[LanguageModel], int]:
    """Hooks on every module of a model."""

    def count(model: LanguageModel) -> int:
        kinds = ("_forward_hooks", "_forward_pre_hooks")
        modules = list(model.loader.model.modules())
        return sum(len(getattr(module, kind)) for module in modules for kind in kinds)

    return count


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models only wait for a second one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
