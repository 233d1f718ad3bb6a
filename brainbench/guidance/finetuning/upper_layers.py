"""Cache hidden states entering the first trained block, so that a training step runs only the
blocks from it on.

The states that enter that block never change, so they are kept for each prompt, and training runs
from there on: blocks below are replaced, for the time of a pass, by modules that hand on what they
are given, the last of them by one that gives the kept states. Blocks above the last one that a loss
looks at are handed through as well.

What a batch of prompts begins with is run once, and its keys and values serve every row: they
depend on what is trained, so they are computed anew in each pass, with their gradient.

Prompts are padded on the right, where causal attention cannot see it, as in ``models.reading``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.checkpoint import checkpoint

from brainbench.models.architectures import find_family, find_sites, state_of
from brainbench.models.forward.hooks import Pick, only_rows
from brainbench.models.forward.kv_cache import empty_cache, with_cache
from brainbench.models.forward.reader import pad
from brainbench.models.forward.running import evaluating
from brainbench.models.prompts.batches import Batch, Tokens

Run = Callable[..., Any]


@dataclass(frozen=True)
class Entering:
    """Hidden states entering the first trained block; empty where that is the first block.

    Attributes
    ----------
    prefix : (P, units) those of what the prompts begin with; None where nothing is shared.
    own : of each prompt (tokens, units), those of what follows.
    """

    prefix: Tensor | None = None
    own: tuple[Tensor, ...] = ()


class TrainedPart:
    """The blocks of a model from the first trained one on.

    Parameters
    ----------
    network : causal language model of transformers, with or without adapters.
    first : number of the first block that training changes.
    layers : whose attention is listened to.
    whole : whether a loss looks at the logits; else blocks above the last of ``layers`` are
        handed through.
    again : keep only what enters each block, and compute the rest again on the way back;
        no beginning can be shared then, since keys would be written twice.

    Raises
    ------
    DataError
        When its family is not known.
    """

    def __init__(
        self,
        network: Any,
        first: int,
        layers: Sequence[int] = (),
        whole: bool = True,
        again: bool = False,
    ) -> None:
        self._network = network
        self._blocks = _block_list(network)
        self._first = first
        self._layers = tuple(layers)
        self._stop = len(self._blocks) if whole else self._layers[-1] + 1
        self._listen: Pick | None = None
        self._caught: list[Tensor] = []
        self._again = again
        self._tuples = _returns_tuples(network)
        # where the embedding is, the tokens must be; layers may be on other devices
        self._device = network.get_input_embeddings().weight.device

    def entering(self, batch: Batch) -> Entering:
        """Run the blocks below, without gradient."""
        if not self._first:
            return Entering()
        above = range(self._first, len(self._blocks))
        tokens = pad(batch.suffixes, self._device)[0]
        # no inference mode: what is kept takes part in gradients later
        with torch.no_grad(), evaluating(self._network), self._handing_on(above) as handing:
            entrance, past, prefix = handing[self._first], None, None
            if batch.prefix:
                past = empty_cache()
                self._call(self._network, _row(batch.prefix, self._device), past)
                prefix = entrance.seen[0]
                past.batch_repeat_interleave(len(tokens))
            self._call(self._network, tokens, past)
            pairs = zip(entrance.seen, batch.suffixes, strict=True)
            return Entering(prefix, tuple(state[: len(own)].clone() for state, own in pairs))

    def run(
        self,
        batch: Batch,
        entering: Entering,
        pick: Pick,
        last: Pick,
        through: Run | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """One pass with gradient.

        Parameters
        ----------
        batch, entering : the prompts, and the states kept of them.
        pick : (rows, tokens, units) → (places, units), where logits are wanted.
        last : (rows, tokens, units) → (rows, units), where states are.
        through : what is called in place of the model, where something is wrapped around it.

        Returns
        -------
        (places, vocabulary) logits, which mean nothing where blocks above are handed through,
        and (rows, layers, units) states; None where nothing is listened to.
        """
        call = through or self._network
        tokens = pad(batch.suffixes, self._device)[0]
        with self._as_trained() as handing:
            exit_below = handing.get(self._first - 1)
            past, self._listen = None, None
            if batch.prefix:
                own = empty_cache()
                if exit_below is not None and entering.prefix is not None:
                    exit_below.given = entering.prefix[None]
                self._call(call, _row(batch.prefix, self._device), own)
                past = self._for_rows(own, len(tokens), len(batch.prefix))
            if exit_below is not None:
                exit_below.given = pad_sequence(list(entering.own), batch_first=True)
            # kept until the next pass: on the way back checkpoints run blocks again, as they were
            self._caught, self._listen = [], last
            logits: Tensor = self._call(call, tokens, past, pick).logits[:, 0]
        caught, self._caught = self._caught, []
        if not caught:
            return logits, None
        return logits, torch.stack([state.to(caught[-1].device) for state in caught], dim=1)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Record attention outputs in passes with gradient."""

        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            # others may read the model out between passes
            if self._listen is not None and torch.is_grad_enabled():
                self._caught.append(self._listen(state_of(output)))

        modules = find_sites(self._network).modules("attention")
        with contextlib.ExitStack() as stack:
            for layer in self._layers:
                stack.callback(modules[layer].register_forward_hook(hook).remove)
            yield

    def _call(self, call: Run, tokens: Tensor, past: Any, pick: Pick | None = None) -> Any:
        head = self._network.get_output_embeddings()
        with only_rows(head, pick or (lambda states: states[:, -1])):
            return call(
                input_ids=tokens, use_cache=past is not None, **with_cache(self._network, past)
            )

    def _for_rows(self, own: Any, rows: int, length: int) -> Any:
        """Keys and values of one row as those of many, none of them copied."""
        past = empty_cache()
        # never looked at: a model asks the first layer how long the beginning is
        nothing = torch.zeros(1, 1, length, 1, device=self._device)
        for number in range(self._stop):
            keys = values = nothing
            if number >= self._first:
                keys, values = own.layers[number].keys, own.layers[number].values
            past.update(keys, values, number)
            past.layers[number].keys = keys.expand(rows, -1, -1, -1)
            past.layers[number].values = values.expand(rows, -1, -1, -1)
        return past

    @contextlib.contextmanager
    def _as_trained(self) -> Iterator[dict[int, _HandOn]]:
        """Nothing dropped at random, only the trained part run, its activations kept or not."""
        apart = [*range(self._first), *range(self._stop, len(self._blocks))]
        trained = range(self._first, self._stop) if self._again else ()
        again = {number: _Again(self._blocks[number]) for number in trained}
        with evaluating(self._network), self._handing_on(apart) as handing, self._put(again):
            yield handing

    @contextlib.contextmanager
    def _handing_on(self, numbers: Sequence[int]) -> Iterator[dict[int, _HandOn]]:
        """Some blocks replaced by modules that hand on what they are given."""
        handing = {n: _HandOn(self._blocks[n], self._tuples[n]) for n in numbers}
        with self._put(handing):
            yield handing

    @contextlib.contextmanager
    def _put(self, others: Mapping[int, nn.Module]) -> Iterator[None]:
        """Other modules in the place of blocks."""
        held = {number: self._blocks[number] for number in others}
        try:
            for number, module in others.items():
                self._blocks[number] = module
            yield
        finally:
            for number, block in held.items():
                self._blocks[number] = block


