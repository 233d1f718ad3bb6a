"""Hash of what a dataset holds, for those whose files no card lists."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from brainbench.datasets.assembly import Recording

# what a card says that changes no number
_IN_WORDS = {
    "title",
    "homepage",
    "licence",
    "citation",
    "urls",
    "notes",
    "roi_coordinates",
    "scans",
}


def recording_sha256(recording: Recording) -> str:
    """Hash of responses, coordinates, problems, behaviour, planted truth, and of the card.

    Parameters
    ----------
    recording : whole: of some ROIs or people it is another one.
    """
    digest = hashlib.sha256(json.dumps(["own", recording.data_sha256]).encode())
    digest.update(recording.card.model_dump_json(exclude=_IN_WORDS).encode())
    digest.update(json.dumps([asdict(problem) for problem in recording.problems]).encode())
    _add(digest, "assembly", recording.assembly)
    for name, held in (("behavior", recording.behavior), ("truth", recording.truth)):
        if held is not None:
            for variable in sorted(held.variables, key=str):
                _add(digest, [name, str(variable)], held[variable])
    return digest.hexdigest()


def array_sha256(*arrays: np.ndarray[Any, Any]) -> str:
    """Hash of arrays, each with its kind of number and its shape."""
    digest = hashlib.sha256()
    for array in arrays:
        _add_values(digest, array)
    return digest.hexdigest()


def _add(digest: Any, name: Hashable | list[str], array: xr.DataArray) -> None:
    digest.update(json.dumps([name, list(array.dims)], default=str).encode())
    _add_values(digest, array.values)
    for coordinate in sorted(array.coords, key=str):
        held = array.coords[coordinate]
        digest.update(json.dumps([str(coordinate), list(held.dims)], default=str).encode())
        _add_values(digest, held.values)


def _add_values(digest: Any, values: np.ndarray[Any, Any]) -> None:
    if values.dtype.kind in "biufc":
        # the same numbers on machines of either order of bytes
        plain = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        digest.update(json.dumps([plain.dtype.str, plain.shape]).encode())
        digest.update(plain.data if plain.size else b"")
    else:
        # however wide texts are kept
        digest.update(
            json.dumps([list(values.shape), values.ravel().tolist()], default=str).encode()
        )
