"""A PEFT adapter: its hash, and the model that it was trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from brainbench.errors import DataError, UsageError
from brainbench.models.checkpoints.checkpoint import Checkpoint, hash_named, hash_weights
from brainbench.paths import user_path

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# what brainbench writes beside an adapter that it trained
TRAINING = "finetuning.json"
_BASE = "base_model_name_or_path"


def check_adapter(folder: str | Path) -> tuple[Path, str]:
    """A PEFT adapter's folder and its hash.

    The hash is of configuration and weights. Of the base model's path only the last part counts:
    where a folder lies changes no number.

    Raises
    ------
    UsageError
        When it is not such a folder, or its weights are pickled.
    """
    path = user_path(folder)
    files = [path / name for name in (CONFIG, WEIGHTS)]
    for file in files:
        if not file.is_file():
            raise UsageError(f"--peft {folder}: no {file.name} there; it is not a PEFT adapter")
    with files[1].open("rb") as weights:
        digest = hashlib.file_digest(weights, "sha256").hexdigest()
    config = hashlib.sha256(_without_place(files[0].read_bytes())).hexdigest()
    return path, hash_named({CONFIG: config, WEIGHTS: digest})


@dataclass(frozen=True)
class Base:
    """A model that an adapter is trained on or applied to.

    Attributes
    ----------
    name : hub id, or absolute path of a folder or GGUF file: what others find it by.
    revision : commit, of a hub id.
    weights_sha256 : hash of its weights; of files, or of a model in memory.
    in_memory : which of the two.
    """

    name: str
    revision: str | None
    weights_sha256: str
    in_memory: bool = False

    @classmethod
    def of_files(cls, checkpoint: Checkpoint, weights_sha256: str | None = None) -> Base:
        """Of a checkpoint; its own weights where no others are named.

        Parameters
        ----------
        checkpoint : the files of a model.
        weights_sha256 : hash of the weights; by default that of the checkpoint's files.
        """
        weights = weights_sha256 or hash_weights(checkpoint.files)
        if checkpoint.revision is not None:
            # without the GGUF file that was chosen
            return cls(checkpoint.name.partition(":")[0], checkpoint.revision, weights)
        place = checkpoint.folder.resolve()
        path = place / checkpoint.gguf_file if checkpoint.gguf_file else place
        return cls(str(path), None, weights)

    @classmethod
    def of_memory(cls, network: Any, identifier: str, weights_sha256: str) -> Base:
        """Of a model in memory, which may know where it came from.

        Parameters
        ----------
        network : a model of transformers.
        identifier : its name where its configuration does not state a path or hub id.
        weights_sha256 : hash of its tensors.
        """
        given = str(getattr(network.config, "_name_or_path", "") or identifier)
        path = user_path(given)
        name = str(path.resolve()) if path.is_dir() else given
        return cls(name, None, weights_sha256, True)

    def __str__(self) -> str:
        return _with(self.name, self.revision)


def check_base(adapter: Path, base: Base) -> tuple[str, ...]:
    """Check that an adapter belongs to the model that it is applied to.

    Parameters
    ----------
    adapter : folder of a PEFT adapter.
    base : the model that it is applied to.

    Returns
    -------
    A warning where nothing shows that the model is the one that it was trained on.

    Raises
    ------
    DataError
        When brainbench trained it, on other weights.
    """
    trained = _read(adapter / TRAINING).get("model")
    trained = trained if isinstance(trained, Mapping) else {}
    made = trained.get("weights_sha256")
    # a hash of files says nothing of one of tensors
    if isinstance(made, str) and bool(trained.get("in_memory")) == base.in_memory:
        if made == base.weights_sha256:
            return ()
        raise DataError(
            f"the adapter {adapter.name} was trained on {trained.get('identifier')}, "
            f"weights_sha256 {made}; {base} has {base.weights_sha256}. An adapter changes the "
            "very weights it was trained on: give that model, or train another adapter"
        )
    config = _read(adapter / CONFIG)
    named, revision = config.get(_BASE), config.get("revision")
    if not isinstance(named, str) or not named:
        stated = f"does not name its base model in {CONFIG}"
    elif _is_same(named, revision, base):
        return ()
    else:
        stated = f"was trained on {_with(named, revision)}, as its {CONFIG} says"
    return (
        f"the adapter {adapter.name} {stated}; it is applied to {base}, and nothing shows that "
        "these are the same weights",
    )


def _is_same(named: str, revision: object, base: Base) -> bool:
    if base.revision is not None:
        # a branch that it names, such as main, may have moved on since
        return named.lower() == base.name.lower() and revision in (None, base.revision)
    return _is_absolute(named) and str(Path(named).resolve()) == base.name


def _with(name: str, revision: object) -> str:
    return f"{name} at {revision}" if revision else name


def _is_absolute(name: str) -> bool:
    return PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute()


def _without_place(content: bytes) -> bytes:
    """A configuration whose base model is named by the last part of its path alone."""
    try:
        named: Any = json.loads(content).get(_BASE)
    # whatever it holds, it is hashed as it is; loading tells what is wrong with it
    except (ValueError, AttributeError, RecursionError):
        return content
    if not isinstance(named, str) or not _is_absolute(named):
        return content
    last = PureWindowsPath(named).name
    for ascii_only in (True, False):
        written = json.dumps(named, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        content = content.replace(written, json.dumps(last, ensure_ascii=ascii_only).encode())
    return content


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is none or it cannot be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
