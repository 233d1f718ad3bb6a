"""A run that is read back, from its folder or its record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from brainbench.errors import UsageError
from brainbench.results.record import Record
from brainbench.results.store import load_record


@dataclass(frozen=True)
class FinishedRun:
    """A record and the folder its samples lie in."""

    record: Record
    folder: Path

    @property
    def name(self) -> str:
        """Model and run."""
        return f"{self.record.model.identifier} {self.record.run_id}"


def open_run(path: Path) -> FinishedRun:
    """Read a run.

    Parameters
    ----------
    path : its folder, or its ``results.json``.

    Raises
    ------
    UsageError
        When nothing is there.
    DataError
        When what is there is no record.
    """
    file = path / "results.json" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(
            f"{path} is no run: give the folder of one, <output>/<model>/<run id>, or its "
            "results.json"
        )
    return FinishedRun(load_record(file), file.parent)
