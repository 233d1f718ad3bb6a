"""Responses kept on disk between two calls: one compressed .npz of words and arrays, no pickle."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import DataError

T = TypeVar("T")
Rois = Mapping[str, NDArray[np.intp]]


def pack(words: Mapping[str, Any], rois: Rois, arrays: Mapping[str, Any]) -> bytes:
    """Content of a file, to be written whole.

    Parameters
    ----------
    words : what JSON holds.
    rois : region → columns.
    arrays : by name, of numbers.
    """
    held = io.BytesIO()
    content = json.dumps({**words, "rois": list(rois)}).encode()
    numbered: dict[str, Any] = {f"roi_{i}": columns for i, columns in enumerate(rois.values())}
    np.savez_compressed(held, words=np.frombuffer(content, np.uint8), **numbered, **arrays)
    return held.getvalue()


def unpack(
    content: bytes,
    make: Callable[[Mapping[str, Any], Rois, Mapping[str, NDArray[Any]]], T],
    what: str,
    remedy: str = "",
) -> T:
    """What :func:`pack` wrote.

    Parameters
    ----------
    content : of the file.
    make : called with words, regions and arrays.
    what : kept, as the error names it.
    remedy : what to do, as the error ends.

    Raises
    ------
    DataError
        When it is anything else, or was cut short.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            words = json.loads(held["words"].tobytes())
            return make(words, {roi: held[f"roi_{i}"] for i, roi in enumerate(words["rois"])}, held)
    except Exception as error:  # zip, numpy and JSON each raise kinds of their own
        raise DataError(
            f"{what} cannot be read ({type(error).__name__}: {error}){remedy}"
        ) from error
