"""Samples that are read back, whoever wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_records import answers, empty, write_run

from brainbench.errors import DataError
from brainbench.results.sample_files import count_samples, read_samples, sample_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(empty(), tmp_path / "run", {"b": answers(0, n=6), "a": answers(1, n=4)})


def test_files_are_named_by_their_task_and_rows_come_as_written(folder: Path) -> None:
    files = sample_files(folder)
    assert list(files) == ["a", "b"]
    assert read_samples(files["b"]) == answers(0, n=6)
    assert read_samples(files["b"], 2) == answers(0, n=6)[:2]
    assert count_samples(files["b"]) == 6


def test_links_and_other_files_are_none(folder: Path) -> None:
    (folder / "samples" / "c.jsonl").symlink_to(folder / "results.json")
    (folder / "samples" / "d.txt").write_text("x", "utf-8")
    (folder / "samples" / "e.jsonl").mkdir()
    assert list(sample_files(folder)) == ["a", "b"]
    assert sample_files(folder / "gone") == {}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 3 is not JSON"),
        ("[1]", "line 3 is not a JSON object"),
        ("[" * 100_000, "line 3 is not JSON"),
        ("1" * 10_000, "line 3 is not JSON"),
    ],
)
def test_a_line_that_is_no_row_is_named(line: str, told: str, folder: Path) -> None:
    path = folder / "samples" / "a.jsonl"
    path.write_text(f'{{"a": 1}}\n\n{line}\n', "utf-8")
    with pytest.raises(DataError, match=told):
        read_samples(path)
    assert read_samples(path, 1) == [{"a": 1}]


def test_bytes_that_are_no_text_are_an_error_that_names_the_file(folder: Path) -> None:
    path = folder / "samples" / "a.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"a\.jsonl cannot be read"):
        read_samples(path)
    with pytest.raises(DataError, match=r"gone\.jsonl cannot be read"):
        count_samples(folder / "samples" / "gone.jsonl")


def test_a_line_without_an_end_is_not_read_into_memory_whole(folder: Path) -> None:
    path = folder / "samples" / "a.jsonl"
    path.write_text('{"a": "' + "x" * 9_000_000, "utf-8")
    with pytest.raises(DataError, match="line 1 is not JSON"):
        read_samples(path)
