"""A steering on a network of transformers, whoever runs it: a forward pass, or ``generate``.

brainbench's own readers know where each prompt ends. Here it is found out pass by pass: hooks on
the network look at what a pass is given, and hooks on its blocks add the directions there.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brainbench.errors import UsageError
from brainbench.models.architectures import find_sites
from brainbench.models.steering.hooks import Directed, Steerer

if TYPE_CHECKING:
    from torch import Tensor

# what transformers calls keys and values of tokens that were read, before and after 5.24
_CACHES = ("past_key_values", "cache")


@contextlib.contextmanager
def applied(network: Any, steering: Directed, groups: Sequence[str]) -> Iterator[None]:
    """Steer every pass of a network while the block runs.

    Parameters
    ----------
    network : model of transformers, with or without a head, perhaps in a PEFT adapter.
    steering : its directions have the width of the network's states.
    groups : whose directions are added: one for all rows of a pass, or one for each.

    Raises
    ------
    UsageError
        At a forward pass in which the last token of the prompt cannot be determined.
    """
    inner = network.get_base_model() if hasattr(network, "get_base_model") else network
    sites = find_sites(inner)
    steerer = Steerer(sites, steering)
    passes = _Passes(inner, steering, groups)
    with contextlib.ExitStack() as stack:
        for module in _around(inner, sites.hidden[0]):
            begin = module.register_forward_pre_hook(passes.begin, with_kwargs=True)
            stack.callback(begin.remove)
            # after an error too
            end = module.register_forward_hook(passes.end, with_kwargs=True, always_call=True)
            stack.callback(end.remove)
        if hasattr(inner, "generate"):
            stack.enter_context(_generate_as(inner, passes.generating(inner.generate)))
        stack.enter_context(steerer.adding(groups, passes.places))
        yield


@dataclass
class _Generation:
    """A call of ``generate``: of each prompt the place of its last token."""

    onsets: Tensor


class _Passes:
    """Determines, for each forward pass, which tokens are steered.

    Parameters
    ----------
    network : the model of transformers itself.
    steering, groups : see :func:`applied`.
    """

    def __init__(self, network: Any, steering: Directed, groups: Sequence[str]) -> None:
        self._network = network
        self._tokens = steering.tokens
        self._groups = groups
        # of this block, for the hash of a model in memory
        self.changes_numbers = [steering.sha256, list(groups)]
        self._running: Any = None
        self._where: Tensor | None = None
        self._generation: _Generation | None = None
        # keys and values that were begun in this block
        self._caches: list[weakref.ref[Any]] = []

    def places(self, number: int) -> Tensor:
        """(rows, tokens) of the pass that runs, true where directions are added."""
        if self._where is None:
            raise UsageError(
                "a block of the steered model was run by itself, and nothing tells which tokens "
                "are steered: call the model"
            )
        return self._where

    # ---------------------------------------------------------------- hooks

    def begin(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before the network runs, or a part of it that holds the blocks."""
        if self._running is not None and module is not self._network:
            return
        self._running = module
        self._where = None
        given = _by_name(module, args, kwargs)
        self._where = self._in_pass(given)
        self._remember(_first(given, *_CACHES))

    def end(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        """After it has run."""
        if module is not self._running:
            return
        self._running = self._where = None
        found = (getattr(output, name, None) for name in _CACHES)
        self._remember(next((cache for cache in found if cache is not None), None))

    def generating(self, generate: Callable[..., Any]) -> Callable[..., Any]:
        """``generate`` that tells this where its prompts end."""

        @functools.wraps(generate)
        def known(*args: Any, **kwargs: Any) -> Any:
            before = self._generation
            self._generation = _Generation(_onsets(_by_name_of(generate, args, kwargs)))
            try:
                return generate(*args, **kwargs)
            finally:
                self._generation = before

        return known

    # ---------------------------------------------------------------- one pass

    def _in_pass(self, given: dict[str, Any]) -> Tensor:
        import torch

        read = _first(given, "input_ids", "inputs_embeds")
        if read is None:
            raise UsageError("a pass of a steered model needs input_ids or inputs_embeds")
        rows, tokens = read.shape[:2]
        past = _first(given, *_CACHES)
        before = _length(past)
        real = self._real(given.get("attention_mask"), rows, tokens, before)
        if self._tokens == "all":
            return self._for_groups(real)
        if _recomputes(self._network):
            raise UsageError(
                "with gradient checkpointing blocks run again, and it is then unknown which "
                "tokens are steered: switch it off, or steer all tokens"
            )
        if self._generation is not None:
            onsets = self._generation.onsets
            if rows % len(onsets):
                raise UsageError(f"a pass of {rows} rows for {len(onsets)} prompts")
            onsets = onsets.repeat_interleave(rows // len(onsets))[:, None]
            columns = torch.arange(before, before + tokens)[None]
            chosen = columns == onsets if self._tokens == "last" else columns >= onsets
            return self._for_groups(chosen & real)
        if before and self._begun_here(past):
            if tokens > 1:
                raise UsageError(
                    f"a pass goes on with {tokens} tokens after {before} that were read before, "
                    "and nothing tells whether a prompt goes on or what was generated: use "
                    "generate(), read the prompt in one pass, or steer all tokens. Of a "
                    "brainbench model take load_model() and apply the steering to that"
                )
            return self._for_groups(torch.full((rows, 1), self._tokens == "generated"))
        return self._for_groups(_last_of(real))

    def _real(self, mask: Any, rows: int, tokens: int, before: int) -> Tensor:
        """Which of the tokens are not padding."""
        import torch

        every = torch.ones((rows, tokens), dtype=torch.bool)
        if mask is None or (tokens == 1 and getattr(mask, "ndim", 0) != 2):
            return every
        if getattr(mask, "ndim", 0) == 2:
            own = mask[:, before : before + tokens].bool().cpu()
            if own.shape[1] != tokens:
                own = mask[:, -tokens:].bool().cpu()
            found: Tensor = own
            return found
        if self._generation is not None:
            # masks that transformers has made of the prompts' own
            return every
        raise UsageError(
            "a steered model needs an attention mask of (rows, tokens): of another nothing tells "
            "where padding is"
        )

    def _for_groups(self, where: Tensor) -> Tensor:
        """One row for each prompt that has a group of its own; beams of a prompt lie together."""
        count = len(self._groups)
        if count == 1:
            return where
        if len(where) % count:
            raise UsageError(f"{count} reasoning types, and {len(where)} rows in the pass")
        return where[:: len(where) // count]

    # ---------------------------------------------------------------- caches

    def _remember(self, cache: Any) -> None:
        self._caches = [kept for kept in self._caches if kept() is not None]
        if cache is not None and not isinstance(cache, tuple) and not self._begun_here(cache):
            self._caches.append(weakref.ref(cache))

    def _begun_here(self, cache: Any) -> bool:
        return any(kept() is cache for kept in self._caches)


@contextlib.contextmanager
def _generate_as(network: Any, generate: Callable[..., Any]) -> Iterator[None]:
    """Put a function in the place of a network's ``generate`` while the block runs."""
    own = vars(network)
    before = own.get("generate")
    network.generate = generate
    try:
        yield
    finally:
        if before is None:
            del network.generate
        else:
            network.generate = before


def _around(network: Any, block: Any) -> list[Any]:
    """The network and the modules in it that hold its blocks: each may be called by itself."""
    found = [network]
    for name, module in network.named_modules():
        if module is block:
            parts = name.split(".")
            # neither the list of blocks nor the block
            for end in range(1, len(parts) - 1):
                found.append(network.get_submodule(".".join(parts[:end])))
            return found
    raise UsageError("the first block is not a part of the model")


def _by_name(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    return _by_name_of(module.forward, args, kwargs)


def _by_name_of(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Arguments by their names."""
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    return dict(zip(names, args, strict=False)) | kwargs


def _first(given: dict[str, Any], *names: str) -> Any:
    return next((given[name] for name in names if given.get(name) is not None), None)


def _length(cache: Any) -> int:
    """How many tokens it holds."""
    if cache is None:
        return 0
    if not hasattr(cache, "get_seq_length"):
        raise UsageError(
            f"past_key_values of the kind {type(cache).__name__}: give a Cache of transformers"
        )
    return int(cache.get_seq_length())


def _last_of(real: Tensor) -> Tensor:
    """Of each row its last token that is not a padding."""
    import torch

    places = torch.arange(real.shape[1])
    last = torch.where(real, places, -1).max(dim=1, keepdim=True).values
    return real & (places == last)


def _onsets(given: dict[str, Any]) -> Tensor:
    """Place of the last token of each prompt that ``generate`` is given."""
    import torch

    read = _first(given, "inputs", "input_ids", "inputs_embeds")
    if read is None:
        # it begins with one token of its own
        return torch.zeros(1, dtype=torch.long)
    rows, tokens = read.shape[:2]
    mask: Any = given.get("attention_mask")
    real = torch.ones((rows, tokens), dtype=torch.bool)
    if getattr(mask, "ndim", 0) == 2 and mask.shape == (rows, tokens):
        real = mask.bool().cpu()
    places = torch.arange(tokens)
    return torch.where(real, places, 0).max(dim=1).values


def _recomputes(network: Any) -> bool:
    return bool(network.training and getattr(network, "is_gradient_checkpointing", False))
