"""A recipe of fine-tuning by brain signals: what is learned, with which settings."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.guidance.finetuning.data import Roles, TrainingItems
from brainbench.guidance.finetuning.recipes.registry import RECIPES, RecipeKind
from brainbench.guidance.finetuning.recipes.term import RecipeSettings
from brainbench.guidance.layer_sets import middle_layers
from brainbench.guidance.objective import CENTRINGS, LOSSES
from brainbench.guidance.signals import Signals

REPRESENTATION = "representation"
LABELS = "labels"
BOTH = "representation+labels"
STIMULUS = "stimulus"
JOINT = "language+representation"
STATES = "states"
# form → passes over the items, at most, where nobody asks for others
EPOCHS: dict[str, int] = {"controlled": 40, "published": 100}
FORMS: tuple[str, ...] = tuple(EPOCHS)
# which items draw states: those that the model had wrong, or all
GUIDED_ITEMS: tuple[str, ...] = ("wrong", "all")


@dataclass(frozen=True)
class Recipe(RecipeSettings):
    """The targets and losses of a training.

    Attributes
    ----------
    name : one of ``RECIPES``.
    form : ``controlled``, or ``published`` as in the paper. The published form fits one penalty
        to each person and layer by leave-one-out error, uses maps without their intercept, and
        leaves out items that the model and everybody had wrong; the controlled form chooses
        penalties by contiguous items left out and takes the means out of states and responses.
    weight : λ, of the representation beside labels or text; of holding old states beside new ones.
    loss : of a predicted and a measured response, one of ``LOSSES``.
    centring : one of ``CENTRINGS``; by default what the form says.
    guided_items : one of ``GUIDED_ITEMS``.
    layers : blocks whose attention is trained and looked at, counting from 0; the middle ones
        by default.
    rank, alpha : of LoRA.
    targets : of ``states``: (n_items, layers, units), NaN for items without a target.

    Source: Xiao, Du & Lin 2026, Methods (NARF, NARF+Label).
    """

    def __post_init__(self) -> None:
        known: tuple[tuple[str, str | None, Any], ...] = (
            ("recipe", self.name, RECIPES),
            ("form", self.form, FORMS),
            ("loss", self.loss, LOSSES),
            ("centring", self.centring, CENTRINGS),
            ("choice of guided items", self.guided_items, GUIDED_ITEMS),
        )
        for what, name, names in known:
            if name is not None and name not in names:
                raise UnknownNameError(what, name, names)
        if not (math.isfinite(self.weight) and self.weight >= 0):
            raise UsageError(f"the weight must be a number from 0, not {self.weight}")
        for what, value in (("rank", self.rank), ("alpha", self.alpha)):
            if value < 1:
                raise UsageError(f"{what} must be a whole number from 1, not {value}")
        if self.layers is not None and not self.layers:
            raise UsageError("no layer is trained: name one, or leave the choice to the recipe")
        if self.name == STATES and self.targets is None:
            raise UsageError(
                f"the recipe {STATES!r} needs target states, which a search finds: give them in "
                "Python, Recipe('states', targets=…)"
            )
        if self.name != STATES and self.targets is not None:
            raise UsageError(f"targets go with the recipe {STATES!r}, and with no other")

    @property
    def kind(self) -> RecipeKind:
        """Its terms, and what they look at."""
        return RECIPES[self.name]

    @property
    def is_weighted(self) -> bool:
        """Whether λ changes anything."""
        return len(self.kind.terms) > 1 or self.name == STATES

    def at_layers(self, count: int) -> Recipe:
        """The same with its layers written out, for a model of so many blocks.

        Raises
        ------
        UsageError
            When there are no such layers.
        """
        layers = middle_layers(count) if self.layers is None else tuple(sorted(set(self.layers)))
        if not layers:
            raise UsageError(f"a model of {count} layers has no middle ones: name the layers")
        if layers[0] < 0 or layers[-1] >= count:
            raise UsageError(
                f"the model has layers 0 to {count - 1}; there is no layer "
                f"{layers[-1] if layers[-1] >= count else layers[0]}"
            )
        return replace(self, layers=layers)

    def facts(self) -> dict[str, Any]:
        """As JSON values; targets as their hash."""
        facts = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "targets"}
        facts["centring"] = self.chosen_centring
        if self.targets is not None:
            content = np.ascontiguousarray(self.targets, np.float64).tobytes()
            facts["targets_sha256"] = hashlib.sha256(content).hexdigest()
        return facts


def assign_roles(recipe: Recipe, items: TrainingItems, signals: Signals) -> Roles:
    """Divide the items as a recipe says.

    Parameters
    ----------
    recipe : what is learned.
    items : with the model's answers before training.
    signals : of the same items; only who was right counts.

    Raises
    ------
    DataError
        When no item is left to learn from.
    """
    learned, guided = np.zeros((2, items.n_items), np.bool_)
    for term in recipe.kind.terms:
        own = term.taking_part(recipe, items, signals)
        if term.guides:
            guided |= own
        else:
            learned |= own
    roles = Roles(learned, guided)
    if not len(roles.active):
        raise DataError(_reasons(recipe, items, signals))
    return roles


def _reasons(recipe: Recipe, items: TrainingItems, signals: Signals) -> str:
    reasons: Sequence[str] = [term.why_none(items, signals) for term in recipe.kind.terms]
    return "; ".join(dict.fromkeys(reasons))
