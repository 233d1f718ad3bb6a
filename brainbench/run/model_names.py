"""What tells a model from others of its name, wherever the name is shown."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from brainbench.errors import DataError
from brainbench.foreign import readable
from brainbench.models import LanguageModel, Model, ModelOptions, is_builtin
from brainbench.models.checkpoints.gguf import is_gguf, read_gguf_header
from brainbench.paths import user_path

_DIGITS = 6
# names that trainers and converters give, which say nothing of a model: of these the folder is
# named too
_COMMON = re.compile(
    r"(ggml|hf|gguf)?[-_.]?"
    r"(model|checkpoint|ckpt|weights|adapter|adapters|finetuned|steering|activations|states|final|"
    r"best|last|latest|merged|output|outputs|export|base|main|step|epoch|run|test|\d+)"
    r"([-_.].*|\d*)?",
    re.IGNORECASE,
)
_QUANTISATION = "general.file_type"  # in the header of a GGUF file


def told_apart(model: Model, source: object, options: ModelOptions) -> dict[str, Any]:
    """The fields of :class:`.ModelInfo` that its shown name is made of.

    Parameters
    ----------
    model : that is evaluated.
    source : what the user gave for it.
    options : how it was loaded; they name its adapter, and its file in a folder of several.

    Returns
    -------
    ``folders`` around files whose own names say little; ``apart``: quantisation, where the name
    does not say it, and digits of the hash of the weights and of what is added to them. Both empty
    of built-in models.
    """
    if is_builtin(model):
        return {}
    if not isinstance(source, str | Path):
        return {"apart": [_hash(model)]}
    folders = [_around(each) for each in (source, options.peft) if each is not None]
    kind = _quantisation(user_path(source) / (options.gguf_file or ""))
    if kind is not None and _letters(kind) in _letters(model.identifier):
        kind = None
    return {
        "folders": list(dict.fromkeys(filter(None, folders))),
        "apart": [*([kind] if kind else []), _hash(model)],
    }


def _around(given: str | Path) -> str:
    """The folder that a file or folder lies in, where its own name is one that many have."""
    path = user_path(given)
    try:
        if not path.exists():
            return ""
        found = path.resolve()
    except OSError:
        return ""
    name = found.stem if found.is_file() else found.name
    return readable(found.parent.name) if _COMMON.fullmatch(name) else ""


def _quantisation(path: Path) -> str | None:
    """``Q4_K_M`` of a GGUF file; None of others, and where its header does not say it."""
    if not is_gguf(path) or not path.is_file():
        return None
    # loaded where there is such a file
    from gguf import LlamaFileType

    try:
        name = LlamaFileType(read_gguf_header(path).get(_QUANTISATION, -1)).name
    except (DataError, ValueError):
        return None
    return name.removeprefix("MOSTLY_").removeprefix("ALL_")


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _hash(model: Model) -> str:
    """First digits of the hash of what is not in the name: weights, and what is added to them."""
    held = [model.sha256]
    if isinstance(model, LanguageModel):
        held = [model.weights_sha256]
        held += [] if model.steering is None else [model.steering.sha256]
    whole = held[0] if len(held) == 1 else hashlib.sha256("".join(held).encode()).hexdigest()
    return readable(whole[:_DIGITS])
