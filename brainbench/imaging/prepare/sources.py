"""Where runs come from: an fMRIPrep folder of this machine, or the bucket that a card names."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import requests

from brainbench.datasets.assembly import choose
from brainbench.datasets.cards import Card, Scans
from brainbench.datasets.download import fetch
from brainbench.datasets.images import ImageFile, ImageList, fetch_image
from brainbench.errors import DataError
from brainbench.imaging.run import ScannerRun, entities_of, find_runs
from brainbench.paths import cache_folder

RunName = tuple[str, str]
"""Person and run."""
Written = Callable[[int], None]


class RunSource(Protocol):
    """Gives the files of one run after the other."""

    sizes: Mapping[RunName, int]
    """Bytes of each run, person by person."""

    def bring(self, name: RunName, written: Written) -> tuple[ScannerRun, dict[str, Any]]:
        """Have the files of a run at hand.

        Parameters
        ----------
        name : which.
        written : called with the number of bytes as they come.

        Returns
        -------
        The run, and what tells its files from others: for each, size, digest and version.
        """
        ...

    def mark(self, name: RunName) -> dict[str, Any]:
        """What tells, without bringing it, whether a run is still the one that was read."""
        ...

    def discard(self, name: RunName) -> None:
        """Say that the files of a run are not needed any more."""
        ...

    def describe(self) -> dict[str, Any]:
        """Where runs come from, for provenance."""
        ...


class FolderSource:
    """Runs of an fMRIPrep folder and the BIDS folder that it was made from.

    Parameters
    ----------
    fmriprep, bids : the folders.
    card : of the study.
    space : of the images.
    subjects : which people; all by default.
    """

    def __init__(
        self,
        fmriprep: Path,
        bids: Path,
        card: Card,
        space: str,
        subjects: Sequence[str] | None = None,
    ) -> None:
        found = find_runs(fmriprep, bids, card, space, subjects)
        self._runs = {(run.subject, run.name): run for run in found}
        self._folders = {"fmriprep": fmriprep, "bids": bids}
        self.sizes: Mapping[RunName, int] = {
            name: sum(path.stat().st_size for path in run.bold) for name, run in self._runs.items()
        }

    def bring(self, name: RunName, written: Written) -> tuple[ScannerRun, dict[str, Any]]:
        """The run where it lies; its files are read once for their digests."""
        run = self._runs[name]
        inputs: dict[str, Any] = {}
        for path in _files_of(run):
            digest = hashlib.sha256()
            try:
                with path.open("rb") as file:
                    while piece := file.read(1 << 20):
                        digest.update(piece)
                        written(len(piece) if path in run.bold else 0)
            except OSError as error:
                raise DataError(f"{run.label}: {path} cannot be read: {error.strerror}") from error
            inputs[self._short(path)] = {
                "size": path.stat().st_size,
                "sha256": digest.hexdigest(),
            }
        return run, inputs

    def mark(self, name: RunName) -> dict[str, Any]:
        """Sizes and times of the last change."""
        held = [path.stat() for path in _files_of(self._runs[name])]
        return {"files": [[one.st_size, one.st_mtime_ns] for one in held]}

    def discard(self, name: RunName) -> None:
        """Nothing: the files are the user's."""

    def describe(self) -> dict[str, Any]:
        """The description of the derivatives: who made them, with which version."""
        return {"kind": "folder", "generated_by": _generated_by(self._folders["fmriprep"])}

    def _short(self, path: Path) -> str:
        for name, folder in self._folders.items():
            if path.is_relative_to(folder):
                return f"{name}/{path.relative_to(folder).as_posix()}"
        return path.name


