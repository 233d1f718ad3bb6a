"""Fixtures of tests that run vLLM itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainbench.models import LanguageModel, load_model


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process, and a small cache of keys and values."""
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")


def as_folder(source: Path, made: Path) -> Path:
    """A model as a folder: vLLM is given no GGUF files."""
    if source.is_dir():
        return source
    model = load_model(source)
    assert isinstance(model, LanguageModel)
    model.loader.model.save_pretrained(made)
    model.loader.tokenizer.save_pretrained(made)
    return made
