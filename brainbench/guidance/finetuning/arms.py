"""The signals and the recipe that an arm is trained with."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import numpy as np

from brainbench.errors import UsageError
from brainbench.guidance.arm_signals import remake_of
from brainbench.guidance.arms import LABEL_ONLY, UNGUIDED, find_arm
from brainbench.guidance.finetuning.recipes import LABELS, STIMULUS, Recipe
from brainbench.guidance.signals import Signals

_RECIPES = {LABEL_ONLY: LABELS, "stimulus only": STIMULUS}


def train_as(arm: str, signals: Signals, recipe: Recipe, seed: int) -> tuple[Signals, Recipe]:
    """The signals and the recipe of an arm.

    Of ``random direction`` they are those of the guided arm, whose adapter is then turned at
    random (:func:`.adapters.randomise_adapter`).

    Parameters
    ----------
    arm : name of the arm.
    signals : the measured ones.
    recipe : of the guided arm.
    seed : of the draws of stochastic arms; arms of one seed draw apart.

    Raises
    ------
    UnknownNameError
        When there is no such arm.
    UsageError
        When nothing is trained in it.
    """
    found = find_arm(arm)
    if arm == UNGUIDED or "finetuning" not in found.modes:
        raise UsageError(f"the arm {arm!r} is the model as it is: there is nothing to train")
    if found.has_signals:
        # arms that share a seed are not to share their draws
        signals = remake_of(arm)(signals, np.random.default_rng([seed, crc32(arm.encode())]))
    return signals, replace(recipe, name=_RECIPES.get(arm, recipe.name))
