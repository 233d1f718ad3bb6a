"""States drawn to where people's responses are predicted: Σ_ℓ 1/|R| Σ_{p ∈ R} d(W_pℓ a_ℓ, y_p).

a_ℓ is the attention state of layer ℓ at the last token, W_pℓ the map of person p fitted within the
item's reasoning type, y_p their response to the item, R the people who were right, and d the
cosine, Pearson or squared distance of :mod:`brainbench.guidance.objective`.

Source: Xiao, Du & Lin 2026, Methods (NARF+Label).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brainbench.guidance.finetuning.data import Mask, TrainingItems
from brainbench.guidance.finetuning.recipes.term import (
    Parts,
    Pass,
    RecipeSettings,
    Term,
    Trained,
    somebody_right,
)
from brainbench.guidance.maps import BrainMaps, fit_controlled, fit_published
from brainbench.guidance.objective import Objective, weights_of
from brainbench.guidance.signals import Signals


class Representation(Term):
    """Items that somebody had right, and the model had wrong unless all draw."""

    name = "representation"
    reads_states = True
    guides = True

    def __init__(self, settings: RecipeSettings, trained: Trained, taking: Mask) -> None:
        super().__init__(settings, trained, taking)
        kinds = dict.fromkeys(trained.items.kinds)
        self._drawn = [_Drawn.of(settings, trained, kind) for kind in kinds]

    @classmethod
    def taking_part(cls, settings: RecipeSettings, items: TrainingItems, signals: Signals) -> Mask:
        return somebody_right(signals) & (items.wrong | (settings.guided_items == "all"))

    @classmethod
    def why_none(cls, items: TrainingItems, signals: Signals) -> str:
        return (
            f"{signals.source}: of {items.n_items} items the model had "
            f"{int(items.wrong.sum())} wrong, and none of those had a person right: no state "
            "is drawn anywhere. Let all items draw (--guided-items all), or train on labels"
        )

    def parts(self, given: Pass) -> Parts:
        states, device = self._states(given), self._trained.device
        total = torch.zeros(len(given.rows), dtype=states.dtype, device=device)
        for drawn in self._drawn:
            own = [i for i, row in enumerate(given.rows) if row in drawn.numbers]
            if not own:
                continue
            at = torch.tensor(own, device=device)
            items = torch.tensor([drawn.numbers[given.rows[i]] for i in own], device=device)
            losses = drawn.objective.of_everybody(states[at], items).sum(dim=-1)
            total = total.index_add(0, at, (drawn.weights[:, items] * losses).sum(dim=0))
        return {self.name: total * self._taking[self._rows(given)]}


@dataclass(frozen=True)
class _Drawn:
    """The items of one reasoning type, and what draws their states.

    Attributes
    ----------
    numbers : item → its number within the type.
    objective : of the type's maps and responses.
    weights : (P, items of the type) shares of the people who were right.
    """

    numbers: dict[int, int]
    objective: Objective
    weights: Tensor

    @classmethod
    def of(cls, settings: RecipeSettings, trained: Trained, kind: str) -> _Drawn:
        rows = np.flatnonzero(np.asarray(trained.items.kinds) == kind)
        own = trained.signals.at(rows)
        objective = Objective(
            fit_maps(settings, trained.items.states[rows], own),
            own.responses,
            settings.loss,
            settings.chosen_centring,
        )
        device, dtype = trained.device, trained.dtype
        return cls(
            {int(row): number for number, row in enumerate(rows)},
            objective.to(device=device, dtype=dtype),
            weights_of(own.right).to(device=device, dtype=dtype),
        )


def fit_maps(settings: RecipeSettings, states: NDArray[np.floating], signals: Signals) -> BrainMaps:
    """Maps of one reasoning type, by the form of a recipe.

    Parameters
    ----------
    settings : of the recipe.
    states : (n, L, units) of the items, before training.
    signals : responses to the same items.

    Raises
    ------
    DataError
        When there are too few items.
    """
    values = np.asarray(states, np.float64)
    if settings.form == "published":
        return fit_published(values, signals.responses)
    return fit_controlled(values, signals.responses, [str(run) for run in signals.runs])
