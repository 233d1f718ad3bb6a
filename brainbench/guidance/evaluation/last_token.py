"""Attention for several candidates of a prompt's end: each sees the prompt and itself.

The end is the last token, or the last few; of these each sees those before it of its candidate.

What stands before is read by every pass and changed by none, whatever becomes of the pass.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from brainbench.models.architectures import state_of, with_state
from brainbench.models.forward.kv_cache import empty_cache

if TYPE_CHECKING:
    from torch import Tensor, nn

    Pair = tuple[Tensor, Tensor]


class Before:
    """Keys and values of the tokens before the end of B prompts.

    Parameters
    ----------
    past : the cache that they were computed into; it is not looked at again.
    lengths : (B,) tokens before the end of each; what stands after them is padding.
    ends : (B,) tokens of each end, by default the last one. Shorter ends are padded on the left.
    """

    def __init__(
        self, past: Any, lengths: Sequence[int], ends: Sequence[int] | None = None
    ) -> None:
        self._ends = torch.tensor([1] * len(lengths) if ends is None else ends)
        self._wide = int(self._ends.max())
        self._layers: list[Pair] = [(layer.keys, layer.values) for layer in past.layers]
        self._lengths = torch.tensor(lengths)
        self._most = int(past.get_seq_length()) if past.layers else 0
        self._chosen: tuple[list[int], dict[int, Pair]] = ([], {})

    def cache(self, rows: Tensor) -> Any:
        """A cache for a pass over some rows, which reads it and adds nothing."""
        cache = empty_cache()
        if self._most:
            read = partial(self._read, rows.tolist())
            cache.layers = [
                _read_only(keys, values, partial(read, number))
                for number, (keys, values) in enumerate(self._layers)
            ]
        return cache

    def _read(self, rows: list[int], number: int) -> Pair:
        """Keys and values of some rows of a layer; kept for passes over the same ones."""
        keys, values = self._layers[number]
        if rows == list(range(len(self._lengths))):
            return keys, values
        if self._chosen[0] != rows:
            self._chosen = (rows, {})
        chosen = self._chosen[1]
        if number not in chosen:
            at = torch.tensor(rows, device=keys.device)
            chosen[number] = (keys[at], values[at])
        return chosen[number]

    def places(self, rows: Tensor, count: int, device: Any) -> Tensor:
        """(rows, count * wide) position of each token in its prompt; of padding 0 or more.

        Parameters
        ----------
        rows : (rows,) numbers of prompts.
        count : candidates of each.
        device : where the result is put.
        """
        places = self._lengths[rows, None] - self._padding(rows)[:, None] + self._numbers
        return places.clamp_min(0).repeat(1, count).to(device)

    @property
    def _numbers(self) -> Tensor:
        return torch.arange(self._wide)

    def _padding(self, rows: Tensor) -> Tensor:
        """(rows,) tokens of padding before each end."""
        return self._wide - self._ends[rows]

    def mask(self, rows: Tensor, count: int, dtype: torch.dtype, device: Any) -> Tensor:
        """(rows, 1, count * wide, before + count * wide) additive mask: 0 where a token may attend.

        Parameters
        ----------
        rows : (rows,) numbers of prompts.
        count : candidates of each.
        dtype : of the mask; its lowest number stands where a token may not attend.
        device : where the result is put.

        Returns
        -------
        ``before`` is the number of cached tokens of the longest prompt, ``wide`` that of the
        longest end. A candidate sees its own prompt and itself, each token those before it.
        """
        wide = self._wide
        before = torch.arange(self._most) < self._lengths[rows, None]
        # padding is seen by itself alone: a row of which nothing is seen would be NaN
        real = self._numbers >= self._padding(rows)[:, None]
        among = torch.ones(wide, wide, dtype=torch.bool).tril() & real[:, None]
        among |= torch.eye(wide, dtype=torch.bool)
        own = torch.zeros(len(rows), count, wide, count, wide, dtype=torch.bool)
        for candidate in range(count):
            own[:, candidate, :, candidate] = among
        seen = torch.cat(
            [
                before[:, None].expand(-1, count * wide, -1),
                own.reshape(len(rows), count * wide, count * wide),
            ],
            dim=-1,
        )
        mask = torch.zeros(seen.shape, dtype=dtype)
        return mask.masked_fill(~seen, torch.finfo(dtype).min)[:, None].to(device)


class Below:
    """Blocks below the first steered one: their output is the same for every candidate.

    Parameters
    ----------
    blocks : those of the model up to there.
    """

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        self._blocks = tuple(blocks)
        self._given: Tensor | None = None
        self._in_tuple = False

    @property
    def known(self) -> bool:
        """Whether their outputs are known, or there are no such blocks."""
        return not self._blocks or self._given is not None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Record the outputs of the blocks in a pass over each prompt."""

        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            self._in_tuple = isinstance(output, tuple)
            self._given = (output[0] if self._in_tuple else output).detach()

        handle = self._blocks[-1].register_forward_hook(hook)
        try:
            yield
        finally:
            handle.remove()

    @contextlib.contextmanager
    def left_out(self, rows: Tensor, count: int) -> Iterator[None]:
        """Replace the blocks by their known outputs while the context is open.

        Parameters
        ----------
        rows : (rows,) numbers of prompts whose outputs are put in.
        count : candidates of each; all get the same.
        """
        if not self._blocks or self._given is None:
            yield
            return
        states = self._given[rows.to(self._given.device)].repeat(1, count, 1)
        given = (states,) if self._in_tuple else states
        with contextlib.ExitStack() as stack:
            for block in self._blocks:
                stack.enter_context(_forward(block, lambda *more, **named: given))
            yield


