"""Recipes of fine-tuning by brain signals: losses, targets, layers and optimiser."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.errors import UnknownNameError, UsageError
from brainbench.guidance.layer_sets import middle_layers
from brainbench.guidance.objective import CENTRINGS, LOSSES

REPRESENTATION = "representation"
LABELS = "labels"
BOTH = "representation+labels"
STIMULUS = "stimulus"
STATES = "states"
# name → what it learns from, in plain words
RECIPES: dict[str, str] = {
    REPRESENTATION: "states are drawn to where people's responses are predicted",
    LABELS: "the right answers",
    BOTH: "the right answers, and states as in representation",
    STIMULUS: "the problems' text, no answers",
    STATES: "states that a search found; those of items it had right are held",
}
# form → passes over the items, at most, where nobody asks for others
EPOCHS: dict[str, int] = {"controlled": 40, "published": 100}
FORMS: tuple[str, ...] = tuple(EPOCHS)
# which items draw states: those that the model had wrong, or all
GUIDED_ITEMS: tuple[str, ...] = ("wrong", "all")
SCHEDULES: tuple[str, ...] = ("constant", "linear", "cosine")


@dataclass(frozen=True)
class Recipe:
    """The targets and losses of a training.

    Attributes
    ----------
    name : one of ``RECIPES``.
    form : ``controlled``, or ``published`` as in the paper. The published form fits one penalty
        to each person and layer by leave-one-out error, uses maps without their intercept, and
        leaves out items that the model and everybody had wrong; the controlled form chooses
        penalties by contiguous items left out and takes the means out of states and responses.
    weight : λ, of the representation beside labels; of holding old states beside new ones.
    loss : of a predicted and a measured response, one of ``LOSSES``.
    centring : one of ``CENTRINGS``; by default what the form says.
    guided_items : one of ``GUIDED_ITEMS``.
    layers : blocks whose attention is trained and looked at, counting from 0; the middle ones
        by default.
    rank, alpha : of LoRA.
    targets : of ``states``: (n_items, layers, units), NaN for items without a target.

    Source: Xiao, Du & Lin 2026, Methods (NARF, NARF+Label).
    """

    name: str = BOTH
    form: str = "controlled"
    weight: float = 0.05
    loss: str = "cosine"
    centring: str | None = None
    guided_items: str = "wrong"
    layers: tuple[int, ...] | None = None
    rank: int = 8
    alpha: int = 16
    targets: Array | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        known: tuple[tuple[str, str | None, Any], ...] = (
            ("recipe", self.name, RECIPES),
            ("form", self.form, FORMS),
            ("loss", self.loss, LOSSES),
            ("centring", self.centring, CENTRINGS),
            ("choice of guided items", self.guided_items, GUIDED_ITEMS),
        )
        for kind, name, names in known:
            if name is not None and name not in names:
                raise UnknownNameError(kind, name, names)
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
    def chosen_centring(self) -> str:
        """How predictions and responses are centred."""
        return self.centring or ("raw" if self.form == "published" else "centred")

    @property
    def uses_signals(self) -> bool:
        """Whether people's responses take part."""
        return self.name in (REPRESENTATION, BOTH)

    @property
    def uses_labels(self) -> bool:
        """Whether the right answers take part."""
        return self.name in (LABELS, BOTH)

    @property
    def leaves_out(self) -> bool:
        """Whether items that the model and everybody had wrong are left out."""
        return self.form == "published" and self.uses_labels

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


@dataclass(frozen=True)
class Budget:
    """The training schedule: epochs, learning rate, batches.

    Attributes
    ----------
    epochs : passes over the items, at most.
    learning_rate : of AdamW.
    weight_decay : of AdamW; torch's default.
    schedule : one of ``SCHEDULES``, of the learning rate.
    batch_size : prompts that go through the model together.
    accumulation : batches before a step, whose loss is a mean over the items in it; None makes
        one step of all items, whose loss is divided by their number, as published.
    patience : epochs whose validation score fell against the one before, no rise between,
        after which training stops; 0 never stops.
    seed : of the adapter's first weights and the order of the items.
    checkpoint_activations : for large models: less memory, a third more time, and no beginning
        is shared.
    """

    epochs: int = 100
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    schedule: str = "constant"
    batch_size: int = 32
    accumulation: int | None = None
    patience: int = 10
    seed: int = 0
    checkpoint_activations: bool = False

    def __post_init__(self) -> None:
        counts: Mapping[str, tuple[int, int]] = {
            "epochs": (self.epochs, 1),
            "batch_size": (self.batch_size, 1),
            "accumulation": (1 if self.accumulation is None else self.accumulation, 1),
            "patience": (self.patience, 0),
            "seed": (self.seed, 0),
        }
        for name, (value, least) in counts.items():
            if type(value) is not int or value < least:
                raise UsageError(f"{name} must be a whole number from {least}, not {value!r}")
        for name, rate in (
            ("learning_rate", self.learning_rate),
            ("weight_decay", self.weight_decay),
        ):
            if not (math.isfinite(rate) and rate >= 0):
                raise UsageError(f"{name} must be a number from 0, not {rate}")
        if self.schedule not in SCHEDULES:
            raise UnknownNameError("schedule", self.schedule, SCHEDULES)

    def facts(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)
