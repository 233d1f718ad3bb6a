"""The results folder: whole or not at all, resumable, held by one process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from brainbench.errors import DataError, UsageError
from brainbench.results import ModelInfo, Record, RunFolder, find_record, load_record
from brainbench.results.store import short_name


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


@pytest.mark.parametrize("damage", ["truncate", "edit", "foreign", "no json", "no end"])
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
            "no end": "[" * 100_000,
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
        ("", "not a record of a run"),
        ("[]", "schema version None"),
        (json.dumps({"schema_version": 99}), "schema version 99"),
        (json.dumps({"schema_version": 1, "run_id": 3}), "not a record of a run"),
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


class TestFindRecord:
    def test_a_run_is_found_by_its_folder_its_record_and_the_folder_of_results(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        path = RunFolder(tmp_path / "results", "m", "abc").save(record(status="success"))
        (path.parent / "report.html").write_text("a page")
        (path.parent / "samples").mkdir()
        (path.parent / "samples" / "x.jsonl").write_text("")
        for given in (
            *(path, str(path), path.parent, str(path.parent)),
            *(path.parent.parent, tmp_path / "results", "~/results", "~/results/m/abc"),
            *(path.parent / "report.html", path.parent / "samples" / "x.jsonl"),
        ):
            assert find_record(given) == path, given
            assert load_record(given) == record(status="success")

    def test_of_several_runs_one_must_be_named(self, tmp_path: Path) -> None:
        for run in ("abc", "def"):
            RunFolder(tmp_path, "m", run).save(record())
        with pytest.raises(UsageError, match=r"holds 2 runs; give one of them:\n  .*m/abc"):
            load_record(tmp_path)

    def test_where_there_is_none_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is not a run: give the folder of one"):
            load_record(tmp_path)
        for name in ("none", "none/results.json"):
            with pytest.raises(DataError, match=r"not a record of a run: .*No such file"):
                load_record(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "is not UTF-8"),
        (b"[]", "it is not a results.json"),
        (b'{"a": 1}', "it is not a results.json"),
        (b'{"schema_version": ' + b"[" * 100_000, "32 maps and lists deep"),
        (b'{"schema_version": ' + b"[" * 60 + b"]" * 60 + b"}", "32 maps and lists deep"),
        (b'{"schema_version": 1' + b"0" * 5000 + b"}", "number of 5001 digits"),
        (b'{"schema_version": NaN}', "not a number that JSON knows"),
        (b'{"schema_version": 1e999}', "too large for a number"),
        (b'{"schema_version": 1, "schema_version": 2}', "stands twice"),
    ],
)
def test_what_is_no_record_is_refused_in_a_line(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told) as caught:
        load_record(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


class TestLongNames:
    @pytest.mark.parametrize("letter", ["m", "é", "漢", "/"])
    def test_a_name_of_any_length_can_be_written(self, letter: str, tmp_path: Path) -> None:
        folder = RunFolder(tmp_path, letter * 700, "abc")
        folder.save(record())
        folder.put(letter * 700, {"x": 1}, {"v": np.arange(2.0)})
        folder.save_samples(letter * 700, [{"a": 1}])
        assert folder.get(letter * 700) == {"x": 1}
        assert folder.load() == record()

    def test_two_that_begin_alike_have_folders_of_their_own(self, tmp_path: Path) -> None:
        one, two = (RunFolder(tmp_path, "m" * 300 + end, "abc").path for end in "ab")
        assert one != two
        assert one.parent.name.startswith("m" * 80)

    def test_bytes_that_are_not_utf8_are_replaced(self, tmp_path: Path) -> None:
        assert RunFolder(tmp_path, "caf\udce9", "abc").path.parent.name == "caf_"


def test_a_named_run_is_found_again_by_its_content(tmp_path: Path) -> None:
    named = RunFolder(tmp_path, "m", "abc", "accuracy-2026-11-30")
    assert named.path.name == "accuracy-2026-11-30-abc"
    named.save(record())
    assert RunFolder(tmp_path, "m", "abc").path == named.path
    assert RunFolder(tmp_path, "m", "abc", "another name").path == named.path
    # another run, and the folders of older runs, which are hashes alone
    assert RunFolder(tmp_path, "m", "bc").path.name == "bc"
    RunFolder(tmp_path, "m", "def").save(record())
    assert RunFolder(tmp_path, "m", "def", "new").path.name == "def"
    assert RunFolder(tmp_path, "m", "0123", "../../x y").path.parent == tmp_path / "m"


class TestRunsByTheirId:
    IDS = ("3f2a1b0c4d5e", "3f2a1b9c4d5e", "aaaa1b0c4d5e")

    @pytest.fixture
    def folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("BRAINBENCH_OUTPUT_PATH", raising=False)
        names = ("alignment-2026-11-30", "", "one-model")
        return [
            RunFolder("results", f"m{i % 2}", run, name).save(record(run_id=run)).parent
            for i, (run, name) in enumerate(zip(self.IDS, names, strict=True))
        ]

    def test_the_first_digits_find_it(self, folders: list[Path]) -> None:
        # two ids begin alike, so one digit more is shown
        assert [short_name(folder) for folder in folders] == ["3f2a1b0", "3f2a1b9", "aaaa1b"]
        for folder in folders:
            assert find_record(short_name(folder)) == folder / "results.json"
            assert find_record(folder.name.rpartition("-")[2]) == folder / "results.json"
            assert load_record(short_name(folder)).run_id == folder.name.rpartition("-")[2]
            # and so does what list shows as its folder's name
            assert find_record(folder.name) == folder / "results.json"

    def test_several_are_named(self, folders: list[Path]) -> None:
        with pytest.raises(UsageError, match="2 runs have an id that begins with 3f2a1b") as caught:
            find_record("3f2a1b")
        assert str(folders[0]) in str(caught.value)
        assert str(folders[2]) not in str(caught.value)

    def test_elsewhere_behind_the_folder(
        self, folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = RunFolder("my runs", "m", self.IDS[2]).save(record()).parent
        assert short_name(other) == "'my runs/aaaa1b'"
        assert find_record("my runs/aaaa1b") == other / "results.json"
        assert find_record("my runs/m/aaaa") == other / "results.json"
        assert find_record("aaaa1b") == folders[2] / "results.json"
        monkeypatch.setenv("BRAINBENCH_OUTPUT_PATH", "my runs")
        assert short_name(other) == "aaaa1b"
        assert find_record("aaaa1b") == other / "results.json"
        assert short_name(folders[2]) == "results/aaaa1b"
        # a run that was moved, and is called as anybody calls a folder
        assert short_name(tmp_path / "my run") == f"'{tmp_path}/my run'"

    def test_what_is_there_comes_first(self, folders: list[Path]) -> None:
        own = Path("aaaa")
        own.mkdir()
        with pytest.raises(UsageError, match="aaaa is not a run"):
            find_record(own)
        assert not find_record("feed").exists()
        assert not find_record("aaa").exists()