@contextlib.contextmanager
def _forward(module: nn.Module, other: Callable[..., Any]) -> Iterator[None]:
    """Another forward of a module, while the block runs."""
    # that of an instance, where there is one: accelerate's
    own = module.__dict__.get("forward")
    module.__dict__["forward"] = other
    try:
        yield
    finally:
        if own is None:
            del module.__dict__["forward"]
        else:
            module.__dict__["forward"] = own


def _read_only(keys: Tensor, values: Tensor, read: Callable[[], Pair]) -> Any:
    """One layer of a cache, of which a pass reads some rows, and which it does not add to."""
    from transformers.cache_utils import DynamicLayer

    def update(new_keys: Tensor, new_values: Tensor, *more: Any, **named: Any) -> Any:
        held = read()
        return torch.cat([held[0], new_keys], dim=-2), torch.cat([held[1], new_values], dim=-2)

    layer: Any = DynamicLayer()
    layer.lazy_initialization(keys, values)
    layer.keys, layer.values, layer.update = keys, values, update
    return layer


@contextlib.contextmanager
def added(
    modules: Sequence[nn.Module], layers: Sequence[int], delta: Tensor | None
) -> Iterator[None]:
    """Add ``delta`` to the outputs of modules while the context is open.

    Parameters
    ----------
    modules : one per layer of the model.
    layers : which of them.
    delta : (rows or 1, candidates, layers, units), nothing for None; each candidate's is added at
        all of its tokens.
    """

    def hook(number: int) -> Callable[..., Any]:
        def add(module: nn.Module, inputs: Any, output: Any) -> Any:
            assert delta is not None
            first = state_of(output)
            more = delta[:, :, number].to(device=first.device, dtype=first.dtype)
            more = more.repeat_interleave(first.shape[1] // more.shape[1], dim=1)
            return with_state(output, first + more)

        return add

    with contextlib.ExitStack() as stack:
        for number, layer in enumerate(layers if delta is not None else ()):
            handle = modules[layer].register_forward_hook(hook(number))
            stack.callback(handle.remove)
        yield


@contextlib.contextmanager
def caught(modules: Sequence[nn.Module], layers: Sequence[int]) -> Iterator[dict[int, Tensor]]:
    """Record the outputs of modules: layer → (rows, tokens, units).

    Hooks run in the order in which they were set: within :func:`added` the
    states include the added vectors.

    Parameters
    ----------
    modules : one per layer of the model.
    layers : which of them are recorded.
    """
    states: dict[int, Tensor] = {}

    def hook(layer: int) -> Callable[..., None]:
        def catch(module: nn.Module, inputs: Any, output: Any) -> None:
            states[layer] = state_of(output).detach()

        return catch

    with contextlib.ExitStack() as stack:
        for layer in layers:
            stack.callback(modules[layer].register_forward_hook(hook(layer)).remove)
        yield states
