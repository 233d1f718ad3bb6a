"""Recipes of fine-tuning by brain signals: losses, targets, layers and optimiser."""

from brainbench.guidance.finetuning.recipes.budget import SCHEDULES, Budget
from brainbench.guidance.finetuning.recipes.recipe import (
    BOTH,
    EPOCHS,
    FORMS,
    GUIDED_ITEMS,
    JOINT,
    LABELS,
    REPRESENTATION,
    STATES,
    STIMULUS,
    Recipe,
    assign_roles,
)
from brainbench.guidance.finetuning.recipes.registry import RECIPES, RecipeKind

__all__ = [
    "BOTH",
    "EPOCHS",
    "FORMS",
    "GUIDED_ITEMS",
    "JOINT",
    "LABELS",
    "RECIPES",
    "REPRESENTATION",
    "SCHEDULES",
    "STATES",
    "STIMULUS",
    "Budget",
    "Recipe",
    "RecipeKind",
    "assign_roles",
]
