"""A run that is read back, from its folder or its record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from brainbench.errors import DataError, UsageError
from brainbench.paths import user_path
from brainbench.results.record import Record
from brainbench.results.store import GIVE_RUN, RECORD, find_record, load_record


@dataclass(frozen=True)
class FinishedRun:
    """A record and the folder its samples lie in."""

    record: Record
    folder: Path

    @property
    def name(self) -> str:
        """Model and run."""
        return f"{self.record.model.shown} {self.record.run_id}"


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


def list_runs(folder: str | Path) -> dict[str, str]:
    """Folder of each run in a folder of results → model, what was scored, date and status.

    Parameters
    ----------
    folder : of results, of the runs of one model, or of one run.

    Returns
    -------
    Oldest first; a record that cannot be read comes last and says so.

    Raises
    ------
    UsageError
        When there is no such folder.
    """
    root = user_path(folder)
    if not root.is_dir():
        raise UsageError(f"there is no folder {folder}: give one that holds runs")
    found, faults = [], {}
    places = [f"{'*/' * depth}{RECORD}" for depth in range(3)]
    for file in sorted(file for place in places for file in root.glob(place)):
        try:
            record = load_record(file)
        except DataError:
            faults[str(file.parent)] = "cannot be read"
            continue
        started = str(record.timing.get("started", ""))[:16].replace("T", " ")
        scored = [dataset.name for dataset in record.datasets]
        if record.accuracy:
            scored.append(f"{len(record.tasks)} tasks")
        told = (record.model.shown, ", ".join(scored), started, record.status)
        found.append((started, str(file.parent), "; ".join(part for part in told if part)))
    return {path: text for _, path, text in sorted(found)} | faults
