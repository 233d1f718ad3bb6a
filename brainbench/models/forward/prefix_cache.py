"""Keys and values of a prefix that prompts share, computed once."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from typing import Any

from brainbench.models.architectures import layer_kinds, mixes_otherwise, text_config
from brainbench.models.forward.hooks import only_rows
from brainbench.models.forward.running import input_device
from brainbench.models.prompts.batches import Tokens
from brainbench.models.steering.hooks import Steerer


class SharedPrefix:
    """Keys and values of the last beginning that was asked for.

    Parameters
    ----------
    model : a causal language model of transformers.
    steerer : adds directions to a beginning that is asked for steered.
    """

    def __init__(self, model: Any, steerer: Steerer | None = None) -> None:
        self._model = model
        self._steerer = steerer or Steerer(model)
        # where the embedding is, the tokens must be; layers may be on other devices
        self._device = input_device(model)
        self._held: tuple[Any, Any] = (None, None)

    def past(self, prefix: Tokens, rows: int, group: str | None = None) -> Any:
        """A cache to run with, of its own for each row of a batch; None without a beginning.

        Parameters
        ----------
        group : whose directions are added to every token of it.
        """
        if not prefix:
            return None
        if self._held[0] != (prefix, group):
            self._held = (None, None)
            self._held = ((prefix, group), self._compute(prefix, group))
        past = copy.deepcopy(self._held[1])
        repeat_rows(past, rows)
        return past

    def forget(self) -> None:
        """Let what is kept go."""
        import torch

        self._held = (None, None)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _compute(self, prefix: Tokens, group: str | None) -> Any:
        import torch

        past = empty_cache(self._model)
        tokens = torch.tensor([prefix], device=self._device)
        last = only_rows(self._model.get_output_embeddings(), lambda states: states[:, -1])
        with self._steerer.adding([group]), last:
            self._model(input_ids=tokens, use_cache=True, **with_cache(self._model, past))
        return past


def empty_cache(model: Any = None) -> Any:
    """A cache of keys and values that keeps all of them.

    Parameters
    ----------
    model : what it is for, where that may hold layers without attention, whose states are kept
        in its place; None for models of attention alone.
    """
    from transformers import DynamicCache

    config = None if model is None else text_config(model)
    if config is not None and any(map(mixes_otherwise, layer_kinds(config))):
        return DynamicCache(config=config)
    # without the configuration: where that names a window that its family does not use,
    # as in Llamas made of Mistrals, keys would be dropped
    return DynamicCache()


def repeat_rows(past: Any, rows: int) -> None:
    """Make the cache of one row that of many, in place."""
    import torch

    if all(hasattr(layer, "batch_repeat_interleave") for layer in past.layers):
        past.batch_repeat_interleave(rows)
        return
    # layers without attention keep one state, which can be chosen from though not repeated
    for layer in past.layers:
        layer.reorder_cache(torch.zeros(rows, dtype=torch.long))


def with_cache(model: Any, past: Any) -> dict[str, Any]:
    """A cache as a model takes it: ``cache``, before transformers 5.24 ``past_key_values``.

    Parameters
    ----------
    model : a causal language model of transformers.
    past : cache of keys and values; None for none.

    Returns
    -------
    The keyword argument of a forward pass.
    """
    # what adapters and hooks put around a model takes whatever it is given
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    known = inspect.signature(type(inner).forward).parameters
    return {"cache" if "cache" in known else "past_key_values": past}


def rows_of(past: Any, rows: Sequence[int]) -> Any:
    """Some rows of a cache, in this order, as a cache of their own.

    Parameters
    ----------
    past : cache of keys and values of a batch.
    rows : which of its rows; one may be asked for more than once.
    """
    import torch

    chosen = empty_cache()
    for number, layer in enumerate(past.layers):
        at = torch.tensor(rows, device=layer.keys.device)
        chosen.update(layer.keys[at], layer.values[at], number)
    return chosen
