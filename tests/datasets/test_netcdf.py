"""NetCDF files: both versions are read, and nothing but data."""

from __future__ import annotations

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from brainbench.datasets import load_recording
from brainbench.datasets.netcdf import read_netcdf, without_indexes, write_netcdf
from brainbench.errors import DataError


@pytest.fixture
def assembly() -> xr.DataArray:
    return xr.DataArray(
        np.random.default_rng(0).standard_normal((4, 3)),
        dims=("presentation", "neuroid"),
        coords={
            "stimulus": ("presentation", ["Ein Hund.", "日本語", "a cat", "a cat runs"]),
            "stimulus_id": ("presentation", np.array(["a", "b", "c", "d"], object)),
            "subject": ("neuroid", ["s1", "s1", "s2"]),
            "roi": ("neuroid", ["lang", "lang", "lang"]),
        },
        attrs={"dataset": "own", "simulated": True},
    )


def bare(assembly: xr.DataArray) -> xr.DataArray:
    """Without attributes; xarray's own word for it is younger than the oldest that is allowed."""
    copied = assembly.copy()
    copied.attrs = {}
    return copied


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_both_versions_are_read(engine: str, assembly: xr.DataArray, tmp_path: Path) -> None:
    assembly.attrs = {}
    assembly.to_netcdf(tmp_path / "own.nc", engine=engine)
    found = read_netcdf(tmp_path / "own.nc")
    np.testing.assert_array_equal(found.values, assembly.values)
    for name in ("stimulus", "stimulus_id", "subject", "roi"):
        assert found[name].values.tolist() == assembly[name].values.tolist()
        assert all(type(value) is str for value in found[name].values.tolist())


def test_what_is_written_is_read(assembly: xr.DataArray, tmp_path: Path) -> None:
    write_netcdf(assembly, tmp_path / "own.nc")
    found = read_netcdf(tmp_path / "own.nc")
    np.testing.assert_array_equal(found.values, assembly.values)
    assert found.attrs == {"dataset": "own", "simulated": 1}


def test_assemblies_of_a_dataset_write_themselves(tmp_path: Path) -> None:
    """Objects, truth values, texts of different lengths: xarray keeps all coordinates."""
    own = load_recording("phantom", "noise", "phantom-01").assembly
    for engine in ("h5netcdf", "scipy"):
        own.to_netcdf(tmp_path / engine, engine=engine)
        found = read_netcdf(tmp_path / engine)
        np.testing.assert_array_equal(found.values, own.values)
        for name in own.coords:
            assert found[name].values.tolist() == own[name].values.tolist(), (engine, name)


def test_the_array_may_lie_the_other_way_round_and_have_a_time(
    assembly: xr.DataArray, tmp_path: Path
) -> None:
    """As of Brain-Score: one time bin, dimensions in any order, coordinates as variables."""
    odd = assembly.expand_dims(time_bin=[0]).transpose("neuroid", "time_bin", "presentation")
    odd = bare(odd)
    odd.to_dataset(name="data").reset_coords().to_netcdf(tmp_path / "own.nc", engine="h5netcdf")
    found = read_netcdf(tmp_path / "own.nc")
    np.testing.assert_array_equal(found.values, assembly.values)
    assert found["subject"].values.tolist() == ["s1", "s1", "s2"]


def test_levels_of_a_multiindex_become_coordinates(assembly: xr.DataArray) -> None:
    gathered = assembly.set_index(presentation=["stimulus_id", "stimulus"])
    assert gathered.indexes["presentation"].nlevels == 2
    plain = without_indexes(gathered)
    assert "presentation" not in plain.coords
    assert plain["stimulus"].values.tolist() == assembly["stimulus"].values.tolist()
    np.testing.assert_array_equal(plain.values, assembly.values)


NOT_NETCDF = {
    "empty": (b"", "is empty"),
    "a text": (b"stimulus,sub-01:language\n", "is not NetCDF; write it"),
    "a pickle": (pickle.dumps({"a": 1}), "is not NetCDF but a pickle, which is never read"),
    "an archive": (b"PK\x03\x04....", "is not NetCDF but a zip archive"),
    "the beginning alone": (b"\x89HDF\r\n\x1a\n", "is damaged or not NetCDF"),
    "NetCDF 3, cut": (b"CDF\x01\x00\x00", "is damaged or not NetCDF"),
}


