"""The assembly: what was measured, presentations × neuroids, with its coordinates.

Words and layout are Brain-Score's: a presentation is one showing of a stimulus, a
neuroid one voxel of one person.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from brainbench.datasets.cards import Card
from brainbench.errors import DataError, UnknownNameError
from brainbench.problems import Problem

PRESENTATION_COORDINATES = ("stimulus_id", "run", "position", "repeat", "reasoning_type")


@dataclass(frozen=True)
class Recording:
    """One dataset, loaded.

    Attributes
    ----------
    card : what it is.
    assembly : (presentation, neuroid) responses, float64.
    problems : the stimuli, in the order of their first presentation.
    data_sha256 : hash of everything the numbers come from.
    behavior : (presentation, subject) accuracy, answer and response time; None where
        none was recorded.
    truth : for simulated people, what was planted; None for measured ones.
    """

    card: Card
    assembly: xr.DataArray
    problems: tuple[Problem, ...]
    data_sha256: str
    behavior: xr.Dataset | None = None
    truth: xr.Dataset | None = None


def build_assembly(
    presentations: pd.DataFrame,
    blocks: Mapping[tuple[str, str], NDArray[np.float64]],
    places: Mapping[tuple[str, str], NDArray[np.float64]] | None = None,
) -> xr.DataArray:
    """Put the voxels of all people side by side.

    Parameters
    ----------
    presentations : one row per presentation; its columns become coordinates.
    blocks : (subject, roi) → (n_presentations, n_voxels). A person who lacks a run has
        NaN in all voxels there; single NaN are refused.
    places : (subject, roi) → (n_voxels, 3), x, y and z of each voxel in mm MNI; they become
        coordinates of neuroids, NaN for those that it does not hold. None: they are not known.

    Raises
    ------
    DataError
        On a missing coordinate, an empty set, a wrong length, or NaN voxels.
    """
    lacking = [name for name in PRESENTATION_COORDINATES if name not in presentations]
    if lacking:
        raise DataError(f"presentations lack the coordinates {', '.join(lacking)}")
    if not blocks or presentations.empty:
        raise DataError("an assembly needs at least one presentation and one block of voxels")
    for (subject, roi), block in blocks.items():
        if block.shape[0] != len(presentations):
            raise DataError(
                f"{subject}, {roi}: {block.shape[0]} rows for {len(presentations)} presentations"
            )
        if not block.shape[1]:
            raise DataError(f"{subject}, {roi}: there are no voxels")
        refuse_stray_nan(subject, roi, block, presentations)
    widths = [block.shape[1] for block in blocks.values()]
    neuroids: dict[str, NDArray[Any]] = {
        "subject": np.repeat([subject for subject, _ in blocks], widths),
        "roi": np.repeat([roi for _, roi in blocks], widths),
        "voxel": np.concatenate([np.arange(width) for width in widths]),
    }
    if places is not None:
        for key, one in places.items():
            if key not in blocks or one.shape != (blocks[key].shape[1], 3):
                raise DataError(f"{', '.join(key)}: places of shape {one.shape} fit no voxels")
        unknown = {key: np.full((block.shape[1], 3), np.nan) for key, block in blocks.items()}
        every = np.concatenate([places.get(key, own) for key, own in unknown.items()])
        neuroids |= dict(zip(("x", "y", "z"), every.T, strict=True))
    return xr.DataArray(
        np.concatenate(list(blocks.values()), axis=1),
        dims=("presentation", "neuroid"),
        coords={
            **{
                str(name): ("presentation", presentations[name].to_numpy())
                for name in presentations
            },
            **{name: ("neuroid", values) for name, values in neuroids.items()},
        },
    )


def block_of(assembly: xr.DataArray, subject: str, roi: str) -> NDArray[np.float64]:
    """(n_presentations, n_voxels) responses of one person in one ROI.

    Parameters
    ----------
    assembly : (presentation, neuroid) responses with coordinates ``subject`` and ``roi``.
    subject, roi : names of the person and the region.

    Raises
    ------
    DataError
        When the assembly holds no such voxels.
    """
    chosen = (assembly["subject"].values == subject) & (assembly["roi"].values == roi)
    if not chosen.any():
        raise DataError(f"the assembly holds no voxels of {subject} in {roi}")
    return np.ascontiguousarray(assembly.values[:, chosen])


def subjects_of(assembly: xr.DataArray) -> list[str]:
    """People in the assembly, in order of appearance."""
    return [str(name) for name in pd.unique(assembly["subject"].values)]


def average_repeats(assembly: xr.DataArray) -> xr.DataArray:
    """Mean over the presentations of each stimulus, in order of first presentation.

    A person who lacks a run in one repeat is averaged over the others.
    """
    ids = assembly["stimulus_id"].values
    first = np.sort(np.unique(ids, return_index=True)[1])
    if len(first) == len(ids):
        return assembly
    with warnings.catch_warnings():
        # a person who has none of the repeats stays NaN
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        rows = np.stack([np.nanmean(assembly.values[ids == ids[s]], axis=0) for s in first])
    return assembly.isel(presentation=first).copy(data=rows)


def choose(kind: str, asked: str | Sequence[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """Those asked for, each once and checked against those known; all for None.

    Parameters
    ----------
    kind : what the names are of, as in messages.
    asked : one name or several; None for all.
    known : every name there is.

    Returns
    -------
    Names in the order they were asked for.

    Raises
    ------
    UnknownNameError
        When a name is not known.
    DataError
        When none was asked for.
    """
    if asked is None:
        return known
    names = (asked,) if isinstance(asked, str) else tuple(dict.fromkeys(asked))
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, name, known)
    if not names:
        raise DataError(f"no {kind} was asked for; there are {', '.join(known)}")
    return names


def refuse_stray_nan(
    subject: str, roi: str, block: NDArray[np.float64], presentations: pd.DataFrame
) -> None:
    """Check that a run is there whole or not at all: one that was not measured is NaN throughout.

    Parameters
    ----------
    subject, roi : names, for errors.
    block : (n_presentations, n_voxels) responses of that person in that ROI.
    presentations : ``run`` and ``repeat`` of each row.

    Raises
    ------
    DataError
        When anything else is NaN or infinite.
    """
    bad = ~np.isfinite(block)
    runs = presentations["run"].to_numpy()
    for rows in presentations.groupby(["run", "repeat"]).indices.values():
        if np.isnan(block[rows]).all():
            bad[rows] = False
    if bad.any():
        voxels, where = np.flatnonzero(bad.any(axis=0)), pd.unique(runs[bad.any(axis=1)])
        named = ", ".join(map(str, voxels[:5])) + (" …" if voxels.size > 5 else "")
        raise DataError(
            f"{subject}, {roi}: {voxels.size} voxels hold NaN or infinite values ({named}) in "
            f"{', '.join(map(str, where))}; leave them out for every person or repair the file"
        )
