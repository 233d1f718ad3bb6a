"""Where each family of decoders keeps its blocks, and the attention inside a block.

A new family is one line in ``FAMILIES``. Only families are read whose attention module
ends with its output projection, before the residual sum: others (BLOOM adds the residual
inside) would give states that look right and are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from brainbench.errors import DataError

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Family:
    """Paths of the two sites.

    Attributes
    ----------
    blocks : from the causal language model to its list of blocks, dotted.
    attention : from a block to its self-attention module.
    """

    blocks: str
    attention: str


_LLAMA = Family("model.layers", "self_attn")
_GPT2 = Family("transformer.h", "attn")
# model_type of the configuration → where its sites are
FAMILIES: dict[str, Family] = {
    **dict.fromkeys(
        (
            "cohere", "cohere2", "gemma", "gemma2", "gemma3_text", "glm", "glm4", "granite",
            "llama", "ministral", "mistral", "mixtral", "olmo", "olmo2", "olmo3", "phi3",
            "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "smollm3", "starcoder2",
        ),
        _LLAMA,
    ),
    "gemma3": Family("model.language_model.layers", "self_attn"),
    "gpt2": _GPT2,
    "gptj": _GPT2,
    "gpt_neox": Family("gpt_neox.layers", "attention"),
}  # fmt: skip


@dataclass(frozen=True)
class Sites:
    """The modules that are read, one of each per layer."""

    attention: tuple[nn.Module, ...]
    hidden: tuple[nn.Module, ...]


def find_family(kind: str) -> Family:
    """The family of a ``model_type``.

    Raises
    ------
    DataError
        When it is not known.
    """
    if kind not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        other = _other_kind(kind)
        if other is not None:
            raise DataError(
                f"models of the family {kind!r} are not read: {other}. Take a decoder, a model "
                f"that only continues a text; known: {known}"
            )
        raise DataError(
            f"models of the family {kind!r} are not read yet; known: {known}. If its attention "
            "module ends before the residual sum, one line in "
            "brainbench.models.architectures.FAMILIES adds it"
        )
    return FAMILIES[kind]


def _other_kind(kind: str) -> str | None:
    """Kind of a family that is not a decoder, after its class in transformers; else None."""
    # only makes an error message more precise: whatever fails here, the message does without
    try:
        from transformers import CONFIG_MAPPING, AutoConfig
        from transformers.models.auto import modeling_auto as known

        if kind not in CONFIG_MAPPING:
            return None
        if AutoConfig.for_model(kind).is_encoder_decoder:
            return "it is an encoder with a decoder, which answers a text rather than continue it"
        if kind in known.MODEL_FOR_MASKED_LM_MAPPING_NAMES:
            return "it is an encoder, whose tokens see what comes after them too"
        if kind not in known.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
            return (
                "it is not a language model that transformers loads as one (AutoModelForCausalLM)"
            )
    except Exception:
        return None
    return None


def find_sites(model: nn.Module, headless: bool = False) -> Sites:
    """Attention modules and blocks of a causal language model, one of each per layer.

    Parameters
    ----------
    headless : whether it may be the network below the head alone, as ``AutoModel`` loads it.

    Raises
    ------
    DataError
        When its family is not known, or its modules differ from those of its family.
    """
    kind = str(getattr(getattr(model, "config", None), "model_type", type(model).__name__))
    family = find_family(kind)
    # an adapter that is not merged stands around the model
    wrapped: Any = model
    inner = wrapped.get_base_model() if hasattr(wrapped, "get_base_model") else wrapped
    first, _, rest = family.blocks.partition(".")
    path = rest if headless and not hasattr(inner, first) else family.blocks
    try:
        blocks = tuple(attrgetter(path)(inner))
        attention = tuple(attrgetter(family.attention)(block) for block in blocks)
    except AttributeError as error:
        raise DataError(f"this {kind} model is built otherwise than its family: {error}") from error
    return Sites(attention, blocks)
