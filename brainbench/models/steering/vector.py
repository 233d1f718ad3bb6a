"""A steering: directions that are added to a model's states as it runs."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import BrainbenchError, DataError, UnknownNameError, UsageError
from brainbench.models.model import SITES, Site
from brainbench.models.steering.apply import applied
from brainbench.models.steering.artifact import read_artifact, save_steering, unpack_directions
from brainbench.models.steering.hooks import Directions
from brainbench.models.steering.made_for import MadeFor, Steerable, check_shape
from brainbench.paths import user_path
from brainbench.problems.problem import REASONING_TYPES

# which tokens of a text are steered, see docs/steering.md
STEERED_TOKENS: tuple[str, ...] = ("last", "generated", "all")
# the group of directions for every reasoning type that has none of its own
POOLED = "all"
GROUPS: tuple[str, ...] = (*REASONING_TYPES, POOLED)
# names become part of folders' names
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

ModelT = TypeVar("ModelT")


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

    @classmethod
    def of(
        cls,
        model: Steerable,
        directions: Directions,
        name: str = "mine",
        *,
        site: Site = "attention",
        strength: float = 1.0,
        tokens: str = "last",
        recipe: Mapping[str, Any] | None = None,
    ) -> Steering:
        """A steering of one's own directions, made for a language model.

        Parameters
        ----------
        model : a :class:`LanguageModel`; its configuration and the hash of its weights are read.
        directions, name, site, strength, tokens, recipe : see :class:`Steering`.

        Raises
        ------
        UsageError, DataError
            As :class:`Steering` does.
        """
        made = MadeFor.of(model)
        return cls(name, site, directions, made, strength, tokens, dict(recipe or {}))

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
        """A warning where some are not steered, for there are no directions for their type.

        Parameters
        ----------
        reasoning_types : of each item, None where it has none.
        what : the items are called, in the plural.

        Returns
        -------
        One warning, or none.
        """
        bare = [kind for kind in reasoning_types if self.group_for(kind) is None]
        if not bare:
            return ()
        named = ", ".join(sorted({str(kind or f"{what} of no type") for kind in bare}))
        return (
            f"the steering {self.name} has no directions for {named}: {len(bare)} of "
            f"{len(reasoning_types)} {what} are asked unsteered",
        )

    # ---------------------------------------------------------------- on a model, on disk

    @contextmanager
    def apply(
        self, model: ModelT, reasoning_type: str | Sequence[str | None] | None = None
    ) -> Iterator[ModelT]:
        """Steer a model while the block runs: ``with steering.apply(model) as steered: …``.

        The prompt of a pass ends at its last token that is not padding, in ``generate`` where
        the prompts do that it is given. Directions are added as ``brainbench evaluate --steer``
        adds them, number by number; nothing is left on the model after the block, nor after an
        error in it. Blocks may stand inside each other: what they add is added up.

        Parameters
        ----------
        model : causal language model of transformers, also below a PEFT adapter; or a
            :class:`LanguageModel`, whose problems tell their reasoning types themselves.
        reasoning_type : whose directions are added to all rows of a pass, or of each row; None
            takes those of ``all``.

        Yields
        ------
        The model itself; of a :class:`LanguageModel` another one that shares its weights.

        Raises
        ------
        DataError
            When the directions were made for a model of another family, with another number of
            layers or of units, or the model's family is not known.
        UsageError
            When there are no directions for a reasoning type, or the model is not one.

        Examples
        --------
        >>> with steering.apply(model, "syllogistic"):                   # doctest: +SKIP
        ...     model.generate(**tokenizer(text, return_tensors="pt"))
        """
        if hasattr(model, "steered") and hasattr(model, "loader"):
            if reasoning_type is not None:
                raise UsageError(
                    "reasoning_type is for networks of transformers: to a LanguageModel each "
                    "problem tells its own"
                )
            with model.steered(self) as view:
                yield view
            return
        if not hasattr(model, "named_modules") or not hasattr(model, "config"):
            raise UsageError(
                f"{type(model).__name__} is not a model of transformers: give one that "
                "from_pretrained() loaded, or a LanguageModel of load_model()"
            )
        groups = self._groups_of(reasoning_type)
        check_shape(self, model)
        if not self.strength:
            # the model as it is, to the last bit
            yield model
            return
        with applied(model, self, groups):
            yield model

    def _groups_of(self, reasoning_type: str | Sequence[str | None] | None) -> list[str]:
        several = not (reasoning_type is None or isinstance(reasoning_type, str))
        kinds: Sequence[Any] = reasoning_type if several else [reasoning_type]  # type: ignore[assignment]
        if not kinds:
            raise UsageError("reasoning_type is an empty list: name one type, or that of each row")
        found = []
        for kind in kinds:
            if kind is not None and kind not in GROUPS:
                raise UnknownNameError("reasoning type", str(kind), GROUPS)
            group = self.group_for(kind)
            if group is None:
                raise UsageError(
                    f"the steering {self.name} has directions for {', '.join(self.groups)}, and "
                    f"none for {kind or 'problems of no type'}: name one with reasoning_type="
                )
            found.append(group)
        return found

    def save(self, folder: str | Path) -> Path:
        """Write ``steering.safetensors`` and ``steering.json``, each whole or not at all.

        Returns
        -------
        The folder, which :func:`load_steering` reads and ``--steer`` applies.

        Raises
        ------
        DataError
            When the recipe is nothing that JSON holds.
        UsageError
            When it cannot be written.
        """
        return save_steering(self, folder)

    # ---------------------------------------------------------------- what it is

    def changed(self, strength: float | None = None, tokens: str | None = None) -> Steering:
        """The same directions, added otherwise; None leaves what is there.

        Parameters
        ----------
        strength : factor on every vector, in place of the old one.
        tokens : which tokens are steered: ``last``, ``generated`` or ``all``.
        """
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
        """Its description in the record of a run."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "strength": float(self.strength),
            "tokens": self.tokens,
            "site": self.site,
            "layers": list(self.layers),
            "groups": list(self.groups),
        }


