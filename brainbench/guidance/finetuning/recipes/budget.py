"""The training schedule: epochs, learning rate, batches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from brainbench.errors import UnknownNameError, UsageError

SCHEDULES: tuple[str, ...] = ("constant", "linear", "cosine")


@dataclass(frozen=True)
class Budget:
    """The training schedule: epochs, learning rate, batches.

    Attributes
    ----------
    epochs : passes over the items, at most.
    learning_rate : of AdamW.
    weight_decay : of AdamW; torch's default.
    schedule : one of ``SCHEDULES``, of the learning rate.
    batch_size : prompts that go through the model together.
    accumulation : batches before a step, whose loss is a mean over the items in it; None makes
        one step of all items, whose loss is divided by their number, as published.
    patience : epochs whose validation score fell against the one before, no rise between,
        after which training stops; 0 never stops.
    seed : of the adapter's first weights and the order of the items.
    checkpoint_activations : for large models: less memory, a third more time, and no beginning
        is shared.
    """

    epochs: int = 100
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    schedule: str = "constant"
    batch_size: int = 32
    accumulation: int | None = None
    patience: int = 10
    seed: int = 0
    checkpoint_activations: bool = False

    def __post_init__(self) -> None:
        counts: Mapping[str, tuple[int, int]] = {
            "epochs": (self.epochs, 1),
            "batch_size": (self.batch_size, 1),
            "accumulation": (1 if self.accumulation is None else self.accumulation, 1),
            "patience": (self.patience, 0),
            "seed": (self.seed, 0),
        }
        for name, (value, least) in counts.items():
            if type(value) is not int or value < least:
                raise UsageError(f"{name} must be a whole number from {least}, not {value!r}")
        for name, rate in (
            ("learning_rate", self.learning_rate),
            ("weight_decay", self.weight_decay),
        ):
            if not (math.isfinite(rate) and rate >= 0):
                raise UsageError(f"{name} must be a number from 0, not {rate}")
        if self.schedule not in SCHEDULES:
            raise UnknownNameError("schedule", self.schedule, SCHEDULES)

    def facts(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)
