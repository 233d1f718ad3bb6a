"""Paths as users write them."""

from __future__ import annotations

from pathlib import Path

from brainbench.errors import DataError
from brainbench.foreign import readable


def user_path(path: str | Path) -> Path:
    """A path whose ``~`` no shell made into a home folder: quoted, in a variable, from Python.

    One of a user whom this machine does not know stays as it is.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def check_utf8(path: Path) -> None:
    """Refuse a path that transformers, peft and safetensors cannot open.

    Raises
    ------
    DataError
        When its bytes are not UTF-8, as in archives that are older than it.
    """
    shown = readable(str(path))
    if shown != str(path):
        raise DataError(
            f"{shown}: models and adapters are read from names in UTF-8 only, and this one is not: "
            "rename it"
        )
