"""Folders with one writer at a time; files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from brainbench.errors import UsageError


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make and hold a folder for this process; freed by the system if the process dies.

    Raises
    ------
    UsageError
        When the folder cannot be written, or another process is writing to it.
    """
    lock = FileLock(folder / ".lock")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UsageError(f"another process is writing to {folder}; wait for it") from error
    try:
        yield
    finally:
        lock.release()  # the file stays: removing it would let two waiting processes in


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all, also when the machine stops.

    Parameters
    ----------
    path : of the file; its folder is made.
    content : all of it.

    Raises
    ------
    UsageError
        When it cannot be written.
    """
    with writing(path), whole_file(path) as partial, partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say what cannot be written, and what to do."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"cannot write to {path}: {error.strerror or error}. Give another folder with "
            "--output-path, or make room and run the same command again: what is finished is kept"
        ) from error


def share(path: Path) -> None:
    """Give a file the mode of any new file of this process: 666 less its umask."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a file to write to; what was written takes the path's place when the block ends well.

    Its folder is made. After an error nothing is there, or what was there before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    partial = Path(name)
    try:
        os.close(handle)
        yield partial
        share(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
