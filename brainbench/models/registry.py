"""Models by name: what ``--model`` takes."""

from __future__ import annotations

from pathlib import Path

from brainbench.datasets.phantom import activations_path
from brainbench.errors import UsageError
from brainbench.models.activation_file import ActivationFile
from brainbench.models.model import Model

BUILTIN = "smollm2-135m-phantom"


def list_models() -> list[str]:
    """Names of the models that ship with the package."""
    return [BUILTIN]


def load_model(name: str | Model) -> Model:
    """Find a model.

    Parameters
    ----------
    name : ``smollm2-135m-phantom`` (built-in activations of a real language model on the
        phantom's problems), the path of a safetensors file of activations, or an object
        that already is a model.

    Raises
    ------
    UsageError
        When there is no such model or file.
    """
    if not isinstance(name, str):
        # looked up by name: asking for sha256 itself would read the whole model
        if {"identifier", "sha256", "activations"} <= set(dir(name)):
            return name
        raise UsageError(
            f"{type(name).__name__} is no model: it needs identifier, sha256 and activations()"
        )
    if name == BUILTIN:
        return ActivationFile(Path(str(activations_path())), BUILTIN)
    path = Path(name).expanduser()
    if path.suffix == ".safetensors":
        if not path.is_file():
            raise UsageError(f"there is no file {name}")
        return ActivationFile(path)
    raise UsageError(
        f"{name!r} is neither a .safetensors file of activations nor a built-in model "
        f"({', '.join(list_models())}). Reading a language model out directly is not built yet: "
        "save its activations (docs/activation-files.md) and give the file"
    )
