"""Where a network of vLLM's keeps its blocks, its attention modules and its last norm.

vLLM builds families anew, under names of its own; they are found by how a decoder is built. Blocks
return a state, or two parts of it that the next norm adds: which of the two is checked in every
pass against what the network itself gives (:func:`combination`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brainbench.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor, nn

_ATTENTION = ("self_attn", "attention", "attn")
_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm", "norm_f")
# how the state of a block is made of what it returns
SUM, FIRST = "sum", "first"
# of the norm's output, relative to its length; a wrong sum is off by about 1
_NEAR = {"float32": 1e-3, "float16": 2e-2, "bfloat16": 6e-2}


@dataclass(frozen=True)
class EngineSites:
    """The modules that are read, one of each per layer, and the norm behind the last.

    Attributes
    ----------
    attention, hidden : attention modules and blocks.
    norm : applied to the last block's state before the output layer.
    """

    attention: tuple[nn.Module, ...]
    hidden: tuple[nn.Module, ...]
    norm: nn.Module


def find_engine_sites(model: nn.Module) -> EngineSites:
    """Blocks, attention modules and last norm of a causal language model as vLLM builds it.

    Raises
    ------
    DataError
        When it is built in another way than decoders are.
    """
    from torch import nn

    kind = type(model).__name__
    # of a model that also sees or hears, the part that reads text
    get_text = getattr(model, "get_language_model", None)
    decoder: Any = get_text() if callable(get_text) else model
    best: tuple[str, list[nn.Module], list[nn.Module]] = ("", [], [])
    for path, module in decoder.named_modules():
        if not isinstance(module, nn.ModuleList) or len(module) <= len(best[1]):
            continue
        attention = [_child(block, _ATTENTION) for block in module]
        found = [one for one in attention if one is not None]
        if len(found) == len(module):
            best = (path, list(module), found)
    if not best[1]:
        raise DataError(
            f"vLLM's {kind} is not read: no list of blocks that all hold an attention module was "
            "found in it. Take --backend hf"
        )
    norm = _child(decoder.get_submodule(best[0].rpartition(".")[0]), _NORMS)
    if norm is None:
        raise DataError(
            f"vLLM's {kind} is not read: there is no norm after its blocks, so that what they "
            "return cannot be checked. Take --backend hf"
        )
    return EngineSites(tuple(best[2]), tuple(best[1]), norm)


def block_state(output: Any, way: str) -> Tensor:
    """The state of a block.

    Parameters
    ----------
    output : what it returned: (tokens, units), alone or the first of several.
    way : ``sum`` of the first two, or the ``first`` alone.
    """
    if not isinstance(output, tuple):
        whole: Tensor = output
        return whole
    first: Tensor = output[0]
    if way == FIRST or len(output) < 2 or output[1] is None:
        return first
    second: Tensor = output[1]
    return first + second


def combination(norm: nn.Module, output: Any, given: Tensor) -> str | None:
    """How the last block's state is made of its output.

    Parameters
    ----------
    norm : the last norm of the network.
    output : of the last block, at some tokens.
    given : (tokens, units) what the network gave at these tokens, after the norm.

    Returns
    -------
    ``sum`` or ``first``; None where neither gives what the network gave.
    """
    near = _NEAR.get(str(given.dtype).removeprefix("torch."), _NEAR["bfloat16"])
    for way in (SUM, FIRST):
        # what norms of vLLM compute may be in place
        normed: Any = norm(block_state(output, way).clone())
        normed = normed[0] if isinstance(normed, tuple) else normed
        off = (normed.float() - given.float()).norm(dim=-1) / given.float().norm(dim=-1)
        if bool((off < near).all()):
            return way
    return None


def _child(module: nn.Module, names: tuple[str, ...]) -> nn.Module | None:
    children = dict(module.named_children())
    return next((children[name] for name in names if name in children), None)
