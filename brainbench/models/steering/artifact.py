"""The format of a steering on disk: a folder of ``steering.safetensors`` and ``steering.json``,
and a ``README.md``, its model card, which nothing reads.

The tensors are named ``<group>/<layer>``, each (units,) float32. The JSON says what they are
and holds the hash of the other file: it is written last, so a folder is never half of each.
Nothing is ever unpickled or run; see docs/steering.md.
"""

from __future__ import annotations

import hashlib
import json
import os
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from safetensors import SafetensorError
from safetensors.numpy import load as unpack
from safetensors.numpy import save as pack

from brainbench.atomic import whole_file
from brainbench.errors import DataError, UsageError
from brainbench.foreign import fault_of, parse_json
from brainbench.models.model import Site
from brainbench.models.model_card import write_card
from brainbench.models.steering.card import Kept, steering_card
from brainbench.paths import user_path

TENSORS, CARD = "steering.safetensors", "steering.json"
# a 72B model with a group of each type, all layers: 10 MB
_MAX_TENSORS, _MAX_CARD = 2**28, 2**22

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=1, le=2**20)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Model(_Part):
    identifier: Annotated[str, Field(max_length=1000)]
    weights_sha256: _Sha256
    family: Annotated[str, Field(max_length=100)]
    n_layers: _Count
    units: _Count


class SteeringCard(_Part):
    """``steering.json``."""

    format_version: Literal[1]
    brainbench: str
    """Version that wrote it."""
    name: str
    model: _Model
    """What the directions were found on; they fit nothing else."""
    site: Site
    groups: list[str]
    """Reasoning types, or ``all``."""
    layers: list[int]
    """All that any group steers, counting from 0."""
    norms: dict[str, dict[int, float]]
    """Group → layer → Euclidean length of the direction, before the strength."""
    strength: float
    tokens: str
    recipe: dict[str, JsonValue]
    """How the directions were found."""
    data_sha256: str | None
    """Of the data they were found from."""
    tensors_sha256: _Sha256
    """Of ``steering.safetensors``."""


def save_steering(steering: Kept, folder: str | Path) -> Path:
    """Write a steering; each file appears whole or not at all.

    Parameters
    ----------
    steering : directions by group and layer, with how they are added and were found.
    folder : made where it is missing; ``~`` is the home folder.

    Returns
    -------
    The folder.

    Raises
    ------
    DataError
        When the recipe is nothing that JSON holds.
    UsageError
        When it cannot be written.
    """
    path = user_path(folder)
    tensors = pack({
        f"{group}/{layer}": np.ascontiguousarray(vector, np.float32)
        for group, own in steering.directions.items()
        for layer, vector in own.items()
    })  # fmt: skip
    made = steering.made_for
    card = {
        "format_version": 1,
        "brainbench": metadata.version("brainbench"),
        "name": steering.name,
        "model": {**vars(made)},
        "site": steering.site,
        "groups": list(steering.groups),
        "layers": list(steering.layers),
        "norms": {
            group: {str(layer): float(np.linalg.norm(own[layer])) for layer in own}
            for group, own in steering.directions.items()
        },
        "strength": float(steering.strength),
        "tokens": steering.tokens,
        "recipe": dict(steering.recipe),
        "data_sha256": steering.data_sha256,
        "tensors_sha256": hashlib.sha256(tensors).hexdigest(),
    }
    try:
        text = json.dumps(card, indent=1, allow_nan=False)
        SteeringCard.model_validate_json(text)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"the steering {steering.name} cannot be written as JSON: {error}"
        ) from error
    try:
        _write(path / TENSORS, tensors)
        _write(path / CARD, text.encode())
        write_card(path, steering_card(steering))
    except OSError as error:
        raise UsageError(f"cannot write to {path}: {error.strerror or error}") from error
    return path


def read_artifact(folder: str | Path) -> tuple[SteeringCard, bytes]:
    """The card of a folder, and the file that it names, held against its hash.

    Raises
    ------
    UsageError
        When there is none in the folder.
    DataError
        When it is damaged, incomplete or of another format.
    """
    path = user_path(folder)
    for name in (CARD, TENSORS):
        if not (path / name).is_file():
            raise UsageError(f"--steer {folder}: no {name} there; it holds no steering")
    try:
        card = SteeringCard.model_validate(parse_json(_read(path / CARD, _MAX_CARD), finite=False))
    except ValueError as error:
        raise DataError(f"{path / CARD} cannot be used: {fault_of(error)}") from error
    content = _read(path / TENSORS, _MAX_TENSORS)
    found = hashlib.sha256(content).hexdigest()
    if found != card.tensors_sha256:
        raise DataError(
            f"{path / TENSORS} is not the file that {CARD} names: expected sha256 "
            f"{card.tensors_sha256}, found {found}. Make the steering again, or copy the whole "
            "folder again"
        )
    return card, content


def unpack_directions(
    content: bytes, card: SteeringCard
) -> dict[str, dict[int, NDArray[np.float32]]]:
    """Directions by group and layer: those that the card lists, no other.

    Parameters
    ----------
    content : bytes of the safetensors file.
    card : the JSON beside it, which lists the directions.

    Returns
    -------
    group → layer, counting from 0 → (units,) float32.

    Raises
    ------
    DataError
        When the two files do not belong together.
    """
    listed = {
        f"{group}/{layer}": (group, layer) for group in card.norms for layer in card.norms[group]
    }
    _check_listed(card)
    try:
        tensors: dict[str, NDArray[Any]] = unpack(content)
    # its reader raises whatever numpy raises, on top of its own
    except (SafetensorError, ValueError, TypeError, KeyError, MemoryError) as error:
        raise DataError(f"{TENSORS} is damaged: {error}") from error
    for what, names in (
        ("lacks", set(listed) - set(tensors)),
        ("also holds", set(tensors) - set(listed)),
    ):
        if names:
            raise DataError(f"{TENSORS} {what} {sorted(names)[0]!r} ({len(names)} tensors in all)")
    found: dict[str, dict[int, NDArray[np.float32]]] = {}
    for name, (group, layer) in listed.items():
        if tensors[name].dtype != np.float32:
            raise DataError(f"{name}: expected float32, got {tensors[name].dtype}")
        found.setdefault(group, {})[layer] = tensors[name]
    return found


def _check_listed(card: SteeringCard) -> None:
    layers = sorted({layer for own in card.norms.values() for layer in own})
    for what, stated, found in (
        ("groups", sorted(card.groups), sorted(card.norms)),
        ("layers", sorted(card.layers), layers),
    ):
        if stated != found:
            raise DataError(f"{CARD}: {what} {stated}, but norms of {found}")


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > most:
        raise DataError(f"{path} is larger than {most >> 20} MiB: it is not a steering")
    return content


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as partial, partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