class _StandIn(nn.Module):
    """Stands for a block, and answers for it what models ask: which kind of attention it has."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        # in a tuple, so that it is not a submodule of this one
        self._for = (block,)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self._for[0], name)


class _Again(_StandIn):
    """Keeps what enters the block alone, and runs it again on the way back."""

    def forward(self, *given: Any, **named: Any) -> Any:
        run = partial(self._for[0], **named)
        return checkpoint(run, *given, use_reentrant=False)


class _HandOn(_StandIn):
    """Gives back what reaches it, or what it was given before.

    Attributes
    ----------
    seen : what reached it last.
    given : what it gives; None gives what reaches it.
    """

    def __init__(self, block: nn.Module, in_tuple: bool) -> None:
        super().__init__(block)
        self._in_tuple = in_tuple
        self.seen: Any = None
        self.given: Tensor | None = None

    def forward(self, hidden_states: Tensor, *more: Any, **named: Any) -> Any:
        self.seen = hidden_states
        states = hidden_states if self.given is None else self.given
        return (states,) if self._in_tuple else states


def _block_list(network: Any) -> Any:
    inner = network.get_base_model() if hasattr(network, "get_base_model") else network
    return attrgetter(find_family(inner).blocks)(inner)


def _returns_tuples(network: Any) -> list[bool]:
    """Whether each block gives a tuple, tried out on one token."""
    found: list[bool] = []

    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        found.append(isinstance(output, tuple))

    device = network.get_input_embeddings().weight.device
    with torch.no_grad(), evaluating(network), contextlib.ExitStack() as stack:
        for block in _block_list(network):
            stack.callback(block.register_forward_hook(hook).remove)
        network(input_ids=torch.zeros((1, 1), dtype=torch.long, device=device), use_cache=False)
    return found


def _row(tokens: Tokens, device: Any) -> Tensor:
    return torch.tensor([tokens], device=device)
