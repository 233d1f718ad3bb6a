"""The right answers: −log P(answer token), over the whole vocabulary, at the last token."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from brainbench.guidance.finetuning.data import Mask, TrainingItems
from brainbench.guidance.finetuning.recipes.term import (
    Parts,
    Pass,
    RecipeSettings,
    Term,
    somebody_right,
)
from brainbench.guidance.signals import Signals


class Labels(Term):
    """Every item; in the published form without those that the model and everybody had wrong.

    Source: Xiao, Du & Lin 2026, Methods (NARF+Label).
    """

    name = "labels"
    reads_answers = True
    _answers: torch.Tensor

    @classmethod
    def taking_part(cls, settings: RecipeSettings, items: TrainingItems, signals: Signals) -> Mask:
        if settings.form == "published":
            return ~items.wrong | somebody_right(signals)
        return np.ones(items.n_items, np.bool_)

    def set_answers(self, true: int, false: int) -> None:
        tokens = np.where(self._trained.items.labels, true, false)
        self._answers = torch.as_tensor(tokens, dtype=torch.long, device=self._trained.device)

    def parts(self, given: Pass) -> Parts:
        assert given.logits is not None
        rows = self._rows(given)
        losses = cross_entropy(
            given.logits.to(self._trained.device).float(), self._answers[rows], reduction="none"
        )
        return {self.name: self._taking[rows] * losses}
