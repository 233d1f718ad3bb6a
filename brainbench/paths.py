"""Paths as users write them."""

from __future__ import annotations

from pathlib import Path


def user_path(path: str | Path) -> Path:
    """A path whose ``~`` no shell made into a home folder: quoted, in a variable, from Python.

    One of a user whom this machine does not know stays as it is.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
