"""Where a decoder keeps its blocks, and the attention inside a block: found by structure.

The blocks are the list that is as long as the configuration counts layers; the attention of a
block is its child that is named so. ``EXCEPTIONS`` holds the families where this finds another
module than the one whose output is added to the residual stream. What has been checked of each
family of transformers is in ``data/families.json``, which ``scripts/check_families.py`` writes;
other models are tried out when they are loaded (:mod:`brainbench.models.forward.trial`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from brainbench.errors import DataError
from brainbench.models.model import Site

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Family:
    """Paths of the two sites.

    Attributes
    ----------
    blocks : from the model to its list of blocks, dotted.
    attention : from a block to its self-attention module; None where no block has one.
    base : from the model to what transformers calls its base, ``model.base_model``; empty where
        that is the model itself.
    """

    blocks: str
    attention: str | None
    base: str = field(default="", compare=False)

    @property
    def blocks_in_base(self) -> str:
        """From the base to the list of blocks, dotted."""
        return self.blocks.removeprefix(f"{self.base}.") if self.base else self.blocks


@dataclass(frozen=True)
class Known:
    """What ``scripts/check_families.py`` found out about a family.

    Attributes
    ----------
    fault : why it is not read; None where it is.
    shares : whether keys and values of a beginning that prompts share can be used again.
    """

    fault: str | None
    shares: bool


# model_type of the configuration → where its sites are, in place of what structure says
EXCEPTIONS: dict[str, Family] = {
    # its attention module adds the residual itself
    "bloom": Family("transformer.h", "self_attention.dense"),
    # its attention is a mixture of experts that ends in no projection of its own
    "jetmoe": Family("model.layers", None),
}
_ATTENTION = re.compile(r"attn|attention", re.IGNORECASE)
# modules of these names are around attention, or are another kind of it
_NOT_ATTENTION = re.compile(r"norm|cross|linear|gate|conv|enc_attn|encoder_attn|scale|router")
_NOT_ATTENTION_CLASS = re.compile(r"Norm|Rotary|Delta|Lightning|Linear|Dropout|Mask|Rwkv|Conv")
# kinds of layers, as configurations name them, that mix tokens otherwise
_OTHER_LAYER = re.compile(r"linear|mamba|recurrent|conv|ssm|rwkv|hybrid|^moe$|mlp", re.IGNORECASE)
# parts of a model that read no text
_NO_TEXT = re.compile(r"(^|\.)(vision|visual|audio|image|speech|depth_decoder|mtp)\w*(\.|$)")
# how deep in a block its attention may be
_DEEPEST = 3


@dataclass(frozen=True)
class Sites:
    """The modules that are read.

    Attributes
    ----------
    attention : self-attention modules of the blocks that have one.
    hidden : the blocks.
    attention_layers : numbers of the blocks that have one; None where all do.
    """

    attention: tuple[nn.Module, ...]
    hidden: tuple[nn.Module, ...]
    attention_layers: tuple[int, ...] | None = None

    def layers(self, site: Site) -> tuple[int, ...]:
        """Numbers of the layers that have a site, counting from 0."""
        if site == "attention" and self.attention_layers is not None:
            return self.attention_layers
        return tuple(range(len(self.hidden)))

    def modules(self, site: Site) -> dict[int, nn.Module]:
        """Layer → module, of the layers that have a site."""
        found = self.attention if site == "attention" else self.hidden
        return dict(zip(self.layers(site), found, strict=True))


def state_of(output: Any) -> Any:
    """The state among what a module gives: the first, where it gives several things."""
    return output[0] if isinstance(output, tuple | list) else output


def with_state(output: Any, state: Any) -> Any:
    """What a module gives, with another state in place of its own."""
    if isinstance(output, tuple | list):
        return type(output)((state, *output[1:]))
    return state


def describe_layers(site: Site, layers: Collection[int]) -> str:
    """Which layers have a site, as an error says it."""
    if not layers:
        return f"no layer of the model has the site {site}"
    if len(layers) == max(layers) + 1:
        return f"the model has layers 0 to {max(layers)}"
    return f"the layers of the model with {site} are {', '.join(map(str, sorted(layers)))}"


@cache
def known_families() -> Mapping[str, Known]:
    """``model_type`` → what has been checked of it, of every family that was."""
    file = resources.files("brainbench.models") / "data" / "families.json"
    found: dict[str, Known] = {}
    for release in json.loads(file.read_text("utf-8")).values():
        for kind, row in release.items():
            known = Known(row["fault"], row["shares"])
            before = found.get(kind, known)
            # what fails in one release of transformers is not relied on in another
            found[kind] = Known(before.fault or known.fault, before.shares and known.shares)
    return found


def check_kind(kind: str, code: bool = False) -> None:
    """Refuse a family that is not read, by its name alone.

    Parameters
    ----------
    kind : ``model_type`` of a configuration.
    code : whether the repository's own Python may run, which can add a family.

    Raises
    ------
    DataError
        When it is not a decoder, or cannot be read.
    """
    other = not_a_decoder(kind, code)
    if other is not None:
        raise DataError(
            f"models of the family {kind!r} are not read: {other}. Take a decoder, a model "
            "that only continues a text"
        )
    known = known_families().get(kind)
    if known is not None and known.fault is not None:
        raise DataError(f"models of the family {kind!r} are not read: {known.fault}")


def not_a_decoder(kind: str, code: bool = False) -> str | None:
    """Why a family is not a decoder, by its class in transformers; None where it may be one.

    Parameters
    ----------
    kind : ``model_type`` of a configuration.
    code : whether the repository's own Python may run, which can add a family.
    """
    # only makes an error message more precise: whatever fails here, loading says more
    try:
        import transformers
        from transformers import CONFIG_MAPPING, AutoConfig
        from transformers.models.auto import modeling_auto as known

        if kind not in CONFIG_MAPPING:
            if code:
                return None
            return (
                f"transformers {transformers.__version__} does not know it; a newer release may, "
                "or the repository's own code, which --trust-remote-code lets run"
            )
        if AutoConfig.for_model(kind).is_encoder_decoder:
            return "it is an encoder with a decoder, which answers a text rather than continue it"
        if kind in known.MODEL_FOR_MASKED_LM_MAPPING_NAMES:
            return "it is an encoder, whose tokens see what comes after them too"
        if kind not in known.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and not code:
            return (
                "it is not a language model that transformers loads as one (AutoModelForCausalLM)"
            )
    except Exception:
        return None
    return None


def find_sites(model: nn.Module) -> Sites:
    """Blocks of a language model, and the self-attention modules of those that have one.

    Parameters
    ----------
    model : of transformers, with its head or without; an adapter may be around it.

    Raises
    ------
    DataError
        When its blocks are not found.
    """
    inner = _inner(model)
    kind = family_name(inner)
    blocks = tuple(attrgetter(_path_of_blocks(inner))(inner))
    found = {
        layer: module
        for layer, block in enumerate(blocks)
        if (module := _attention(inner, kind, layer, block)) is not None
    }
    if len({id(module) for module in found.values()}) < len(found):
        # one module is called by several blocks: what it gives belongs to no single layer
        found = {}
    layers = None if len(found) == len(blocks) else tuple(found)
    return Sites(tuple(found.values()), blocks, layers)


def find_family(model: nn.Module) -> Family:
    """Paths of a model's sites.

    Parameters
    ----------
    model : of transformers, with its head or without; an adapter may be around it.

    Raises
    ------
    DataError
        When its blocks are not found.
    """
    inner = _inner(model)
    sites = find_sites(inner)
    first = next(iter(sites.modules("attention").items()), None)
    attention = None
    if first is not None:
        layer, module = first
        named = sites.hidden[layer].named_modules()
        attention = next(name for name, each in named if each is module)
    base = getattr(inner, "base_model_prefix", "")
    return Family(_path_of_blocks(inner), attention, base if hasattr(inner, base) else "")


def require_attention(model: nn.Module, what: str) -> Sites:
    """Sites of a model each of whose layers has self-attention.

    Parameters
    ----------
    model : of transformers.
    what : needs it, as the error says it.

    Raises
    ------
    DataError
        When a layer has none, or its blocks are not found.
    """
    sites = find_sites(model)
    if len(sites.attention) < len(sites.hidden):
        raise DataError(
            f"{what} needs self-attention in every layer: {family_name(model)} has it in "
            f"{len(sites.attention)} of {len(sites.hidden)}. Take a model that has it in all"
        )
    return sites


def require_cache(model: nn.Module, what: str) -> None:
    """Raise ``DataError`` for a model whose keys and values cannot be kept and used again.

    Parameters
    ----------
    model : of transformers.
    what : needs them, as the error says it.
    """
    inner = _inner(model)
    kind = family_name(inner)
    known = known_families().get(kind)
    kinds = layer_kinds(text_config(inner))
    if any(map(mixes_otherwise, kinds)) or (known is not None and not known.shares):
        raise DataError(
            f"{what} uses keys and values of what was read again, and models of the family "
            f"{kind!r} do not keep them in every layer. Take --backend vllm, or lm-eval's own "
            "model (lm_eval --model hf)"
        )


def family_of_kind(kind: str) -> Family:
    """Paths of the sites of a family, from a model of its default configuration.

    No memory is taken for weights.

    Parameters
    ----------
    kind : ``model_type`` of a configuration.

    Raises
    ------
    DataError
        When transformers makes no such model, or its blocks are not found.
    """
    import torch

    fault: Exception | None = None
    # the default configuration of some families leaves the size of a head out
    for sizes in ({}, {"head_dim": 64}):
        try:
            from transformers import AutoConfig, AutoModelForCausalLM

            with torch.device("meta"):
                model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes))
            return find_family(model)
        except DataError:
            raise
        except Exception as error:
            fault = fault or error
    raise DataError(f"transformers makes no model of the family {kind!r} here: {fault}") from fault


def _inner(model: Any) -> Any:
    """The model that an adapter which is not merged is around."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def family_name(model: Any) -> str:
    """``model_type`` of a model's configuration; the name of its class where it has none."""
    model = _inner(model)
    return str(getattr(getattr(model, "config", None), "model_type", type(model).__name__))


