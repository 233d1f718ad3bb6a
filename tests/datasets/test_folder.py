"""Dataset folders: what comes back, and what is refused by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from brainbench.datasets import Recording, load_folder, load_recording, write_folder
from brainbench.errors import DataError, UsageError


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Two people of the phantom in two ROIs, with answers: one was given by nobody."""
    whole = load_recording("phantom", ("signal", "noise"), ("phantom-01", "phantom-02"))
    assembly = whole.assembly
    rng = np.random.default_rng(0)
    shape = (assembly.sizes["presentation"], 2)
    accuracy = rng.integers(0, 2, shape).astype(float)
    accuracy[5] = np.nan
    dims = ("presentation", "subject")
    behavior = xr.Dataset(
        {"accuracy": (dims, accuracy), "response_time": (dims, rng.gamma(2.0, 1.7, shape))},
        coords={
            "subject": ["phantom-01", "phantom-02"],
            "stimulus_id": ("presentation", assembly["stimulus_id"].values),
        },
    )
    places = rng.normal(0, 40, (3, assembly.sizes["neuroid"]))
    assembly = assembly.assign_coords(
        {axis: ("neuroid", values) for axis, values in zip("xyz", places, strict=True)}
    )
    card = whole.card.model_copy(
        update={
            "subjects": ("phantom-01", "phantom-02"),
            "rois": {"signal": 80, "noise": 80},
        }
    )
    return replace(whole, card=card, assembly=assembly, behavior=behavior)


