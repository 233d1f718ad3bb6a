"""What the default run leaves to ``pytest -m exhaustive``.

A family of models is read by one of a few code paths; the default run takes one family of each
path, the exhaustive one takes all. ``tests/models/test_architectures.py`` takes all by default.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

# families that tests have small models of; scripts/check_families.py tries all of transformers
FAMILIES = (
    "cohere", "cohere2", "gemma", "gemma2", "gemma3", "gemma3_text", "gemma4_text", "glm", "glm4",
    "gpt2", "gpt_neox", "gpt_oss", "gptj", "granite", "llama", "llama4_text", "ministral",
    "mistral", "mixtral", "olmo", "olmo2", "olmo3", "phi3", "qwen2", "qwen2_moe", "qwen3",
    "qwen3_moe", "smollm3", "starcoder2",
)  # fmt: skip
# plain blocks; norms on both sides, windows, capped logits; fused projections and learned
# positions; parallel residuals; experts
PATHS = ("llama", "gemma2", "gpt2", "gpt_neox", "mixtral")


def quick(values: Iterable[Any], kept: Iterable[Any]) -> list[Any]:
    """``values`` of a parameter, all but ``kept`` of them only in the exhaustive run."""
    chosen = list(kept)
    every = list(values)
    assert all(value in every for value in chosen), "the default run would test nothing"
    return [
        value if value in chosen else pytest.param(value, marks=pytest.mark.exhaustive)
        for value in every
    ]


def families(*kept: str) -> list[Any]:
    """Every family; the default run has one of each code path, and ``kept``."""
    return quick(sorted(FAMILIES), (*PATHS, *kept))
