"""Assemblies in NetCDF files, the format of Brain-Score's: written, and read as data alone.

NetCDF 4 is read by h5netcdf, NetCDF 3 by scipy; which of them it is says the file's beginning, and
nothing else is tried. Both hold arrays and texts, no objects: no pickle is ever read.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from brainbench.atomic import whole_file, writing
from brainbench.errors import DataError
from brainbench.foreign import readable
from brainbench.paths import user_path

DIMS = ("presentation", "neuroid")
# what a file may say it holds: compressed, a few kilobytes can stand for any number of zeros
MAX_VALUES = 4_000_000_000
_ENGINES = {b"\x89HDF": "h5netcdf", b"CDF\x01": "scipy", b"CDF\x02": "scipy"}
_KNOWN = {
    b"PK\x03\x04": "a zip archive (an .npz file, or a spreadsheet)",
    b"\x93NUM": "an array of NumPy (.npy)",
    b"\x1f\x8b": "compressed by gzip: unpack it",
    b"\x80": "a pickle, which is never read: it could run any program",
    b"CDF\x05": "NetCDF 5: write it as NetCDF 4",
}
_HINT = "write it with xarray's to_netcdf"


def write_netcdf(assembly: xr.DataArray, path: Path) -> None:
    """Write an assembly as NetCDF 4, compressed; the file appears whole or not at all.

    Parameters
    ----------
    assembly : (presentation, neuroid); its coordinates are numbers, truth values or texts.
    path : of the file; its folder is made.

    Raises
    ------
    UsageError
        When it cannot be written.
    DataError
        When a coordinate holds something else, such as None in place of a text.
    """
    plain = without_indexes(assembly)
    for name, coordinate in plain.coords.items():
        _check_plain(name, coordinate)
    plain.name = "responses"
    plain.attrs = {key: _attribute(value) for key, value in assembly.attrs.items()}
    encoding: dict[Hashable, dict[str, Any]] = {
        "responses": {"zlib": True, "complevel": 4, "shuffle": True}
    }
    with writing(path), whole_file(path) as partial:
        plain.to_netcdf(partial, engine="h5netcdf", encoding=encoding)


def read_netcdf(path: str | Path, variable: str | None = None) -> xr.DataArray:
    """Read an assembly into memory; texts are texts, and no dimension has an index.

    Parameters
    ----------
    path : of a NetCDF file, version 3 or 4.
    variable : which of its arrays holds the responses; by default the only one that lies over both
        dimensions.

    Returns
    -------
    (presentation, neuroid), with everything that lies over one of them as a coordinate.

    Raises
    ------
    DataError
        When it is not NetCDF, is damaged, or lacks a dimension or the responses.
    """
    file = user_path(path)
    engine = _engine(file)
    try:
        if engine == "h5netcdf":
            _refuse_links(file)
        opened = xr.open_dataset(file, engine=engine, decode_times=False, decode_timedelta=False)
        with opened:
            return _responses(file, opened, variable)
    except DataError:
        raise
    # the libraries raise a dozen kinds on damaged files
    except Exception as error:
        raise DataError(
            f"{file} is damaged or not NetCDF ({type(error).__name__}: {readable(str(error))}); "
            f"copy it again, or {_HINT}"
        ) from error


def without_indexes(assembly: xr.DataArray) -> xr.DataArray:
    """An assembly whose coordinates are all plain: each level of a MultiIndex one of its own.

    Parameters
    ----------
    assembly : of any dimensions, as Brain-Score's tools hold them.

    Returns
    -------
    A copy with the same numbers; a plain index over a dimension keeps its values, under its name.
    """
    levels = [name for name in assembly.indexes if name in assembly.dims]
    several = [name for name in levels if assembly.indexes[name].nlevels > 1]
    plain = assembly.reset_index(several) if several else assembly.copy()
    # older xarray leaves the levels' common name behind, which holds nothing by itself
    return plain.drop_vars([name for name in several if name in plain.coords])


def _engine(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    if not start:
        raise DataError(f"{path} is empty")
    engine = next((name for magic, name in _ENGINES.items() if start.startswith(magic)), None)
    if engine is None:
        what = next((text for magic, text in _KNOWN.items() if start.startswith(magic)), None)
        raise DataError(f"{path} is not NetCDF" + (f" but {what}" if what else "") + f"; {_HINT}")
    return engine


def _refuse_links(path: Path) -> None:
    """No array of the file may lie in another one: a file from others would read it for them."""
    import h5py

    with h5py.File(path, "r") as file:
        for name in file:
            linked = isinstance(file.get(name, getlink=True), h5py.ExternalLink)
            held = None if linked else file.get(name)
            outside = isinstance(held, h5py.Dataset) and (
                held.external or held.is_virtual or held.file.filename != file.filename
            )
            if linked or outside:
                raise DataError(f"{path}: {readable(str(name))} lies in another file; {_HINT}")


def _responses(path: Path, opened: xr.Dataset, variable: str | None) -> xr.DataArray:
    """The responses with every coordinate; over nothing but presentations and neuroids."""
    sizes = dict(opened.sizes)
    over_both = [str(n) for n, held in opened.data_vars.items() if set(DIMS) <= set(held.dims)]
    if variable is not None and variable not in over_both:
        found = ", ".join(over_both) or "none"
        raise DataError(f"{path} has no responses named {variable!r}; there are: {found}")
    if not over_both:
        dims = ", ".join(f"{name} ({size})" for name, size in sizes.items()) or "none"
        raise DataError(
            f"{path} holds no array over presentation × neuroid; its dimensions are: {dims}. "
            "Rename them with xarray's rename"
        )
    if variable is None and len(over_both) > 1:
        raise DataError(
            f"{path} holds several arrays over presentation × neuroid: {', '.join(over_both)}; "
            "say which (variable in the card)"
        )
    name = variable or over_both[0]
    held = opened[name]
    if int(np.prod([float(size) for size in held.shape])) > MAX_VALUES:
        raise DataError(f"{path}: {name} has {held.shape} values, more than can be scored")
    for dim in set(held.dims) - set(DIMS):
        if sizes[dim] != 1:
            raise DataError(
                f"{path}: {name} has a dimension {dim!r} of {sizes[dim]}; average over it first"
            )
        held = held.isel({dim: 0}, drop=True)
    # plain coordinates: one of the name of its dimension would be an index
    coords = {
        f"{key}_label" if key in DIMS else str(key): (one.dims, _texts(one.values))
        for key, one in opened.variables.items()
        if key != name and one.dims in (DIMS[:1], DIMS[1:])
    }
    values = held.reset_coords(drop=True).transpose(*DIMS).values
    return xr.DataArray(values, dims=DIMS, coords=coords, attrs=dict(held.attrs))


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    """Texts as str: NetCDF 3 may keep them as bytes."""
    if values.dtype.kind not in "SO":
        return values
    plain = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values.tolist()]
    return np.array(plain, dtype=object)


def _check_plain(name: Hashable, coordinate: xr.DataArray) -> None:
    values = coordinate.values
    if values.dtype.kind in "OT":
        strange = [value for value in values.ravel() if not isinstance(value, str)]
        if strange:
            raise DataError(
                f"the coordinate {name} holds {strange[0]!r}, which is no text; NetCDF keeps "
                "numbers and texts"
            )
    elif values.dtype.kind not in "biufU":
        raise DataError(
            f"the coordinate {name} is of type {values.dtype}; NetCDF keeps numbers and texts"
        )


def _attribute(value: Any) -> Any:
    """NetCDF knows no truth values."""
    return int(value) if isinstance(value, bool | np.bool_) else value
