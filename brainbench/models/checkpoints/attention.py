"""Which code computes attention: that of the configuration, or one that is asked for."""

from __future__ import annotations

import copy
from importlib.util import find_spec
from typing import Any

from brainbench.errors import UnknownNameError, UsageError

# as transformers names them
IMPLEMENTATIONS = ("eager", "sdpa", "flex_attention", "flash_attention_2", "flash_attention_3")
# module that an implementation needs → how it is installed
_PACKAGES = {
    "flash_attention_2": ("flash_attn", "pip install flash-attn --no-build-isolation"),
    "flash_attention_3": ("flash_attn_interface", "see the page of FlashAttention-3"),
}


def check_attention(asked: str | None, device: str, dtype: str) -> None:
    """Raise an error where an attention implementation cannot be had here.

    Parameters
    ----------
    asked : one of ``IMPLEMENTATIONS``; None leaves the choice to the configuration.
    device, dtype : resolved.

    Raises
    ------
    UnknownNameError
        When there is no such implementation.
    UsageError
        When it needs a package, device or number format that is not here.
    """
    if asked is None:
        return
    if asked not in IMPLEMENTATIONS:
        raise UnknownNameError("attention implementation", asked, IMPLEMENTATIONS)
    if asked not in _PACKAGES:
        return
    module, command = _PACKAGES[asked]
    if find_spec(module) is None:
        raise UsageError(
            f"--attn-implementation {asked} needs the package {module}, which is not installed: "
            f"{command}; or take sdpa"
        )
    if not device.startswith("cuda") or dtype == "float32":
        raise UsageError(
            f"--attn-implementation {asked} runs on cuda, in bfloat16 or float16, not on {device} "
            f"in {dtype}: take sdpa"
        )


def attention_of(config: Any, asked: str | None = None) -> dict[str, str | None]:
    """The attention implementation that computes a configuration exactly on this machine.

    The fused one of torch leaves Gemma 2's soft cap out, without a word. What a configuration
    asks for beside torch's own two (flash attention, kernels of the hub) is on few machines, and
    changes only the last bits: None leaves the choice to the library.

    Parameters
    ----------
    config : configuration of transformers.
    asked : implementation that is asked for; None for the configuration's.

    Raises
    ------
    UsageError
        When what is asked for computes something else.
    """
    text = config.get_text_config()
    capped = bool(getattr(text, "attn_logit_softcapping", None))
    if asked == "sdpa" and capped:
        raise UsageError(
            "--attn-implementation sdpa leaves out the soft cap of this model's attention: take "
            "eager, or leave the option out"
        )
    if asked is not None:
        return {"attn_implementation": asked}
    if capped:
        return {"attn_implementation": "eager"}
    own = {_of_configuration(part) for part in (config, text)} - {None}
    return {} if own <= {"eager", "sdpa"} else {"attn_implementation": None}


def without_attention(config: Any) -> Any:
    """A copy of a configuration without its choice of attention implementation."""
    plain = copy.deepcopy(config)
    plain._attn_implementation = None
    return plain


def _of_configuration(config: Any) -> str | None:
    own = getattr(config, "_attn_implementation", None)
    return None if own is None else str(own)