class BucketSource:
    """Runs of a dataset whose preprocessed images are public, brought when they are needed.

    Parameters
    ----------
    card : of the dataset.
    images : its list of images.
    space : of the images.
    subjects : which people; all of the card by default.
    folder : where images lie as long as they are needed.
    keep : whether they stay, below ``folder`` in the layout of fMRIPrep.

    Raises
    ------
    UnknownNameError
        When there is no such person.
    DataError
        When the list has no images in that space, or lacks those of a run.
    """

    def __init__(
        self,
        card: Card,
        images: ImageList,
        space: str,
        subjects: Sequence[str] | None,
        folder: Path,
        keep: bool = False,
    ) -> None:
        self._card, self._images, self._space = card, images, space
        self._folder, self._keep = folder, keep
        self._local = threading.local()
        self._files: dict[RunName, list[ImageFile]] = {}
        scans = card.scans or Scans()
        for subject in choose("subject", subjects, card.subjects):
            own = [one for one in images.files if one.path.startswith(f"{subject}/")]
            for run in card.runs:
                if run not in card.missing_runs.get(subject, ()):
                    self._files[subject, run] = self._needed(subject, run, own, scans)
        self.sizes: Mapping[RunName, int] = {
            name: sum(one.size for one in held) for name, held in self._files.items()
        }

    def bring(self, name: RunName, written: Written) -> tuple[ScannerRun, dict[str, Any]]:
        """Download the files of a run that are not there yet, and its events."""
        subject, run = name
        root = self._root(name)
        for entry in self._files[name]:
            fetch_image(self._images, entry, root, self._session, written)
        wanted = [
            entry.path
            for entry in self._card.files
            if entry.path.endswith("_events.tsv")
            and entry.path.startswith(f"{subject}/")
            and self._is_of(entry.path, run)
        ]
        if not wanted:
            raise DataError(f"{subject} {run}: the card lists no events")
        fetch(self._card, wanted)
        bids = cache_folder() / "datasets" / self._card.name / self._card.version
        (found,) = find_runs(root, bids, self._card, self._space, [subject], [run])
        inputs: dict[str, Any] = {
            entry.path: {"size": entry.size, "md5": entry.md5, "version": entry.version}
            for entry in self._files[name]
        }
        for path in wanted:
            entry_of_events = self._card.file(path)
            inputs[path] = {"size": entry_of_events.size, "sha256": entry_of_events.sha256}
        return found, inputs

    def mark(self, name: RunName) -> dict[str, Any]:
        """The digests of the list."""
        return {"files": [entry.md5 for entry in self._files[name]]}

    def discard(self, name: RunName) -> None:
        """Delete the images of a run, unless they are to be kept."""
        if not self._keep:
            shutil.rmtree(self._root(name), ignore_errors=True)

    def describe(self) -> dict[str, Any]:
        """The bucket, and which fMRIPrep made its files."""
        scans = self._card.scans or Scans()
        made = [{"Name": "fMRIPrep", "Version": scans.fmriprep}]
        return {"kind": "bucket", "url": self._images.url, "generated_by": made}

    @property
    def _session(self) -> requests.Session:
        """A session for each thread: they may not share one."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session

    def _root(self, name: RunName) -> Path:
        # a folder for each run, so that it is deleted as a whole
        return self._folder if self._keep else self._folder / "_".join(name)

    def _needed(
        self, subject: str, run: str, own: Sequence[ImageFile], scans: Scans
    ) -> list[ImageFile]:
        mine = [one for one in own if self._is_of(one.path, run)]
        in_space = [one for one in mine if f"_space-{self._space}_" in one.path]
        if not in_space:
            spaces = {
                part.removeprefix("space-")
                for one in own
                for part in one.path.split("_")
                if part.startswith("space-")
            }
            has = f"; there are {', '.join(sorted(spaces))}" if spaces else ""
            raise DataError(
                f"{self._card.name}: no image of {subject} {run} in the space {self._space} is "
                f"listed{has}"
            )
        return [*(one for one in mine if "_desc-confounds_" in one.path), *in_space]

    def _is_of(self, path: str, run: str) -> bool:
        entities = entities_of(self._card.scans or Scans(), run)
        parts = path.rpartition("/")[2].split("_")
        return all(f"{key}-{value}" in parts for key, value in entities.items())


def _files_of(run: ScannerRun) -> list[Path]:
    mask = [] if run.mask is None else [run.mask]
    return [*run.bold, run.confounds, run.events, *mask, *run.sidecars]


def _generated_by(fmriprep: Path) -> Any:
    """Who made the derivatives, as their description has it; empty where there is none."""
    from brainbench.foreign import parse_json, read_text

    path = fmriprep / "dataset_description.json"
    if not path.is_file():
        return []
    try:
        held = parse_json(read_text(path, 10_000_000))
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
    return held.get("GeneratedBy", []) if isinstance(held, dict) else []
