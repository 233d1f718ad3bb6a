"""Where a file comes from: a mirror first, then the URLs of its card.

A transfer that is cut off leaves its bytes in a partial file, named by the hash that is
expected; the next try asks for the rest only.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import requests
from filelock import FileLock

from brainbench.atomic import share
from brainbench.errors import UsageError
from brainbench.paths import user_path

_LOG = logging.getLogger(__name__)
_TIMEOUT = (10, 60)  # seconds to connect, and between two packets
_PIECE = 1 << 14
_CUT_OFF = "the transfer was cut off; run again to resume it"
_RANGE_NOT_SATISFIABLE = 416
_BUSY = (429, 500, 502, 503, 504)  # what a bucket answers when it is asked too often
_STEP = 0.5  # s
_LONGEST_WAIT = 120.0  # s that a source may ask for


class NoSourceError(Exception):
    """No source has the file; ``failures`` says why, one line each."""

    def __init__(self, failures: list[str]) -> None:
        super().__init__("; ".join(failures))
        self.failures = failures


class _UnavailableError(Exception):
    """One source does not give the file; another may.

    Parameters
    ----------
    reason : why not.
    passing : whether the same source may give it a little later.
    wait : seconds that the source itself asks to wait.
    """

    def __init__(self, reason: str, passing: bool = False, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.passing, self.wait = passing, wait


@dataclass(frozen=True)
class Wanted:
    """A file to be brought.

    Attributes
    ----------
    dataset : its folder in a mirror.
    urls : roots tried in turn; the path is appended.
    path : of the file below each of them.
    size : in bytes.
    digest : in hexadecimal.
    algorithm : of the digest, ``sha256`` or ``md5``.
    version : of the file in a bucket that keeps all versions; empty for the newest.
    """

    dataset: str
    urls: tuple[str, ...]
    path: str
    size: int
    digest: str
    algorithm: str = "sha256"
    version: str = ""


class Sources:
    """Downloader in pooch's sense: bring one file to ``output_file``.

    Parameters
    ----------
    wanted : the file.
    session : for HTTP.
    partials : folder for transfers that are not complete.
    lock : held during a transfer, where several processes may want one file.
    pauses : seconds to wait before each further try of a source that is busy or cut the transfer
        off; none by default.
    written : called with the number of bytes after each piece; it may raise to stop.

    Attributes
    ----------
    tried : the source that the file came from, to be shown.
    found : digest and size of what came.
    from_mirror : whether that was BRAINBENCH_MIRROR.
    resumed : whether only the rest of a file was asked for.
    whole : whether what came has the wanted digest.
    """

    def __init__(
        self,
        wanted: Wanted,
        session: requests.Session,
        partials: Path,
        lock: Path | None = None,
        pauses: Sequence[float] = (),
        written: Callable[[int], None] | None = None,
    ) -> None:
        self._wanted, self._session = wanted, session
        self._partial, self._lock = partials / wanted.digest, lock
        self._pauses, self._written = pauses, written
        self.tried = "the cache"
        self.found = "nothing"
        self.from_mirror = False
        self.resumed = False
        self.whole = False

    def __call__(self, url: str, output_file: str | Path, pooch_instance: object = None) -> None:
        """Bring the file from the first source that has it.

        Raises
        ------
        NoSourceError
            When none has it.
        OSError
            When it cannot be written.
        """
        failures = []
        mirror = mirror_root()
        wanted, output = self._wanted, Path(output_file)
        roots = [f"{mirror}/{wanted.dataset}"] if mirror else []
        for root in [*roots, *(url.rstrip("/") for url in wanted.urls)]:
            self.from_mirror = root in roots
            self.tried = f"{_without_password(root)}/{wanted.path}"
            try:
                if "://" in root:
                    self._download(f"{root}/{quote(wanted.path)}", output)
                else:
                    _copy(user_path(root) / wanted.path, output)
            except _UnavailableError as error:
                failures.append(f"{self.tried}: {error}")
                continue
            with output.open("rb") as file:
                digest = hashlib.file_digest(file, wanted.algorithm).hexdigest()
            # a temporary file is made for its owner alone; a cache may be shared
            share(output)
            self.found = f"{wanted.algorithm} {digest} ({output.stat().st_size} bytes)"
            self.whole = digest == wanted.digest
            return
        raise NoSourceError(failures)

    def _download(self, url: str, output: Path) -> None:
        """Stream to the partial file, which outlives the process, then hand it over."""
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        # the lock file stays: removing it would let two waiting processes in
        with FileLock(self._lock) if self._lock else contextlib.nullcontext():
            for pause in (*self._pauses, None):
                try:
                    self._stream(url)
                    break
                except _UnavailableError as error:
                    if pause is None or not error.passing:
                        raise
                    wait = max(pause, error.wait)
                    _LOG.info("%s: %s; again in %.0f s", self._wanted.path, error, wait)
                    self._wait(wait)
            shutil.move(self._partial, output)

    def _wait(self, seconds: float) -> None:
        """Wait in steps, between which the caller may stop."""
        for _ in range(math.ceil(seconds / _STEP)):
            time.sleep(_STEP)
            if self._written:
                self._written(0)

    def _stream(self, url: str) -> None:
        have = self._partial.stat().st_size if self._partial.exists() else 0
        self.resumed = 0 < have < self._wanted.size
        # a compressed transfer could not be resumed by counting bytes
        headers = {"Accept-Encoding": "identity"}
        if self.resumed:
            headers["Range"] = f"bytes={have}-"
        version = {"versionId": self._wanted.version} if self._wanted.version else None
        try:
            reply = self._session.get(
                url, params=version, headers=headers, stream=True, timeout=_TIMEOUT
            )
        except requests.RequestException as error:
            raise _UnavailableError(_reason(error), passing=True) from error
        with reply:
            if self.resumed and reply.status_code == _RANGE_NOT_SATISFIABLE:
                self._partial.unlink()  # the source's file ends before ours: not the same file
                return self._stream(url)
            if not reply.ok:
                busy = reply.status_code in _BUSY
                wait = _seconds(reply.headers.get("Retry-After"))
                raise _UnavailableError(f"HTTP {reply.status_code} {reply.reason}", busy, wait)
            self.resumed = self.resumed and reply.status_code == requests.codes.partial_content
            self._write(reply)
        return None

    def _write(self, reply: requests.Response) -> None:
        cut_off = _UnavailableError(_CUT_OFF, passing=True)
        with self._partial.open("ab" if self.resumed else "wb") as file:
            pieces = reply.iter_content(_PIECE)
            while True:
                try:
                    piece = next(pieces, b"")
                except requests.RequestException as error:
                    raise cut_off from error
                # one piece more than the card says is enough to see that it is another file
                if not piece or file.tell() > self._wanted.size:
                    break
                file.write(piece)
                if self._written:
                    self._written(len(piece))
            complete = "Content-Length" in reply.headers or file.tell() >= self._wanted.size
        if not complete:
            raise cut_off


def mirror_root() -> str | None:
    """``BRAINBENCH_MIRROR``: a folder, or an http(s) URL; None where it is not set.

    Raises
    ------
    UsageError
        When it is a URL of another kind or none that can be read.
    """
    mirror = os.environ.get("BRAINBENCH_MIRROR", "").rstrip("/")
    if "://" in mirror:
        try:
            scheme = urlsplit(mirror).scheme
        except ValueError:
            scheme = "broken"
        if scheme not in ("http", "https"):
            raise UsageError(
                f"BRAINBENCH_MIRROR is a {scheme} URL; give a folder or an http(s) URL"
            )
    return mirror or None


def _copy(source: Path, output: Path) -> None:
    """Copy from a mirror folder; only what is wrong with the source is its fault."""
    try:
        source.open("rb").close()
    except OSError as error:
        raise _UnavailableError(f"{error.strerror or error}") from error
    shutil.copyfile(source, output)


def _seconds(header: str | None) -> float:
    """Seconds of a Retry-After header; 0 for none, or for a date."""
    return min(float(header), _LONGEST_WAIT) if header and header.isdecimal() else 0.0


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    # not its text: that may hold the URL with its password
    return f"the request failed ({type(error).__name__})"


def _without_password(url: str) -> str:
    """A URL as it may be printed: without user, password and tokens."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return urlunsplit(shown)
