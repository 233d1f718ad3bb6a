"""The header of a GGUF file, read within its bounds.

The gguf package trusts the counts that a file states: a damaged one makes it fill the
memory. Here every count is held against the size of the file first.

Format: magic, version, number of tensors, number of keys; keys as text, type, value; then
of each tensor its name, shape, type and place, all little-endian.
"""

from __future__ import annotations

import math
import mmap
import struct
from pathlib import Path, PurePath
from typing import Any

from brainbench.errors import DataError
from brainbench.models.checkpoints.damage import is_pointer
from brainbench.models.checkpoints.failures import net

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_TEXT, _ARRAY = 8, 9
# value type → struct format
_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_ALIGNMENT = 32


def is_gguf(path: PurePath) -> bool:
    """Whether a file name ends in ``.gguf``, in lower or upper case."""
    return path.suffix.lower() == ".gguf"


def read_gguf_header(path: Path) -> dict[str, Any]:
    """Scalar and text values of a GGUF file's header, by key.

    Raises
    ------
    DataError
        When it is not a GGUF file, its header is damaged, or tensors are cut off.
    """
    return _read(path)[0]


def read_gguf_tensors(path: Path) -> list[str]:
    """Names of a GGUF file's tensors; errors as of :func:`read_gguf_header`."""
    return _read(path)[1]


def _read(path: Path) -> tuple[dict[str, Any], list[str]]:
    with net(f"{path.name} cannot be read"):
        if is_pointer(path):
            raise DataError(
                f"{path.name} is a pointer of Git LFS, not the file itself: fetch it with "
                "`git lfs pull`, or download it again"
            )
        file = path.open("rb")
    with file:
        if file.read(4) != _MAGIC:
            raise DataError(f"{path.name} is not a GGUF file: it does not begin with GGUF")
        with (
            net(f"{path.name} is damaged or incomplete", "Copy or download it again"),
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held,
        ):
            header = _Header(held)
            return header.read(), header.tensors


class _Header:
    """A place in the file that only moves on, and never past its end."""

    def __init__(self, held: mmap.mmap) -> None:
        self._held = held
        self._size = len(held)
        self._place = len(_MAGIC)
        self.tensors: list[str] = []

    def read(self) -> dict[str, Any]:
        version = self._scalar("I")
        if version not in _VERSIONS:
            raise ValueError(f"its version is {version}; those read are {_VERSIONS}")
        n_tensors, n_keys = self._count(), self._count()
        values = {}
        for _ in range(n_keys):
            key = self._text()
            values[key] = self._value(self._scalar("I"))
        ends = [self._tensor_end() for _ in range(n_tensors)]
        alignment = int(values.get("general.alignment") or _ALIGNMENT)
        start = math.ceil(self._place / alignment) * alignment
        if ends and start + max(ends) > self._size:
            raise ValueError(f"it has {self._size} bytes, its tensors take {start + max(ends)}")
        return values

    def _scalar(self, form: str) -> Any:
        (value,) = struct.unpack_from(f"<{form}", self._held, self._place)
        self._place += struct.calcsize(form)
        return value

    def _count(self) -> int:
        """How many things follow; each takes a byte at least."""
        count = int(self._scalar("Q"))
        if count > self._size - self._place:
            raise ValueError(
                f"it states {count} entries where {self._size - self._place} bytes follow"
            )
        return count

    def _text(self) -> str:
        size = self._count()
        self._place += size
        return bytes(self._held[self._place - size : self._place]).decode("utf-8")

    def _value(self, kind: int) -> Any:
        """A value, arrays passed over."""
        if kind == _TEXT:
            return self._text()
        if kind == _ARRAY:
            self._pass_array()
            return None
        return self._scalar(_form(kind))

    def _pass_array(self) -> None:
        kind, count = self._scalar("I"), self._count()
        if kind in (_TEXT, _ARRAY):
            for _ in range(count):
                self._pass_text() if kind == _TEXT else self._pass_array()
        else:
            self._place += count * struct.calcsize(_form(kind))

    def _pass_text(self) -> None:
        size = self._count()
        self._place += size

    def _tensor_end(self) -> int:
        """Where a tensor ends, counted from the first one's beginning."""
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

        self.tensors.append(self._text())
        n_dims = self._scalar("I")
        if n_dims > 8:
            raise ValueError(f"a tensor states {n_dims} dimensions")
        units = math.prod(int(self._scalar("Q")) for _ in range(n_dims))
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType(self._scalar("I"))]
        return int(self._scalar("Q")) + units // block * size


def _form(kind: int) -> str:
    if kind not in _SCALARS:
        raise ValueError(f"a value has the unknown type {kind}")
    return _SCALARS[kind]
