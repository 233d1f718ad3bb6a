"""Tiny models as lm-eval asks them, and requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import CHAT_TEMPLATE, build_model, make_tokenizer
from transformers import PreTrainedTokenizerFast

from brainbench.models import LanguageModel


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
def llama_folder(
    chat_tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A checkpoint as transformers saves it."""
    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    build_model("llama").save_pretrained(folder)
    chat_tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def language_model(chat_tokenizer: PreTrainedTokenizerFast) -> LanguageModel:
    return LanguageModel.of(build_model("llama"), chat_tokenizer, "tiny")


@pytest.fixture
def request_of() -> Callable[..., Any]:
    """An lm-eval request: ``request_of("loglikelihood", context, continuation, item=3)``."""
    from lm_eval.api.instance import Instance

    def make(kind: str, *arguments: Any, item: int = 0, task: str = "some_task") -> Any:
        doc = {"id": f"problem-{item}"}
        return Instance(kind, doc, arguments, 0, metadata=(task, item, 1))

    return make


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test finds what another one was answered."""
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "own-cache"))
    return tmp_path / "own-cache"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models only wait for a second one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def count() -> Callable[[Any], int]:
    """Hooks on every module of a model."""

    def hooks(model: Any) -> int:
        kinds = ("_forward_hooks", "_forward_pre_hooks")
        return sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)

    return hooks
