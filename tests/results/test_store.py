"""The results folder: whole or not at all, resumable, held by one process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from brainbench.errors import DataError, UsageError
from brainbench.results import ModelInfo, Record, RunFolder, load_record


def record(**changes: object) -> Record:
    fields = {
        "run_id": "abc",
        "versions": {"brainbench": "0"},
        "model": ModelInfo(identifier="m", sha256="0"),
        "datasets": [],
        "benchmarks": {},
        "config": {"seed": 0},
    }
    return Record(**{**fields, **changes})


def test_record_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, "org/model", "abc")
    path = folder.save(record(status="success"))
    assert path == tmp_path / "org_model" / "abc" / "results.json"
    assert folder.load() == record(status="success")
    assert [p.name for p in path.parent.iterdir()] == ["results.json"], "nothing half written"


@pytest.mark.parametrize("name", ["../../etc", "..", "/abs", ".hidden", "a/../b", ""])
def test_names_stay_inside_the_output_folder(name: str, tmp_path: Path) -> None:
    path = RunFolder(tmp_path / "out", name, "abc").path
    assert path.resolve().parent.parent == (tmp_path / "out").resolve()


def test_steps_survive_and_carry_floats_exactly(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, "m", "abc")
    numbers = np.random.default_rng(0).standard_normal(100).tolist()
    folder.put("a: b/c 1/20", {"x": numbers}, {"v": np.arange(3.0)})
    again = RunFolder(tmp_path, "m", "abc")
    assert again.get("a: b/c 1/20") == {"x": numbers}
    assert again.get("another") is None
    stored = list((folder.path / "voxels").iterdir())
    assert len(stored) == 1
    np.testing.assert_array_equal(load_file(stored[0])["v"], np.arange(3.0))
    again.finish()
    assert again.get("a: b/c 1/20") is None


@pytest.mark.parametrize("damage", ["truncate", "edit", "foreign", "no json"])
def test_a_damaged_step_is_computed_again(damage: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, "m", "abc")
    folder.put("step", {"x": 1.5}, {})
    file = next((folder.path / "steps").iterdir())
    text = file.read_text()
    file.write_text(
        {
            "truncate": text[:-5],
            "edit": text.replace("1.5", "2.5"),
            "foreign": text.replace('"step"', '"other"'),
            "no json": "[]",
        }[damage]
    )
    assert folder.get("step") is None


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, "m", "abc")
    with (
        folder.locked(),
        pytest.raises(UsageError, match="another process"),
        RunFolder(tmp_path, "m", "abc").locked(),
    ):
        pass
    with folder.locked():
        pass


def test_unwritable_output_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = RunFolder(tmp_path / "file", "m", "abc")
    with pytest.raises(UsageError, match="--output-path"), folder.locked():
        pass


def test_full_disk_keeps_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(tmp_path, "m", "abc")
    folder.put("one", {"x": 1}, {})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        folder.put("two", {"x": 2}, {})
    assert folder.get("one") == {"x": 1}
    assert folder.get("two") is None
    assert len(list((folder.path / "steps").iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no record of a run"),
        ("[]", "schema version None"),
        (json.dumps({"schema_version": 99}), "schema version 99"),
        (json.dumps({"schema_version": 1, "run_id": 3}), "no record of a run"),
    ],
)
def test_foreign_files_are_no_records(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        load_record(path)


def test_clear_forgets_everything(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, "m", "abc")
    folder.save(record())
    folder.put("one", {"x": 1}, {"v": np.zeros(2)})
    folder.clear()
    assert folder.load() is None
    assert folder.get("one") is None
    assert not (folder.path / "voxels").exists()
