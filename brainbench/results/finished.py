"""A run that is read back, from its folder or its record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from brainbench.errors import UsageError
from brainbench.results.record import Record
from brainbench.results.store import GIVE_RUN, find_record, load_record


@dataclass(frozen=True)
class FinishedRun:
    """A record and the folder its samples lie in."""

    record: Record
    folder: Path

    @property
    def name(self) -> str:
        """Model and run."""
        return f"{self.record.model.identifier} {self.record.run_id}"


def open_run(path: str | Path) -> FinishedRun:
    """Read a run; see :func:`.store.find_record` for what may be given.

    Raises
    ------
    UsageError
        When nothing is there.
    DataError
        When what is there is not a record.
    """
    file = find_record(path)
    if not file.exists():
        raise UsageError(f"{path} is not a run: {GIVE_RUN}")
    return FinishedRun(load_record(file), file.parent)
