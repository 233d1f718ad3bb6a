"""Attention to a beginning that all rows share, whose keys and values are kept once.

A batch that continues one beginning would hold its keys and values once a row, and once again for
each head that shares them: more bytes than the weights of a layer. Here the queries of all rows go
to the beginning as one row, and to what is their own apart from it; both parts are put together by
their log-sum-exp, as flash attention does with its blocks. Equal but for rounding.

It is for float32 on a processor, where attention is plain and causal and what follows the
beginning has no gaps. Any other attention is refused, and tried before it is relied on.

Source
------
Juravsky et al., Hydragen: high-throughput LLM inference with shared prefixes, 2024.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from brainbench.models.forward.kv_cache import empty_cache, repeat_rows, with_cache
from brainbench.models.forward.running import input_device

if TYPE_CHECKING:
    from torch import Tensor

_NAME = "brainbench_shared"
# arguments of a layer's attention that change nothing here
_HARMLESS = {"position_ids", "cache_position", "use_cache", "is_causal"}
# between the answers of both ways, relative to the largest logit; rounding leaves 1e-6
_NEAR = 1e-4


class _Refused(RuntimeError):
    """An attention that is not plain and causal."""


class _Pass:
    """One forward pass: its cache, and how many layers have attended to it."""

    def __init__(self, past: Any) -> None:
        self.past = past
        self.attended = 0


# models that were tried, while they are in memory
_TRIED: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
_PASS: ContextVar[_Pass | None] = ContextVar("_PASS", default=None)


def share(beginning: Any, own: Sequence[tuple[Tensor, Tensor]] | None = None) -> Any:
    """A cache to continue a beginning with, any number of rows.

    Parameters
    ----------
    beginning : cache of one row of tokens, or one that was made here.
    own : of each layer keys and values that already follow it, (rows, heads, tokens, units).
    """
    from transformers.cache_utils import Cache

    layers = [_layer_class()(*_beginning(layer)) for layer in beginning.layers]
    for layer, (keys, values) in zip(layers, own or [], strict=False):
        layer.update(keys, values)
    shared: Any = Cache(layers=layers)
    shared.narrowest = getattr(beginning, "narrowest", float("inf"))
    return shared


def is_shared(past: Any) -> bool:
    """Whether a cache keeps a beginning once for all rows."""
    return past is not None and any(isinstance(layer, _layer_class()) for layer in past.layers)


def _beginning(layer: Any) -> tuple[Tensor, Tensor]:
    return getattr(layer, "beginning", None) or (layer.keys, layer.values)


@cache
def _layer_class() -> Any:
    """Made when transformers is there; it is loaded late."""
    from transformers.cache_utils import DynamicLayer

    class SharedLayer(DynamicLayer):
        """Keys and values of one layer: the beginning's apart, and what each row adds."""

        def __init__(self, keys: Tensor, values: Tensor) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.beginning = (keys, values)

        def get_seq_length(self) -> int:
            return int(self.beginning[0].shape[-2] + super().get_seq_length())

    return SharedLayer


@contextlib.contextmanager
def attending(model: Any, past: Any) -> Iterator[None]:
    """Attend to a cache from :func:`share` in the passes of the block; no other cache matters.

    Raises
    ------
    RuntimeError
        When a layer has not attended to the beginning: what came out is wrong.
    """
    if not is_shared(past):
        yield
        return
    _register()
    current = _Pass(past)
    token = _PASS.set(current)
    configs = _configs(model)
    before = [config._attn_implementation for config in configs]
    try:
        for config in configs:
            config._attn_implementation = _NAME
        yield
    finally:
        for config, name in zip(configs, before, strict=True):
            config._attn_implementation = name
        _PASS.reset(token)
    if current.attended % len(past.layers) or not current.attended:
        raise RuntimeError("not every layer attended to the beginning that rows share")


def run(model: Any, tokens: Any, past: Any) -> Any:
    """One pass over tokens that follow a cache, which grows by them.

    Parameters
    ----------
    model : a causal language model of transformers.
    tokens : (rows, longest) token ids.
    past : from :meth:`.SharedPrefix.past` or :func:`rows_of`; None for none.
    """
    with attending(model, past):
        return model(input_ids=tokens, use_cache=past is not None, **with_cache(model, past))


def rows_of(past: Any, rows: Sequence[int]) -> Any:
    """Some rows of a cache, in this order, as a cache of their own.

    Parameters
    ----------
    past : cache of keys and values of a batch.
    rows : which of its rows; one may be asked for more than once.
    """
    import torch

    if is_shared(past):
        at = torch.tensor(rows)
        return share(past, [(layer.keys[at], layer.values[at]) for layer in past.layers])
    chosen = empty_cache()
    for number, layer in enumerate(past.layers):
        at = torch.tensor(rows, device=layer.keys.device)
        chosen.update(layer.keys[at], layer.values[at], number)
    return chosen


def longest_shared(model: Any, tokens: Sequence[int]) -> float:
    """Tokens up to which a model gives the same with its beginning kept once, found by trying.

    Parameters
    ----------
    model : a causal language model of transformers.
    tokens : of a beginning; the first ones are enough.

    Returns
    -------
    Its narrowest window, infinite where no layer has one; 0 where the model gives something else,
    is not float32 on a processor, or does not attend by torch's own function.
    """
    # asked each time: a model in memory may be moved, cast or given another attention since
    if not _is_plain(model):
        return 0
    if model not in _TRIED:
        _TRIED[model] = _try(model, tokens)
    return _TRIED[model]


