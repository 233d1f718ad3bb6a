"""A submission: made from a run, and read back from its folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from brainbench.atomic import write_whole
from brainbench.errors import DataError, UsageError
from brainbench.leaderboard.submissions.manifest import (
    MANIFEST,
    METADATA,
    RESULTS,
    SAMPLES,
    VOXELS,
    limit_of,
    list_files,
    manifest_faults,
    write_manifest,
)
from brainbench.leaderboard.submissions.metadata import Metadata, check_name, placeholder
from brainbench.leaderboard.submissions.safe_read import Unreadable, parse_lines, read_bytes
from brainbench.leaderboard.submissions.samples import publishable
from brainbench.paths import user_path
from brainbench.results import ModelInfo, Record, find_record, load_record
from brainbench.results.rerun import rerun_command

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._+-]+")


@dataclass(frozen=True)
class Submission:
    """What a folder holds, once it could be read.

    Attributes
    ----------
    folder : where it is.
    metadata : whose it is; None for a record that nobody submitted.
    record : the run.
    samples : name of the file without its ending → rows.
    voxels : name of the file without its ending → ``<roi>.<subject>`` → scores.
    """

    folder: Path
    metadata: Metadata | None
    record: Record
    samples: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    voxels: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)


def make_submission(
    run: Path, output: Path, *, given: Mapping[str, Any], overwrite: bool = False
) -> Path:
    """Write the folder of a submission.

    Parameters
    ----------
    run : folder of a run, with its ``results.json``.
    output : where submissions lie; the folder is ``<org>__<model>/<run id>`` below it.
    given : fields of :class:`Metadata` that the user gave; ``org`` at least. What else is
        not in the record stands as a placeholder.
    overwrite : replace a submission that is there.

    Returns
    -------
    The folder.

    Raises
    ------
    UsageError
        When the run is not finished, a field is not what it must be, or a submission of
        this run is there already.
    DataError
        When the record or a file of it cannot be read.
    """
    file = find_record(run)
    run = file.parent
    record = _without_machine(load_record(file))
    if record.status != "success":
        raise UsageError(
            f"{run} is {record.status}: only a finished run can be submitted. The command that "
            "began it goes on where it stopped"
        )
    own = [dataset.name for dataset in record.datasets if dataset.own is not None]
    if own:
        raise UsageError(
            f"{run} holds scores on data of your own ({', '.join(own)}): a board has only scores "
            "that others can make again, on data that a card lists. `brainbench report` and "
            "`brainbench compare` read this run; to have a board, publish the data and give them "
            "a card in a plugin (docs/plugins.md)"
        )
    metadata = _metadata(record, given)
    if given.get("model") is None and _is_taken(user_path(output) / metadata.folder, record.model):
        named = {**given, "model": f"{metadata.model}-{_weights(record.model)[:6]}"}
        metadata = _metadata(record, named)
    folder = user_path(output) / metadata.folder / record.run_id
    if folder.exists() and not overwrite:
        raise UsageError(f"{folder} is there already; --overwrite replaces it")
    kept = {
        METADATA: metadata.to_yaml().encode(),
        RESULTS: record.model_dump_json(indent=1).encode(),
    }
    try:
        kept |= _beside(run, record)
    except Unreadable as error:
        raise DataError(f"{run}: a file of it cannot be submitted: {error}") from error
    for path, content in kept.items():
        limit = limit_of(path)
        if limit is None or len(content) > limit:
            raise DataError(f"{run}: {path} is too large, or of a name that cannot be submitted")
    for old in sorted(folder.rglob("*")) if folder.exists() else ():
        if old.is_file() or old.is_symlink():
            old.unlink()
    for path, content in kept.items():
        write_whole(folder / path, content)
    # last, for it says that the rest is whole
    write_whole(folder / MANIFEST, write_manifest(kept))
    return folder


def seal_submission(folder: Path) -> None:
    """Write the manifest anew after ``metadata.yaml`` was filled in.

    A record of an older schema version is written in the form of today, with the same numbers.

    Raises
    ------
    UsageError
        When another file is not the one that the manifest lists, or the folder is none.
    """
    paths, faults = list_files(folder) if folder.is_dir() else ([], [])
    if METADATA not in paths or MANIFEST not in paths:
        raise UsageError(f"{folder} is not a submission; `brainbench submit RUN` makes one")
    if faults:
        raise UsageError(f"{faults[0]}")
    try:
        contents = {path: read_bytes(folder / path, limit_of(path) or 0) for path in paths}
    except Unreadable as error:
        raise UsageError(f"{folder}: {error}") from error
    own = str(folder / METADATA)
    faults = [fault for fault in manifest_faults(folder, contents) if fault.file != own]
    if faults:
        raise UsageError(
            f"{faults[0]}. Only {METADATA} may be changed by hand: a record is submitted as "
            "brainbench wrote it"
        )
    rest = {path: content for path, content in contents.items() if path != MANIFEST}
    if (folder / RESULTS).is_file():
        record = load_record(folder / RESULTS)
        rest[RESULTS] = record.model_dump_json(indent=1).encode()
        if rest[RESULTS] != contents[RESULTS]:
            write_whole(folder / RESULTS, rest[RESULTS])
    write_whole(folder / MANIFEST, write_manifest(rest))


# ---------------------------------------------------------------- parts


def _metadata(record: Record, given: Mapping[str, Any]) -> Metadata:
    stated = {name: value for name, value in given.items() if value is not None}
    model = record.model
    values: dict[str, Any] = {
        "model": _as_name(model),
        "revision": model.revision,
        "family": model.family or placeholder("family"),
        "parameters": model.parameters,
        "licence": placeholder("licence"),
        "contamination": placeholder("contamination"),
        "contact": placeholder("contact"),
        "rerun": rerun_command(record) or placeholder("rerun"),
        "brainbench": record.versions.get("brainbench") or "unknown",
        "submitted": _today(),
    }
    try:
        return Metadata.model_validate({**values, **stated})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "metadata"
        message = str(first["msg"]).removeprefix("Value error, ")
        raise UsageError(f"--{name.replace('_', '-')}: {message}") from error


def _is_taken(folder: Path, model: ModelInfo) -> bool:
    """Whether submissions of other weights lie under a model's name already."""
    others = (load_record(file).model for file in sorted(folder.glob(f"*/{RESULTS}")))
    return any(_weights(other) != _weights(model) for other in others)


