"""The losses of a recipe, for each item of a batch, from one forward pass.

With a_ℓ the attention state of layer ℓ at the last prompt token, W_pℓ the map of person p fitted
within the item's reasoning type, y_p their response to the item and R the people who were right,

    labels           −log P(answer token), over the whole vocabulary
    representation   Σ_ℓ 1/|R| Σ_{p ∈ R} d(W_pℓ a_ℓ, y_p)
    stimulus         mean over the prompt's own tokens of −log P(token | tokens before)
    states           mean over layers and units of (a_ℓ − target_ℓ)²

where d is the cosine, Pearson or squared distance of :mod:`.objective`.

Source: Xiao, Du & Lin 2026, Methods (NARF, NARF+Label).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from brainbench.guidance.finetuning.data import Roles, TrainingItems
from brainbench.guidance.finetuning.recipes import LABELS, REPRESENTATION, STATES, STIMULUS, Recipe
from brainbench.guidance.maps import BrainMaps, fit_controlled, fit_published
from brainbench.guidance.objective import Objective, weights_of
from brainbench.guidance.signals import Signals

Parts = dict[str, Tensor]
# what holds old states where new ones are learned, in the parts of the loss
KEPT = "kept states"


@dataclass(frozen=True)
class Pass:
    """The outputs of one forward pass.

    Attributes
    ----------
    rows : (r,) which items.
    states : (r, L, units) attention at the last token, with gradient; None where not caught.
    logits : (r, vocabulary) there, or of ``stimulus`` those before each own token of each row,
        one row after the other. They mean nothing where the loss needs none.
    """

    rows: tuple[int, ...]
    states: Tensor | None
    logits: Tensor


class RecipeLoss:
    """Losses of a recipe.

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
        self._items = items
        self.device = device
        # no double precision there
        self._dtype = torch.float32 if device.type == "mps" else torch.float64
        self._learned = torch.as_tensor(roles.learned, device=device)
        self._guided = torch.as_tensor(roles.guided, device=device)
        self._answers = torch.empty(0, dtype=torch.long, device=device)
        self._drawn = [
            _Drawn.of(recipe, items, signals, kind).to(device, self._dtype)
            for kind in (dict.fromkeys(items.kinds) if recipe.uses_signals else ())
        ]

    def set_answers(self, true: int, false: int) -> None:
        """Set the target token of each answer, for recipes with labels.

        Parameters
        ----------
        true, false : ids of the tokens that spell the answers.
        """
        tokens = np.where(self._items.labels, true, false)
        self._answers = torch.as_tensor(tokens, dtype=torch.long, device=self.device)

    @property
    def needs_states(self) -> bool:
        """Whether a loss needs states."""
        return self.recipe.uses_signals or self.recipe.name == STATES

    @property
    def needs_logits(self) -> bool:
        """Whether a loss needs logits."""
        return self.recipe.uses_labels or self.recipe.name == STIMULUS

    def parts(self, given: Pass) -> Parts:
        """Each part's loss of each row (r,), already weighted; 0 where a row plays no role."""
        rows = torch.as_tensor(given.rows, device=self.device)
        parts: Parts = {}
        if self.recipe.uses_labels:
            parts[LABELS] = self._learned[rows] * cross_entropy(
                given.logits.to(self.device).float(), self._answers[rows], reduction="none"
            )
        if self.recipe.uses_signals:
            weight = 1.0 if self.recipe.name == REPRESENTATION else self.recipe.weight
            parts[REPRESENTATION] = weight * self._representation(given)
        if self.recipe.name == STIMULUS:
            parts[STIMULUS] = self._stimulus(given)
        if self.recipe.name == STATES:
            parts |= self._states(given)
        return parts

    def _representation(self, given: Pass) -> Tensor:
        states = self._moved(given)
        total = torch.zeros(len(given.rows), dtype=states.dtype, device=self.device)
        for drawn in self._drawn:
            own = [i for i, row in enumerate(given.rows) if row in drawn.numbers]
            if not own:
                continue
            at = torch.tensor(own, device=self.device)
            items = torch.tensor([drawn.numbers[given.rows[i]] for i in own], device=self.device)
            losses = drawn.objective.of_everybody(states[at], items).sum(dim=-1)
            total = total.index_add(0, at, (drawn.weights[:, items] * losses).sum(dim=0))
        return total * self._guided[torch.as_tensor(given.rows, device=self.device)]

    def _stimulus(self, given: Pass) -> Tensor:
        tokens = [self._items.prompts[row][self._items.own[row] :] for row in given.rows]
        flat = [token for own in tokens for token in own]
        target = torch.tensor(flat, dtype=torch.long, device=self.device)
        losses = cross_entropy(given.logits.to(self.device).float(), target, reduction="none")
        parts = torch.split(losses, [len(own) for own in tokens])
        return torch.stack([part.mean() for part in parts])

    def _states(self, given: Pass) -> Parts:
        states, rows = self._moved(given), list(given.rows)
        assert self.recipe.targets is not None
        wrong = self._items.wrong[rows]
        # those it had right are held where they were
        goal = np.where(wrong[:, None, None], self.recipe.targets[rows], self._items.states[rows])
        away = (states - torch.as_tensor(np.nan_to_num(goal)).to(states)).square().mean((1, 2))
        away = away * self._learned[torch.as_tensor(rows, device=self.device)]
        new = torch.as_tensor(wrong, device=self.device)
        return {STATES: away * new, KEPT: self.recipe.weight * away * ~new}

    def _moved(self, given: Pass) -> Tensor:
        assert given.states is not None
        return given.states.to(device=self.device, dtype=self._dtype)


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
    def of(cls, recipe: Recipe, items: TrainingItems, signals: Signals, kind: str) -> _Drawn:
        rows = np.flatnonzero(np.asarray(items.kinds) == kind)
        own = signals.at(rows)
        return cls(
            {int(row): number for number, row in enumerate(rows)},
            Objective(
                fit_maps(recipe, items.states[rows], own),
                own.responses,
                recipe.loss,
                recipe.chosen_centring,
            ),
            weights_of(own.right),
        )

    def to(self, device: torch.device, dtype: torch.dtype) -> _Drawn:
        return _Drawn(
            self.numbers,
            self.objective.to(device=device, dtype=dtype),
            self.weights.to(device=device, dtype=dtype),
        )


def fit_maps(recipe: Recipe, states: NDArray[np.floating], signals: Signals) -> BrainMaps:
    """Maps of one reasoning type, by the form of a recipe.

    Parameters
    ----------
    states : (n, L, units) of the items, before training.

    Raises
    ------
    DataError
        When there are too few items.
    """
    values = np.asarray(states, np.float64)
    if recipe.form == "published":
        return fit_published(values, signals.responses)
    return fit_controlled(values, signals.responses, [str(run) for run in signals.runs])
