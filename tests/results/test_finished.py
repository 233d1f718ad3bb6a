"""Runs that are read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_records import empty, write_run

from brainbench.errors import DataError, UsageError
from brainbench.results.finished import open_run


def test_a_folder_and_its_record_are_the_same_run(tmp_path: Path) -> None:
    folder = write_run(empty(), tmp_path / "run")
    for path in (folder, folder / "results.json"):
        run = open_run(path)
        assert (run.record, run.folder, run.name) == (empty(), folder, "lab/model abc123")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a run: give the folder of one"):
        open_run(tmp_path)
    with pytest.raises(UsageError, match="is not a run"):
        open_run(tmp_path / "gone.json")
    bad = tmp_path / "bad.json"
    bad.write_text("{", "utf-8")
    with pytest.raises(DataError, match="is not a record of a run"):
        open_run(bad)
