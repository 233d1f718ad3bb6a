"""A steering: directions that are added to a model's states as it runs."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.models.model import SITES, Site
from brainbench.problems.problem import REASONING_TYPES

# which tokens of a text are steered, see docs/steering.md
STEERED_TOKENS: tuple[str, ...] = ("last", "generated", "all")
# the group of directions for every reasoning type that has none of its own
POOLED = "all"
GROUPS: tuple[str, ...] = (*REASONING_TYPES, POOLED)
# names become part of folders' names
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Directions = Mapping[str, Mapping[int, NDArray[np.floating]]]


class Steerable(Protocol):
    """What a steering is held against: a language model, whose weights are not asked for."""

    @property
    def identifier(self) -> str: ...

    @property
    def weights_sha256(self) -> str: ...

    @property
    def loader(self) -> Any: ...


@dataclass(frozen=True)
class MadeFor:
    """The model that directions were found on; they mean nothing in another one.

    Attributes
    ----------
    identifier : its name.
    weights_sha256 : hash of weights, adapter and seed.
    family : ``model_type`` of its configuration.
    n_layers, units : number of blocks, width of a state.
    """

    identifier: str
    weights_sha256: str
    family: str
    n_layers: int
    units: int

    @classmethod
    def of(cls, model: Steerable) -> MadeFor:
        """Of a language model; needs its configuration, not its weights."""
        config = model.loader.config
        text = config.get_text_config()
        return cls(
            model.identifier,
            model.weights_sha256,
            str(config.model_type),
            int(text.num_hidden_layers),
            int(text.hidden_size),
        )


@dataclass(frozen=True, eq=False)
class Steering:
    """Directions, and how they are added.

    Parameters
    ----------
    name : part of the steered model's name: letters, digits, points, dashes.
    site : ``attention``, the output of the self-attention module before the residual sum, or
        ``hidden``, the output of the whole block.
    directions : group → layer, counting from 0 → (units,). A group is a reasoning type, or
        ``all``, for those that have no own. Kept as float32.
    made_for : the model they were found on.
    strength : every vector is multiplied by it.
    tokens : ``last``, the last token of the prompt; ``generated``, that one and every token
        that follows; ``all``, every token.
    recipe : how they were found, as JSON has it.
    data_sha256 : of the data they were found from.
    saved : strength and tokens of the artifact, where others were asked for.

    Raises
    ------
    UsageError
        When strength, tokens or name are none.
    DataError
        When a direction does not fit ``made_for``, or is not finite.
    """

    name: str
    site: Site
    directions: Directions
    made_for: MadeFor
    strength: float = 1.0
    tokens: str = "last"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    data_sha256: str | None = None
    saved: tuple[float, str] | None = None

    def __post_init__(self) -> None:
        check_steering_name(self.name)
        if self.site not in SITES:
            raise UnknownNameError("site", str(self.site), SITES)
        check_steered_tokens(self.tokens)
        check_strength(self.strength)
        kept = {group: self._layers(group, given) for group, given in self.directions.items()}
        if not any(kept.values()):
            raise DataError(f"the steering {self.name} has no directions")
        # others cannot change what the hash was taken of
        object.__setattr__(self, "directions", kept)

    def _layers(
        self, group: str, given: Mapping[int, NDArray[np.floating]]
    ) -> dict[int, NDArray[np.float32]]:
        if group not in GROUPS:
            raise UnknownNameError("group of directions", str(group), GROUPS)
        kept: dict[int, NDArray[np.float32]] = {}
        for number in sorted(given):
            layer, place = int(number), f"direction {group}/{number}"
            if not 0 <= layer < self.made_for.n_layers:
                raise DataError(
                    f"{place}: {self.made_for.identifier} has layers 0 to "
                    f"{self.made_for.n_layers - 1}"
                )
            found = np.asarray(given[number])
            if found.shape != (self.made_for.units,):
                raise DataError(
                    f"{place}: expected {self.made_for.units} units, got the shape {found.shape}"
                )
            with np.errstate(over="ignore"):
                vector = np.array(found, dtype=np.float32)
                added = np.float32(self.strength) * vector
            if not (np.isfinite(vector).all() and np.isfinite(added).all()):
                raise DataError(
                    f"{place}: NaN or infinite, as it is or times the strength {self.strength:g}"
                )
            vector.flags.writeable = False
            kept[layer] = vector
        return kept

    # ---------------------------------------------------------------- what is added to what

    def group_for(self, reasoning_type: str | None) -> str | None:
        """The group that steers a reasoning type: its own, else ``all``; None where neither is."""
        for group in (reasoning_type, POOLED):
            if group is not None and self.directions.get(group):
                return group
        return None

    def direction_for(self, reasoning_type: str | None) -> Mapping[int, NDArray[np.floating]]:
        """Layer → (units,), before the strength; empty where the type is not steered."""
        group = self.group_for(reasoning_type)
        return {} if group is None else self.directions[group]

    def groups_for(self, reasoning_types: Iterable[str | None]) -> list[str | None]:
        """The group of each."""
        return [self.group_for(kind) for kind in reasoning_types]

    def missing(
        self, reasoning_types: Sequence[str | None], what: str = "problems"
    ) -> tuple[str, ...]:
        """A warning where some are not steered, for there are no directions for their type."""
        bare = [kind for kind in reasoning_types if self.group_for(kind) is None]
        if not bare:
            return ()
        named = ", ".join(sorted({str(kind or f"{what} of no type") for kind in bare}))
        return (
            f"the steering {self.name} has no directions for {named}: {len(bare)} of "
            f"{len(reasoning_types)} {what} are asked unsteered",
        )

    # ---------------------------------------------------------------- what it is

    def changed(self, strength: float | None = None, tokens: str | None = None) -> Steering:
        """The same directions, added otherwise; None leaves what is there."""
        return replace(
            self,
            strength=self.strength if strength is None else strength,
            tokens=self.tokens if tokens is None else tokens,
            saved=self.saved or (self.strength, self.tokens),
        )

    @property
    def label(self) -> str:
        """Its name, with what differs from the artifact: ``name@2``, ``name@2@all``."""
        strength, tokens = self.saved or (self.strength, self.tokens)
        label = self.name
        if self.strength != strength:
            label += f"@{self.strength:g}"
        if self.tokens != tokens:
            label += f"@{self.tokens}"
        return label

    @property
    def suffix(self) -> str:
        """What it adds to a model's name."""
        return f"+steer-{self.label}"

    @property
    def layers(self) -> tuple[int, ...]:
        """Layers that any group steers, ascending."""
        return tuple(sorted({layer for own in self.directions.values() for layer in own}))

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups that have directions, in the order of ``GROUPS``."""
        return tuple(group for group in GROUPS if self.directions.get(group))

    @cached_property
    def sha256(self) -> str:
        """Hash of all that changes a number: site, directions, strength, tokens."""
        digest = hashlib.sha256()
        digest.update(json.dumps([self.site, float(self.strength).hex(), self.tokens]).encode())
        for group in self.groups:
            for layer, vector in self.directions[group].items():
                digest.update(json.dumps([group, layer, len(vector)]).encode())
                digest.update(np.ascontiguousarray(vector, dtype="<f4").tobytes())
        return digest.hexdigest()

    @property
    def facts(self) -> dict[str, Any]:
        """What the record tells of it."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "strength": float(self.strength),
            "tokens": self.tokens,
            "site": self.site,
            "layers": list(self.layers),
            "groups": list(self.groups),
        }


