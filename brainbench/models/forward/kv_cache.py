"""Caches of keys and values, as models of transformers take them."""

from __future__ import annotations

import inspect
from typing import Any

from brainbench.models.architectures import layer_kinds, mixes_otherwise, text_config


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
