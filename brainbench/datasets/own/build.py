"""From somebody's own assembly to a recording: checked, put in order, with what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from brainbench.datasets.assembly import Origin, Recording, refuse_stray_nan, subjects_of
from brainbench.datasets.cards import Card
from brainbench.datasets.content import recording_sha256
from brainbench.datasets.netcdf import DIMS, without_indexes
from brainbench.datasets.own.complete import leave_out
from brainbench.datasets.own.coordinates import (
    as_labels,
    as_name,
    as_numbers,
    natural,
    over,
    values_of,
)
from brainbench.datasets.own.options import AssemblyCard
from brainbench.datasets.own.stimuli import read_stimuli
from brainbench.errors import DataError

RUN = "run"
# the label of all presentations where nothing says which run they are of
NO_RUN = "all"


def build_recording(
    given: xr.DataArray, card: AssemblyCard, name: str, origin: Origin
) -> Recording:
    """Check an assembly and make a recording of it.

    Rows may come in any order: presentations are sorted by run, position and name of the stimulus.

    Parameters
    ----------
    given : (presentation, neuroid), in memory; a MultiIndex is taken apart.
    card : which coordinate is what.
    name : of the dataset.
    origin : the file.

    Raises
    ------
    DataError
        When something is missing, doubled, or no number or text where one is needed.
    """
    plain = _select(without_indexes(_shaped(given)), card.select)
    neuroids = _neuroids(plain, card)
    shown = read_stimuli(plain, card)
    rows = _presentations(plain, card, shown.stimuli)
    _refuse_twice(rows.table, plain.values)
    order = rows.order
    coords = {key: (DIMS[0], rows.table[key].to_numpy()[order]) for key in rows.table}
    assembly = xr.DataArray(
        np.ascontiguousarray(plain.values.astype(np.float64)[np.ix_(order, neuroids["place"])]),
        dims=DIMS,
        coords={
            **coords,
            **{key: (DIMS[1], held) for key, held in neuroids.items() if key != "place"},
        },
    )
    problems = {shown.stimuli[row].identifier: shown.stimuli[row] for row in order}
    held = Recording(
        _card(assembly, card, name, rows, origin), assembly, tuple(problems.values()), "",
        origin=replace(origin, notes=(*shown.notes, *rows.notes)),
    )  # fmt: skip
    _check_missing(held)
    whole = leave_out(held)
    return replace(whole, data_sha256=recording_sha256(whole))


@dataclass(frozen=True)
class _Rows:
    """Presentations, as the file has them.

    Attributes
    ----------
    table : their coordinates.
    order : rows in the order of the recording.
    held_out : coordinate that is held out whole.
    notes : what a reader of the scores must know.
    """

    table: pd.DataFrame
    order: NDArray[np.intp]
    held_out: str
    notes: tuple[str, ...]


def _shaped(given: xr.DataArray) -> xr.DataArray:
    if set(given.dims) != set(DIMS):
        dims = ", ".join(map(str, given.dims))
        raise DataError(f"an assembly has the dimensions presentation and neuroid, not {dims}")
    if 0 in given.shape:
        raise DataError("the assembly is empty: it has no presentations, or no neuroids")
    if given.dtype.kind not in "biuf":
        raise DataError(f"the responses are of type {given.dtype}, not numbers")
    return given.transpose(*DIMS)


def _select(plain: xr.DataArray, select: Mapping[str, Sequence[str]]) -> xr.DataArray:
    """Only presentations or neuroids with some labels."""
    for name, wanted in select.items():
        dim = DIMS[1] if name in over(plain, DIMS[1]) else DIMS[0]
        labels = np.array(as_labels(values_of(plain, name, dim, "select"), name))
        unknown = [label for label in wanted if label not in labels]
        if unknown:
            there = ", ".join(list(dict.fromkeys(labels.tolist()))[:8])
            raise DataError(f"{name} holds no {unknown[0]!r}; there are: {there}")
        plain = plain.isel({dim: np.flatnonzero(np.isin(labels, list(wanted)))})
    if 0 in plain.shape:
        raise DataError(f"nothing is left once {' and '.join(select)} is selected")
    return plain


def _neuroids(plain: xr.DataArray, card: AssemblyCard) -> dict[str, Any]:
    """Coordinates of the neuroids, person by person, and the place of each in the file."""
    known = over(plain, DIMS[1])
    people = as_labels(values_of(plain, card.subject, DIMS[1], "subject"), card.subject)
    if card.roi in known or card.roi != "roi":
        rois = [
            as_name(one) for one in as_labels(values_of(plain, card.roi, DIMS[1], "roi"), "roi")
        ]
    elif "atlas" in known:
        values_of(plain, card.roi, DIMS[1], "roi")
    else:
        rois = ["all"] * len(people)
    if "neuroid_id" in known:
        names = pd.Series(as_labels(plain["neuroid_id"].values, "neuroid_id"))
        # voxels may be counted anew for each person and ROI
        keys = pd.Series(list(zip(people, rois, names, strict=True)))
        if keys.duplicated().any():
            twice = keys[keys.duplicated()].iloc[0]
            raise DataError(f"neuroid_id {twice[2]!r} of {twice[0]} stands twice in {twice[1]}")
    # people and ROIs in the file's order, the voxels of each together
    ranks = [{name: i for i, name in enumerate(dict.fromkeys(one))} for one in (people, rois)]
    keyed = [(ranks[0][a], ranks[1][b]) for a, b in zip(people, rois, strict=True)]
    order = np.array(sorted(range(len(people)), key=lambda i: keyed[i]), dtype=np.intp)
    found: dict[str, Any] = {
        "place": order,
        "subject": np.array(people, object)[order],
        "roi": np.array(rois, object)[order],
    }
    blocks = pd.Series(list(zip(found["subject"], found["roi"], strict=True)))
    found["voxel"] = blocks.groupby(blocks).cumcount().to_numpy()
    for key in known:
        if key not in (*found, card.subject, card.roi):
            found[key] = _of_one_width(plain[key].values[order])
    return found


def _presentations(plain: xr.DataArray, card: AssemblyCard, stimuli: Sequence[Any]) -> _Rows:
    known = over(plain, DIMS[0])
    held: dict[str, Any] = {
        "stimulus_id": [one.identifier for one in stimuli],
        "reasoning_type": [one.reasoning_type for one in stimuli],
    }
    runs, notes = _runs(plain, card, held["stimulus_id"])
    held |= runs
    position = card.position or ("position" if "position" in known else None)
    if position is not None:
        places = as_numbers(values_of(plain, position, DIMS[0], "position"), position)
        if not (places == np.round(places)).all() or places.min() < 0:
            raise DataError(f"{position} holds {places.min():g}; it counts stimuli from 0 in a run")
        named = list(zip(held[RUN], places.tolist(), strict=True))
        if _varies(held["stimulus_id"], places.tolist()) is not None:
            notes.append("stimuli were shown at several places of a run: they have no position")
        elif _varies(named, held["stimulus_id"]) is not None:
            notes.append(
                f"{position} counts several stimuli alike in a {card.group or RUN}: they have no "
                "position. It must count within what is held out, or within a coordinate run"
            )
        else:
            held["position"] = places.astype(np.int64)
    for name in card.nuisance:
        values = values_of(plain, name, DIMS[0], "nuisance")
        numbers = values.dtype.kind in "biuf"
        held[name] = as_numbers(values, name) if numbers else as_labels(values, name)
    if "repeat" in known:
        held["repeat"] = as_numbers(plain["repeat"].values, "repeat").astype(np.int64)
    for name in ("reasoning_type", *([card.group] if card.group else []), *card.nuisance):
        _refuse_several(held["stimulus_id"], name, list(held[name]))
    table = pd.DataFrame(
        {key: np.asarray(v, None if _is_number(v) else object) for key, v in held.items()}
    )
    order = _order(table, plain.values)
    if "repeat" not in table:
        counted = table.iloc[order].groupby("stimulus_id", sort=False).cumcount()
        table["repeat"] = counted.reindex(table.index).to_numpy()
    for name in known:
        if name not in (*table, *DIMS, card.stimulus_id, "position"):
            table[name] = _of_one_width(plain[name].values)
    return _Rows(table, order, card.group or RUN, tuple(notes))


def _runs(
    plain: xr.DataArray, card: AssemblyCard, names: Sequence[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Runs, and the labels that are held out whole where those are others."""
    known = over(plain, DIMS[0])
    found, notes = {}, []
    if card.group is not None:
        found[card.group] = as_labels(values_of(plain, card.group, DIMS[0], "group"), card.group)
    runs = as_labels(plain[RUN].values, RUN) if RUN in known else found.get(card.group or "")
    if runs is not None and card.group != RUN and _varies(names, runs) is not None:
        notes.append("stimuli were shown in several runs, and are averaged over them")
        runs = found.get(card.group or "")
    found[RUN] = runs or [NO_RUN] * len(names)
    return found, notes


