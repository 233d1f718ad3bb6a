"""Files of a data card: mirror or upstream → verified copy in the cache.

Pooch keeps the cache and checks the hashes. What is added here: a mirror tried before
the upstream hosts, transfers that go on where they were cut off, and errors that say
which file, what was expected, what was found and what to do.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import pooch
import requests

from brainbench.datasets.cards import Card, CardFile
from brainbench.datasets.sources import NoSourceError, Sources, Wanted
from brainbench.errors import DownloadError
from brainbench.paths import cache_folder

Progress = Callable[[str, int, int], None]


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
    UsageError
        When BRAINBENCH_MIRROR is neither a folder nor an http(s) URL.
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
    target = Path(pool.path) / entry.path
    _check_readable(card, target)
    wanted = Wanted(card.name, card.urls, entry.path, entry.size, entry.sha256)
    partials = cache_folder() / "partial"
    sources = Sources(wanted, session, partials, lock=partials / f"{card.name}.lock")
    try:
        # pooch makes it too, but stumbles when two processes do so at once
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            return Path(pool.fetch(entry.path, downloader=sources))
        except ValueError:
            if not sources.resumed:
                raise
            # the first half of a resumed transfer may be of an older file: once more, whole
            return Path(pool.fetch(entry.path, downloader=sources))
    except NoSourceError as error:
        tried = "".join(f"\n  {failure}" for failure in error.failures)
        raise DownloadError(
            f"{card.name}: {entry.path} is not in the cache, or not whole ({target}), and could "
            f"not be downloaded. Tried:{tried or ' nothing, the card has no URL'}\n"
            f"Go online and run `brainbench fetch {card.name}`, or set BRAINBENCH_MIRROR to a "
            f"folder that holds {card.name}/{entry.path}"
        ) from error
    except ValueError as error:
        advice = "Correct the mirror, or unset BRAINBENCH_MIRROR to download from the source"
        if not sources.from_mirror:
            advice = "The source has changed, or something between it and you changes files"
        raise DownloadError(
            f"{card.name}: {entry.path} from {sources.tried} is not the file that the card names: "
            f"expected sha256 {entry.sha256} ({entry.size} bytes), found {sources.found}. "
            f"It was not kept. {advice}"
        ) from error
    except OSError as error:
        room = "the disk is full: free some space or " if error.errno == errno.ENOSPC else ""
        raise DownloadError(
            f"{card.name}: {entry.path} could not be written to {pool.path}: "
            f"{error.strerror or error}; {room}set BRAINBENCH_CACHE to a folder that can be written"
        ) from error


def _check_readable(card: Card, target: Path) -> None:
    """Raise for a file that exists but may not be read: downloading it again would not help."""
    try:
        if target.is_file():
            target.open("rb").close()
    except PermissionError as error:
        raise DownloadError(
            f"{card.name}: {target} is in the cache, but you may not read it ({error.strerror}): "
            "have its owner make it readable (chmod -R a+rX), or set BRAINBENCH_CACHE to a "
            "folder of your own"
        ) from error
