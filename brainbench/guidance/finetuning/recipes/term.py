"""What a recipe is made of: its settings, and terms that each give a part of the loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from brainbench.encoding.kernels import Array
from brainbench.guidance.finetuning.data import Mask, TrainingItems
from brainbench.guidance.signals import Signals

Parts = dict[str, Tensor]


@dataclass(frozen=True)
class RecipeSettings:
    """The settings that terms are computed by; see :class:`.recipe.Recipe`, which checks them."""

    name: str = "representation+labels"
    form: str = "controlled"
    weight: float = 0.05
    loss: str = "cosine"
    centring: str | None = None
    guided_items: str = "wrong"
    layers: tuple[int, ...] | None = None
    rank: int = 8
    alpha: int = 16
    targets: Array | None = field(default=None, compare=False, repr=False)

    @property
    def chosen_centring(self) -> str:
        """How predictions and responses are centred."""
        return self.centring or ("raw" if self.form == "published" else "centred")


@dataclass(frozen=True)
class Pass:
    """The outputs of one forward pass; what no term of the recipe reads is None.

    Attributes
    ----------
    rows : (r,) which items.
    states : (r, L, units) attention at the last token, with gradient.
    logits : (r, vocabulary) at the last token.
    text : (places, vocabulary) logits before each own token of each row, one row after the other.
    """

    rows: tuple[int, ...]
    states: Tensor | None = None
    logits: Tensor | None = None
    text: Tensor | None = None


@dataclass(frozen=True)
class Trained:
    """What is trained on, and where losses are computed.

    Attributes
    ----------
    items, signals : n items, and the responses to them.
    device : of the losses.
    """

    items: TrainingItems
    signals: Signals
    device: torch.device

    @property
    def dtype(self) -> torch.dtype:
        """Of losses of states: double, which Apple's devices lack."""
        return torch.float32 if self.device.type == "mps" else torch.float64


class Term(ABC):
    """One term of a loss, for each item of a batch.

    Attributes
    ----------
    name : of its part of the loss.
    reads_states, reads_answers, reads_text : whether it looks at states, at logits of the last
        token, at those of the prompt's own tokens.
    guides : whether it draws states to people's responses, so that an arm's signals matter.

    Parameters
    ----------
    settings : of the recipe, its layers written out.
    trained : items and responses.
    taking : (n,) items that take part.
    """

    name: ClassVar[str]
    reads_states: ClassVar[bool] = False
    reads_answers: ClassVar[bool] = False
    reads_text: ClassVar[bool] = False
    guides: ClassVar[bool] = False

    def __init__(self, settings: RecipeSettings, trained: Trained, taking: Mask) -> None:
        self._settings, self._trained = settings, trained
        self._taking = torch.as_tensor(taking, device=trained.device)

    @classmethod
    @abstractmethod
    def taking_part(cls, settings: RecipeSettings, items: TrainingItems, signals: Signals) -> Mask:
        """(n,) items that the term looks at."""

    @classmethod
    def why_none(cls, items: TrainingItems, signals: Signals) -> str:
        """What to say, and to do, where it looks at none."""
        return f"{signals.source}: no item is left to learn from"

    @abstractmethod
    def parts(self, given: Pass) -> Parts:
        """Its parts of the loss (r,), by name; 0 where an item takes no part."""

    def set_answers(self, true: int, false: int) -> None:  # noqa: B027  most terms need none
        """Set the tokens that spell the answers."""

    def _rows(self, given: Pass) -> Tensor:
        return torch.as_tensor(given.rows, device=self._trained.device)

    def _states(self, given: Pass) -> Tensor:
        assert given.states is not None
        return given.states.to(device=self._trained.device, dtype=self._trained.dtype)


def somebody_right(signals: Signals) -> Mask:
    """(n,) whether some person had the item right."""
    return np.asarray((signals.right > 0.5).any(axis=0), np.bool_)
