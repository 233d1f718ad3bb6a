"""The folder of a submission: which files it may hold, how large, and the list of them.

``metadata.yaml``; ``manifest.json``, size and sha256 of every other file;
``record/results.json``; ``record/samples/NAME.jsonl``, answers by item without texts;
``record/voxels/NAME.safetensors``, scores by voxel.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from brainbench.leaderboard.submissions.safe_read import Unreadable, parse_json
from brainbench.problems.files import FileFault

METADATA, MANIFEST, RESULTS = "metadata.yaml", "manifest.json", "record/results.json"
SAMPLES, VOXELS = "record/samples", "record/voxels"
FORMAT = 1
_MEGABYTE = 1_000_000
# path → most bytes
_FILES = {METADATA: 64_000, MANIFEST: _MEGABYTE, RESULTS: 5 * _MEGABYTE}
_IN_FOLDERS = {SAMPLES: (".jsonl", 10 * _MEGABYTE), VOXELS: (".safetensors", 10 * _MEGABYTE)}
MAX_BYTES = 100 * _MEGABYTE
MAX_FILES = 500
_FOLDERS = ("record", SAMPLES, VOXELS)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}")
_SEAL = "if you filled it in, run `brainbench submit --seal FOLDER`; else restore it"
_AGAIN = "make the submission again with `brainbench submit RUN`"
_RESTORE = f"restore the file, or {_AGAIN}"


def limit_of(path: str) -> int | None:
    """Most bytes of a file of a submission; None where it has no place in one."""
    if path in _FILES:
        return _FILES[path]
    folder, _, name = path.rpartition("/")
    ending, limit = _IN_FOLDERS.get(folder, ("", None))
    return limit if limit and name.endswith(ending) and _NAME.fullmatch(name) else None


def list_files(folder: Path) -> tuple[list[str], list[FileFault]]:
    """Paths of the files that may be read, sorted, and what is wrong with the others."""
    faults: list[FileFault] = []
    paths: list[str] = []
    total = 0
    for path, kind, size in _walk(folder):
        file = str(folder / path)
        if len(paths) + len(faults) >= MAX_FILES:
            problem = f"holds more than {MAX_FILES} files"
            faults.append(FileFault(str(folder), "files", problem, "leave out what is not needed"))
            break
        if kind == "folder":
            if path not in _FOLDERS:
                faults.append(
                    FileFault(file, "file", "is not a folder of a submission", "remove it")
                )
        elif kind != "file":
            faults.append(
                FileFault(file, "file", f"is {kind}, no plain file", "put the file there")
            )
        elif (limit := limit_of(path)) is None:
            faults.append(FileFault(file, "file", "has no place in a submission", "remove it"))
        elif size > limit:
            problem = f"is {size / _MEGABYTE:.1f} MB, more than {limit / _MEGABYTE:g}"
            faults.append(FileFault(file, "size", problem, "leave out what is not needed"))
        else:
            total += size
            paths.append(path)
    if total > MAX_BYTES:
        problem = f"{total / _MEGABYTE:.0f} MB in all, more than {MAX_BYTES / _MEGABYTE:g}"
        faults.append(FileFault(str(folder), "size", problem, "leave out files of single voxels"))
    return sorted(paths), [*faults, *_alike(folder, paths)]


def _walk(folder: Path, below: str = "") -> Iterator[tuple[str, str, int]]:
    """(path, kind, bytes) of everything, links not followed, strange folders not entered."""
    with os.scandir(folder / below) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = f"{below}/{entry.name}" if below else entry.name
            about = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(about.st_mode):
                yield path, "folder", 0
                if path in _FOLDERS:
                    yield from _walk(folder, path)
            else:
                yield path, _kind(about.st_mode), about.st_size


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    return "a link" if stat.S_ISLNK(mode) else "a device or pipe"


def _alike(folder: Path, paths: list[str]) -> Iterator[FileFault]:
    """Names that are one name on some machines."""
    met: dict[str, str] = {}
    for path in paths:
        other = met.setdefault(path.lower(), path)
        if other != path:
            problem = f"is {other} on machines that do not tell capitals"
            yield FileFault(str(folder / path), "file", problem, "rename one of them")


def describe(content: bytes) -> dict[str, Any]:
    """Size and sha256, as in a manifest."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def write_manifest(contents: Mapping[str, bytes]) -> bytes:
    """``manifest.json`` of files, path → content."""
    files = {path: describe(contents[path]) for path in sorted(contents)}
    return (json.dumps({"format": FORMAT, "files": files}, indent=1) + "\n").encode()


def manifest_faults(folder: Path, contents: Mapping[str, bytes]) -> Iterator[FileFault]:
    """Where the manifest and the files do not agree.

    Parameters
    ----------
    contents : path → content of every file that could be read, the manifest's too.
    """
    file = str(folder / MANIFEST)
    if MANIFEST not in contents:
        yield FileFault(file, "file", "is missing", _AGAIN)
        return
    try:
        listed = _listed(parse_json(contents[MANIFEST]))
    except Unreadable as error:
        yield FileFault(file, error.field, error.problem, error.remedy)
        return
    there = {path: content for path, content in contents.items() if path != MANIFEST}
    for path in sorted(set(listed) - set(there)):
        if limit_of(path) is None or path == MANIFEST:
            problem = f"{path[:200]!r} is not a path of a submission's file"
        else:
            problem = f"{path} is listed, but not there"
        yield FileFault(file, "files", problem, _AGAIN)
    for path in sorted(set(there) - set(listed)):
        yield FileFault(str(folder / path), "file", f"is not in {MANIFEST}", _AGAIN)
    for path in sorted(set(there) & set(listed)):
        found, stated = describe(there[path]), listed[path]
        for name in ("size", "sha256"):
            if found[name] != stated.get(name):
                problem = f"is {found[name]}, {MANIFEST} says {str(stated.get(name))[:80]}"
                yield FileFault(
                    str(folder / path), name, problem, _SEAL if path == METADATA else _RESTORE
                )
                break


def _listed(manifest: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(manifest, dict) or set(manifest) != {"format", "files"}:
        raise Unreadable("file", "does not hold format and files, and nothing else", _AGAIN)
    if manifest["format"] != FORMAT:
        problem = f"is {str(manifest['format'])[:40]}, this brainbench reads {FORMAT}"
        raise Unreadable("format", problem, _AGAIN)
    files = manifest["files"]
    if not isinstance(files, dict):
        raise Unreadable("files", "is not a map of paths", _AGAIN)
    for path, entry in files.items():
        if not isinstance(entry, dict) or set(entry) != {"sha256", "size"}:
            raise Unreadable(f"files.{path[:100]}", "does not hold sha256 and size", _AGAIN)
    return files