def load_steering(folder: str | Path) -> Steering:
    """Read a steering that :meth:`Steering.save` wrote, whoever gave it.

    Nothing in it is unpickled or run.

    Parameters
    ----------
    folder : with ``steering.json`` and ``steering.safetensors``.

    Raises
    ------
    UsageError
        When there is none in the folder.
    DataError
        When it is damaged, incomplete, of another format, or holds NaN or a wrong shape.
    """
    card, content = read_artifact(folder)
    try:
        return Steering(
            name=card.name,
            site=card.site,
            directions=unpack_directions(content, card),
            made_for=MadeFor(**card.model.model_dump()),
            strength=card.strength,
            tokens=card.tokens,
            recipe=card.recipe,
            data_sha256=card.data_sha256,
        )
    except BrainbenchError as error:
        raise DataError(f"{user_path(folder)}: {error}") from error


def check_steering_name(name: object) -> None:
    """Raise ``UsageError`` when it cannot be part of a folder's name."""
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise UsageError(
            f"{name!r} is not a name for a steering: up to 64 letters, digits, points, dashes and "
            "underscores, a letter or digit first"
        )


def check_steered_tokens(tokens: object) -> None:
    """Raise ``UsageError`` when no such tokens are steered."""
    if tokens not in STEERED_TOKENS:
        raise UnknownNameError("choice of steered tokens", str(tokens), STEERED_TOKENS)


def check_strength(strength: object) -> None:
    """Raise ``UsageError`` when it is not a finite number."""
    number = isinstance(strength, int | float) and not isinstance(strength, bool)
    if not number or not math.isfinite(float(strength)):  # type: ignore[arg-type]
        raise UsageError(f"strength must be a finite number, not {strength!r}")
