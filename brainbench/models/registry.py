"""Models by name: what ``--model`` takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, cast

from brainbench.errors import UnknownNameError, UsageError
from brainbench.models.activation_file import ActivationFile
from brainbench.models.brainscore import PREFIX, load_subject
from brainbench.models.language_model import LanguageModel
from brainbench.models.model import Model
from brainbench.models.opening import open_language_model
from brainbench.models.options import ModelOptions
from brainbench.models.prompts.template import builtin_template
from brainbench.paths import activations_path, user_path
from brainbench.plugins import from_module, plugged
from brainbench.progress import Count

NANO = "nano"
PHANTOM_FILE = "smollm2-135m-phantom"
DEFAULT_MODEL = NANO
_OWN = (NANO, PHANTOM_FILE)
# options that say how to compute, not what: without effect where nothing is computed
COMPUTING = ("device", "dtype", "batch_size", "revision")
_MODULE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def list_models() -> list[str]:
    """Names of the models that ship with the package, and those of plugins."""
    return [*_OWN, *plugged("models", _OWN)]


def is_builtin(model: Model) -> bool:
    """Whether a model is one in the package, and not another of the same name."""
    if isinstance(model, ActivationFile):
        return model.path == Path(str(activations_path()))
    return isinstance(model, LanguageModel) and model.builtin


def load_model(
    name: str | Path | Model,
    options: ModelOptions | None = None,
    *,
    progress: Count = lambda done, total: None,
) -> Model:
    """Find a model.

    Parameters
    ----------
    name : ``nano``, the built-in language model; ``smollm2-135m-phantom``, built-in
        activations of a real one on the phantom's problems; the name of a plugin's model;
        ``module:function`` that gives a model; ``brainscore:identifier``, an artificial subject of
        Brain-Score; the path of a safetensors file of activations; a GGUF file; a folder or
        hub id of a causal language model; or an object that already is a model.
    options : how a language model is loaded and asked.
    progress : called with (prompts done, prompts) as a language model is read out.

    Raises
    ------
    UsageError
        When there is no such model or file, or an option does not fit it.
    """
    chosen = options or ModelOptions()
    found = _find(name, chosen, progress) if isinstance(name, str | Path) else name
    if isinstance(found, _Opened):
        return found.model
    # localised is a matter of scoring too: a file may hold the contrast
    scoring = ("readout",) if chosen.readout == "localised" else ()
    changing = [option for option in chosen.given() if option not in (*COMPUTING, *scoring)]
    if changing:
        flags = ", ".join(f"--{option.replace('_', '-')}" for option in changing)
        raise UsageError(f"{flags}: only for language models that brainbench itself loads")
    # looked up by name: asking for sha256 itself would read the whole model
    if {"identifier", "sha256", "activations"} <= set(dir(found)):
        return cast(Model, found)
    hint = "; LanguageModel.of(model, tokenizer, name) makes one of a model of transformers"
    raise UsageError(
        f"{type(found).__name__} is not a model: it needs identifier, sha256 and activations()"
        + (hint if hasattr(found, "get_input_embeddings") else "")
    )


@dataclass(frozen=True)
class _Opened:
    """A language model that was opened with the options, not given by others' code."""

    model: LanguageModel


def _find(name: str | Path, options: ModelOptions, progress: Count) -> Any:
    if name == NANO:
        return _Opened(_nano(options, progress))
    if name == PHANTOM_FILE:
        return ActivationFile(Path(str(activations_path())), PHANTOM_FILE)
    text = str(name)
    if not text.strip():
        raise UsageError("--model is empty; `brainbench list models` shows the built-in ones")
    if text.startswith(PREFIX):
        return load_subject(text, progress)
    path = user_path(name)
    if path.suffix.lower() == ".safetensors":
        if not path.is_file():
            what = "a folder" if path.is_dir() else "no file"
            raise UsageError(f"there is {what} at {name}; --model takes a .safetensors file")
        return ActivationFile(path)
    if not _is_there(path):
        makers: dict[str, Callable[[], Any]] = plugged("models", _OWN)
        if text in makers:
            return makers[text]()
        if _MODULE.fullmatch(text):
            return from_module(text)
        if get_close_matches(text, list_models(), cutoff=0.75):
            # a slip in a name of ours, not a model of the hub
            raise UnknownNameError("model", text, list_models())
    return _Opened(open_language_model(name, options, progress=progress))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        # a name that no file can have, or a folder that may not be entered
        return False


def _nano(options: ModelOptions, progress: Count) -> LanguageModel:
    folder = Path(str(resources.files("brainbench.models") / "data" / NANO))
    return open_language_model(folder, options, progress=progress, builtin=builtin_template(NANO))
