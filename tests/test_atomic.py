"""Files that appear whole or not at all, and one writer at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainbench.atomic import locked, write_whole
from brainbench.errors import UsageError


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a" / "record.json"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["record.json"]


def test_what_cannot_be_written_is_said_and_what_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.json"
    write_whole(path, b"one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["record.json"]


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    first = locked(tmp_path / "run")
    refused = pytest.raises(UsageError, match="another process")
    with first, refused, locked(tmp_path / "run"):
        raise AssertionError("not reached")
    with locked(tmp_path / "run"):
        pass