def _varies(names: Sequence[Any], values: Sequence[Any]) -> tuple[Any, Any, Any] | None:
    """A stimulus of which something differs between its showings, with two values of it."""
    first: dict[Any, Any] = {}
    for name, value in zip(names, values, strict=True):
        if first.setdefault(name, value) != value:
            return name, first[name], value
    return None


def _of_one_width(values: NDArray[Any]) -> NDArray[Any]:
    """NetCDF 3 keeps no whole numbers of 64 bits: data are the same however they were written."""
    wide = {"i": np.int64, "u": np.int64, "f": np.float64}.get(values.dtype.kind)
    return values if wide is None else values.astype(wide)


def _is_number(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.dtype.kind in "biuf"


def _order(table: pd.DataFrame, values: NDArray[Any]) -> NDArray[np.intp]:
    """By run, place in it, name and repeat; what is left, by the responses themselves."""
    rank = {name: place for place, name in enumerate(
        sorted(set(table[RUN]) | set(table["stimulus_id"]), key=natural))}  # fmt: skip
    keys = [
        (
            row.get("repeat", 0),
            rank[row[RUN]],
            row.get("position", 0),
            rank[row["stimulus_id"]],
        )
        for row in table.to_dict("records")
    ]
    # only ties need the responses
    twice = pd.Series(keys).duplicated(keep=False).to_numpy()
    full = [(*key, values[i].tolist() if twice[i] else []) for i, key in enumerate(keys)]
    return np.array(sorted(range(len(full)), key=lambda i: full[i]), dtype=np.intp)


def _refuse_several(names: Sequence[str], what: str, values: Sequence[Any]) -> None:
    """What is said of a stimulus is the same at every showing of it."""
    found = _varies(names, values)
    if found is not None:
        raise DataError(
            f"{found[0]!r} has {what} {found[1]!r} and {found[2]!r}: it must be the same at every "
            "showing of a stimulus. Give the showings names of their own (stimulus_id), or leave "
            "that column out"
        )


def _refuse_twice(table: pd.DataFrame, values: NDArray[Any]) -> None:
    """The same row again is no second measurement."""
    names = [name for name in ("stimulus_id", RUN, "position") if name in table]
    same = table.duplicated(names, keep=False).to_numpy()
    seen: dict[tuple[Any, ...], int] = {}
    for row in np.flatnonzero(same).tolist():
        key = (*table.loc[row, names], values[row].tobytes())
        if key in seen:
            raise DataError(
                f"rows {seen[key] + 1} and {row + 1} are the same measurement of "
                f"{table.loc[row, 'stimulus_id']!r}: leave one of them out"
            )
        seen[key] = row
    if "repeat" in table and table.duplicated([*names, "repeat"]).any():
        row = int(np.flatnonzero(table.duplicated([*names, "repeat"]))[0])
        raise DataError(
            f"{table.loc[row, 'stimulus_id']!s} has repeat {table.loc[row, 'repeat']!s} twice "
            f"(row {row + 1}): count its showings from 0, or leave the column out"
        )


def _check_missing(recording: Recording) -> None:
    """A run is there whole or not at all."""
    assembly, card = recording.assembly, recording.card
    table = pd.DataFrame({RUN: assembly[card.held_out].values, "repeat": assembly["repeat"].values})
    for subject in subjects_of(assembly):
        for roi in card.rois:
            chosen = (assembly["subject"].values == subject) & (assembly["roi"].values == roi)
            if chosen.any():
                refuse_stray_nan(subject, roi, assembly.values[:, chosen], table)


def _card(
    assembly: xr.DataArray, card: AssemblyCard, name: str, rows: _Rows, origin: Origin
) -> Card:
    rois = list(dict.fromkeys(assembly["roi"].values.tolist()))
    people = subjects_of(assembly)
    blocks = pd.DataFrame({"roi": assembly["roi"].values, "subject": assembly["subject"].values})
    sizes = blocks.value_counts()
    unknown = [roi for roi in card.selection_leak if roi not in rois]
    if unknown:
        raise DataError(f"selection_leak names {unknown[0]!r}; ROIs are {', '.join(rois)}")
    first = rows.table.iloc[rows.order].drop_duplicates("stimulus_id")
    types = first["reasoning_type"].value_counts(sort=False)
    return Card(
        name=name,
        title=card.title or origin.file,
        version="own",
        licence=card.licence,
        redistributable=False,
        citation=card.citation,
        subjects=tuple(people),
        rois={roi: int(sizes[roi].median()) for roi in rois},
        reasoning_types=tuple(map(str, types.index)),
        items=len(first),
        type_items={str(kind): int(count) for kind, count in types.items()},
        held_out=rows.held_out,
        runs=tuple(dict.fromkeys(assembly[RUN].values.tolist())),
        selection_leak=card.selection_leak,
        repeated_items=len(first) < len(rows.table),
        nuisance=card.nuisance,
    )