@pytest.fixture(scope="module")
def written(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written once: every file waits for the disk."""
    folder = tmp_path_factory.mktemp("written")
    write_folder(recording, folder, {"method": "LSS"})
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "own"))


class TestRoundTrip:
    def test_everything_comes_back(self, recording: Recording, folder: Path) -> None:
        found = load_folder(folder)
        assert found.card == recording.card
        assert found.problems == recording.problems
        assert found.assembly.dims == recording.assembly.dims
        np.testing.assert_array_equal(found.assembly.values, recording.assembly.values)
        assert set(found.assembly.coords) == set(recording.assembly.coords)
        for name, held in recording.assembly.coords.items():
            assert found.assembly[name].dims == held.dims
            assert found.assembly[name].values.tolist() == held.values.tolist(), name
        assert recording.behavior is not None
        assert found.behavior is not None
        xr.testing.assert_equal(found.behavior, recording.behavior)
        assert (folder / "provenance.json").read_text() == '{\n "method": "LSS"\n}'

    def test_the_hash_is_of_what_was_read(self, folder: Path, tmp_path: Path) -> None:
        found = load_folder(folder)
        write_folder(found, tmp_path / "again")
        again = load_folder(tmp_path / "again")
        # how the responses were made is not hashed: the responses are
        assert again.data_sha256 == found.data_sha256

    @pytest.mark.parametrize("what", ["response", "answer", "text", "card"])
    def test_any_change_is_another_hash(self, what: str, folder: Path, tmp_path: Path) -> None:
        found = load_folder(folder)
        changed = found
        if what == "response":
            values = found.assembly.values.copy()
            values[3, 4] += 1e-9
            changed = replace(found, assembly=found.assembly.copy(data=values))
        elif what == "answer":
            assert found.behavior is not None
            times = found.behavior["response_time"] + 1e-9
            changed = replace(found, behavior=found.behavior.assign(response_time=times))
        elif what == "text":
            first = replace(found.problems[0], conclusion="All is well")
            changed = replace(found, problems=(first, *found.problems[1:]))
        else:
            card = found.card.model_copy(update={"selection_leak": ("signal",)})
            changed = replace(found, card=card)
        write_folder(changed, tmp_path / "changed")
        assert load_folder(tmp_path / "changed").data_sha256 != found.data_sha256

    def test_a_run_that_a_person_lacks_stays_missing(
        self, recording: Recording, tmp_path: Path
    ) -> None:
        values = recording.assembly.values.copy()
        run = recording.assembly["run"].values == "transitive-02"
        mine = recording.assembly["subject"].values == "phantom-02"
        values[np.ix_(run, mine)] = np.nan
        lacking = replace(recording, assembly=recording.assembly.copy(data=values))
        write_folder(lacking, tmp_path)
        np.testing.assert_array_equal(load_folder(tmp_path).assembly.values, values)

    def test_the_order_of_stimuli_is_that_of_the_responses(
        self, recording: Recording, tmp_path: Path
    ) -> None:
        write_folder(replace(recording, problems=recording.problems[::-1]), tmp_path)
        assert load_folder(tmp_path).problems == recording.problems

    def test_writing_again_replaces(self, recording: Recording, folder: Path) -> None:
        write_folder(replace(recording, behavior=None), folder)
        assert load_folder(folder).behavior is None


def _edit(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text(change(path.read_text()))

    return edit


def _damaged(folder: Path) -> None:
    content = (folder / "assembly.nc").read_bytes()
    (folder / "assembly.nc").write_bytes(content[: len(content) // 2])


FAULTS = {
    "no card": (lambda f: (f / "card.yaml").unlink(), "lacks card.yaml"),
    "no responses": (lambda f: (f / "assembly.nc").unlink(), "lacks assembly.nc"),
    "a damaged assembly": (_damaged, r"assembly\.nc is damaged"),
    "another person": (
        _edit("card.yaml", lambda t: t.replace("phantom-02", "phantom-03")),
        "people of the card that are not in the assembly: phantom-03",
    ),
    "another ROI": (
        _edit("card.yaml", lambda t: t.replace("  noise: 80", "  nose: 80")),
        "ROIs of the card that are not in the assembly: nose",
    ),
    "a lacking stimulus": (
        _edit("stimuli.csv", lambda t: "\n".join(t.splitlines()[:-1])),
        "stimuli of the assembly that are not in the stimuli: transitive-02-17",
    ),
    "a stimulus twice": (
        _edit("stimuli.csv", lambda t: t + t.splitlines()[-1]),
        "transitive-02-17 stands twice",
    ),
    "a validity that is none": (
        _edit("stimuli.csv", lambda t: t.replace(",false,false,", ",perhaps,false,", 1)),
        r"stimuli\.csv, line 2: validity is 'perhaps'",
    ),
    "a short row": (
        _edit("stimuli.csv", lambda t: t + "x,y"),
        r"stimuli\.csv, row 74: 2 cells for 11 columns",
    ),
    "an answer to nothing": (
        _edit("behavior.csv", lambda t: t.replace("syllogistic-01-00,0,", "other,0,", 1)),
        "line 2: other, repeat 0, was not shown",
    ),
    "an answer twice": (
        _edit("behavior.csv", lambda t: t + t.splitlines()[1]),
        "phantom-01 answers syllogistic-01-00 twice",
    ),
    "a time that is none": (
        _edit("behavior.csv", lambda t: t.replace("n/a", "soon", 1)),
        "accuracy is 'soon', no number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named(fault: str, folder: Path) -> None:
    damage, text = FAULTS[fault]
    damage(folder)
    with pytest.raises(DataError, match=text):
        load_folder(folder)


def test_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no dataset folder at"):
        load_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda a: a.drop_vars("run"), "lacks the coordinates run"),
        (lambda a: a.isel(presentation=slice(0, 0)), "is empty"),
        (lambda a: a.isel(presentation=[0, 0, *range(1, 144)]), "repeat 0, stands twice"),
        (
            lambda a: a.where((a["position"] != 3) | (a["voxel"] != 7)),
            r"1 voxels hold NaN or infinite values \(7\)",
        ),
    ],
)
def test_what_does_not_belong_together_is_not_written(
    change: Callable[[xr.DataArray], xr.DataArray],
    text: str,
    recording: Recording,
    tmp_path: Path,
) -> None:
    with pytest.raises(DataError, match=text):
        write_folder(replace(recording, assembly=change(recording.assembly)), tmp_path / "own")
    assert not (tmp_path / "own").exists()
