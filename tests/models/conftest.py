"""Tiny language models, made once, and problems to ask them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_models import CHAT_TEMPLATE, VOCABULARY, build_model, make_tokenizer
from transformers import PreTrainedTokenizerFast

from brainbench.datasets.phantom import load_problems
from brainbench.models.checkpoints.loading import Loaded
from brainbench.problems import Problem


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Any]:
    """Builds a model of a family: ``tiny("llama", seed=1, dtype=torch.float64, …)``."""
    return build_model


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """Of a base model: no chat template."""
    return make_tokenizer()


@pytest.fixture(scope="session")
def chat_tokenizer() -> PreTrainedTokenizerFast:
    made = make_tokenizer()
    made.chat_template = CHAT_TEMPLATE
    return made


@pytest.fixture(scope="session")
def problems() -> tuple[Problem, ...]:
    """Six problems, the types in turn."""
    some = load_problems()[::13]
    return tuple(chain(*zip(some[:3], some[3:], strict=True)))


@pytest.fixture(scope="session")
def llama_folder(
    tiny: Callable[..., Any],
    chat_tokenizer: PreTrainedTokenizerFast,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A checkpoint as transformers saves it; copy it before it is changed."""
    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    tiny("llama").save_pretrained(folder)
    chat_tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another one read."""
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "own-cache"))


@pytest.fixture
def loaded(tiny: Callable[..., Any], chat_tokenizer: PreTrainedTokenizerFast) -> Loaded:
    return Loaded(tiny("llama"), chat_tokenizer)


@pytest.fixture
def adapter(tiny: Callable[..., Any], tmp_path: Path) -> Path:
    """Folder of an adapter that changes the model."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        adapted = get_peft_model(tiny("llama"), LoraConfig(r=2, target_modules=["q_proj"]))
        with torch.no_grad():
            for parameter in adapted.parameters():
                if parameter.requires_grad:
                    parameter.normal_(0, 0.3)
    adapted.save_pretrained(tmp_path / "my-lora")
    return tmp_path / "my-lora"


@pytest.fixture
def draw_prompts() -> Callable[..., list[tuple[int, ...]]]:
    """Random prompts: ``draw_prompts(lengths, shared=20)``, no two begin alike after it."""

    def draw(lengths: Sequence[int], shared: int = 0) -> list[tuple[int, ...]]:
        rng = np.random.default_rng(sum(lengths))
        head = rng.integers(3, VOCABULARY, shared).tolist()
        first = rng.permutation(np.arange(3, VOCABULARY))
        return [
            tuple(chain(head, [int(first[i])], rng.integers(3, VOCABULARY, n - 1).tolist()))
            for i, n in enumerate(lengths)
        ]

    return draw


@pytest.fixture
def count_hooks() -> Callable[[Any], int]:
    """Hooks on every module of a model."""

    def count(model: Any) -> int:
        kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
        return sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)

    return count


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models only wait for a second one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
