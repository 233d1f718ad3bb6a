"""The losses of a recipe, for each item of a batch, from one forward pass."""

from __future__ import annotations

import torch

from brainbench.guidance.finetuning.data import Roles, TrainingItems
from brainbench.guidance.finetuning.recipes import Recipe
from brainbench.guidance.finetuning.recipes.term import Parts, Pass, Trained
from brainbench.guidance.signals import Signals


class RecipeLoss:
    """Losses of a recipe: the sum of its terms, the first as it is, those behind it times λ.

    Parameters
    ----------
    recipe : its layers written out.
    items, signals : what is trained on.
    roles : which items do what.
    device : where losses are computed.
    """

    def __init__(
        self,
        recipe: Recipe,
        items: TrainingItems,
        signals: Signals,
        roles: Roles,
        device: torch.device,
    ) -> None:
        self.recipe = recipe
        self.device = device
        trained = Trained(items, signals, device)
        self._terms = [
            term(recipe, trained, roles.guided if term.guides else roles.learned)
            for term in recipe.kind.terms
        ]

    def set_answers(self, true: int, false: int) -> None:
        """Set the target token of each answer, for recipes with labels.

        Parameters
        ----------
        true, false : ids of the tokens that spell the answers.
        """
        for term in self._terms:
            term.set_answers(true, false)

    @property
    def needs_states(self) -> bool:
        """Whether a loss needs states."""
        return self.recipe.kind.reads_states

    @property
    def needs_logits(self) -> bool:
        """Whether a loss needs logits."""
        return self.recipe.kind.reads_answers or self.recipe.kind.reads_text

    def parts(self, given: Pass) -> Parts:
        """Each part's loss of each row (r,), already weighted; 0 where a row plays no role."""
        parts: Parts = {}
        for number, term in enumerate(self._terms):
            weight = self.recipe.weight if number else 1.0
            parts |= {name: weight * values for name, values in term.parts(given).items()}
        return parts
