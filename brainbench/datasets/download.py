"""Files of a data card: mirror or upstream → verified copy in the cache.

Pooch keeps the cache and checks the hashes. What is added here: a mirror tried before
the upstream hosts, transfers that go on where they were cut off, and errors that say
which file, what was expected, what was found and what to do.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote

import platformdirs
import pooch
import requests
from filelock import FileLock

from brainbench.datasets.cards import Card, CardFile
from brainbench.errors import DownloadError

_TIMEOUT = (10, 60)  # seconds to connect, and between two packets
_PIECE = 1 << 16

Progress = Callable[[str, int, int], None]


def cache_folder() -> Path:
    """``BRAINBENCH_CACHE``, or the user's cache folder."""
    set_by_user = os.environ.get("BRAINBENCH_CACHE")
    return (
        Path(set_by_user).expanduser()
        if set_by_user
        else platformdirs.user_cache_path("brainbench")
    )


def fetch(
    card: Card,
    paths: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Path]:
    """Have files of a dataset in the cache, each checked against its card.

    Files that are there and whole are not asked for again. ``BRAINBENCH_MIRROR`` (a
    folder or URL holding ``<dataset>/<path>``) is tried first, then the card's URLs.

    Parameters
    ----------
    card : the dataset.
    paths : which files; all of them by default.
    progress : called with (path, number of the file, number of files) before each.

    Returns
    -------
    Path in the cache of each file asked for.

    Raises
    ------
    DownloadError
        When a file cannot be had or is not the one the card names. Files fetched
        before it stay in the cache.
    """
    entries = list(card.files) if paths is None else [card.file(path) for path in paths]
    folder = cache_folder() / "datasets" / card.name / card.version
    pool = pooch.create(
        path=folder,
        base_url="",
        registry={entry.path: f"sha256:{entry.sha256}" for entry in card.files},
        urls={entry.path: entry.path for entry in card.files},
    )
    pooch.get_logger().setLevel(logging.ERROR)
    local = {}
    with requests.Session() as session:
        for number, entry in enumerate(entries, start=1):
            if progress:
                progress(entry.path, number, len(entries))
            local[entry.path] = _fetch_one(pool, card, entry, session)
    return local


def _fetch_one(pool: pooch.Pooch, card: Card, entry: CardFile, session: requests.Session) -> Path:
    transfer = _Transfer(card, entry, session)
    try:
        try:
            return Path(pool.fetch(entry.path, downloader=transfer))
        except ValueError:
            if not transfer.resumed:
                raise
            # the first half of a resumed transfer may be of an older file: once more, whole
            return Path(pool.fetch(entry.path, downloader=transfer))
    except ValueError as error:
        raise DownloadError(
            f"{card.name}: {entry.path} from {transfer.source} is not the file that the card "
            f"names: expected sha256 {entry.sha256} ({entry.size} bytes), found "
            f"{transfer.found}. It was not kept. Correct the mirror, or unset "
            "BRAINBENCH_MIRROR to download from the source"
        ) from error
    except OSError as error:
        if isinstance(error, requests.RequestException):
            raise
        room = "the disk is full: free some space or " if error.errno == errno.ENOSPC else ""
        raise DownloadError(
            f"{card.name}: {entry.path} could not be written to {pool.path}: "
            f"{error.strerror or error}; {room}set BRAINBENCH_CACHE to a folder that can be written"
        ) from error


class _Transfer:
    """Downloader in pooch's sense: bring one file of a card to ``output_file``."""

    def __init__(self, card: Card, entry: CardFile, session: requests.Session) -> None:
        self.card, self.entry, self.session = card, entry, session
        self.source = "the cache"
        self.found = "nothing"
        self.resumed = False

    def __call__(self, url: str, output_file: str | Path, pooch_instance: object) -> None:
        failures: list[str] = []
        for root in self._roots():
            self.source = f"{root}/{self.entry.path}"
            try:
                if "://" in root:
                    self._download(f"{root}/{quote(self.entry.path)}", Path(output_file))
                else:
                    shutil.copyfile(self.source, output_file)
            except FileNotFoundError:
                failures.append(f"{self.source}: no such file")
            except requests.RequestException as error:
                failures.append(f"{self.source}: {_reason(error)}")
            else:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = pooch.file_hash(str(output_file), alg="sha256")
                self.found = f"{found} ({Path(output_file).stat().st_size} bytes)"
                return
        tried = "".join(f"\n  {failure}" for failure in failures) or " nothing: the card has no URL"
        raise DownloadError(
            f"{self.card.name}: {self.entry.path} is not in the cache ({cache_folder()}) and could "
            f"not be downloaded. Tried:{tried}\nGo online and run `brainbench fetch "
            f"{self.card.name}`, or set BRAINBENCH_MIRROR to a folder that holds "
            f"{self.card.name}/{self.entry.path}"
        )

    def _roots(self) -> list[str]:
        mirror = os.environ.get("BRAINBENCH_MIRROR", "").rstrip("/")
        roots = [f"{mirror}/{self.card.name}"] if mirror else []
        return roots + [url.rstrip("/") for url in self.card.urls]

    def _download(self, url: str, output: Path) -> None:
        """Stream to a partial file that outlives the process, then hand it over."""
        partial = cache_folder() / "partial" / self.entry.sha256
        partial.parent.mkdir(parents=True, exist_ok=True)
        # the lock file stays: removing it would let two waiting processes in
        with FileLock(partial.parent / f"{self.card.name}.lock"):
            have = partial.stat().st_size if partial.exists() else 0
            if not 0 < have < self.entry.size:
                have = 0
            headers = {"Range": f"bytes={have}-"} if have else {}
            # a compressed transfer could not be resumed by counting bytes
            headers["Accept-Encoding"] = "identity"
            with self.session.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as reply:
                reply.raise_for_status()
                self.resumed = reply.status_code == requests.codes.partial_content and have > 0
                with partial.open("ab" if self.resumed else "wb") as file:
                    for piece in reply.iter_content(_PIECE):
                        file.write(piece)
            if partial.stat().st_size < self.entry.size:
                raise requests.ConnectionError("the transfer was cut off; run again to resume it")
            shutil.move(partial, output)


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return (
        "no connection"
        if isinstance(error, requests.ConnectionError) and ("cut off" not in str(error))
        else str(error)
    )
