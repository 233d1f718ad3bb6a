"""From a path to a recording: files, folders, Brain-Score's cache, and where they came from."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from brainscore_assemblies import write_cache
from own_data import make_assembly

from brainbench.datasets import load_assembly, load_recording, write_folder
from brainbench.datasets.own.complete import select_presentations
from brainbench.datasets.own.read import load_own_folder
from brainbench.errors import DataError, UsageError


def test_a_file_is_named_with_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "My data.v2.nc"
    make_assembly().to_netcdf(path, engine="h5netcdf")
    found = load_assembly(path, group="passage", select={"tense": "past"})
    assert found.card.name == "My-data-v2"
    assert found.origin is not None
    assert found.origin.file == "My data.v2.nc"
    assert found.origin.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.origin.options == (
        ("--assembly", str(path)),
        ("--group", "passage"),
        ("--select", "tense=past"),
    )


def test_the_same_data_in_another_file_have_the_same_hash(tmp_path: Path) -> None:
    for engine in ("h5netcdf", "scipy"):
        (tmp_path / engine).mkdir()
        make_assembly().to_netcdf(tmp_path / engine / "own.nc", engine=engine)
    one, other = (load_assembly(tmp_path / n / "own.nc") for n in ("h5netcdf", "scipy"))
    np.testing.assert_array_equal(one.assembly.values, other.assembly.values)
    assert one.origin != other.origin
    assert one.data_sha256 == other.data_sha256


def test_a_name_of_brainbench_is_not_taken(tmp_path: Path) -> None:
    make_assembly().to_netcdf(tmp_path / "phantom.nc", engine="h5netcdf")
    assert load_assembly(tmp_path / "phantom.nc").card.name == "own-phantom"


def test_errors_name_the_file(tmp_path: Path) -> None:
    make_assembly().drop_vars("subject").to_netcdf(tmp_path / "own.nc", engine="h5netcdf")
    with pytest.raises(DataError, match=r"own\.nc: no coordinate 'subject'"):
        load_assembly(tmp_path / "own.nc")


def test_of_a_folder_people_without_a_run_are_left_out(tmp_path: Path) -> None:
    whole = load_recording("phantom", "signal")
    card = whole.card.model_copy(update={"rois": {"signal": 80}})
    lacks = (whole.assembly["run"] == "transitive-02") & (whole.assembly["subject"] == "phantom-03")
    write_folder(replace(whole, card=card, assembly=whole.assembly.where(~lacks)), tmp_path)
    found = load_own_folder(tmp_path)
    assert "phantom-03" not in found.card.subjects
    assert len(found.card.subjects) == 5
    assert found.origin is not None
    assert found.origin.left_out == ("phantom-03: lacks run transitive-02",)
    # whoever did the runs of one type is scored on that type
    part = load_own_folder(tmp_path, {"reasoning_type": ("syllogistic",)})
    assert part.origin is not None
    assert (len(part.card.subjects), part.origin.left_out) == (6, ())
    assert part.origin.options[1:] == (("--select", "reasoning_type=syllogistic"),)
    assert part.card.reasoning_types == ("syllogistic",)
    assert part.card.runs == ("syllogistic-01", "syllogistic-02")
    assert part.card.items == len(part.problems) == 36
    assert part.data_sha256 != found.data_sha256
    np.testing.assert_array_equal(
        part.assembly.sel(neuroid=part.assembly["subject"] != "phantom-03").values,
        found.assembly.isel(presentation=found.assembly["reasoning_type"] == "syllogistic").values,
    )
    for select, told in (
        ({"resoning_type": ("x",)}, "did you mean 'reasoning_type'"),
        ({"reasoning_type": ("syllogstic",)}, "did you mean 'syllogistic'"),
        ({"run": ("transitive-01",), "reasoning_type": ("syllogistic",)}, "nothing is left"),
    ):
        with pytest.raises((UsageError, DataError), match=told):
            load_own_folder(tmp_path, select)


def test_answers_are_selected_with_the_responses() -> None:
    whole = load_recording("phantom", "signal")
    answers = np.arange(whole.assembly.sizes["presentation"] * 2).reshape(-1, 2)
    held = xr.Dataset({"accuracy": (("presentation", "subject"), answers)})
    run = whole.card.runs[1]
    part = select_presentations(replace(whole, behavior=held), {"run": (run,)})
    rows = np.flatnonzero(whole.assembly["run"].values == run)
    assert part.behavior is not None
    np.testing.assert_array_equal(part.behavior["accuracy"].values, answers[rows])
    assert part.card.runs == (run,)
    assert select_presentations(whole, {}) is whole


@pytest.mark.parametrize(
    ("identifier", "people", "held_out"),
    [
        ("Pereira2018.384sentences", 3, "story"),
        ("Tuckute2024.language", 1, "run"),
    ],
)
def test_data_of_brainscore(
    identifier: str,
    people: int,
    held_out: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_cache(tmp_path, monkeypatch)
    found = load_assembly(f"brainscore:{identifier}")
    assert found.card.name == identifier.replace(".", "-")
    assert found.card.held_out == held_out
    assert len(found.card.subjects) == people
    assert found.card.citation
    assert ("position" in found.assembly.coords) == (identifier != "Tuckute2024.language")
    assert found.card.nuisance == (() if identifier == "Tuckute2024.language" else ("words",))
