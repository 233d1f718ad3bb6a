"""Coordinates of an assembly by the names that its card gives them, each checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from brainbench.datasets.netcdf import DIMS
from brainbench.errors import DataError

# what others call the same
_ALSO = {
    "stimulus": ("sentence", "sentences", "stimuli", "text", "item", "word", "words"),
    "stimulus_id": ("item_id", "sentence_id", "id", "index"),
    "subject": ("participant", "subject_id", "sub", "subj", "uid"),
    "roi": ("atlas", "region", "parcel", "area", "network"),
}
_FILES = re.compile(r"\S+\.(png|jpe?g|gif|bmp|tiff?|wav|mp3|flac|ogg|mp4|avi|mov)", re.IGNORECASE)
_SHOWN = 8


def over(assembly: xr.DataArray, dim: str) -> list[str]:
    """Names of the coordinates over one dimension, in their order."""
    return [str(name) for name, held in assembly.coords.items() if held.dims == (dim,)]


def values_of(assembly: xr.DataArray, name: str, dim: str, field: str) -> NDArray[Any]:
    """Values of a coordinate that must be there.

    Parameters
    ----------
    name : of the coordinate.
    dim : that it lies over, ``presentation`` or ``neuroid``.
    field : of the card that names it.

    Raises
    ------
    DataError
        When it is not there, with the nearest that are.
    """
    known = over(assembly, dim)
    if name in known:
        return np.asarray(assembly[name].values)
    also = [other for other in _ALSO.get(name, ()) if other in known]
    close = also or difflib.get_close_matches(name, known, n=2, cutoff=0.5)
    hint = ""
    if close:
        hint = f"; did you mean {' or '.join(map(repr, close))}? Say so in a card: {field}: "
        hint += close[0]
    other = next((one for one in DIMS if one != dim and name in over(assembly, one)), None)
    if other is not None:
        hint = f"; it lies over {other}"
    there = ", ".join(known[:_SHOWN]) + (" …" if len(known) > _SHOWN else "") or "none"
    raise DataError(f"no coordinate {name!r} over {dim}; there are: {there}{hint}")


def as_labels(values: NDArray[Any], name: str) -> list[str]:
    """Values as labels, whole numbers without a point; every one must be there.

    Raises
    ------
    DataError
        When one is empty, NaN or None: its rows are named, counted from 1.
    """
    found, empty = [], []
    for row, value in enumerate(values.tolist(), start=1):
        if value is None or value != value:
            empty.append(row)
            continue
        if isinstance(value, float) and value == int(value):
            value = int(value)
        text = str(value)
        if not text.strip():
            empty.append(row)
        found.append(text)
    if empty:
        raise DataError(f"{name} is empty in {_rows(empty)}")
    return found


def as_texts(values: NDArray[Any], name: str) -> list[str]:
    """Values as texts that a language model can read.

    Raises
    ------
    DataError
        When they are numbers, names of pictures or sounds, or empty.
    """
    held = values.tolist()
    strange = next((value for value in held if not isinstance(value, str)), None)
    if strange is not None:
        raise DataError(
            f"{name} holds {strange!r}, which is no text: language models are scored on texts"
        )
    texts = as_labels(values, name)
    files = sum(bool(_FILES.fullmatch(text.strip())) for text in texts)
    if 2 * files > len(texts):
        raise DataError(
            f"{name} holds names of files such as {texts[0]!r}: language models are scored on texts"
        )
    return texts


def as_numbers(values: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Values as finite numbers.

    Raises
    ------
    DataError
        When one is something else: its row is named.
    """
    if values.dtype.kind not in "biuf":
        raise DataError(f"{name} holds {str(values.tolist()[0])!r}, not numbers")
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        bad = np.flatnonzero(~np.isfinite(numbers)) + 1
        raise DataError(f"{name} is NaN or infinite in {_rows(bad.tolist())}")
    return numbers


def as_name(label: str) -> str:
    """A label as it may stand in a benchmark's identifier: no spaces, commas or wildcards."""
    return re.sub(r"[\s,*?\[\]]+", "_", label.strip())


def natural(label: str) -> list[tuple[int, int | str]]:
    """A key that sorts numbers inside labels as numbers: run-2 before run-10."""
    return [
        (0, int(part)) if part.isdigit() and len(part) < 19 else (1, part)
        for part in re.split(r"([0-9]+)", label)
    ]


def _rows(rows: Iterable[int]) -> str:
    held = list(rows)
    named = ", ".join(map(str, held[:5])) + (" …" if len(held) > 5 else "")
    return f"row{'s' if len(held) > 1 else ''} {named}"
