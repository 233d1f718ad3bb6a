"""Errors a user can act on: each names what was wrong and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BrainbenchError(Exception):
    """Something the user can put right; its text is shown without a traceback."""


class UsageError(BrainbenchError):
    """The request itself is off: an unknown name, a flag that does not fit."""


class DataError(BrainbenchError):
    """Data is missing, damaged, or does not fit what it is used with."""


class DownloadError(DataError):
    """A file could not be had, or what came is not the file the card names."""


def close_to(name: str, known: Iterable[str]) -> list[str]:
    """Names that somebody may have meant, the nearest first."""
    return difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)


class UnknownNameError(UsageError):
    """A name is not among those known; the nearest ones are offered.

    Parameters
    ----------
    kind : what the name names, e.g. ``"benchmark"``.
    name : what was asked for.
    known : every name there is.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name = kind, name
        names = sorted(known)
        self.close = close_to(name, names)
        if self.close:
            hint = "did you mean " + " or ".join(repr(match) for match in self.close) + "?"
        else:
            hint = "there are: " + ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
        super().__init__(f"unknown {kind} {name!r}; {hint}")
