"""Names of tasks, datasets and models as names of files."""

from __future__ import annotations

import hashlib
import re

# bytes; with an ending, and a partial file's own, still fewer than the 143 of encrypted folders
_LONGEST = 100
_DIGITS = 12


def file_stem(name: str) -> str:
    """A file name without its ending, another one for every name.

    Names of letters, digits and ``_ . + -`` stand as they are. Of others, and of long ones, what
    a file system may refuse is replaced or cut off, and a hash of the whole name added.
    """
    safe = _safe(name)
    return safe if safe == name and _fits(safe) else _with_hash(safe, name)


def folder_name(name: str) -> str:
    """Name of a folder, or of a file that says itself what it is of.

    Only long names have a hash: two names may share a folder.
    """
    safe = _safe(name)
    return safe if _fits(safe) else _with_hash(safe, name)


def _safe(name: str) -> str:
    """No separators, nothing hidden, nothing that leaves the folder."""
    return re.sub(r"[^\w.+-]+", "_", name).lstrip(".") or "_"


def _fits(name: str) -> bool:
    return len(name.encode()) <= _LONGEST


def _with_hash(safe: str, name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    begun = safe.encode()[: _LONGEST - _DIGITS - 1].decode("utf-8", "ignore")
    return f"{begun}-{digest}"
