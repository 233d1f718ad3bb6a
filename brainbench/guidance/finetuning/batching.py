"""Forward passes of training: batches of items, their cached lower states, inputs of the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brainbench.guidance.finetuning.data import TrainingItems
from brainbench.guidance.finetuning.losses import RecipeLoss
from brainbench.guidance.finetuning.recipes import Budget
from brainbench.guidance.finetuning.recipes.term import Pass
from brainbench.guidance.finetuning.upper_layers import Entering, TrainedPart
from brainbench.models.forward.hooks import Pick
from brainbench.models.forward.reader import token_at
from brainbench.models.prompts.batches import Batch, plan_batches
from brainbench.progress import Count


class UpperLayerRunner:
    """Runs items through the part of a model that is trained.

    Parameters
    ----------
    network : causal language model of transformers.
    items : every item.
    active : those that are trained on.
    loss : what is computed of a pass.
    budget : how prompts are batched.

    Attributes
    ----------
    groups : items that may share a batch: their prompts begin alike.
    """

    def __init__(
        self,
        network: Any,
        items: TrainingItems,
        active: Sequence[int],
        loss: RecipeLoss,
        budget: Budget,
    ) -> None:
        layers = loss.recipe.layers
        assert layers is not None
        self._items = items
        self._answers, self._text = loss.recipe.kind.reads_answers, loss.recipe.kind.reads_text
        self._batch_size = budget.batch_size
        whole = budget.checkpoint_activations
        heard = layers if loss.needs_states else ()
        self._part = TrainedPart(network, layers[0], heard, loss.needs_logits, whole)
        batches = self._plan([int(row) for row in active], not whole)
        self._batches = batches
        self.groups = [batch.rows for batch in batches]
        # item → number of its group, and its place there
        self._place = {
            row: (number, i)
            for number, rows in enumerate(self.groups)
            for i, row in enumerate(rows)
        }
        self._prefixes: list[Tensor | None] = []
        self._own: dict[int, Tensor] = {}

    def compute_lower(self, progress: Count = lambda done, total: None) -> None:
        """Run the blocks below the trained ones, once for each item."""
        done, total = 0, len(self._place)
        for group in self._batches:
            prefix = None
            for start in range(0, len(group.rows), self._batch_size):
                progress(done, total)
                part = _some(group, range(start, min(start + self._batch_size, len(group.rows))))
                held = self._part.entering(part)
                prefix = held.prefix
                self._own |= zip(part.rows, held.own, strict=bool(held.own))
                done += len(part.rows)
            self._prefixes.append(prefix)
        progress(total, total)

    def run(self, rows: Sequence[int], through: Any = None) -> Pass:
        """One pass with gradient over items of one group.

        Parameters
        ----------
        through : called in place of the model, where something is wrapped around it.
        """
        number = self._place[rows[0]][0]
        batch = _some(self._batches[number], [self._place[row][1] for row in rows])
        own = tuple(self._own[row] for row in rows) if self._own else ()
        last = token_at(torch.tensor([len(suffix) - 1 for suffix in batch.suffixes]))
        picks = [last] if self._answers or not self._text else []
        picks += [_before_own(batch)] if self._text else []
        entering = Entering(self._prefixes[number], own)
        logits, states = self._part.run(batch, entering, _together(picks), last, through)
        if not self._text:
            return Pass(batch.rows, states, logits if self._answers else None)
        n_last = len(batch.rows) if self._answers else 0
        return Pass(batch.rows, states, logits[:n_last] if n_last else None, logits[n_last:])

    def listening(self) -> AbstractContextManager[None]:
        """Context for passes, in which states are recorded."""
        return self._part.listening()

    def batches(self, seed: int, epoch: int) -> Iterator[list[int]]:
        """Batches of one epoch: items in a random order of the seed, groups apart.

        Parameters
        ----------
        seed : of the training.
        epoch : its number; each has an order of its own.
        """
        rng = np.random.default_rng([seed, epoch])
        drawn = []
        for rows in self.groups:
            order = rng.permutation(np.asarray(rows)).tolist()
            size = self._batch_size
            drawn += [order[start : start + size] for start in range(0, len(order), size)]
        yield from (drawn[i] for i in rng.permutation(len(drawn)))

    @property
    def n_batches(self) -> int:
        """Batches of every epoch."""
        return sum(-(-len(rows) // self._batch_size) for rows in self.groups)

    def _plan(self, active: list[int], share: bool) -> list[Batch]:
        """One batch for each group of items, numbered as all items are."""
        prompts = [self._items.prompts[row] for row in active]
        kinds = [self._items.kinds[row] for row in active]
        places: list[tuple[int, ...]] = []
        if self._text:
            # the first own token is predicted at the token before it, which is run in the batch
            places = [
                tuple(range(self._items.own[row] - 1, len(self._items.prompts[row]) - 1))
                for row in active
            ]
        planned = plan_batches(prompts, kinds, len(active), share, places)
        return [
            Batch(b.prefix, b.suffixes, tuple(active[i] for i in b.rows), b.places) for b in planned
        ]


def _some(batch: Batch, numbers: Sequence[int]) -> Batch:
    """Some prompts of a batch, in this order."""
    return Batch(
        batch.prefix,
        tuple(batch.suffixes[i] for i in numbers),
        tuple(batch.rows[i] for i in numbers),
        tuple(batch.places[i] for i in numbers) if batch.places else (),
    )


def _together(picks: Sequence[Pick]) -> Pick:
    """What several picks find, one after the other."""
    if len(picks) == 1:
        return picks[0]
    return lambda states: torch.cat([pick(states) for pick in picks])


def _before_own(batch: Batch) -> Pick:
    """(rows, tokens, units) → (places, units), the places of one row after those of the other."""
    row = torch.tensor([i for i, places in enumerate(batch.places) for _ in places])
    token = torch.tensor([place for places in batch.places for place in places])
    return lambda states: states[row.to(states.device), token.to(states.device)]
