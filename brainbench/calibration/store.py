"""Where a calibration is kept: a folder whose files are never left half written."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from brainbench.atomic import locked, write_whole
from brainbench.calibration.ladder.record import LadderCalibration
from brainbench.calibration.record import Calibration
from brainbench.calibration.study import StudyDesigns
from brainbench.errors import DataError
from brainbench.foreign import Unreadable, parse_json, read_text
from brainbench.paths import user_path

RECORD, LADDER, PICTURE = "calibration.json", "ladder.json", "calibration.png"
DESIGNS = "designs.json"
Kept = TypeVar("Kept", bound=BaseModel)


class CalibrationFolder:
    """Files of a calibration, written whenever rows are done, and a picture."""

    def __init__(self, path: str | Path) -> None:
        self.path = user_path(path)

    def locked(self) -> AbstractContextManager[None]:
        """Hold the folder for this process; see :func:`.atomic.locked`."""
        return locked(self.path)

    def load(self) -> Calibration | None:
        """The record that is there; None where there is none.

        Raises
        ------
        DataError
            When it cannot be read.
        """
        return self._load(RECORD, Calibration)

    def load_ladder(self) -> LadderCalibration | None:
        """The same of the ladder."""
        return self._load(LADDER, LadderCalibration)

    def load_designs(self) -> StudyDesigns | None:
        """The same of designs of new studies."""
        return self._load(DESIGNS, StudyDesigns)

    def _load(self, name: str, record: type[Kept]) -> Kept | None:
        path = self.path / name
        if not path.exists():
            return None
        try:
            return record.model_validate(parse_json(read_text(path)))
        except (DataError, Unreadable, ValidationError) as error:
            raise DataError(f"{path} is not a calibration that this brainbench can read") from error

    def save(self, record: Calibration | LadderCalibration | StudyDesigns) -> None:
        """Write the record in one piece."""
        self.write(file_of(record), record.model_dump_json(indent=1).encode() + b"\n")

    def write(self, name: str, content: bytes) -> None:
        """A file of the folder, whole or not at all.

        Parameters
        ----------
        name : of the file, with its suffix.
        content : bytes of all of it.
        """
        write_whole(self.path / name, content)


def file_of(record: Calibration | LadderCalibration | StudyDesigns) -> str:
    """Name of the file that a record is kept in."""
    if isinstance(record, StudyDesigns):
        return DESIGNS
    return RECORD if isinstance(record, Calibration) else LADDER
