"""What a call of ``prepare`` keeps, so that one that was stopped goes on at the run it was in.

.prepare/asked.json     what was asked for, and the code that answers
.prepare/runs/          voxels of each run, until its person is finished
.prepare/people/        responses of each person
.prepare/images/        images of the runs that are under way
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainbench.atomic import write_whole
from brainbench.closure import reached_sha256
from brainbench.errors import UsageError
from brainbench.foreign import parse_json, read_text

_CODE = ("brainbench.imaging.reading", "brainbench.imaging.betas")


class KeptParts:
    """Finished parts in a folder.

    Parameters
    ----------
    folder : of the dataset that is prepared.
    asked : what decides the numbers, as plain values.

    Raises
    ------
    UsageError
        When the folder holds parts that were asked for in another way.
    """

    def __init__(self, folder: Path, asked: Mapping[str, Any]) -> None:
        self.folder = folder / ".prepare"
        self.images = self.folder / "images"
        self._begin(folder, json.loads(json.dumps(asked)))

    def run_path(self, subject: str, run: str) -> Path:
        """File of the voxels of one run."""
        return self.folder / "runs" / f"{subject}_{run}.npz"

    def person_path(self, subject: str) -> Path:
        """File of the responses of one person."""
        return self.folder / "people" / f"{subject}.npz"

    def drop_runs(self, subject: str) -> None:
        """Delete the voxels of a person's runs."""
        for path in (self.folder / "runs").glob(f"{subject}_*"):
            path.unlink()

    def finish(self) -> None:
        """Delete all but the responses of people, by which others can be added later."""
        for name in ("runs", "images"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _begin(self, folder: Path, asked: dict[str, Any]) -> None:
        path = self.folder / "asked.json"
        now = {"asked": asked, "code": reached_sha256(_CODE)}
        if path.is_file():
            try:
                before = parse_json(read_text(path, 10_000_000))
                earlier = dict(before["asked"])
            except (ValueError, TypeError, KeyError) as error:
                raise UsageError(
                    f"{path} is damaged ({error}); delete {self.folder} to begin anew"
                ) from error
            changed = differences(earlier, asked)
            if changed:
                raise UsageError(
                    f"{folder} holds finished parts that were asked for in another way: "
                    f"{'; '.join(changed)}. Ask as before, give another --output-path, or begin "
                    "anew with --overwrite"
                )
            if before.get("code") != now["code"]:
                # numbers of two versions are not put together
                self._clear()
        elif self.folder.exists():
            self._clear()
        # what a process was writing when it was killed
        for half in self.folder.glob("*/*.part"):
            half.unlink(missing_ok=True)
        write_whole(path, (json.dumps(now, indent=1) + "\n").encode())

    def _clear(self) -> None:
        for name in ("runs", "people"):
            shutil.rmtree(self.folder / name, ignore_errors=True)


def differences(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two requests, in words, such as ``space: fsaverage5, now MNI…``."""
    flat = [_flat(one) for one in (earlier, now)]
    return [
        f"{name}: {_shown(flat[0].get(name))}, now {_shown(flat[1].get(name))}"
        for name in dict.fromkeys([*flat[0], *flat[1]])
        if _shown(flat[0].get(name)) != _shown(flat[1].get(name))
    ]


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    held: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            held |= _flat(value, f"{before}{name}.")
        else:
            held[f"{before}{name}"] = value
    return held


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)
