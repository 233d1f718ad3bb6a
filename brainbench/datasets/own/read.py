"""Somebody's own data by its path: an assembly file, a table, or a dataset folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from brainbench.datasets.assembly import Origin, Recording
from brainbench.datasets.brainscore import (
    PREFIX,
    as_texts_in_context,
    check_cached,
    find_language_data,
)
from brainbench.datasets.cards import list_cards
from brainbench.datasets.folder import load_folder
from brainbench.datasets.netcdf import read_netcdf
from brainbench.datasets.own.build import build_recording
from brainbench.datasets.own.complete import leave_out, select_presentations
from brainbench.datasets.own.options import AssemblyCard, load_assembly_card
from brainbench.datasets.own.table import read_table
from brainbench.errors import DataError, UsageError
from brainbench.foreign import readable
from brainbench.paths import user_path

_TABLES = (".csv",)


def load_assembly(
    source: str | Path | xr.DataArray,
    *,
    card: str | Path | AssemblyCard | None = None,
    group: str | None = None,
    type: str | None = None,
    position: str | None = None,
    nuisance: tuple[str, ...] | list[str] = (),
    select: dict[str, Any] | None = None,
    name: str | None = None,
) -> Recording:
    """Read responses of your own to texts: what ``brainbench evaluate --assembly`` scores.

    Parameters
    ----------
    source : NetCDF file of an assembly, dims presentation × neuroid, coordinates ``stimulus``,
        ``stimulus_id``, ``subject``, ``roi``; a table (.csv) with a row for each item and a column
        ``person:ROI`` for each person; ``brainscore:<identifier>`` for data that Brain-Score has
        cached; or an assembly in memory.
    card : short card, or the path of one, that says which coordinate is what.
    group : coordinate whose labels are held out whole, such as run, passage or experiment; by
        default ``run``, where there is one.
    type : coordinate that sorts the stimuli; each type is scored by itself too.
    position : coordinate that counts stimuli within a run; by default ``position``.
    nuisance : coordinates that scores are held against, numbers or labels.
    select : coordinate → label, or labels, that are kept.
    name : of the dataset; by default the file's.

    Returns
    -------
    The recording: its ``assembly``, its stimuli in ``problems``, and in ``origin`` what was left
    out.

    Raises
    ------
    UsageError
        When there is no such file, or an option does not fit.
    DataError
        When the file is damaged or something in it is wrong, with the place.
    """
    held = card if isinstance(card, AssemblyCard) else AssemblyCard()
    if isinstance(card, str | Path):
        held = load_assembly_card(card)
    chosen: dict[str, Any] = {
        "group": group, "type": type, "position": position, "nuisance": tuple(nuisance),
        "select": select, "name": name,
    }  # fmt: skip
    held = held.with_options(**chosen)
    options = tuple(_options(source, card, chosen))
    if isinstance(source, str) and source.startswith(PREFIX):
        return _of_brainscore(source, held, options)
    if isinstance(source, xr.DataArray):
        return build_recording(source, held, held.name or "own", Origin("in memory", ""))
    file = user_path(source)
    if file.is_dir():
        raise UsageError(f"{source} is a folder: a dataset folder is given by --dataset")
    if not file.is_file():
        raise UsageError(f"there is no assembly at {source}")
    try:
        with file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from error
    origin = Origin(readable(file.name), sha256, options=options)
    if file.suffix.lower() in _TABLES:
        fields = (held.stimulus, held.stimulus_id, held.group, held.type)
        given = read_table(file, [name for name in fields if name])
    else:
        given = read_netcdf(file, held.variable)
    try:
        return build_recording(given, held, held.name or _name(file), origin)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def load_own_folder(
    path: str | Path, select: Mapping[str, Sequence[str]] | None = None
) -> Recording:
    """Read a dataset folder to score it: without people who lack a run, who are named.

    Parameters
    ----------
    path : of the folder.
    select : coordinate of the presentations → labels that are kept. Who lacks only runs that are
        not selected stays.

    Raises
    ------
    UsageError, DataError
        As :func:`~brainbench.datasets.load_folder`; and when nobody is left.
    """
    found = load_folder(path)
    folder = user_path(path).resolve().name
    options = (("--dataset", str(path)), *_selections(select))
    origin = Origin(readable(folder), found.data_sha256, options=options)
    try:
        return leave_out(replace(select_presentations(found, select or {}), origin=origin))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _of_brainscore(
    source: str, card: AssemblyCard, options: tuple[tuple[str, str], ...]
) -> Recording:
    """Data that Brain-Score has cached, as its entry says; what the user says comes first."""
    entry = find_language_data(source)
    check_cached(entry)
    known = AssemblyCard.model_validate(entry.card)
    held = known.with_options(**card.model_dump(exclude_defaults=True))
    origin = Origin(entry.file.name, entry.sha1, options=options)
    try:
        given = as_texts_in_context(read_netcdf(entry.file), entry)
        if entry.context is not None:
            # neighbours in time are those of a context; several may be held out together
            given = given.assign_coords(run=given[entry.context])
        return build_recording(given, held, held.name or "brainscore", origin)
    except DataError as error:
        raise DataError(f"{source}: {error}") from error


def _options(
    source: str | Path | xr.DataArray,
    card: str | Path | AssemblyCard | None,
    chosen: dict[str, Any],
) -> Iterator[tuple[str, str]]:
    """The options that read the same again; of an assembly in memory none do."""
    if isinstance(source, xr.DataArray) or isinstance(card, AssemblyCard):
        return
    yield "--assembly", str(source)
    if card is not None:
        yield "--card", str(card)
    for field in ("group", "type", "position"):
        if chosen[field]:
            yield f"--{field}", str(chosen[field])
    if chosen["nuisance"]:
        yield "--nuisance", ",".join(chosen["nuisance"])
    yield from _selections(chosen["select"])


def _selections(select: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for column, labels in (select or {}).items():
        several = labels if isinstance(labels, list | tuple) else [labels]
        yield "--select", f"{column}={','.join(map(str, several))}"


def _name(file: Path) -> str:
    """A file's name as that of a dataset, which is none of brainbench's."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", file.stem).strip("-_")[:70] or "own"
    return f"own-{name}" if name in list_cards() else name