def _is_plain(model: Any) -> bool:
    import torch

    configs = _configs(model)
    weights = [weight for weight in model.parameters() if weight.is_floating_point()]
    return (
        # weights that are brought when they are needed have no device till then
        all(w.device.type in ("cpu", "meta") and w.dtype == torch.float32 for w in weights)
        and input_device(model).type == "cpu"
        and bool(configs)
        and all(config._attn_implementation == "sdpa" for config in configs)
        and hasattr(torch.ops.aten, "_scaled_dot_product_flash_attention_for_cpu")
    )


def _try(model: Any, tokens: Sequence[int]) -> float:
    import torch

    whole = (list(tokens) * 4)[:8]
    whole += whole[:4]
    follow = torch.tensor([whole[-4:], whole[-4:][::-1], [whole[0]] * 4])
    found = []
    with torch.inference_mode(), _without_hooks(model):
        try:
            beginning = empty_cache(model)
            run(model, torch.tensor([whole]), beginning)
            for past in (expanded(beginning, len(follow)), share(beginning)):
                first = run(model, follow, past).logits
                # as the tails of stems: other rows, one of them twice, longer than before
                again = run(model, follow.flip(1).repeat(1, 2)[:2], rows_of(past, [2, 2])).logits
                found.append(torch.cat([first.flatten(), again.flatten()]))
        except (RuntimeError, AttributeError, TypeError, ValueError, IndexError):
            return 0
    # not where there is a NaN
    same = (found[0] - found[1]).abs().max() <= _NEAR * found[0].abs().max()
    return float(past.narrowest) if same else 0


@contextlib.contextmanager
def _without_hooks(model: Any) -> Iterator[None]:
    """Nobody who listens to the model hears of the trial, or changes it."""
    kept = [
        (module, name, getattr(module, name))
        for module in model.modules()
        for name in ("_forward_hooks", "_forward_pre_hooks")
        if getattr(module, name)
    ]
    try:
        for module, name, hooks in kept:
            setattr(module, name, type(hooks)())
        yield
    finally:
        for module, name, hooks in kept:
            setattr(module, name, hooks)


def expanded(beginning: Any, rows: int) -> Any:
    """A copy of a cache of one row, for so many rows."""
    past = copy.deepcopy(beginning)
    repeat_rows(past, rows)
    return past


def _configs(model: Any) -> list[Any]:
    """Configurations by which the modules of a model choose their attention."""
    configs = [getattr(module, "config", None) for module in model.modules()]
    return list({id(c): c for c in configs if hasattr(c, "_attn_implementation")}.values())


@cache
def _register() -> None:
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(_NAME, _attend)
    AttentionMaskInterface.register(_NAME, _mask)


def _mask(
    *_: Any,
    kv_length: int,
    kv_offset: int = 0,
    mask_function: Any = None,
    attention_mask: Any = None,
    local_size: int | None = None,
    allow_is_causal_skip: bool = True,
    **__: Any,
) -> None:
    """No mask: refuse whatever is not causal, or narrower than what is there."""
    from transformers.masking_utils import causal_mask_function

    wide = local_size is not None and _is_wide(local_size, kv_length)
    causal = mask_function is causal_mask_function or wide
    if attention_mask is not None or kv_offset or not allow_is_causal_skip or not causal:
        raise _Refused


def _is_wide(window: int, length: int) -> bool:
    """Whether a window holds so many tokens; the narrowest that was met is noted."""
    current = _PASS.get()
    if current is not None:
        current.past.narrowest = min(current.past.narrowest, window)
    return window >= length


def _attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **more: Any,
) -> tuple[Tensor, None]:
    """Attention of one layer, as transformers calls it.

    Parameters
    ----------
    query : (rows, heads, tokens, units).
    key, value : (rows, shared heads, own tokens so far, units), without the beginning.

    Returns
    -------
    (rows, tokens, heads, units), and no weights.
    """
    current = _PASS.get()
    others = {
        name
        for name, given in more.items()
        if given is not None and name not in _HARMLESS and not name.startswith("output_")
    }
    if (
        current is None or others or dropout or attention_mask is not None
        or more.get("is_causal") is False or query.shape[-1] != value.shape[-1]
    ):  # fmt: skip
        raise _Refused
    keys, values = current.past.layers[module.layer_idx].beginning
    if sliding_window and not _is_wide(sliding_window, keys.shape[-2] + key.shape[-2]):
        raise _Refused
    current.attended += 1
    rows, heads, tokens, units = query.shape
    shared = key.shape[1]
    group = heads // shared
    together = query.view(rows, shared, group, tokens, units).transpose(0, 1)
    out, weight = _flash(
        together.reshape(1, shared, rows * group * tokens, units), keys, values, scaling
    )
    shape = (shared, rows, group, tokens)
    out = out.view(*shape, units).transpose(0, 1).reshape(query.shape)
    weight = weight.view(shape).transpose(0, 1).reshape(query.shape[:-1])
    before = key.shape[-2] - tokens
    for part, causal in ((slice(0, before), False), (slice(before, None), True)):
        if part.stop == 0:
            continue
        own = [t[:, :, part].repeat_interleave(group, dim=1) for t in (key, value)]
        nearer, its = _flash(query, own[0], own[1], scaling, causal)
        out = out.lerp(nearer, (its - weight).sigmoid()[..., None])
        weight = weight.logaddexp(its)
    return out.transpose(1, 2).contiguous(), None


def _flash(
    query: Tensor, key: Tensor, value: Tensor, scale: float | None, causal: bool = False
) -> tuple[Tensor, Tensor]:
    """Attention (rows, heads, tokens, units), and the log-sum-exp of its scores."""
    import torch

    return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(  # type: ignore[no-any-return]
        query, key, value, 0.0, causal, scale=scale
    )
