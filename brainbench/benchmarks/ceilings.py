"""Ceilings of a cell: those that ship with the package, those in the cache, or made anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from brainbench.atomic import whole_file
from brainbench.benchmarks.cell import Cell
from brainbench.closure import CARDS, reached_sha256
from brainbench.datasets import cache_folder
from brainbench.datasets.content import array_sha256
from brainbench.encoding import fit_ceilings, intersubject_curves
from brainbench.errors import DataError
from brainbench.models.cache import ArrayCache, content_key

Array = NDArray[np.float64]
# Raise when the computation changes: shipped ceilings of an older version are not used.
_VERSION = 1


@dataclass(frozen=True)
class Ceiling:
    """Published ceiling and inter-subject reference of one ROI in one cell.

    Every array holds one number per voxel, the people of the cell one after another.

    Attributes
    ----------
    v0 : asymptote of the fit over numbers of people.
    tau : its time constant, in people.
    rmse : root mean squared error of the fit.
    reference : Pearson r from all other people together; measured, not extrapolated.
    """

    v0: Array
    tau: Array
    rmse: Array
    reference: Array

    def of_people(self, field: str, widths: list[int]) -> list[Array]:
        """One field cut into people, given the number of voxels of each.

        Parameters
        ----------
        field : name of an array: ``v0``, ``tau``, ``rmse`` or ``reference``.
        widths : voxels of each person, in the order of the cell.

        Returns
        -------
        P arrays (n_voxels,).
        """
        return np.split(getattr(self, field), np.cumsum(widths)[:-1])


def ceiling_key(cell: Cell, roi: str) -> str:
    """Hash of everything that changes a ceiling; the data by their own hash.

    Ceilings that ship with the package are named by it: no data are needed to find them.

    Parameters
    ----------
    cell : items, people and data that the ceiling is of.
    roi : one ROI of the cell.

    Returns
    -------
    SHA-256, as hexadecimal digits.
    """
    held = {
        "version": _VERSION,
        "protocol": "published",
        "data": cell.recording.data_sha256,
        "roi": roi,
        "subjects": cell.subjects,
        "items": [problem.identifier for problem in cell.problems],
        "reasoning_type": cell.reasoning_type,
    }
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def find_ceiling(cell: Cell, roi: str) -> Ceiling | None:
    """A ceiling that ships with the package or lies in the cache, or None.

    A file in the cache that is damaged or cannot be read counts as none: the ceiling is made anew.

    Parameters
    ----------
    cell : items, people and data that the ceiling is of.
    roi : one ROI of the cell.
    """
    key = ceiling_key(cell, roi)
    found = _shipped(cell.recording.card.name).get(key) or _from_cache(_content_key(cell, roi))
    widths = [block.shape[1] for block in cell.people(roi)]
    if found is None or any(len(values) != sum(widths) for values in vars(found).values()):
        return None
    return found


def make_ceiling(
    cell: Cell, roi: str, progress: Callable[[int, int], None] | None = None
) -> Ceiling:
    """Compute a ceiling from all sets of other people.

    Parameters
    ----------
    cell : items, folds and responses.
    roi : one ROI of the cell.
    progress : called with (done, total) as sets of people are finished.

    Returns
    -------
    The ceiling, its numbers rounded to single precision.

    Raises
    ------
    DataError
        With fewer than three people.
    """
    curves = intersubject_curves(cell.people(roi), cell.folds, progress=progress)
    fits = [fit_ceilings(curve) for curve in curves]
    parts = {
        "v0": [fit.v0 for fit in fits],
        "tau": [fit.tau for fit in fits],
        "rmse": [fit.rmse for fit in fits],
        "reference": [curve[-1] for curve in curves],
    }
    # single precision is finer than the fit is sure of; rounded here already, so that a
    # ceiling just made and one read from a file give the same record
    return Ceiling(
        **{k: np.concatenate(v).astype(np.float32).astype(np.float64) for k, v in parts.items()}
    )


def cache_ceiling(cell: Cell, roi: str, ceiling: Ceiling) -> None:
    """Keep a ceiling for later runs; an unwritable cache is not an error.

    Parameters
    ----------
    cell : items, people and data that the ceiling is of.
    roi : one ROI of the cell.
    ceiling : of that ROI; kept in single precision.
    """
    single = {
        field.name: getattr(ceiling, field.name).astype(np.float32) for field in fields(Ceiling)
    }
    _cache(cache_folder()).put(_entry(_content_key(cell, roi)), single)


def save_ceilings(path: Path, ceilings: dict[str, Ceiling]) -> None:
    """Write ceilings by key, in single precision; the file appears whole or not at all.

    Parameters
    ----------
    path : of a safetensors file.
    ceilings : by :func:`ceiling_key`.
    """
    tensors = {
        f"{key}.{field.name}": getattr(ceiling, field.name).astype(np.float32)
        for key, ceiling in ceilings.items()
        for field in fields(Ceiling)
    }
    with whole_file(path) as partial:
        save_file(tensors, partial)


def load_ceilings(path: Path) -> dict[str, Ceiling]:
    """Read ceilings by key.

    Raises
    ------
    DataError
        When the file is damaged.
    """
    found: dict[str, dict[str, Array]] = {}
    try:
        with safe_open(str(path), framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118  (the file is not a mapping)
                key, _, field = name.rpartition(".")
                found.setdefault(key, {})[field] = file.get_tensor(name).astype(np.float64)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} is not a file of ceilings: {error}") from error
    names = {field.name for field in fields(Ceiling)}
    for key, parts in found.items():
        if set(parts) != names:
            raise DataError(f"{path} is not a file of ceilings: {key} holds {', '.join(parts)}")
    return {key: Ceiling(**parts) for key, parts in found.items()}


def _content_key(cell: Cell, roi: str) -> str:
    """Name in the cache: of the responses themselves too, whoever states their hash."""
    folds = [part for fold in cell.folds for part in fold]
    content = array_sha256(*cell.people(roi), *folds)
    return hashlib.sha256(f"{ceiling_key(cell, roi)} {content}".encode()).hexdigest()


@cache
def _shipped(dataset: str) -> dict[str, Ceiling]:
    """Ceilings in the package; a damaged file is an error, for the package is broken."""
    path = Path(str(resources.files("brainbench.benchmarks") / "data" / f"{dataset}.safetensors"))
    return load_ceilings(path) if path.is_file() else {}


def _from_cache(key: str) -> Ceiling | None:
    held = _cache(cache_folder()).get(_entry(key))
    if held is None or set(held) != {field.name for field in fields(Ceiling)}:
        return None
    return Ceiling(**{name: array.astype(np.float64) for name, array in held.items()})


@cache
def _cache(folder: Path) -> ArrayCache:
    """One for each folder, which says once what is wrong with it."""
    return ArrayCache(folder / "ceilings", "ceilings")


def _entry(key: str) -> str:
    """Name in the cache; other code has other names."""
    return content_key(ceiling=key, source=reached_sha256([__name__], without=[CARDS]))
