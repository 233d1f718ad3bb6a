"""Where a calibration is kept: a folder whose files are never left half written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from brainbench.calibration.record import Calibration
from brainbench.errors import DataError, UsageError

RECORD, PICTURE = "calibration.json", "calibration.png"


class CalibrationFolder:
    """``calibration.json``, written anew whenever rows are done, and ``calibration.png``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; freed by the system if the process dies.

        Raises
        ------
        UsageError
            When the folder cannot be written, or another process is writing to it.
        """
        lock = FileLock(self.path / ".lock")
        with _writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout as error:
                raise UsageError(
                    f"another process is writing to {self.path}; wait for it"
                ) from error
        try:
            yield
        finally:
            lock.release()

    def load(self) -> Calibration | None:
        """The record that is there; None where there is none.

        Raises
        ------
        DataError
            When it cannot be read.
        """
        path = self.path / RECORD
        if not path.exists():
            return None
        try:
            return Calibration.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise DataError(f"{path} is no calibration that this brainbench can read") from error

    def save(self, record: Calibration) -> None:
        """Write the record in one piece."""
        self.write(RECORD, record.model_dump_json(indent=1).encode() + b"\n")

    def write(self, name: str, content: bytes) -> None:
        """A file appears whole or not at all, also when the machine stops."""
        path = self.path / name
        partial = path.with_name(f".{name}.{os.getpid()}.part")
        with _writing(path):
            try:
                with partial.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"cannot write to {path}: {error.strerror or error}. Give another folder with "
            "--output-path, or make room and run the same command again: finished rows are kept"
        ) from error