def text_config(model: Any) -> Any:
    """The part of a model's configuration that is of its text decoder."""
    config: Any = getattr(_inner(model), "config", None)
    return config.get_text_config(decoder=True) if hasattr(config, "get_text_config") else config


def layer_kinds(config: Any) -> tuple[str, ...]:
    """The kind of each layer as a configuration names it; empty where it does not."""
    kinds = getattr(config, "layer_types", None) or getattr(config, "layers_block_type", None)
    return tuple(map(str, kinds)) if isinstance(kinds, list | tuple) else ()


def mixes_otherwise(layer_kind: str) -> bool:
    """Whether a kind of layer mixes tokens otherwise than by attention to all of them."""
    return _OTHER_LAYER.search(layer_kind) is not None


def _path_of_blocks(model: nn.Module) -> str:
    """Dotted path to the list of blocks.

    Raises
    ------
    DataError
        When there is none, or several of which any might be it.
    """
    kind = family_name(model)
    if kind in EXCEPTIONS:
        path = EXCEPTIONS[kind].blocks
        # as AutoModel loads it, below the head
        return path if hasattr(model, path.partition(".")[0]) else path.partition(".")[2]
    count = getattr(text_config(model), "num_hidden_layers", None)
    found = dict(_lists(model, count))
    if not found:
        raise DataError(
            f"the blocks of this {kind!r} model are not found: none of its lists of modules holds "
            f"{'one' if count is None else count} of each layer. "
            "brainbench.models.architectures.EXCEPTIONS can name them"
        )
    if len(found) > 1:
        sizes = {path: _parameters(blocks) for path, blocks in found.items()}
        # several lists of one module a layer: the blocks are the one that holds attention
        whole = {path: blocks for path, blocks in found.items() if _has_attention(blocks)}
        found = whole or found
        best = max(found, key=lambda path: sizes[path])
        return best
    return next(iter(found))