def check_fits(steering: Steering, model: Steerable) -> None:
    """Raise ``DataError`` when the directions were found on another model.

    No weights are loaded; those of a model in memory are hashed.
    """
    made, here = steering.made_for, MadeFor.of(model)
    for what, theirs, ours in (
        ("family", made.family, here.family),
        ("number of layers", made.n_layers, here.n_layers),
        ("number of units", made.units, here.units),
        ("weights_sha256", made.weights_sha256, here.weights_sha256),
    ):
        if theirs != ours:
            raise DataError(
                f"the steering {steering.name} was made for {made.identifier}, {what} {theirs}; "
                f"{model.identifier} has {ours}. Directions mean nothing in another model: give "
                "the model they were made for, with the same adapter, or make others"
            )


def check_steering_name(name: object) -> None:
    """Raise ``UsageError`` when it cannot be part of a folder's name."""
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise UsageError(
            f"{name!r} is no name for a steering: up to 64 letters, digits, points, dashes and "
            "underscores, a letter or digit first"
        )


def check_steered_tokens(tokens: object) -> None:
    """Raise ``UsageError`` when no such tokens are steered."""
    if tokens not in STEERED_TOKENS:
        raise UnknownNameError("choice of steered tokens", str(tokens), STEERED_TOKENS)


def check_strength(strength: object) -> None:
    """Raise ``UsageError`` when it is no finite number."""
    number = isinstance(strength, int | float) and not isinstance(strength, bool)
    if not number or not math.isfinite(float(strength)):  # type: ignore[arg-type]
        raise UsageError(f"strength must be a finite number, not {strength!r}")
