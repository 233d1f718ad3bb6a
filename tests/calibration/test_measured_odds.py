"""Log-odds of a real model, kept in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from simulated_odds import measured_odds

from brainbench.calibration.measured_odds import load_measured, save_measured
from brainbench.errors import DataError


def test_what_was_saved_is_read(tmp_path: Path) -> None:
    own = measured_odds()
    save_measured(tmp_path / "odds.npz", [own])
    (read,) = load_measured(tmp_path / "odds.npz").values()
    assert (read.name, list(read.odds)) == (own.name, list(own.odds))
    for name in ("labels", "base", "order", "test"):
        np.testing.assert_array_equal(getattr(read, name), getattr(own, name))
    for arm, odds in own.odds.items():
        np.testing.assert_allclose(read.odds[arm], odds, rtol=1e-6)
    assert read.items.n_base == 40


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04"])
def test_another_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odds.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"odds\.npz is not a file of log-odds"):
        load_measured(path)
    with pytest.raises(DataError, match="is not a file of log-odds"):
        load_measured(tmp_path / "missing.npz")


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "odds.npz"
    with path.open("wb") as file:
        np.savez(file, **{"new problems|labels": np.zeros(3)})
    with pytest.raises(DataError, match=r"odds\.npz lacks 'new problems\|base'"):
        load_measured(path)