def _weights(model: ModelInfo) -> str:
    return model.weights_sha256 or model.sha256


def _today() -> date:
    return datetime.now(UTC).date()


def _as_name(model: ModelInfo) -> str:
    """A hub id without its owner, with the quantisation that a file's name may lack.

    What cannot be part of a name is left out.
    """
    identifier = "-".join([model.identifier, *model.apart[:-1]])
    name = _NOT_IN_NAMES.sub("-", identifier.rpartition("/")[2]).strip("-._")
    name = re.sub(r"_{2,}", "_", re.sub(r"\.{2,}", ".", name))[:100]
    try:
        return check_name(name)
    except ValueError as error:
        raise UsageError(f"{identifier!r} cannot name a model on a board; give --name") from error


def _without_machine(record: Record) -> Record:
    """The record without paths of the submitter's machine."""
    content = record.model_dump(mode="json")
    content["model"]["source"] = _without_paths(content["model"]["source"])
    content["config"] = _without_paths(content["config"])
    content["model"].pop("folders", None)
    return Record.model_validate(content)


def _without_paths(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_paths(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_paths(part) for part in value]
    return _without_path(value) if isinstance(value, str) else value


def _without_path(text: str) -> str:
    return PureWindowsPath(text).name if is_local(text) else text


def is_local(text: str) -> bool:
    """Whether a text is a path on somebody's machine."""
    absolute = PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()
    return absolute or text.startswith(("~", "../", "..\\", "file:"))


def _beside(run: Path, record: Record) -> dict[str, bytes]:
    """Samples without texts, and scores of voxels where the record has them."""
    kept: dict[str, bytes] = {}
    for file in sorted((run / "samples").glob("*.jsonl")):
        rows = parse_lines(_content(file, SAMPLES))
        lines = "".join(json.dumps(publishable(row), allow_nan=False) + "\n" for row in rows)
        kept[f"{SAMPLES}/{file.name}"] = lines.encode()
    if record.published:
        for file in sorted((run / "voxels").glob("*.safetensors")):
            kept[f"{VOXELS}/{file.name}"] = _content(file, VOXELS)
    return kept


def _content(file: Path, folder: str) -> bytes:
    limit = limit_of(f"{folder}/{file.name}")
    if limit is None:
        raise DataError(f"{file}: its name cannot be submitted; rename it")
    return read_bytes(file, limit)
