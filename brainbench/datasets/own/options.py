"""What an assembly file does not say of itself: which coordinate is what, and what is held out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.foreign import Unreadable, fault_of, parse_yaml, read_text
from brainbench.paths import user_path

_LARGEST_CARD = 1_000_000


class AssemblyCard(BaseModel):
    """A short card of an assembly file; every field may be left out.

    Attributes
    ----------
    name : of the dataset, in the identifiers of its benchmarks; by default the file's.
    title, licence, citation : what the record says of it.
    variable : which array of a NetCDF file holds the responses, where there are several.
    stimulus, stimulus_id, subject, roi : coordinates that hold these.
    group : coordinate whose labels are held out whole: run, passage, story, experiment.
    type : coordinate that sorts the stimuli; each type is scored by itself too.
    position : coordinate that counts stimuli within a run, in the order they were shown.
    nuisance : coordinates, numbers or labels, that scores are held against.
    select : coordinate → the labels that are kept.
    selection_leak : ROIs whose voxels were chosen on the responses that are scored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=80)
    title: str = ""
    licence: str = "not stated"
    citation: str = ""
    variable: str | None = None
    stimulus: str = "stimulus"
    stimulus_id: str = "stimulus_id"
    subject: str = "subject"
    roi: str = "roi"
    group: str | None = None
    type: str | None = None
    position: str | None = None
    nuisance: tuple[str, ...] = ()
    select: dict[str, tuple[str, ...]] = {}
    selection_leak: tuple[str, ...] = ()

    @field_validator("select", mode="before")
    @classmethod
    def _single(cls, given: Any) -> Any:
        """One label may stand by itself; numbers are labels too."""
        if not isinstance(given, Mapping):
            return given
        several = {k: v if isinstance(v, list | tuple) else [v] for k, v in given.items()}
        return {key: [str(value) for value in values] for key, values in several.items()}

    def with_options(self, **given: Any) -> AssemblyCard:
        """The card with what is given besides; None and nothing leave a field as it is.

        Raises
        ------
        UsageError
            When a value does not fit its field.
        """
        held = {name: value for name, value in given.items() if value not in (None, (), {})}
        unknown = next((name for name in held if name not in type(self).model_fields), None)
        if unknown is not None:
            raise UnknownNameError("field of a card", unknown, type(self).model_fields)
        try:
            return AssemblyCard.model_validate({**self.model_dump(), **held})
        except ValidationError as error:
            raise UsageError(fault_of(error)) from error


def load_assembly_card(path: str | Path) -> AssemblyCard:
    """Read a short card.

    Parameters
    ----------
    path : of a YAML file with fields of :class:`AssemblyCard`.

    Raises
    ------
    UsageError
        When there is no such file.
    DataError
        When it is not such a card, with the field that is wrong.
    """
    file = user_path(path)
    if not file.is_file():
        raise UsageError(f"there is no card at {path}")
    try:
        held = parse_yaml(read_text(file, _LARGEST_CARD)) or {}
    except Unreadable as error:
        raise DataError(f"{file}: {error}") from error
    if not isinstance(held, dict):
        raise DataError(f"{file} is not a card: write `field: value` lines")
    fields = AssemblyCard.model_fields
    unknown = next((name for name in held if name not in fields), None)
    if unknown is not None:
        raise DataError(f"{file}: {UnknownNameError('field', str(unknown), fields)}")
    try:
        return AssemblyCard.model_validate(held)
    except ValidationError as error:
        raise DataError(f"{file}: {fault_of(error)}") from error
