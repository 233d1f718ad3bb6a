"""Check a submission: every fault that can be found without running it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from brainbench.benchmarks import DifficultyScore
from brainbench.datasets import list_datasets, load_card
from brainbench.errors import UsageError
from brainbench.leaderboard.boards.board import Board, lacking, taught_by
from brainbench.leaderboard.checks.behavior import is_local
from brainbench.leaderboard.checks.consensus import differing, model_free
from brainbench.leaderboard.checks.duplicates import copy_faults
from brainbench.leaderboard.checks.faults import AGAIN
from brainbench.leaderboard.checks.record import record_faults
from brainbench.leaderboard.kinds.accuracy import task_items
from brainbench.leaderboard.submissions.manifest import (
    METADATA,
    RESULTS,
    SAMPLES,
    VOXELS,
    limit_of,
    list_files,
    manifest_faults,
)
from brainbench.leaderboard.submissions.metadata import FORMAT, Metadata
from brainbench.leaderboard.submissions.safe_read import (
    MAX_NODES,
    Unreadable,
    count_values,
    parse_json,
    parse_lines,
    parse_tensors,
    parse_yaml,
    read_bytes,
)
from brainbench.leaderboard.submissions.samples import row_faults
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.problems.files import FileFault
from brainbench.results import SCHEMA_VERSION, Record
from brainbench.results.store import VERSIONS, read_record, version_of

MAX_FAULTS = 100
_JSON = (".json", ".jsonl")
_REPORT = "whether the record or brainbench is wrong is brainbench's to tell: report this line"
_FILL = "say it in metadata.yaml, then run `brainbench submit --seal FOLDER`"


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes
    ----------
    folder : what was looked at.
    faults : what is to be put right; with none, it can be accepted.
    boards : board → what it lacks there; boards that it has nothing of are left out.
    notes : what could not be checked here, and why.
    submission : what it holds; None where it could not be read.
    """

    folder: Path
    faults: list[FileFault]
    boards: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    submission: Submission | None = None


def find_submissions(folder: Path) -> list[Path]:
    """Folders of submissions in a folder: itself, or ``<org>__<model>/<run>`` in it.

    Raises
    ------
    UsageError
        When it is not a folder, or there are none.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; `brainbench submit RUN` makes one")
    if _is_one(folder):
        return [folder]
    found = [path for path in _folders(folder) if _is_one(path)]
    found += [path for outer in _folders(folder) for path in _folders(outer) if _is_one(path)]
    if not found:
        raise UsageError(
            f"{folder} holds no submission: no folder in it has a {METADATA} or {RESULTS}"
        )
    return found


def read_submission(folder: Path) -> tuple[Submission | None, list[FileFault]]:
    """What a folder holds, and what is wrong with its files; None where there is no record."""
    if folder.is_symlink() or not folder.is_dir():
        return None, [
            FileFault(str(folder), "file", "is not a folder", "give a submission's folder")
        ]
    paths, faults = list_files(folder)
    # too many or too much in all: nothing is read
    if any(fault.file == str(folder) for fault in faults):
        return None, faults
    contents: dict[str, bytes] = {}
    for path in paths:
        try:
            contents[path] = read_bytes(folder / path, limit_of(path) or 0)
        except Unreadable as error:
            faults.append(_as_fault(folder / path, error))
    values = sum(count_values(contents[path]) for path in contents if path.endswith(_JSON))
    if values > MAX_NODES:
        problem = f"holds more than {MAX_NODES:,} values in all"
        return None, [*faults, FileFault(str(folder), "size", problem, "split the run")]
    faults += manifest_faults(folder, contents)
    metadata = _metadata(folder, contents, faults)
    record = _record(folder, contents, faults)
    if record is None:
        return None, faults
    samples: dict[str, list[dict[str, Any]]] = {}
    voxels: dict[str, dict[str, Any]] = {}
    for path, content in contents.items():
        name = path.rpartition("/")[2].rpartition(".")[0]
        try:
            if path.startswith(f"{SAMPLES}/"):
                samples[name] = parse_lines(content)
                faults += _sample_faults(folder / path, samples[name])
            elif path.startswith(f"{VOXELS}/"):
                voxels[name] = parse_tensors(content)
        except Unreadable as error:
            faults.append(_as_fault(folder / path, error))
    return Submission(folder, metadata, record, samples, voxels), faults


def accepted_beside(folder: Path, most: int = 5) -> list[Submission]:
    """Other submissions of the same folder that were scored on what this one was, or are its run.

    Parameters
    ----------
    folder : ``submissions/<org>__<model>/<run>``.
    most : how many are enough to tell by.
    """
    try:
        own, _ = read_submission(folder)
    except Exception:  # its own check tells
        return []
    root = folder.resolve().parent.parent
    if own is None or not folder.resolve().parent.name.count("__"):
        return []
    keys, run = set(model_free(own.record)), folder.resolve().name
    others = [other for other in find_submissions(root) if other.resolve() != folder.resolve()]
    found: list[Submission] = []
    # a folder has the name of its run: copies of it are met first
    for other in sorted(others, key=lambda path: path.name != run):
        if len(found) >= most and other.name != run:
            break
        if not keys and other.name != run:
            break
        submission = _accepted(other)
        if submission is None:
            continue
        if other.name == run or keys & set(model_free(submission.record)):
            found.append(submission)
    return found


def check_submission(
    folder: Path, boards: Sequence[Board] = (), beside: Sequence[Submission] = ()
) -> Checked:
    """Look for every fault of a submission.

    Parameters
    ----------
    folder : ``submissions/<org>__<model>/<run>``.
    boards : whose missing requirements are listed.
    beside : accepted submissions; what no model changes must be the same as theirs, and it is
        a run of its own.
    """
    try:
        return _checked(folder, boards, beside)
    # a submission is other people's: any error that it causes is reported for it, and for it alone
    except Exception as error:
        return Checked(folder, [unforeseen(folder, error)])


def unforeseen(folder: Path, error: Exception) -> FileFault:
    """The fault of a submission that a check, or a board, does not get to the end of.

    Parameters
    ----------
    folder : of the submission.
    error : what was raised; its class and place are reported, and not its text.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    problem = f"cannot be checked: {type(error).__name__}{where}"
    return FileFault(str(folder), "check", problem, _REPORT)


