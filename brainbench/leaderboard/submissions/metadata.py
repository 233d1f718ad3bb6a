"""What a submission says of itself: ``metadata.yaml``."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FORMAT = 1
# begins what the submitter has still to say
FILL_IN = "FILL IN:"
_TAG = re.compile(r"<\s*/?\s*[A-Za-z!?]")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9+])?")
_HANDLE = re.compile(r"@?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:@[A-Za-z0-9.-]+)?")


def check_name(name: str) -> str:
    """A name that is a folder and part of an address: Latin letters, digits, ``. _ + -``.

    Raises
    ------
    ValueError
        When it is anything else.
    """
    if not _NAME.fullmatch(name) or "__" in name or ".." in name or len(name) > 100:
        raise ValueError(
            "must be 1 to 100 Latin letters, digits and . _ + -, beginning with a letter or "
            "digit, without __ and .."
        )
    return name


def _plain(text: str) -> str:
    if _TAG.search(text):
        raise ValueError("holds what looks like HTML; write plain text")
    return text.strip()


def _handle(text: str) -> str:
    if not text.startswith(FILL_IN) and not _HANDLE.fullmatch(text):
        raise ValueError("must be a handle such as @name, or name@host")
    return text


Name = Annotated[str, AfterValidator(check_name)]
Short = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain)]
Long = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_plain)]


class Metadata(BaseModel):
    """Whose run it is and how it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = Field(FORMAT, ge=1)
    """Of a submission; this brainbench reads 1."""
    org: Name
    """Who submits it; with the model it names the folder."""
    model: Name
    """Name on the board."""
    revision: Short | None
    """Commit or version of the weights; null where there is none."""
    family: Short
    """What it is filtered by: ``llama``, ``qwen3``, …"""
    parameters: int | None = Field(ge=1, le=10**14)
    """Null: not known."""
    licence: Short
    """Of the weights, as an SPDX identifier where there is one."""
    contamination: Long
    """What is known of these problems, or others like them, in its training."""
    contact: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_handle)]
    """A handle that can be asked."""
    rerun: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_plain)]
    """The command that makes the record again."""
    brainbench: Short
    """Version the record was made with."""
    submitted: date

    @property
    def missing(self) -> list[str]:
        """Fields that have still to be filled in."""
        return [name for name, value in self if str(value).startswith(FILL_IN)]

    @property
    def folder(self) -> str:
        """``<org>__<model>``."""
        return f"{self.org}__{self.model}"

    def to_yaml(self) -> str:
        """As it stands in ``metadata.yaml``, in the order of the fields."""
        values: dict[str, Any] = self.model_dump()
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=96)


def placeholder(field: str) -> str:
    """What stands for a field that was not given."""
    return f"{FILL_IN} {_ASKED[field]}"


_ASKED = {
    "licence": "licence of the weights, such as Apache-2.0",
    "contamination": "what is known of these problems, or others like them, in its training",
    "contact": "a handle that can be asked, such as @name",
    "family": "family of the model, such as llama",
    "rerun": "the command or script that makes the record again",
}
