"""Scanner images of a dataset: which files there are, and how each is brought.

They are too large to be kept: 330 MB a run. Path, size, MD5 and version of each stand in a table
beside the card, ``cards/images/<dataset>.tsv``; the card says below which URL they lie.
"""

from __future__ import annotations

import csv
import errno
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import requests
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from brainbench.datasets.cards import Card, RelativePath
from brainbench.datasets.sources import NoSourceError, Sources, Wanted
from brainbench.errors import DataError, DownloadError, UsageError
from brainbench.foreign import fault_of

_COLUMNS = ["path", "size", "md5", "version"]
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)  # s between tries of a bucket that is busy
_GONE = (404, 410)
_ADVICE = {
    403: "the bucket refuses this version of the file: a proxy may be in the way, or it was "
    "withdrawn. Download the derivatives by other means and give them with --fmriprep",
    404: "it is no longer there; download the derivatives by other means and give them with "
    "--fmriprep",
    503: "the bucket is busy: run the same command later, with fewer --jobs",
}


class ImageFile(BaseModel):
    """One file: path at the source, bytes, MD5, and the version that the bucket keeps it under."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: RelativePath
    size: int = Field(ge=0)
    md5: str = Field(pattern=r"^[0-9a-f]{32}$")
    version: str = Field(pattern=r"^[A-Za-z0-9._-]+$")


@dataclass(frozen=True)
class ImageList:
    """All files of a dataset's images.

    Attributes
    ----------
    dataset : name of its card.
    url : below which the files lie; the last part is their folder in a mirror.
    files : in the order of their paths.
    """

    dataset: str
    url: str
    files: tuple[ImageFile, ...]

    @property
    def folder(self) -> str:
        """Folder of the files in a mirror, such as ``ds002886-fmriprep``."""
        return self.url.rstrip("/").rpartition("/")[2]


class ImageError(DownloadError):
    """One image is gone, or is another file; all others may be whole."""


def load_images(card: Card) -> ImageList | None:
    """The list of a dataset's images; None where the card says nothing of any.

    Raises
    ------
    DataError
        When the table is not valid.
    """
    if card.scans is None or not card.scans.images:
        return None
    path = resources.files("brainbench.datasets") / "cards" / "images" / f"{card.name}.tsv"
    if not path.is_file():
        return None
    files = parse_images(path.read_text("utf-8"), f"{card.name}.tsv")
    return ImageList(card.name, card.scans.images, files)


def parse_images(text: str, source: str) -> tuple[ImageFile, ...]:
    """Validate a table of images.

    Parameters
    ----------
    text : tab-separated, with the columns path, size, md5 and version.
    source : name of the table in errors.

    Raises
    ------
    DataError
        When a column is missing, a row is not valid, or a path stands twice.
    """
    table = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    if table.fieldnames != _COLUMNS:
        raise DataError(f"{source}: its columns are not {', '.join(_COLUMNS)}")
    files: dict[str, ImageFile] = {}
    for row in table:
        try:
            entry = ImageFile.model_validate(row)
        except ValidationError as error:
            raise DataError(f"{source}, line {table.line_num}: {fault_of(error)}") from error
        if entry.path in files:
            raise DataError(f"{source}, line {table.line_num}: {entry.path} stands twice")
        files[entry.path] = entry
    return tuple(files[path] for path in sorted(files))


def fetch_image(
    images: ImageList,
    entry: ImageFile,
    folder: Path,
    session: requests.Session,
    written: Callable[[int], None] | None = None,
    pauses: Sequence[float] = _PAUSES,
) -> Path:
    """Bring one file, verified, unless it is there.

    A transfer that was cut off goes on where it stopped, a busy bucket is asked again.
    ``BRAINBENCH_MIRROR`` is tried first, as ``<mirror>/<folder of the images>/<path>``.

    Parameters
    ----------
    images : the list that it stands on.
    entry : the file.
    folder : the file comes to lie below it, under its path.
    session : for HTTP.
    written : called with the number of bytes after each piece; it may raise to stop.
    pauses : seconds to wait before each further try.

    Returns
    -------
    The path of the file.

    Raises
    ------
    ImageError
        When it is gone, or is not the file that the list names.
    DownloadError
        When it cannot be had for a reason that others share, such as no connection.
    UsageError
        When it cannot be written.
    """
    target = folder / entry.path
    if target.is_file() and target.stat().st_size == entry.size:
        return target
    version = "" if entry.version == "null" else entry.version
    wanted = Wanted(images.folder, (images.url,), entry.path, entry.size, entry.md5, "md5", version)
    sources = Sources(wanted, session, folder / ".partial", pauses=pauses, written=written)
    arriving = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            sources(images.url, arriving)
            if sources.whole:
                arriving.replace(target)
                return target
            arriving.unlink()
            # the first half of a resumed transfer may be of an older file: once more, whole
            if not sources.resumed:
                break
    except NoSourceError as error:
        tried = "".join(f"\n  {failure}" for failure in error.failures)
        gone = any(f"HTTP {status}" in error.failures[-1] for status in _GONE)
        raise (ImageError if gone else DownloadError)(
            f"{images.dataset}: {entry.path} could not be downloaded. Tried:{tried}\n"
            f"{_advice(error)}. What is finished is kept: the same command goes on"
        ) from error
    except OSError as error:
        room = "the disk is full: make room" if error.errno == errno.ENOSPC else "make it writable"
        raise UsageError(
            f"{entry.path} could not be written to {folder} ({error.strerror or error}); {room}, "
            "or give another folder with --output-path. What is finished is kept: the same "
            "command goes on"
        ) from error
    raise ImageError(
        f"{images.dataset}: {entry.path} from {sources.tried} is not the file that the card "
        f"names: expected md5 {entry.md5} ({entry.size} bytes), found {sources.found}. It was "
        "not kept. The source has changed, or something between it and you changes files"
    )


def _advice(error: NoSourceError) -> str:
    for status, words in _ADVICE.items():
        if f"HTTP {status}" in error.failures[-1]:
            return words[0].upper() + words[1:]
    return "Go online, or set BRAINBENCH_MIRROR to a folder that holds the images"
