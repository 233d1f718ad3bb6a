"""vLLM through lm-eval's own class."""

from __future__ import annotations

from typing import Any

from brainbench.errors import UsageError
from brainbench.models import LanguageModel
from brainbench.models.checkpoints.loading import CheckpointLoader
from brainbench.models.vllm.engine import STEERED, check_arguments
from brainbench.models.vllm.library import (
    check_vllm_loads,
    engine_failures,
    import_vllm,
    lora_arguments,
)
from brainbench.reasoning.options import TaskOptions
from brainbench.reasoning.vllm.steered import SteeredVLLM

_ALL = 2**20
_MODULE = "lm_eval.models.vllm_causallms"


def check_vllm(model: LanguageModel) -> None:
    """Raise ``UsageError`` when vLLM is not installed, or cannot load this kind of model."""
    check_vllm_loads(model.loader, model.identifier)


def open_vllm(model: LanguageModel, options: TaskOptions, seed: int) -> Any:
    """lm-eval's vLLM model of the same files, adapter and steering included.

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
        given |= {"lora_local_path": str(loader.adapter), **lora_arguments(loader.adapter)}
    steering = model.acting
    if steering is not None:
        check_arguments(options.model_args)
        given |= STEERED
    made = import_vllm(_MODULE).VLLM
    with engine_failures(f"vLLM cannot load {model.identifier}"):
        try:
            asked = made(**{**given, **options.model_args})
        except TypeError as error:
            raise UsageError(f"--model-args: vLLM refuses them: {error}") from error
    return asked if steering is None else SteeredVLLM(asked, model, steering)
