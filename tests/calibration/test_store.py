"""calibration.json is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from brainbench.calibration import QUICK, RECORD, CalibrationFolder, new_calibration
from brainbench.errors import DataError, UsageError


def test_a_record_comes_back_equal(tmp_path: Path) -> None:
    folder, record = CalibrationFolder(tmp_path / "new" / "one"), new_calibration(2, QUICK)
    with folder.locked():
        assert folder.load() is None
        folder.save(record)
        assert folder.load() == record
    assert sorted(p.name for p in folder.path.iterdir()) == [".lock", RECORD]


def test_nothing_is_left_of_what_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, record = CalibrationFolder(tmp_path), new_calibration(2, QUICK)
    folder.save(record)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        folder.save(record.model_copy(update={"complete": True}))
    assert [p.name for p in tmp_path.iterdir()] == [RECORD]
    assert folder.load() == record


@pytest.mark.parametrize("text", ["", "{", '{"rows": []}', '["a"]'])
def test_what_is_no_record_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text, "utf-8")
    with pytest.raises(DataError, match="not a calibration"):
        CalibrationFolder(tmp_path).load()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with (
        CalibrationFolder(tmp_path).locked(),
        pytest.raises(UsageError, match="another process"),
        CalibrationFolder(tmp_path).locked(),
    ):
        pass


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with (
        pytest.raises(UsageError, match="cannot write"),
        CalibrationFolder(tmp_path / "file" / "below").locked(),
    ):
        pass
