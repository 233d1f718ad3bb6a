"""Real language models, each loaded once for all tests that ask for it by its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import pytest

from brainbench.models.checkpoints.loading import CheckpointLoader

Key = tuple[str, str | None, str]


class Kept:
    """What files gave when they were first read, which takes a minute."""

    def __init__(self) -> None:
        self._weights: Callable[[CheckpointLoader], Any] = CheckpointLoader._with_weights
        self._tokenizer: Callable[[CheckpointLoader], Any] = CheckpointLoader.tokenizer.func
        self._models: dict[Key, tuple[Any, tuple[str, ...]]] = {}
        self._tokenizers: dict[Key, Any] = {}
        # transformers reads a GGUF file's header several times, and asks for its table of names
        # once for each module
        self._reader = cache(gguf.GGUFReader)
        self.names = cache(gguf.get_tensor_name_map)

    def reader(self, path: str | Path) -> gguf.GGUFReader:
        return self._reader(Path(path).resolve())

    def model(self, loader: CheckpointLoader) -> Any:
        key = file_of(loader)
        if key not in self._models:
            self._models[key] = self._weights(loader), loader._unused
        model, loader._unused = self._models[key]
        return model

    def tokenizer(self, loader: CheckpointLoader) -> Any:
        key = file_of(loader)
        if key not in self._tokenizers:
            self._tokenizers[key] = self._tokenizer(loader)
        return self._tokenizers[key]


def file_of(loader: CheckpointLoader) -> Key:
    """The file that a loader reads, and what its weights are turned into."""
    checkpoint = loader.checkpoint
    return str(checkpoint.folder.resolve()), checkpoint.gguf_file, loader._dtype


@pytest.fixture(scope="session")
def kept() -> Kept:
    return Kept()


@pytest.fixture(scope="module", autouse=True)
def loaded_once(kept: Kept) -> Iterator[None]:
    """In a file of tests of real models, loading one again gives what was loaded first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CheckpointLoader, "_with_weights", lambda self: kept.model(self))
        patch.setattr(CheckpointLoader, "tokenizer", property(lambda self: kept.tokenizer(self)))
        patch.setattr(gguf, "GGUFReader", kept.reader)
        patch.setattr(gguf, "get_tensor_name_map", kept.names)
        yield