def _checked(folder: Path, boards: Sequence[Board], beside: Sequence[Submission]) -> Checked:
    submission, faults = read_submission(folder)
    if submission is None:
        return Checked(folder, _some(faults, folder))
    sound = not has_strange_rows(folder, faults)
    if sound:
        faults = faults + content_faults(submission, beside)
    found = {board.name: lacking(board, submission) for board in boards}
    taught = [
        f"board {board.name}: not ranked, {why}"
        for board in boards
        if found[board.name] is not None
        for why in taught_by(board, submission.record)
    ]
    return Checked(
        folder,
        _some(faults, folder),
        {name: lacks for name, lacks in found.items() if lacks is not None},
        [*taught, *_notes(submission)] if sound else [],
        submission,
    )


def has_strange_rows(folder: Path, faults: Sequence[FileFault]) -> bool:
    """Whether samples are not what they must be, so that nothing can be made of them.

    Parameters
    ----------
    folder : of the submission.
    faults : those of its files.
    """
    return any(Path(fault.file).parent == folder / SAMPLES for fault in faults)


def content_faults(submission: Submission, beside: Sequence[Submission] = ()) -> list[FileFault]:
    """Faults of what is in a submission that could be read, and whose samples are sound.

    Behaviour is held against people's own answers where they are at hand, a second for each run.

    Parameters
    ----------
    submission : the one that is checked.
    beside : accepted submissions; what no model changes must be the same as theirs, and it is
        a run of its own.
    """
    file = str(submission.folder / RESULTS)
    faults = list(record_faults(submission))
    others = [model_free(other.record) for other in beside]
    faults += differing(model_free(submission.record), others)
    faults += copy_faults(submission, beside)
    return [FileFault(file, one.field, one.problem, one.remedy) for one in faults]


# ---------------------------------------------------------------- parts


def _accepted(folder: Path) -> Submission | None:
    """Another submission as far as its files tell; None where anything is wrong with them."""
    try:
        submission, faults = read_submission(folder)
    except Exception:
        return None
    return None if faults else submission


def _is_one(folder: Path) -> bool:
    return (folder / METADATA).exists() or (folder / RESULTS).exists()


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())


def _as_fault(path: Path, error: Unreadable) -> FileFault:
    return FileFault(str(path), error.field, error.problem, error.remedy)


