"""From a model and a backend to an lm-eval model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brainbench.errors import UsageError
from brainbench.models import LanguageModel, Model
from brainbench.paths import cache_folder
from brainbench.progress import Count
from brainbench.reasoning.lm.response_cache import ResponseCache
from brainbench.reasoning.options import TaskOptions
from brainbench.source import computing_versions

if TYPE_CHECKING:
    from lm_eval.api.model import LM


def check_tasks_fit(model: Model, options: TaskOptions) -> LanguageModel:
    """The model, after a check that it can be evaluated with these options.

    Parameters
    ----------
    model : a model of any kind.
    options : of the tasks; backend and chat template are looked at.

    Raises
    ------
    UsageError
        When it is not a language model, cannot be written to as a chat, or does not go with vLLM.
    DataError
        When its chat template is to be used, and fails or leaves out what it is given.
    """
    if not isinstance(model, LanguageModel):
        raise UsageError(
            f"{model.identifier} is not a language model that brainbench runs, and tasks ask one: "
            "give a hub id, a folder, a GGUF file, or LanguageModel.of(model, tokenizer, name)"
        )
    if options.backend == "vllm":
        from brainbench.reasoning.vllm.engine import check_vllm

        check_vllm(model)
    if options.apply_chat_template and model.chat.template is None:
        raise UsageError(
            f"{model.identifier} has no chat template: leave out --apply-chat-template"
        )
    if options.apply_chat_template:
        model.chat.probe()  # an unusable template is an error before anything is asked
    return model


def on_backend(model: Model, options: TaskOptions, seed: int = 0) -> Model:
    """The model as the backend computes it for benchmarks.

    Parameters
    ----------
    model : a model of any kind.
    options : backend and its arguments are looked at.
    seed : of vLLM's engine.

    Raises
    ------
    UsageError
        When it does not go with vLLM.
    """
    if options.backend != "vllm":
        return model
    if not isinstance(model, LanguageModel):
        raise UsageError(
            f"{model.identifier} is not a language model that brainbench runs, and --backend vllm "
            "loads one: give a hub id or a folder"
        )
    return model.in_vllm(options.model_args, seed)


def open_lm(
    model: LanguageModel,
    options: TaskOptions,
    *,
    seed: int = 0,
    progress: Count = lambda done, total: None,
) -> LM:
    """An lm-eval model of a language model.

    Parameters
    ----------
    seed : of vLLM's engine.
    progress : called with (requests done, requests).

    Raises
    ------
    UsageError
        When vLLM is asked for and not there, or refuses the model.
    """
    responses = ResponseCache(cache_folder() / "responses", identity(model, options))
    if options.backend == "vllm":
        from brainbench.reasoning.vllm.engine import open_vllm
        from brainbench.reasoning.vllm.lm import WatchedLM

        return WatchedLM(lambda: open_vllm(model, options, seed), model, responses, progress)
    from brainbench.reasoning.lm.lm import BrainbenchLM

    return BrainbenchLM(model, responses=responses, progress=progress)


def identity(model: LanguageModel, options: TaskOptions) -> dict[str, Any]:
    """Everything beside the request that changes an answer.

    Parameters
    ----------
    model : the model that is asked.
    options : of the tasks; chat template, backend and its arguments are looked at.

    Returns
    -------
    Name → plain value, from which a cache makes its keys.
    """
    facts = model.facts
    return {
        "weights": model.weights_sha256,
        "revision": facts["revision"],
        "dtype": model.dtype,
        "device": model.device,
        "intervention": model.acting and model.acting.sha256,
        "prompt": facts["chat_template_sha256"] if options.apply_chat_template else None,
        "backend": options.backend,
        "model_args": dict(options.model_args),
        "versions": [*computing_versions(__name__), *_backend_versions(options)],
    }


def _backend_versions(options: TaskOptions) -> list[str]:
    if options.backend != "vllm":
        return []
    from brainbench.models.vllm.library import vllm_version

    return [vllm_version()]
