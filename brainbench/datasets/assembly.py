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
from brainbench.folds import Fold, published_folds, run_folds
from brainbench.problems import Problem, Stimulus

# what every presentation has; ``position`` too, where everybody saw a run in one order
PRESENTATION_COORDINATES = ("stimulus_id", "run", "repeat", "reasoning_type")


@dataclass(frozen=True)
class Origin:
    """Where a recording of somebody's own comes from.

    Attributes
    ----------
    file : name of the file or folder, without the folders it lies in.
    sha256 : hash of the file's bytes; of a folder, of all that was read.
    left_out : what of it is not in the recording, and why.
    notes : what a reader of the scores must know of the data.
    options : how it was read, as ``brainbench evaluate`` takes it.
    """

    file: str
    sha256: str
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Recording:
    """One dataset, loaded.

    Attributes
    ----------
    card : what it is.
    assembly : (presentation, neuroid) responses, float64.
    problems : the stimuli, in the order of their first presentation: deductive problems, or
        plain texts.
    data_sha256 : hash of everything the numbers come from.
    behavior : (presentation, subject) accuracy, answer and response time; None where
        none was recorded.
    truth : for simulated people, what was planted; None for measured ones.
    origin : of somebody's own data; None of a dataset that has a card in the package or a plugin.
    """

    card: Card
    assembly: xr.DataArray
    problems: tuple[Stimulus, ...]
    data_sha256: str
    behavior: xr.Dataset | None = None
    truth: xr.Dataset | None = None
    origin: Origin | None = None

    def folds(self, protocol: str = "controlled", reasoning_type: str | None = None) -> list[Fold]:
        """What a protocol trains and tests on, as scikit-learn's ``cv`` takes it.

        Parameters
        ----------
        protocol : ``controlled``, which holds out whole runs, or what the card names in their
            place; or ``published``, five shuffled folds.
        reasoning_type : only items of this type; all by default.

        Returns
        -------
        Pairs ``(train, test)`` of rows of the assembly: where items were shown several times, all
        showings of an item are on the same side.

        Raises
        ------
        UnknownNameError
            When there is no such protocol or type.
        DataError
            When there are too few items or runs.
        """
        makers = {"controlled": run_folds, "published": published_folds}
        if protocol not in makers:
            raise UnknownNameError("protocol", protocol, makers)
        items, types = average_repeats(self.assembly), self.card.reasoning_types
        if reasoning_type not in (None, *types):
            raise UnknownNameError("reasoning type", str(reasoning_type), types)
        kinds = items["reasoning_type"].values.astype(str)
        kept = np.flatnonzero(kinds == reasoning_type) if reasoning_type else np.arange(len(kinds))
        held_out = items[self.card.held_out].values.astype(str)
        labels = held_out if protocol == "controlled" else kinds
        names, rows = items["stimulus_id"].values[kept], self.assembly["stimulus_id"].values
        return [
            (
                np.flatnonzero(np.isin(rows, names[train])),
                np.flatnonzero(np.isin(rows, names[test])),
            )
            for train, test in makers[protocol](labels[kept])
        ]

    @property
    def asked(self) -> tuple[Problem, ...]:
        """Its stimuli, for what needs deductive problems.

        Raises
        ------
        DataError
            When they are plain texts.
        """
        found = tuple(one for one in self.problems if isinstance(one, Problem))
        if len(found) < len(self.problems):
            raise DataError(
                f"{self.card.name} holds plain texts, and this needs deductive problems, whose "
                "conclusion follows or does not"
            )
        return found


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
