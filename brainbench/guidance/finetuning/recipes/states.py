"""States that a search found: mean over layers and units of (a_ℓ − target_ℓ)².

Items that the model had right are held where they were, by λ times the same distance.

Source: Xiao, Du & Lin 2026, Methods (NARF).
"""

from __future__ import annotations

import numpy as np
import torch

from brainbench.errors import DataError
from brainbench.guidance.finetuning.data import Mask, TrainingItems
from brainbench.guidance.finetuning.recipes.term import Parts, Pass, RecipeSettings, Term
from brainbench.guidance.signals import Signals

# what holds old states where new ones are learned, in the parts of the loss
KEPT = "kept states"


class TargetStates(Term):
    """Items with a target that the model had wrong, and, where λ is above 0, those it had right."""

    name = "states"
    reads_states = True

    @classmethod
    def taking_part(cls, settings: RecipeSettings, items: TrainingItems, signals: Signals) -> Mask:
        targets = settings.targets
        assert targets is not None
        if targets.shape != items.states.shape:
            raise DataError(
                f"target states are {targets.shape}; (items, layers, units) is {items.states.shape}"
            )
        there: Mask = np.isfinite(targets).all(axis=(1, 2)) & items.wrong
        return there | (~items.wrong & (settings.weight > 0))

    @classmethod
    def why_none(cls, items: TrainingItems, signals: Signals) -> str:
        return f"{signals.source}: no item has a target state, nothing is learned"

    def parts(self, given: Pass) -> Parts:
        settings, items, rows = self._settings, self._trained.items, list(given.rows)
        states = self._states(given)
        assert settings.targets is not None
        wrong = items.wrong[rows]
        # those it had right are held where they were
        goal = np.where(wrong[:, None, None], settings.targets[rows], items.states[rows])
        away = (states - torch.as_tensor(np.nan_to_num(goal)).to(states)).square().mean((1, 2))
        away = away * self._taking[self._rows(given)]
        new = torch.as_tensor(wrong, device=self._trained.device)
        return {self.name: away * new, KEPT: settings.weight * away * ~new}
