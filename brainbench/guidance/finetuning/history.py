"""The history of a training by epoch, and early stopping."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from brainbench.guidance.evaluation.selection import within


class History(BaseModel):
    """Losses and validation scores of a training so far."""

    model_config = ConfigDict(extra="forbid")

    losses: list[float] = []
    """Of each step, before it was taken."""
    parts: dict[str, list[float]] = {}
    """Part of the loss → its mean over the steps of each epoch."""
    validation: list[float] = []
    """Score before training, then after each epoch; empty without validation."""
    shifts: list[float] = []
    """How far each epoch moved the model on neutral text, nats; empty where it was not measured."""
    limit: float | None = None
    """Of the shift: an epoch beyond it is not kept."""

    @property
    def epochs(self) -> int:
        """Number of finished epochs."""
        return max((len(values) for values in self.parts.values()), default=0)

    @property
    def best_epoch(self) -> int:
        """Epoch with the best score, the first of several; the last one without validation.

        The model before training, which is not an epoch, is not among them. Nor is an epoch whose
        shift is beyond the limit; where all are, it is the one that shifts least.
        """
        scores = self.validation[1:]
        if not scores:
            return self.epochs
        allowed = np.flatnonzero(self._within(len(scores)))
        return 1 + max(allowed.tolist(), key=lambda i: scores[i])

    @property
    def beyond(self) -> bool:
        """Whether the best epoch shifts the model beyond the limit, for all of them do."""
        shifts = self.shifts[: self.best_epoch]
        return bool(shifts) and self.limit is not None and shifts[-1] > self.limit

    def _within(self, count: int) -> NDArray[np.bool_]:
        if self.limit is None or not self.shifts:
            return np.ones(count, bool)
        return within(np.array(self.shifts[:count]), self.limit)

    def ended(self, epochs: float, patience: int) -> bool:
        """Whether so many epochs are done, or the score fell too often.

        Parameters
        ----------
        epochs : how many there are to be.
        patience : falls of the validation score after which training stops; 0 never stops it.
        """
        # the model before training is no epoch to fall from
        stopped = bool(patience) and falls(self.validation[1:]) >= patience
        return self.epochs >= epochs or stopped


def falls(scores: Sequence[float]) -> int:
    """How often the score fell against the epoch before since it last rose.

    Source: Xiao, Du & Lin 2026, Methods: training stops after 10; a rise sets it back.
    """
    count = 0
    for before, after in pairwise(scores):
        if after < before:
            count += 1
        elif after > before:
            count = 0
    return count