def _lists(model: nn.Module, count: int | None, path: str = "") -> Iterator[tuple[str, Any]]:
    """Lists of ``count`` modules, none of them inside another, and not of parts without text."""
    from torch import nn

    for name, child in model.named_children():
        here = f"{path}{name}"
        if _NO_TEXT.search(here):
            continue
        if isinstance(child, nn.ModuleList) and len(child) and count in (None, len(child)):
            yield here, child
        else:
            yield from _lists(child, count, f"{here}.")


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _has_attention(blocks: Any) -> bool:
    return any(_attention_in(block) is not None for block in blocks)


def _attention(model: Any, kind: str, layer: int, block: nn.Module) -> nn.Module | None:
    """The self-attention of a block; None where it mixes tokens otherwise."""
    if kind in EXCEPTIONS:
        path = EXCEPTIONS[kind].attention
        module: nn.Module | None = None if path is None else attrgetter(path)(block)
        return module
    kinds = layer_kinds(text_config(model))
    # a block of both kinds has attention too
    if layer < len(kinds) and mixes_otherwise(kinds[layer]) and "hybrid" not in kinds[layer]:
        return None
    return _attention_in(block)


def _attention_in(block: nn.Module) -> nn.Module | None:
    """The module of a block that is named as self-attention is, the outermost one."""
    level = [block]
    for _ in range(_DEEPEST):
        below = [pair for module in level for pair in module.named_children()]
        found = [module for name, module in below if _is_attention(name, module)]
        if found:
            # two beside each other give no one output of the layer
            return found[0] if len(found) == 1 else None
        level = [module for _, module in below]
    return None


def _is_attention(name: str, module: nn.Module) -> bool:
    kind = type(module).__name__
    if _NOT_ATTENTION.search(name) or _NOT_ATTENTION_CLASS.search(kind):
        return False
    if next(module.parameters(), None) is None:
        return False
    return bool(_ATTENTION.search(name) or re.search(r"Attention|Attn", kind))
