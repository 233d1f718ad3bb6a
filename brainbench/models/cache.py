"""What was read out of a model, kept on disk by the content of everything it depends on.

One entry is one batch of prompts: a safetensors file named by its key, written whole or
not at all, its checksum inside. A damaged entry is said and computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

Arrays = dict[str, NDArray[Any]]
Say = Callable[[str], None]


def content_key(**parts: Any) -> str:
    """Hash of plain values, each under its name."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class ArrayCache:
    """Arrays by key, in a folder.

    Parameters
    ----------
    folder : made when the first entry is written.
    say : told of damaged entries and of a disk that takes no more.
    """

    def __init__(self, folder: Path, say: Say = lambda text: None) -> None:
        self._folder = folder
        self._say = say
        self._writable = True

    def get(self, key: str) -> Arrays | None:
        """The entry of a key; None where there is none or it is damaged."""
        path = self._path(key)
        if not path.exists():
            return None
        try:
            with safe_open(str(path), framework="numpy") as file:
                names = list(file.keys())
                arrays = {name: file.get_tensor(name) for name in names}
                told = file.metadata() or {}
        except (SafetensorError, OSError) as error:
            self._say(f"cached activations {path.name[:12]} are damaged ({error}): computed again")
            return None
        if told.get("key") != key or told.get("checksum") != _checksum(arrays):
            self._say(f"cached activations {path.name[:12]} are damaged (wrong checksum): "
                      "computed again")  # fmt: skip
            return None
        return arrays

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep an entry; where the disk refuses, say so once and go on without."""
        kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        try:
            with whole_file(self._path(key)) as partial:
                save_file(kept, str(partial), {"key": key, "checksum": _checksum(kept)})
        except (OSError, SafetensorError) as error:
            if self._writable:
                self._say(f"activations cannot be cached in {self._folder}: {error}; going on")
            self._writable = False

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.safetensors"


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a file to write to; what was written takes the path's place when the block ends well.

    Its folder is made. After an error nothing is there, or what was there before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    partial = Path(name)
    try:
        os.close(handle)
        yield partial
        # made for its owner alone; others may share it
        partial.chmod(0o666 & ~_umask())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _checksum(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(json.dumps([name, str(array.dtype), array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
