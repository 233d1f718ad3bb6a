"""Where a file of a card comes from: a mirror first, then the card's URLs.

A transfer that is cut off leaves its bytes in a partial file, named by the hash that is
expected; the next try asks for the rest only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import requests
from filelock import FileLock

from brainbench.atomic import share
from brainbench.datasets.cards import Card, CardFile
from brainbench.errors import UsageError
from brainbench.paths import user_path

_TIMEOUT = (10, 60)  # seconds to connect, and between two packets
_PIECE = 1 << 14
_RANGE_NOT_SATISFIABLE = 416


class NoSourceError(Exception):
    """No source has the file; ``failures`` says why, one line each."""

    def __init__(self, failures: list[str]) -> None:
        super().__init__("; ".join(failures))
        self.failures = failures


class _UnavailableError(Exception):
    """One source does not give the file; another may."""


class Sources:
    """Downloader in pooch's sense: bring one file of a card to ``output_file``.

    Attributes
    ----------
    tried : the source that the file came from, to be shown.
    found : sha256 and size of what came.
    from_mirror : whether that was BRAINBENCH_MIRROR.
    resumed : whether only the rest of a file was asked for.
    """

    def __init__(
        self, card: Card, entry: CardFile, session: requests.Session, partials: Path
    ) -> None:
        self._card, self._entry, self._session = card, entry, session
        self._partial = partials / entry.sha256
        self.tried = "the cache"
        self.found = "nothing"
        self.from_mirror = False
        self.resumed = False

    def __call__(self, url: str, output_file: str | Path, pooch_instance: object) -> None:
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
        roots = [f"{mirror}/{self._card.name}"] if mirror else []
        for root in [*roots, *(url.rstrip("/") for url in self._card.urls)]:
            self.from_mirror = root in roots
            self.tried = f"{_without_password(root)}/{self._entry.path}"
            try:
                if "://" in root:
                    self._download(f"{root}/{quote(self._entry.path)}", Path(output_file))
                else:
                    _copy(user_path(root) / self._entry.path, Path(output_file))
            except _UnavailableError as error:
                failures.append(f"{self.tried}: {error}")
                continue
            with Path(output_file).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            # a temporary file is made for its owner alone; a cache may be shared
            share(Path(output_file))
            self.found = f"sha256 {digest} ({Path(output_file).stat().st_size} bytes)"
            return
        raise NoSourceError(failures)

    def _download(self, url: str, output: Path) -> None:
        """Stream to the partial file, which outlives the process, then hand it over."""
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        # the lock file stays: removing it would let two waiting processes in
        with FileLock(self._partial.parent / f"{self._card.name}.lock"):
            self._stream(url)
            shutil.move(self._partial, output)

    def _stream(self, url: str) -> None:
        have = self._partial.stat().st_size if self._partial.exists() else 0
        self.resumed = 0 < have < self._entry.size
        # a compressed transfer could not be resumed by counting bytes
        headers = {"Accept-Encoding": "identity"}
        if self.resumed:
            headers["Range"] = f"bytes={have}-"
        try:
            reply = self._session.get(url, headers=headers, stream=True, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise _UnavailableError(_reason(error)) from error
        with reply:
            if self.resumed and reply.status_code == _RANGE_NOT_SATISFIABLE:
                self._partial.unlink()  # the source's file ends before ours: not the same file
                return self._stream(url)
            if not reply.ok:
                raise _UnavailableError(f"HTTP {reply.status_code} {reply.reason}")
            self.resumed = self.resumed and reply.status_code == requests.codes.partial_content
            self._write(reply)
        return None

    def _write(self, reply: requests.Response) -> None:
        with self._partial.open("ab" if self.resumed else "wb") as file:
            pieces = reply.iter_content(_PIECE)
            while True:
                try:
                    piece = next(pieces, b"")
                except requests.RequestException as error:
                    raise _UnavailableError(
                        "the transfer was cut off; run again to resume it"
                    ) from error
                # one piece more than the card says is enough to see that it is another file
                if not piece or file.tell() > self._entry.size:
                    break
                file.write(piece)
            complete = "Content-Length" in reply.headers or file.tell() >= self._entry.size
        if not complete:
            raise _UnavailableError("the transfer was cut off; run again to resume it")


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
