"""Steerings of tiny models, and the straightforward way to steer: one prompt, one hook a layer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from brainbench.models.architectures import find_sites
from brainbench.models.steering.made_for import MadeFor
from brainbench.models.steering.vector import Steering

LAYERS = (1, 2)
TYPES = ("syllogistic", "transitive")


def make_steering(
    made_for: MadeFor, groups: Sequence[str] = ("all",), seed: int = 0, **changes: Any
) -> Steering:
    """Directions long enough to change answers, others for each group and layer."""
    rng = np.random.default_rng(seed)
    directions = {
        group: {n: rng.normal(0, 2, made_for.units).astype(np.float32) for n in LAYERS}
        for group in groups
    }
    return Steering(
        **{"name": "test", "site": "attention", "directions": directions,
           "made_for": made_for, **changes}
    )  # fmt: skip


@contextlib.contextmanager
def by_hand(model: Any, steering: Steering, group: str | None, start: int) -> Iterator[None]:
    """Add a group's directions to single prompts, the straightforward way.

    ``start`` is the place of the prompt's last token in what goes through the model.
    """

    def hook(vector: torch.Tensor) -> Callable[..., Any]:
        def add(module: Any, inputs: Any, output: Any) -> Any:
            state = (output[0] if isinstance(output, tuple) else output).clone()
            if steering.tokens == "all":
                state += vector
            elif steering.tokens == "generated":
                state[:, start:] += vector
            else:
                state[:, start] += vector
            return (state, *output[1:]) if isinstance(output, tuple) else state

        return add

    handles = []
    if group is not None:
        modules = getattr(find_sites(model), steering.site)
        for layer, vector in steering.directions[group].items():
            added = torch.tensor(vector) * steering.strength
            handles.append(modules[layer].register_forward_hook(hook(added.to(model.dtype))))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
