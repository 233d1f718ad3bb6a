"""Where a run is kept: a folder that is never left half written.

``<output>/<model>/<name>-<run id>/``, or ``<run id>/`` alone, holds ``results.json``, ``steps/``
(finished steps, for a run that was killed), ``voxels/`` (r of every voxel at the headline's layer)
and ``samples/`` (one line for each item that was asked); of lm-eval tasks also lm-eval's own
result, ``lm_eval.json``; of guidance ``pictures/`` and ``finetuned/``, its adapters; and
``report.html``, the record as a page.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shlex
import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors.numpy import save as pack

from brainbench.atomic import locked, write_whole, writing
from brainbench.errors import DataError, UsageError
from brainbench.foreign import fault_of, parse_json, read_text
from brainbench.paths import results_folder, user_path
from brainbench.results import schema1
from brainbench.results.file_names import file_stem, folder_name
from brainbench.results.record import SCHEMA_VERSION, Record

_LOG = logging.getLogger(__name__)

RECORD = "results.json"
VERSIONS = (schema1.VERSION, SCHEMA_VERSION)
GIVE_RUN = f"give the folder of one, <output>/<model>/<run id>, its {RECORD}, or its id"
# digits of a run's id that people see, and the fewest by which a run is found
_SHORT, _FEWEST = 6, 4
RUN_ID = re.compile(rf"[0-9a-f]{{{_FEWEST},12}}")


class RunFolder:
    """The folder of one run; also the checkpoint of its steps.

    Parameters
    ----------
    output : root of all results.
    model : identifier of the model.
    run_id : hash of the configuration. A run is found by it, whatever its folder is called
        besides.
    name : what a new folder is called before its hash; empty: the hash alone.
    """

    def __init__(self, output: str | Path, model: str, run_id: str, name: str = "") -> None:
        runs = user_path(output) / folder_name(model)
        new = f"{folder_name(name)}-{run_id}" if name else run_id
        self.path = _there(runs, run_id) or runs / new
        self._steps = self.path / "steps"

    def locked(self) -> AbstractContextManager[None]:
        """Hold the folder for this process; see :func:`.atomic.locked`."""
        return locked(self.path)

    def load(self) -> Record | None:
        """The record that is there; None where there is none.

        One that cannot be read is put aside as ``results.json.bad``, not overwritten.
        """
        path = self.path / "results.json"
        if not path.is_file():
            return None
        try:
            return load_record(path)
        except DataError:
            with writing(path):
                path.replace(path.with_suffix(".json.bad"))
            return None

    def save(self, record: Record) -> Path:
        """Write the record in one piece."""
        path = self.path / "results.json"
        write_whole(path, record.model_dump_json(indent=1).encode())
        return path

    def save_samples(self, name: str, rows: Iterable[dict[str, Any]]) -> Path:
        """Write one JSON object a line to ``samples/<name>.jsonl``.

        Parameters
        ----------
        name : of the task or dataset, made fit for a file.
        rows : plain values by name, neither NaN nor infinity among them.

        Returns
        -------
        The file that was written.
        """
        path = self.path / "samples" / f"{file_stem(name)}.jsonl"
        lines = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
        write_whole(path, lines.encode())
        return path

    def save_picture(self, name: str, content: bytes) -> Path:
        """Write a PNG to ``pictures/<name>.png``.

        Parameters
        ----------
        name : of the picture, made fit for a file.
        content : bytes of the PNG.

        Returns
        -------
        The file that was written.
        """
        path = self.path / "pictures" / f"{file_stem(name)}.png"
        write_whole(path, content)
        return path

    def save_json(self, name: str, value: Any) -> Path:
        """Write plain values to ``<name>.json``.

        Parameters
        ----------
        name : of the file, without suffix.
        value : what JSON can hold, neither NaN nor infinity in it.

        Returns
        -------
        The file that was written.
        """
        path = self.path / f"{file_stem(name)}.json"
        write_whole(path, json.dumps(value, indent=1, allow_nan=False).encode())
        return path

    def clear(self) -> None:
        """Forget everything that was computed here."""
        with writing(self.path):
            for name in ("steps", "voxels", "samples", "pictures", "finetuned"):
                shutil.rmtree(self.path / name, ignore_errors=True)
            for path in self.path.glob("*.json"):
                path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Drop the steps of a run whose record is complete."""
        shutil.rmtree(self._steps, ignore_errors=True)

    def get(self, key: str) -> dict[str, Any] | None:
        """A finished step; a damaged file counts as none, and is computed again."""
        try:
            kept = parse_json(read_text(self._step(key)), finite=False)
            whole = kept["key"] == key and kept["sha256"] == _digest(kept["value"])
            if whole and (not kept["arrays"] or self._arrays(key).is_file()):
                _LOG.debug("step %s was finished before: read back", key)
                value: dict[str, Any] = kept["value"]
                return value
        except (DataError, ValueError, KeyError, TypeError):
            pass
        return None

    def put(self, key: str, value: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Keep a finished step. Arrays are written first: where the step is, they are.

        Parameters
        ----------
        key : name of the step.
        value : what JSON can hold; it is kept with its hash.
        arrays : by name, any shape; kept in ``voxels/``.
        """
        if arrays:
            write_whole(self._arrays(key), pack(arrays))
        kept = {"key": key, "sha256": _digest(value), "arrays": bool(arrays), "value": value}
        write_whole(self._step(key), json.dumps(kept).encode())

    def _step(self, key: str) -> Path:
        return self._steps / f"{folder_name(key)}.json"

    def _arrays(self, key: str) -> Path:
        return self.path / "voxels" / f"{folder_name(key)}.safetensors"


def _there(runs: Path, run_id: str) -> Path | None:
    """The folder of a run that was begun before, under any name."""
    if (runs / run_id).is_dir():
        return runs / run_id
    try:
        names = sorted(path for path in runs.iterdir() if path.name.endswith(f"-{run_id}"))
    except OSError:
        return None
    return next((path for path in names if path.is_dir()), None)


def find_record(path: str | Path) -> Path:
    """The ``results.json`` of a run.

    Parameters
    ----------
    path : the file itself, the folder of the run, a folder of results with one run, or the first
        digits of its id: alone for a run in :func:`.results_folder`, or behind another folder of
        results, as ``out/3f2a1b``.

    Raises
    ------
    UsageError
        When a folder holds none or more than one, or several runs have an id that begins so.
    """
    given = user_path(path)
    if not given.exists() and (named := runs_named(path)):
        if len(named) > 1:
            what = f"{len(named)} runs have an id that begins with {given.name}"
            raise UsageError(_several(what, named))
        return named[0] / RECORD
    if not given.is_dir():
        # a page or a file of samples lies beside the record that it was made from
        for folder in given.parents[:2] if given.is_file() and given.suffix != ".json" else ():
            if (folder / RECORD).is_file():
                return folder / RECORD
        return given
    if (given / RECORD).is_file():
        return given / RECORD
    found = sorted([*given.glob(f"*/{RECORD}"), *given.glob(f"*/*/{RECORD}")])
    if not found:
        raise UsageError(f"{path} is not a run: {GIVE_RUN}")
    if len(found) > 1:
        folders = [one.parent for one in found]
        raise UsageError(_several(f"{path} holds {len(found)} runs", folders))
    return found[0]


def runs_named(path: str | Path) -> list[Path]:
    """Folders of the runs whose id, or own name, begins with the last part of a path.

    Empty where that is none.
    """
    given = user_path(path)
    if not RUN_ID.fullmatch(given.name.rpartition("-")[2]):
        return []
    alone = str(given) == given.name
    return _runs_of(results_folder() if alone else given.parent, given.name)


def short_name(folder: str | Path) -> str:
    """What finds a run again, short enough to be typed: the first digits of its id.

    Parameters
    ----------
    folder : of the run.

    Returns
    -------
    The digits alone for a run in :func:`.results_folder`, else behind the folder of results, as a
    shell reads it. Of a run that was moved elsewhere, its folder.
    """
    path = Path(folder)
    root, run_id = path.parent.parent, path.name.rpartition("-")[2]
    if not RUN_ID.fullmatch(run_id):
        return shlex.quote(str(path))
    usual = root.resolve() == results_folder().resolve()
    for length in range(_SHORT, len(run_id)):
        short = run_id[:length]
        if len(_runs_of(root, short)) == 1:
            return short if usual else shlex.quote(str(root / short))
    return shlex.quote(str(path))


def _runs_of(root: Path, begins: str) -> list[Path]:
    """Folders of runs in a folder of results, or of one model, whose id begins so."""
    found = {file.parent for place in ("*", "*/*") for file in root.glob(f"{place}/{RECORD}")}
    ids = {one: (one.name.rpartition("-")[2], one.name) for one in found}
    return sorted(one for one, names in ids.items() if any(n.startswith(begins) for n in names))


def _several(what: str, folders: Sequence[Path]) -> str:
    names = "".join(f"\n  {one}" for one in folders[:5])
    more = f"\n  and {len(folders) - 5} more" if len(folders) > 5 else ""
    return f"{what}; give one of them:{names}{more}"


def load_record(path: str | Path) -> Record:
    """Read the record of a run.

    Parameters
    ----------
    path : its ``results.json``, the folder of the run, or a folder of results with one run.

    Raises
    ------
    UsageError
        When a folder holds none, or more than one.
    DataError
        When it is not there, cannot be read, is not a record, or is of another schema version.
    """
    file = find_record(path)
    try:
        content = parse_json(_text(file))
        found = version_of(content)
        if found not in VERSIONS:
            raise DataError(
                f"{file}: schema version {found}, this brainbench reads up to {SCHEMA_VERSION}"
                + ("" if found else f": it is not a {RECORD}")
            )
        return read_record(content)
    except ValueError as error:
        raise DataError(f"{file} is not a record of a run: {fault_of(error)}") from error


def version_of(content: Any) -> Any:
    """Schema version that a parsed ``results.json`` names; None where it names none."""
    return content.get("schema_version") if isinstance(content, dict) else None


def read_record(content: dict[str, Any]) -> Record:
    """The record that a parsed ``results.json`` holds, of any of ``VERSIONS``.

    Raises
    ------
    ValueError
        When it is not a record.
    """
    if version_of(content) == schema1.VERSION:
        return schema1.read_schema1(content)
    return Record.model_validate(content)


def _text(file: Path) -> str:
    try:
        return read_text(file)
    except DataError as error:
        raise DataError(f"{file} is not a record of a run: {error}") from error


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
