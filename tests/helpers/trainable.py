"""Tiny models to train, signals to train them by, and what is left on a model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from tiny_models import CHAT_TEMPLATE, build_model, make_tokenizer

from brainbench.datasets.phantom import load_problems
from brainbench.guidance.signals import Signals
from brainbench.models import LanguageModel

LAYERS = (1, 2)
UNITS = 32


def make_signals(count: int = 24, people: int = 2, voxels: int = 5, seed: int = 0) -> Signals:
    """Responses of noise to half as many syllogisms as transitive problems, two runs of each."""
    problems = load_problems()
    some = tuple(problems[: count // 2]) + tuple(problems[36 : 36 + count - count // 2])
    rng = np.random.default_rng(seed)
    kinds = [problem.reasoning_type for problem in some]
    quarter = count // 4
    return Signals(
        "made.up.all",
        some,
        np.array([f"{kind}-{(i // quarter) % 2}" for i, kind in enumerate(kinds)]),
        np.array(kinds),
        np.array([problem.condition.valid for problem in some]),
        tuple(rng.standard_normal((count, voxels)) for _ in range(people)),
        (rng.random((people, count)) < 0.7).astype(np.float64),
    )


def make_model(family: str = "llama", dtype: torch.dtype = torch.float32, **more: Any) -> Any:
    """A language model in memory, with a chat template."""
    network = build_model(family, dtype=dtype, **more)
    return LanguageModel.of(network, _tokenizer(), f"tiny-{family}")


@cache
def _tokenizer() -> Any:
    made = make_tokenizer()
    made.chat_template = CHAT_TEMPLATE
    return made


def imprint(network: Any) -> dict[str, Any]:
    """Everything of a model that training could leave changed."""
    return {
        "weights": {name: value.clone() for name, value in network.state_dict().items()},
        "modules": [(name, type(module)) for name, module in network.named_modules()],
        "ids": [id(module) for module in network.modules()],
        "training": [module.training for module in network.modules()],
        "trainable": [parameter.requires_grad for parameter in network.parameters()],
        "gradients": [parameter.grad is None for parameter in network.parameters()],
        "hooks": count_hooks(network),
        "config": network.config.to_json_string(),
        "attributes": sorted(vars(network)),
    }


def assert_unchanged(network: Any, before: dict[str, Any]) -> None:
    """It is what it was, to the last bit."""
    after = imprint(network)
    held, kept = before.pop("weights"), after.pop("weights")
    assert list(held) == list(kept)
    assert all(torch.equal(held[name], kept[name]) for name in held)
    assert after == before


def count_hooks(network: Any) -> int:
    """Hooks on every module of a model."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for module in network.modules() for kind in kinds)


def draw_prompts(lengths: Sequence[int], shared: int = 12) -> list[tuple[int, ...]]:
    """Random prompts that begin alike."""
    rng = np.random.default_rng(sum(lengths))
    head = rng.integers(3, 380, shared).tolist()
    return [(*head, *rng.integers(3, 380, n).tolist()) for n in lengths]


def draw_adapter(wrapped: Any, seed: int = 0, spread: float = 0.1) -> list[torch.nn.Parameter]:
    """Give an adapter weights that change the model; its parameters."""
    generator = torch.Generator().manual_seed(seed)
    found = [parameter for parameter in wrapped.parameters() if parameter.requires_grad]
    for parameter in found:
        parameter.data.normal_(0, spread, generator=generator)
    return found
