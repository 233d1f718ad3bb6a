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


def is_builtin(model: Model) -> bool:
    """Whether a model is the one in the package, and not a file of the same name."""
    return isinstance(model, ActivationFile) and model.path == Path(str(activations_path()))


def load_model(name: str | Path | Model) -> Model:
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
    if not isinstance(name, str | Path):
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
            what = "a folder" if path.is_dir() else "no file"
            raise UsageError(f"there is {what} at {name}; --model takes a .safetensors file")
        return ActivationFile(path)
    raise UsageError(
        f"{str(name)!r} is neither a .safetensors file of activations nor a built-in model "
        f"({', '.join(list_models())}). Reading a language model out directly is not built yet: "
        "save its activations (docs/activation-files.md) and give the file"
    )