@pytest.mark.parametrize("kind", NOT_NETCDF)
def test_what_is_not_netcdf_is_named(kind: str, tmp_path: Path) -> None:
    content, text = NOT_NETCDF[kind]
    (tmp_path / "own.nc").write_bytes(content)
    with pytest.raises(DataError, match=rf"own\.nc {text}"):
        read_netcdf(tmp_path / "own.nc")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.nc cannot be read: No such file"):
        read_netcdf(tmp_path / "nowhere.nc")


def test_other_dimensions_are_named(assembly: xr.DataArray, tmp_path: Path) -> None:
    other = bare(assembly.rename(presentation="stimuli"))
    other.to_netcdf(tmp_path / "own.nc", engine="h5netcdf")
    with pytest.raises(DataError, match=r"its dimensions are: (stimuli|neuroid) \([34]\)"):
        read_netcdf(tmp_path / "own.nc")


def test_a_dimension_too_many_is_named(assembly: xr.DataArray, tmp_path: Path) -> None:
    times = bare(xr.concat([assembly, assembly], "time_bin"))
    times.to_netcdf(tmp_path / "own.nc", engine="h5netcdf")
    with pytest.raises(DataError, match="a dimension 'time_bin' of 2; average over it first"):
        read_netcdf(tmp_path / "own.nc")


def test_of_several_arrays_one_is_named(assembly: xr.DataArray, tmp_path: Path) -> None:
    held = bare(assembly).to_dataset(name="betas").assign(t=bare(assembly) * 2)
    held.to_netcdf(tmp_path / "own.nc", engine="h5netcdf")
    with pytest.raises(DataError, match="several arrays over presentation × neuroid: betas, t"):
        read_netcdf(tmp_path / "own.nc")
    np.testing.assert_array_equal(read_netcdf(tmp_path / "own.nc", "t").values, 2 * assembly.values)
    with pytest.raises(DataError, match="no responses named 'beta'; there are: betas, t"):
        read_netcdf(tmp_path / "own.nc", "beta")


def test_no_array_may_lie_in_another_file(assembly: xr.DataArray, tmp_path: Path) -> None:
    write_netcdf(assembly, tmp_path / "other.nc")
    write_netcdf(assembly, tmp_path / "own.nc")
    with h5py.File(tmp_path / "own.nc", "a") as file:
        del file["responses"]
        file["responses"] = h5py.ExternalLink("other.nc", "responses")
    with pytest.raises(DataError, match="responses lies in another file"):
        read_netcdf(tmp_path / "own.nc")


def test_a_link_to_a_link_is_followed_to_the_file_it_ends_in(
    assembly: xr.DataArray, tmp_path: Path
) -> None:
    write_netcdf(assembly, tmp_path / "other.nc")
    with h5py.File(tmp_path / "own.nc", "w") as file:
        file.create_group("inner")["x"] = h5py.ExternalLink("other.nc", "responses")
        file["responses"] = h5py.SoftLink("/inner/x")
    with pytest.raises(DataError, match="responses lies in another file"):
        read_netcdf(tmp_path / "own.nc")


def test_a_file_may_not_claim_more_than_can_be_scored(tmp_path: Path) -> None:
    """Compressed, or never written, a small file may stand for any number of zeros."""
    with h5py.File(tmp_path / "own.nc", "w") as file:
        for name, size in (("presentation", 100_000), ("neuroid", 1_000_000)):
            file.create_dataset(name, (size,), "i1", chunks=True).make_scale(name)
        held = file.create_dataset("responses", (100_000, 1_000_000), "f4", chunks=(1000, 1000))
        held.dims[0].attach_scale(file["presentation"])
        held.dims[1].attach_scale(file["neuroid"])
    with pytest.raises(DataError, match="more than can be scored"):
        read_netcdf(tmp_path / "own.nc")


@pytest.mark.parametrize("strange", [None, 3.5, b"x"])
def test_what_netcdf_does_not_keep_is_named(
    strange: object, assembly: xr.DataArray, tmp_path: Path
) -> None:
    labels = np.array(["a", strange, "b", "c"], object)
    with pytest.raises(DataError, match=r"the coordinate label holds .* which is no text"):
        write_netcdf(assembly.assign_coords(label=("presentation", labels)), tmp_path / "own.nc")
    assert not list(tmp_path.iterdir())
