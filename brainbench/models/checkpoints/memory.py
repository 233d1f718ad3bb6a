"""Memory that a model needs, planned from its configuration before its weights are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainbench.errors import DataError

BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
# of a batch: what is held at once beside the states that go from block to block
_BLOCK_STATES = 6
# tokens of a prompt of the built-in sets, its wording included
TOKENS = 256
GB = 1e9


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes that reading a model out takes at its peak.

    Attributes
    ----------
    weights : of the model; as they lie in the files where they are quantised.
    cache : keys and values of one batch.
    activations : what a pass over one batch holds: the widest block, scores of attention where
        they are made, and logits.
    states : kept of one batch, on the processor.
    dtype : number format that they are planned for.
    """

    weights: int
    cache: int
    activations: int
    states: int
    dtype: str

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.cache + self.activations + self.states

    def describe(self) -> str:
        """In one line."""
        parts = {
            "weights": self.weights,
            "keys and values": self.cache,
            "activations": self.activations,
            "states": self.states,
        }
        listed = ", ".join(f"{name} {size / GB:.2f}" for name, size in parts.items())
        return f"{self.total / GB:.2f} GB in {self.dtype}: {listed}"


def plan_memory(
    config: Any,
    dtype: str,
    *,
    n_parameters: int,
    batch_size: int = 32,
    tokens: int = TOKENS,
    files: int | None = None,
    attention: str | None = None,
) -> MemoryPlan:
    """Plan the memory of reading a model out.

    Parameters
    ----------
    config : configuration of transformers.
    dtype : number format of weights and activations.
    n_parameters : of the model, tied ones once.
    batch_size : prompts in a batch.
    tokens : of the longest prompt.
    files : bytes of quantised weights as they lie in the files; None where they are not quantised.
    attention : implementation; ``eager`` makes the scores of every pair of tokens.
    """
    text = config.get_text_config()
    width = BYTES[dtype]
    units, layers = int(text.hidden_size), int(text.num_hidden_layers)
    heads = int(getattr(text, "num_attention_heads", None) or 1)
    keys = int(getattr(text, "num_key_value_heads", None) or heads)
    head = int(getattr(text, "head_dim", None) or units // heads)
    inner = _intermediate(text, units)
    places = batch_size * tokens
    block = places * (_BLOCK_STATES * units + 3 * inner) * width
    scores = 2 * batch_size * heads * tokens**2 * 4 if attention == "eager" else 0
    # in float32, then in float64 on the processor
    logits = batch_size * int(text.vocab_size) * (width + 4 + 8)
    return MemoryPlan(
        files if files is not None else n_parameters * width,
        2 * layers * keys * head * places * width,
        block + scores + logits,
        2 * batch_size * layers * units * 4 * 2,
        dtype,
    )


def _intermediate(text: Any, units: int) -> int:
    """Units between the two projections of a block, of all experts that a token goes to."""
    found = getattr(text, "intermediate_size", None) or getattr(text, "n_inner", None)
    inner = max(found) if isinstance(found, list | tuple) else int(found or 4 * units)
    experts = getattr(text, "num_experts_per_tok", None)
    own = getattr(text, "moe_intermediate_size", None)
    return max(inner, int(experts) * int(own)) if experts and own else inner


def weight_bytes(folder: Path) -> int:
    """Bytes of the safetensors files of a folder."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def free_memory(device: str, spread: bool = False) -> dict[str, int]:
    """Free bytes of the devices that a model would be on; empty where they are not known.

    Parameters
    ----------
    device : resolved name.
    spread : whether the layers are divided over all GPUs.
    """
    import torch

    if device.startswith("cuda"):
        own = range(torch.cuda.device_count()) if spread else [torch.device(device).index or 0]
        return {f"cuda:{i}": int(torch.cuda.mem_get_info(i)[0]) for i in own}
    if device == "cpu":
        import psutil

        return {"cpu": min(int(psutil.virtual_memory().available), _limit_of_group())}
    return {}


def _limit_of_group() -> int:
    """Bytes that a container leaves its processes, where it sets a limit."""
    root = Path("/sys/fs/cgroup")
    try:
        limit = (root / "memory.max").read_text("ascii").strip()
        used = int((root / "memory.current").read_text("ascii"))
        kept = dict(line.split() for line in (root / "memory.stat").read_text("ascii").splitlines())
        # what files hold of it is given back when it is needed
        return int(limit) - used + int(kept.get("inactive_file", 0))
    except (OSError, ValueError):
        return int(1e18)


def check_memory(plan: MemoryPlan, free: Mapping[str, int], name: str) -> str | None:
    """Refuse weights that cannot fit; a warning where the rest may not.

    Parameters
    ----------
    plan : of the model.
    free : bytes of each device, as :func:`free_memory` gives them; nothing where not known.
    name : of the model.

    Returns
    -------
    The warning, or None.

    Raises
    ------
    DataError
        When the weights alone are more than all the devices hold.
    """
    if not free:
        return None
    room = sum(free.values())
    where = " and ".join(f"{size / GB:.1f} GB free on {device}" for device, size in free.items())
    if plan.weights > room:
        raise DataError(
            f"{name} does not fit the memory: its weights alone take {plan.weights / GB:.1f} GB in "
            f"{plan.dtype}, {where}. {_would_fit(plan, free)}"
        )
    if plan.total <= room:
        return None
    return (
        f"{name} may not fit the memory: planned {plan.describe()}; {where}. A batch that does "
        "not fit is halved; --batch-size sets it"
    )


def _would_fit(plan: MemoryPlan, free: Mapping[str, int]) -> str:
    """What would make the weights fit."""
    room = sum(free.values())
    ways = []
    if BYTES.get(plan.dtype, 2) > 2:
        half = plan.weights * 2 / BYTES[plan.dtype]
        if half <= room:
            ways.append(f"--dtype bfloat16 takes {half / GB:.1f} GB")
    quarter = plan.weights * 0.55 / BYTES.get(plan.dtype, 2)
    if quarter <= room:
        ways.append(
            f"a checkpoint quantised to 4 bits about {quarter / GB:.1f} GB (GPTQ, AWQ, "
            "bitsandbytes)"
        )
    largest = max(free.values())
    if next(iter(free)).startswith("cuda") and largest:
        ways.append(f"{math.ceil(plan.weights / largest)} such devices, with --device auto")
    return f"What would fit: {'; '.join(ways)}" if ways else "Take a smaller model"
