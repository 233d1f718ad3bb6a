"""The problems' text: mean over a prompt's own tokens of −log P(token | tokens before).

Alone it is the control of a model that only reads the same text again; beside the representation
it is a joint objective of language and brain.

Source: Merlin, Moussa & Toneva 2026, CoNLL, 178–212: models tuned jointly on recordings and text,
held against models tuned on the text alone.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from brainbench.guidance.finetuning.data import Mask, TrainingItems
from brainbench.guidance.finetuning.recipes.term import Parts, Pass, RecipeSettings, Term
from brainbench.guidance.signals import Signals


class Language(Term):
    """Every item, and no answer."""

    name = "stimulus"
    reads_text = True

    @classmethod
    def taking_part(cls, settings: RecipeSettings, items: TrainingItems, signals: Signals) -> Mask:
        return np.ones(items.n_items, np.bool_)

    def parts(self, given: Pass) -> Parts:
        assert given.text is not None
        items, device = self._trained.items, self._trained.device
        tokens = [items.prompts[row][items.own[row] :] for row in given.rows]
        flat = [token for own in tokens for token in own]
        target = torch.tensor(flat, dtype=torch.long, device=device)
        losses = cross_entropy(given.text.to(device).float(), target, reduction="none")
        parts = torch.split(losses, [len(own) for own in tokens])
        return {self.name: torch.stack([part.mean() for part in parts])}
