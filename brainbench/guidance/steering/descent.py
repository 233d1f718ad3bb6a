"""AdamW over many rows at once, each projected onto a ball."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

BETAS = (0.9, 0.999)
EPSILON = 1e-8
WEIGHT_DECAY = 0.01


@dataclass
class Descent:
    """Directions that are searched for, one per row and layer.

    Attributes
    ----------
    delta : (rows, L, units) the direction so far; it starts at 0.
    rates : (L,) learning rate of each layer.
    radius : (L,) a row's direction is never longer.

    Source: Loshchilov & Hutter 2019; the decay that torch has as its default stays, as in the
    paper's code.
    """

    delta: Tensor
    rates: Tensor
    radius: Tensor
    _first: Tensor = field(init=False)
    _second: Tensor = field(init=False)
    _steps: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._first = torch.zeros_like(self.delta)
        self._second = torch.zeros_like(self.delta)

    def step(self, slope: Tensor) -> None:
        """Take one step against a slope (rows, L, units), then back into the ball."""
        self._steps += 1
        rate = self.rates[:, None]
        first, second = BETAS
        self._first.lerp_(slope, 1.0 - first)
        self._second.mul_(second).addcmul_(slope, slope, value=1.0 - second)
        size = self._second.sqrt().div_((1.0 - second**self._steps) ** 0.5).add_(EPSILON)
        self.delta.mul_(1.0 - rate * WEIGHT_DECAY)
        self.delta.sub_((self._first * (rate / (1.0 - first**self._steps))).div_(size))
        self.delta.mul_(within(self.delta, self.radius))

    def keep(self, rows: Tensor) -> None:
        """Go on with some rows only."""
        self.delta, self._first, self._second = (
            held[rows] for held in (self.delta, self._first, self._second)
        )


def within(delta: Tensor, radius: Tensor) -> Tensor:
    """(rows, L, 1) factors that bring directions (rows, L, units) into balls (L,).

    Parameters
    ----------
    delta : (rows, L, units) directions.
    radius : (L,) the longest that a direction may be at each layer.
    """
    length = delta.norm(dim=-1, keepdim=True)
    factors: Tensor = radius[:, None] / length.clamp_min(torch.finfo(length.dtype).tiny)
    return factors.clamp_max(1.0)
