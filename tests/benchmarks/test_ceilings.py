"""Ceilings: shipped, cached, made anew, and never those of other data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from brainbench.benchmarks import ceilings as module
from brainbench.benchmarks.ceilings import (
    Ceiling,
    cache_ceiling,
    ceiling_key,
    find_ceiling,
    load_ceilings,
    make_ceiling,
    save_ceilings,
)
from brainbench.benchmarks.cell import Cell, prepare_cell
from brainbench.datasets import load_recording
from brainbench.errors import DataError


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cell:
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path))
    recording = load_recording("phantom", ("signal",), ("phantom-01", "phantom-02", "phantom-03"))
    return prepare_cell(recording, "syllogistic", ["signal"])


def equal(one: Ceiling | None, two: Ceiling | None) -> bool:
    assert one is not None
    assert two is not None
    names = ("v0", "tau", "rmse", "reference")
    return all(np.array_equal(getattr(one, n), getattr(two, n), equal_nan=True) for n in names)


def test_a_cached_ceiling_is_the_one_made(cell: Cell) -> None:
    assert find_ceiling(cell, "signal") is None
    made = make_ceiling(cell, "signal")
    cache_ceiling(cell, "signal", made)
    assert equal(find_ceiling(cell, "signal"), made), "to the last bit"
    assert made.v0.shape == (3 * 80,)
    assert [len(part) for part in made.of_people("v0", [80, 80, 80])] == [80, 80, 80]


def test_a_damaged_cache_is_made_anew(cell: Cell, tmp_path: Path) -> None:
    cache_ceiling(cell, "signal", make_ceiling(cell, "signal"))
    file = next((tmp_path / "ceilings").glob("*/*"))
    file.write_bytes(file.read_bytes()[:100])
    assert find_ceiling(cell, "signal") is None


def test_keys_hold_everything_that_changes_a_ceiling(cell: Cell) -> None:
    recording = cell.recording
    keys = {
        ceiling_key(cell, "signal"),
        ceiling_key(cell, "noise"),
        ceiling_key(prepare_cell(recording, "transitive", ["signal"]), "signal"),
        ceiling_key(prepare_cell(recording, "syllogistic", ["signal"], limit=20), "signal"),
        ceiling_key(
            prepare_cell(load_recording("phantom", ("signal",)), "syllogistic", ["signal"]),
            "signal",
        ),
    }
    assert len(keys) == 5


def test_a_cache_that_cannot_be_written_is_no_error(
    cell: Cell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = make_ceiling(cell, "signal")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "file"))
    cache_ceiling(cell, "signal", made)
    assert find_ceiling(cell, "signal") is None


@pytest.mark.parametrize(
    "error", [SafetensorError("I/O error"), PermissionError(13, "Permission denied")]
)
def test_a_cache_that_takes_or_gives_nothing_is_done_without_and_said_once(
    error: Exception,
    cell: Cell,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*given: object, **named: object) -> None:
        raise error

    caplog.set_level("INFO", "brainbench")
    made = make_ceiling(cell, "signal")
    place = "save_file" if isinstance(error, SafetensorError) else "whole_file"
    monkeypatch.setattr(f"brainbench.models.cache.{place}", refuse)
    caplog.set_level("INFO", "brainbench")
    for _ in range(2):
        cache_ceiling(cell, "signal", made)
        assert find_ceiling(cell, "signal") is None
    (record,) = caplog.records
    assert "ceilings cannot be cached in" in record.message


def test_foreign_files_hold_no_ceilings(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"no ceilings")
    with pytest.raises(DataError, match="not a file of ceilings"):
        load_ceilings(path)


def test_saving_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "save_file", fail)
    with pytest.raises(OSError, match="No space"):
        save_ceilings(tmp_path / "x.safetensors", {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["all", "syllogistic", "transitive"])
@pytest.mark.parametrize("roi", ["deductive_reasoning", "language", "md"])
def test_every_cell_of_xiao2026_ships_its_ceilings(roi: str, kind: str, mirror: Path) -> None:
    recording = load_recording("xiao2026", (roi,))
    cell = prepare_cell(recording, kind, [roi])
    shipped = find_ceiling(cell, roi)
    assert shipped is not None
    assert np.isfinite(shipped.v0).all()
    assert shipped.v0.min() >= 0
    assert shipped.v0.max() <= 1


@pytest.mark.parametrize("kind", ["syllogistic", "transitive"])
def test_shipped_ceilings_are_those_made_anew(kind: str, mirror: Path) -> None:
    """A slice: one ROI inside one type; ``scripts/make_ceilings.py`` makes them all."""
    recording = load_recording("xiao2026", ("deductive_reasoning",))
    cell = prepare_cell(recording, kind, ["deductive_reasoning"])
    made, shipped = (
        make_ceiling(cell, "deductive_reasoning"),
        find_ceiling(cell, "deductive_reasoning"),
    )
    assert shipped is not None
    np.testing.assert_allclose(made.reference, shipped.reference, atol=1e-6)
    np.testing.assert_allclose(made.v0, shipped.v0, atol=1e-4)
