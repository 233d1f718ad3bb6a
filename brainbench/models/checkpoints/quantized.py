"""Checkpoints whose weights are quantised: the method, and the packages that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from brainbench.errors import UsageError

# method, as quantization_config names it → module → what pip calls it
_PACKAGES: dict[str, dict[str, str]] = {
    "aqlm": {"aqlm": "aqlm"},
    "auto-round": {"auto_round": "auto-round"},
    "awq": {"gptqmodel": "gptqmodel"},
    "bitsandbytes": {"bitsandbytes": "bitsandbytes"},
    "compressed-tensors": {"compressed_tensors": "compressed-tensors"},
    "eetq": {"kernels": "kernels"},
    "fbgemm_fp8": {"fbgemm_gpu": "fbgemm-gpu"},
    "fp_quant": {"fp_quant": "fp_quant"},
    "gptq": {"optimum": "optimum", "gptqmodel": "gptqmodel"},
    "higgs": {"flute": "flute-kernel", "fast_hadamard_transform": "fast_hadamard_transform"},
    "hqq": {"hqq": "hqq"},
    "quanto": {"optimum": "optimum-quanto"},
    "quark": {"quark": "amd-quark"},
    "sinq": {"sinq": "sinq"},
    "spqr": {"spqr_quant": "spqr_quant"},
    "torchao": {"torchao": "torchao"},
    "vptq": {"vptq": "vptq"},
}  # fmt: skip


def quantisation_of(config: Any) -> str | None:
    """The method by which a configuration says that its weights are quantised; None for none."""
    packed = getattr(config, "quantization_config", None)
    if not packed:
        return None
    settings: Mapping[str, Any]
    settings = packed if isinstance(packed, dict) else getattr(packed, "__dict__", {})
    method = settings.get("quant_method")
    name = getattr(method, "value", method)
    if name is None and any(str(key).startswith(("load_in_4", "load_in_8")) for key in settings):
        return "bitsandbytes"
    return str(name or "a method that its configuration does not name")


def check_packages(config: Any, name: str) -> None:
    """Raise ``UsageError`` where a package that quantised weights need is not installed.

    Parameters
    ----------
    config : configuration of transformers.
    name : of the checkpoint.
    """
    method = quantisation_of(config)
    # GGUF and some methods of transformers itself need none
    needed = _PACKAGES.get(str(method), {})
    lacking = [package for module, package in needed.items() if find_spec(module) is None]
    if lacking:
        several = len(lacking) > 1
        raise UsageError(
            f"{name}: its weights are quantised ({method}), which needs the package"
            f"{'s' if several else ''} {' and '.join(lacking)}: pip install {' '.join(lacking)}. "
            "The same model unquantised, or as a GGUF file, is read without"
        )


def remedy(config: Any) -> str:
    """What to do where quantised weights cannot be loaded; nothing where they are not quantised."""
    method = quantisation_of(config)
    if method is None:
        return ""
    return (
        f"Its weights are quantised ({method}), which takes the package and the device that this "
        "method needs: the same model unquantised, or as a GGUF file, is read everywhere"
    )
