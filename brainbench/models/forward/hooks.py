"""Record the states of a model's modules by hooks that are removed after the pass."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainbench.models.architectures import state_of
from brainbench.models.model import SITES, Site

if TYPE_CHECKING:
    from torch import Tensor, nn

    from brainbench.models.architectures import Sites

Pick = Callable[["Tensor"], "Tensor"]


class Recorder:
    """What the hooks caught in the last forward pass."""

    def __init__(self, sites: Sites) -> None:
        # attention is left out where no layer has it
        self._modules: dict[Site, dict[int, nn.Module]] = {
            site: modules for site in SITES if (modules := sites.modules(site))
        }
        self._caught: dict[tuple[Site, int], Tensor] = {}

    def states(self) -> dict[Site, NDArray[np.float32]]:
        """Site → (rows, layers, units), float32; what was caught is let go."""
        import torch

        # one move per layer, not one per hook: a GPU is not made to wait within the pass
        stacked: dict[Site, NDArray[np.float32]] = {
            site: torch.stack(
                [self._caught[site, layer].float().cpu() for layer in modules], dim=1
            ).numpy()
            for site, modules in self._modules.items()
        }
        self._caught.clear()
        return stacked

    def _hook(self, key: tuple[Site, int], pick: Pick) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            self._caught[key] = pick(state_of(output).detach())

        return hook

    @contextlib.contextmanager
    def listening(self, pick: Pick) -> Iterator[None]:
        """Catch states while the block runs.

        Parameters
        ----------
        pick : (rows, tokens, units) → (rows, units), which state of a row is kept.
        """
        with contextlib.ExitStack() as stack:
            for site, modules in self._modules.items():
                for layer, module in modules.items():
                    handle = module.register_forward_hook(self._hook((site, layer), pick))
                    stack.callback(handle.remove)
            yield


@contextlib.contextmanager
def only_rows(head: nn.Module, pick: Pick) -> Iterator[None]:
    """Let the output layer see one token of each row: vocabularies are large.

    Parameters
    ----------
    head : the output layer, from states to logits.
    pick : (rows, tokens, units) → (n_picked, units), the states seen, as a rule one a row.
    """

    def hook(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return (pick(inputs[0])[:, None], *inputs[1:])

    handle = head.register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()
