"""A disk cache of computed arrays, keyed by the content of everything they depend on.

States and answers of models (an entry is a batch of prompts) and ceilings lie here: each entry
a safetensors file named by its key, written whole or not at all, its checksum inside. A cache
never stops a run: an entry that is damaged, or a folder that cannot be read or written, gives
one warning, and what it would have held is computed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from brainbench.atomic import whole_file

_OLD = 24 * 3600.0  # seconds after which nobody writes a file any more
_LOG = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]


def content_key(**parts: Any) -> str:
    """Hash of named plain values (JSON types)."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class ArrayCache:
    """A folder of arrays by key.

    Parameters
    ----------
    folder : made when the first entry is written.
    what : what it holds, in the plural, as in warnings.
    """

    def __init__(self, folder: Path, what: str = "activations") -> None:
        self._folder = folder
        self._what = what
        self._usable = True
        self._swept: set[Path] = set()

    def get(self, key: str) -> Arrays | None:
        """The entry of a key; None where there is none, or it is damaged or cannot be read."""
        path = self._path(key)
        try:
            # a folder that is not ours to enter says so here, not that nothing is there
            path.stat()
            with safe_open(str(path), framework="numpy") as file:
                names = list(file.keys())
                arrays = {name: file.get_tensor(name) for name in names}
                metadata = file.metadata() or {}
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError as error:
            self._warn_once(f"cannot be read from {self._folder}", error)
            return None
        # what its reader raises for a damaged file differs between its versions
        except Exception as error:
            self._warn_damaged(path, str(error))
            return None
        if metadata.get("key") != key or metadata.get("checksum") != _checksum(arrays):
            self._warn_damaged(path, "wrong checksum")
            return None
        return arrays

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep an entry; a write error gives one warning and the run goes on without it.

        Parameters
        ----------
        key : hash of everything that the arrays depend on.
        arrays : name → array, of any shape.
        """
        kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        try:
            self._sweep_out(self._path(key).parent)
            with whole_file(self._path(key)) as partial:
                save_file(kept, str(partial), {"key": key, "checksum": _checksum(kept)})
        except (OSError, SafetensorError) as error:
            self._warn_once(f"cannot be cached in {self._folder}", error)

    def _sweep_out(self, folder: Path) -> None:
        """Take away what writers that were killed have left of an entry, once for each folder."""
        if folder in self._swept:
            return
        self._swept.add(folder)
        for path in folder.glob("*.part"):
            # another process may have done it
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _OLD:
                    path.unlink()

    def _warn_damaged(self, path: Path, why: str) -> None:
        _LOG.info("cached %s %s are damaged (%s): computed again", self._what, path.name[:12], why)

    def _warn_once(self, what: str, error: Exception) -> None:
        if self._usable:
            reason = getattr(error, "strerror", None) or error
            _LOG.info(
                "%s %s: %s; going on without. BRAINBENCH_CACHE names another folder",
                self._what,
                what,
                reason,
            )
        self._usable = False

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.safetensors"


def _checksum(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(json.dumps([name, str(array.dtype), array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
