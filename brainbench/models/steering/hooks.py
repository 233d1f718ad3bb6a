"""Adding directions to a model's states, by hooks that never outlive the block.

Hooks are called in the order they were registered: what is recorded by hooks of a block inside
is the state after steering.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import UsageError
from brainbench.models.architectures import (
    Sites,
    describe_layers,
    find_sites,
    state_of,
    with_state,
)
from brainbench.models.model import SITES, Site

if TYPE_CHECKING:
    from torch import Tensor

    # (rows, tokens); or from the number of the pass, counting from 0, to such
    Where = Tensor | Callable[[int], Tensor]

# group → layer, counting from 0 → (units,)
Directions = Mapping[str, Mapping[int, NDArray[np.floating]]]


class Directed(Protocol):
    """What hooks need of a steering, see :class:`brainbench.models.steering.vector.Steering`."""

    @property
    def site(self) -> Site: ...

    @property
    def directions(self) -> Directions: ...

    @property
    def groups(self) -> tuple[str, ...]: ...

    @property
    def strength(self) -> float: ...

    @property
    def tokens(self) -> str: ...

    @property
    def sha256(self) -> str: ...


@contextlib.contextmanager
def steered(
    model: Any,
    site: Site,
    vectors: Mapping[int, Tensor],
    where: Where | None = None,
    which: Sequence[int] | None = None,
) -> Iterator[None]:
    """Add vectors to the states of a site while the block runs.

    Parameters
    ----------
    model : causal language model of a family that is read, or its sites.
    site : ``attention`` or ``hidden``.
    vectors : layer → (units,), the same for all rows, or (sets, units). They take the states'
        number format and device; gradients flow to them, where any are asked for.
    where : (rows, tokens), true where they are added, padding being wherever it is; None for
        every token of every row. A function of the pass's number, where the model runs more
        than once in the block, as in generation.
    which : of each row the set that it gets, -1 for none. Where a pass has ``k`` times as many
        rows, as beam search has, ``k`` neighbours are one row.

    Raises
    ------
    UsageError
        When a layer is none of the model's, or a pass has other rows or tokens than ``where``.
    """
    if site not in SITES:
        raise UsageError(f"{site!r} is not a site; there are {' and '.join(SITES)}")
    modules = _sites_of(model).modules(site)
    for layer, own in vectors.items():
        if layer not in modules:
            raise UsageError(f"layer {layer}: {describe_layers(site, modules)}")
        if which is None and own.ndim > 1:
            raise UsageError(f"layer {layer}: {len(own)} vectors, and no word which row gets which")
    places = None if where is None and which is None else _Places(where, which)
    with contextlib.ExitStack() as stack:
        for layer, own in vectors.items():
            stack.callback(modules[layer].register_forward_hook(_hook(own, places)).remove)
        yield


class Steerer:
    """A steering on one model: says which tokens are steered, and adds its directions there.

    Parameters
    ----------
    model : causal language model of transformers, or its sites.
    steering : None adds nothing.
    """

    def __init__(self, model: Any, steering: Directed | None = None) -> None:
        import torch

        self.steering = steering
        self._model = model
        self._vectors: dict[str, dict[int, Tensor]] = {}
        if steering is None:
            return
        modules = _sites_of(model).modules(steering.site)
        for layer in {layer for own in steering.directions.values() for layer in own}:
            if layer not in modules:
                raise UsageError(f"layer {layer}: {describe_layers(steering.site, modules)}")
        for group in steering.groups:
            self._vectors[group] = {
                layer: _beside(torch.tensor(vector) * float(steering.strength), modules[layer])
                for layer, vector in steering.directions[group].items()
            }

    @property
    def everywhere(self) -> bool:
        """Whether every token is steered: then rows of two groups share no state."""
        return self.steering is not None and self.steering.tokens == "all"

    def adding(
        self, groups: Sequence[str | None], where: Where | None = None
    ) -> AbstractContextManager[None]:
        """Add directions while the block runs.

        Parameters
        ----------
        groups : of each row whose directions it gets, None for none.
        where : as in :func:`steered`; :meth:`mask` makes one.
        """
        used = [group for group in dict.fromkeys(groups) if group is not None]
        if self.steering is None or not used:
            return nullcontext()
        if len(used) == 1 and len(groups) == groups.count(used[0]):
            return steered(self._model, self.steering.site, self._vectors[used[0]], where)
        return self._mixed(groups, used, where)

    @contextlib.contextmanager
    def _mixed(
        self, groups: Sequence[str | None], used: Sequence[str], where: Where | None
    ) -> Iterator[None]:
        """Rows of several groups; each may have layers of its own."""
        assert self.steering is not None
        with contextlib.ExitStack() as stack:
            for group in used:
                which = [0 if own == group else -1 for own in groups]
                vectors = {layer: own[None] for layer, own in self._vectors[group].items()}
                stack.enter_context(steered(self._model, self.steering.site, vectors, where, which))
            yield

    def mask(self, onsets: Sequence[int], lengths: Sequence[int], width: int) -> Tensor:
        """Which places of rows that are padded on the right are steered.

        Parameters
        ----------
        onsets : of each row the place of the prompt's last token; past its end where that
            token is not in the row.
        lengths : tokens of each row.
        width : places of the batch.

        Returns
        -------
        (rows, width), on the processor.
        """
        import torch

        places = torch.arange(width)
        onset, length = torch.tensor(onsets)[:, None], torch.tensor(lengths)[:, None]
        inside = places < length
        if self.everywhere:
            return inside
        if self._goes_on:
            return inside & (places >= onset)
        return inside & (places == onset)

    def generating(self, lengths: Sequence[int]) -> Callable[[int], Tensor]:
        """The same of each pass of a generation, whose prompts are padded on the left.

        The first pass reads the prompts, of these lengths; each later one reads one token more.
        """
        import torch

        first = self.mask([length - 1 for length in lengths], lengths, max(lengths))
        for row, length in enumerate(lengths):
            first[row] = first[row].roll(max(lengths) - length)
        later = torch.full((len(lengths), 1), self._goes_on)
        return lambda number: later if number else first

    def following(self, rows: int) -> Tensor:
        """The same of one more generated token of each row."""
        import torch

        return torch.full((rows, 1), self._goes_on)

    @property
    def _goes_on(self) -> bool:
        """Whether what is generated is steered too."""
        return self.steering is not None and self.steering.tokens != "last"


class _Places:
    """Where something is added in a pass: found once, not in every layer."""

    def __init__(self, where: Where | None, which: Sequence[int] | None) -> None:
        self._where = where
        self._which = which
        self._held: dict[Any, tuple[Tensor, Tensor, Tensor]] = {}

    def at(self, number: int, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Rows, places in them, and the set that each gets."""
        key = (number, state.device, *state.shape[:2])
        if key not in self._held:
            # layers are run one after the other: of the pass before, nothing is asked again
            self._held = {k: v for k, v in self._held.items() if k[0] == number}
            found = self._find(number, state.shape[0], state.shape[1])
            self._held[key] = tuple(part.to(state.device) for part in found)  # type: ignore[assignment]
        return self._held[key]

    def _find(self, number: int, rows: int, tokens: int) -> tuple[Tensor, Tensor, Tensor]:
        import torch

        if self._where is None:
            assert self._which is not None
            mask = torch.ones((len(self._which), tokens), dtype=torch.bool)
        else:
            mask = self._where(number) if callable(self._where) else self._where
            mask = mask.bool().cpu()
        sets = torch.zeros(len(mask), dtype=torch.long)
        if self._which is not None:
            sets = torch.as_tensor(self._which, dtype=torch.long)
        fits = mask.ndim == 2 and mask.shape[1] == tokens and len(sets) == len(mask)
        if not fits or not len(mask) or rows % len(mask):
            raise UsageError(
                f"the mask of steered tokens is for {' × '.join(map(str, mask.shape))} "
                f"(rows × tokens) and {len(sets)} rows; the pass has {rows} × {tokens}"
            )
        copies = rows // len(mask)
        mask, sets = mask.repeat_interleave(copies, 0), sets.repeat_interleave(copies)
        at, places = (mask & (sets >= 0)[:, None]).nonzero(as_tuple=True)
        return at, places, sets[at]


def _sites_of(model: Any) -> Sites:
    return model if isinstance(model, Sites) else find_sites(model)


def _beside(vector: Tensor, module: Any) -> Tensor:
    """On the device of a module, once: not in every pass."""
    device = next(module.parameters()).device
    return vector if device.type == "meta" else vector.to(device)


def _hook(vectors: Tensor, places: _Places | None) -> Callable[..., Any]:
    passes = count()

    def hook(module: Any, inputs: Any, output: Any) -> Any:
        state = state_of(output)
        moved = _moved(state, vectors.to(state.device, state.dtype), places, next(passes))
        return with_state(output, moved)

    return hook


def _moved(state: Tensor, vectors: Tensor, places: _Places | None, number: int) -> Tensor:
    """State (rows, tokens, units), with the vectors added where they are to be."""
    if places is None:
        return state + vectors
    rows, spots, sets = places.at(number, state)
    if not len(rows):
        return state
    added = vectors if vectors.ndim == 1 else vectors[sets]
    # not in place: others may hold the state, and gradients need it
    moved = state.clone()
    moved[rows, spots] = moved[rows, spots] + added
    return moved