def _metadata(
    folder: Path, contents: Mapping[str, bytes], faults: list[FileFault]
) -> Metadata | None:
    path = folder / METADATA
    if METADATA not in contents:
        if not path.exists() and not path.is_symlink():
            remedy = "make the submission with `brainbench submit RUN`"
            faults.append(FileFault(str(path), "file", "is missing", remedy))
        return None
    try:
        values = parse_yaml(contents[METADATA])
        metadata = Metadata.model_validate(values)
    except Unreadable as error:
        faults.append(_as_fault(path, error))
        return None
    except ValidationError as error:
        faults += _invalid(path, error, "correct the field; docs/submissions.md says what it is")
        return None
    for name in metadata.missing:
        faults.append(FileFault(str(path), name, "is still to be filled in", _FILL))
    if metadata.format != FORMAT:
        problem = f"is {metadata.format}, this brainbench reads {FORMAT}"
        faults.append(FileFault(str(path), "format", problem, "make the submission again"))
    where = folder.resolve()
    if where.parent.name != metadata.folder:
        problem = f"name the folder {metadata.folder}, and not {where.parent.name!r}"
        faults.append(
            FileFault(str(path), "org, model", problem, "rename the folder or correct them")
        )
    return metadata


def _record(folder: Path, contents: Mapping[str, bytes], faults: list[FileFault]) -> Record | None:
    path = folder / RESULTS
    if RESULTS not in contents:
        if not path.exists() and not path.is_symlink():
            remedy = "make the submission with `brainbench submit RUN`"
            faults.append(FileFault(str(path), "file", "is missing", remedy))
        return None
    try:
        content = parse_json(contents[RESULTS])
        version = version_of(content)
        if version not in VERSIONS:
            problem = f"is {str(version)[:40]}, this brainbench reads up to {SCHEMA_VERSION}"
            faults.append(FileFault(str(path), "schema_version", problem, AGAIN))
            return None
        record = read_record(content)
    except Unreadable as error:
        faults.append(_as_fault(path, error))
        return None
    except ValidationError as error:
        faults += _invalid(path, error, AGAIN)
        return None
    except ValueError as error:
        faults.append(FileFault(str(path), "file", str(error), AGAIN))
        return None
    return record


def _invalid(path: Path, error: ValidationError, remedy: str) -> Iterator[FileFault]:
    """What a schema says of a file, without what the file itself says."""
    for one in error.errors(include_url=False, include_input=False)[:20]:
        place = ".".join(str(part)[:60] for part in one["loc"]) or "file"
        message = str(one["msg"]).removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            message = "is not a field that brainbench knows"
        yield FileFault(str(path), place, message[:300], remedy)


def _sample_faults(path: Path, rows: Sequence[Mapping[str, Any]]) -> Iterator[FileFault]:
    for number, row in enumerate(rows, start=1):
        for name, problem in row_faults(row):
            remedy = "make the submission with `brainbench submit RUN`, which leaves texts out"
            yield FileFault(str(path), f"line {number}, {name}", problem, remedy)
            return


def _some(faults: Sequence[FileFault], folder: Path) -> list[FileFault]:
    unique = list(dict.fromkeys(faults))
    if len(unique) <= MAX_FAULTS:
        return unique
    rest = f"{len(unique) - MAX_FAULTS} more faults"
    return [*unique[:MAX_FAULTS], FileFault(str(folder), "faults", rest, "put these right first")]


def _notes(submission: Submission) -> Iterator[str]:
    """What the check takes from the record without recomputing it."""
    record = submission.record
    asked = [score.dataset for score in record.behavior]
    asked += [one.dataset for one in record.other if one.kind == DifficultyScore.kind]
    for dataset in dict.fromkeys(asked):
        if dataset not in submission.samples:
            yield f"behaviour on {dataset}: no answers were shipped, so no number was scored again"
        elif dataset in list_datasets() and not is_local(load_card(dataset)):
            yield (
                f"behaviour on {dataset}: held against its own answers only; `brainbench fetch "
                f"{dataset}` first, and it is held against the people's too"
            )
    scored = {name for name in record.tasks if name in record.accuracy}
    silent = sorted(scored - set(submission.samples))
    if silent:
        yield f"tasks without samples were not scored again: {', '.join(silent[:5])}"
    held = {bias.task for bias in record.answer_bias} & set(submission.samples)
    bare = sorted(name for name in held if task_items(submission.samples[name]) is None)
    if bare:
        yield f"samples hold no labels, and numbers are not recomputed: {', '.join(bare[:5])}"
    if record.published and not submission.voxels:
        yield (
            "published protocol: no scores of voxels were shipped; people's medians are not "
            "recomputed"
        )
