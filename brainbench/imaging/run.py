"""Scanner runs of an fMRIPrep folder: the files of each, and what is read of them.

Names are those of BIDS and of fMRIPrep's outputs, 22.0 and later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainbench.datasets.cards import Card, Scans
from brainbench.errors import DataError
from brainbench.imaging.extra import require_imaging
from brainbench.imaging.kept import Rois, pack, unpack

HEMISPHERES = ("L", "R")


@dataclass(frozen=True)
class ScannerRun:
    """One run of one person, and the files that it needs.

    Attributes
    ----------
    subject : name of the person, such as ``sub-002``.
    session : such as ``ses-T1``; None where the dataset has no sessions.
    name : of the run, as the card calls it.
    bold : the preprocessed series: one NIfTI file, or GIFTI of the left and the right hemisphere.
    confounds : fMRIPrep's table of confounds.
    events : the BIDS table of trials.
    mask : of the brain, in the space of ``bold``; None where there is none.
    space : such as ``MNI152NLin2009cAsym`` or ``fsaverage5``.
    sidecars : JSON files that describe the series, the nearest last.
    """

    subject: str
    session: str | None
    name: str
    bold: tuple[Path, ...]
    confounds: Path
    events: Path
    mask: Path | None
    space: str
    sidecars: tuple[Path, ...] = ()

    @property
    def label(self) -> str:
        """The run in messages."""
        return f"{self.subject} {self.name}"


@dataclass(frozen=True)
class RunResponses:
    """What was read of one run, before anything is estimated.

    Columns are the same places for all runs of one space and the same ROIs, so that runs can be
    put together although some voxels lie outside the brain in some of them.

    Attributes
    ----------
    run : where it comes from.
    tr : seconds between scans.
    start : time of the first scan after the beginning of the run, in s: half a TR where slice
        times were corrected to the middle of a scan.
    series : (scans, voxels) float32, in the units of the image.
    inside : (voxels,) whether the series can be used: inside the brain mask, and not constant.
    confounds : (scans) regressors of no interest.
    kept : (scans,) False for scans that are left out: before the steady state, or scrubbed.
    trials : a row a trial: ``onset``, ``duration`` in s, ``trial_type``, ``control``,
        ``stimulus_id``, ``position`` (-1 for control trials), ``response_time`` in s or NaN.
    rois : ROI → columns of ``series``.
    voxels : (voxels,) place of each in the image, counted as numpy ravels it.
    coordinates : (voxels, 3) in mm, MNI; NaN for the surface.
    motion : (scans,) framewise displacement in mm, NaN where unknown.
    """

    run: ScannerRun
    tr: float
    start: float
    series: NDArray[np.float32]
    inside: NDArray[np.bool_]
    confounds: pd.DataFrame
    kept: NDArray[np.bool_]
    trials: pd.DataFrame
    rois: Mapping[str, NDArray[np.intp]]
    voxels: NDArray[np.intp]
    coordinates: NDArray[np.float64]
    motion: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @property
    def frame_times(self) -> NDArray[np.float64]:
        """(scans,) time of each scan in s."""
        times: NDArray[np.float64] = self.start + self.tr * np.arange(len(self.series), dtype=float)
        return times

    @property
    def tsnr(self) -> NDArray[np.float64]:
        """(voxels,) mean over standard deviation of the kept scans; NaN outside."""
        kept = self.series[self.kept].astype(np.float64)
        found: NDArray[np.float64] = np.full(kept.shape[1], np.nan)
        spread = kept[:, self.inside].std(axis=0)
        with np.errstate(divide="ignore"):
            found[self.inside] = kept[:, self.inside].mean(axis=0) / spread
        return found

    def to_bytes(self) -> bytes:
        """The responses as one compressed .npz without pickle, to be written whole."""
        words = {
            "run": {
                "subject": self.run.subject,
                "session": self.run.session,
                "name": self.run.name,
                "bold": [str(path) for path in self.run.bold],
                "confounds": str(self.run.confounds),
                "events": str(self.run.events),
                "mask": None if self.run.mask is None else str(self.run.mask),
                "space": self.run.space,
                "sidecars": [str(path) for path in self.run.sidecars],
            },
            "tr": self.tr,
            "start": self.start,
            "confounds": list(map(str, self.confounds)),
            "trials": json.loads(self.trials.to_json(orient="split", double_precision=15)),
        }
        arrays = {
            "series": self.series,
            "inside": self.inside,
            "confounds": self.confounds.to_numpy(float),
            "kept": self.kept,
            "voxels": self.voxels,
            "coordinates": self.coordinates,
            "motion": self.motion,
        }
        return pack(words, self.rois, arrays)

    @classmethod
    def from_bytes(cls, content: bytes) -> RunResponses:
        """Responses that :meth:`to_bytes` wrote.

        Raises
        ------
        DataError
            When it is anything else, or was cut short.
        """
        remedy = "; remove the file, and the run is computed again"
        return unpack(content, cls._of, "kept responses of a run", remedy)

    @classmethod
    def _of(
        cls, words: Mapping[str, Any], rois: Rois, arrays: Mapping[str, NDArray[Any]]
    ) -> RunResponses:
        run = dict(words["run"])
        for name in ("bold", "sidecars"):
            run[name] = tuple(map(Path, run[name]))
        for name in ("confounds", "events"):
            run[name] = Path(run[name])
        run["mask"] = None if run["mask"] is None else Path(run["mask"])
        return cls(
            run=ScannerRun(**run),
            tr=words["tr"],
            start=words["start"],
            series=arrays["series"],
            inside=arrays["inside"],
            confounds=pd.DataFrame(arrays["confounds"], columns=words["confounds"]),
            kept=arrays["kept"],
            trials=_trials_of(words["trials"]),
            rois=rois,
            voxels=arrays["voxels"],
            coordinates=arrays["coordinates"],
            motion=arrays["motion"],
        )


def find_runs(
    fmriprep: Path,
    bids: Path,
    card: Card,
    space: str = "MNI152NLin2009cAsym",
    subjects: Sequence[str] | None = None,
    runs: Sequence[str] | None = None,
    session: str | None = None,
    allow_missing: bool = False,
) -> list[ScannerRun]:
    """Runs of an fMRIPrep folder with the events of its BIDS dataset, person by person.

    Parameters
    ----------
    fmriprep : folder of derivatives, with a folder a person.
    bids : folder of the dataset, which holds the events.
    card : names of people and runs; its ``scans`` says what runs are called in BIDS.
    space : of the images, as in their names.
    subjects : which people; by default those of the card that have a folder in ``fmriprep``.
    runs : which runs; all of the card by default.
    session : which session, where people have several.
    allow_missing : whether a run without images is left out without the card saying so.

    Raises
    ------
    DataError
        When there is no such folder, person or space; a run has images and no events or confounds,
        or more than one file fits it; a run is missing that the card does not list.
    """
    require_imaging()
    for folder, what in ((fmriprep, "fMRIPrep folder"), (bids, "BIDS folder")):
        if not folder.is_dir():
            raise DataError(f"there is no {what} {folder}")
    found: list[ScannerRun] = []
    missing: list[str] = []
    for subject in _people(fmriprep, card, subjects):
        person = _Person(subject, fmriprep, bids, space, session)
        for name in runs or card.runs:
            entities = entities_of(card.scans or Scans(), name)
            one = person.run(name, entities)
            if one is not None:
                found.append(one)
            elif name not in card.missing_runs.get(subject, ()):
                missing.append(f"{subject} {name}")
    if missing and not allow_missing:
        raise DataError(
            f"{fmriprep} has no images in {space} of {', '.join(missing[:6])}"
            f"{' …' if len(missing) > 6 else ''}; list them as missing_runs on the card, or ask "
            "for other people or runs"
        )
    if not found:
        raise DataError(f"{fmriprep} holds no run of {card.name} in {space}")
    return found


def entities_of(scans: Scans, name: str) -> dict[str, str]:
    """Parts of a BIDS name that identify a run, such as ``{"task": "Transitive", "run": "01"}``.

    Parameters
    ----------
    scans : of the card.
    name : of the run.

    Raises
    ------
    DataError
        When the card's words are not parts of a BIDS name.
    """
    words = scans.runs.get(name, name)
    pairs = [part.partition("-") for part in words.split("_")]
    if not all(key and dash and value for key, dash, value in pairs):
        raise DataError(
            f"run {name}: {words!r} is not part of a BIDS name, such as task-Transitive_run-01; "
            "set scans.runs on the card"
        )
    return {key: value for key, _, value in pairs}


# ---------------------------------------------------------------- parts


class _Person:
    """Files of one person in both folders."""

    def __init__(
        self, subject: str, fmriprep: Path, bids: Path, space: str, session: str | None
    ) -> None:
        self.subject, self.space, self.session = subject, space, session
        self.fmriprep, self.bids = fmriprep, bids
        derived = _files(fmriprep, subject)
        self.raw = _files(bids, subject)
        self.derived = [path for path in derived if _fits_session(path, session)]
        self.spaces = {
            str(_entities(path).get("space"))
            for path in derived
            if path.name.endswith(("_bold.nii.gz", "_bold.func.gii", "_bold.nii"))
        }

    def run(self, name: str, entities: Mapping[str, str]) -> ScannerRun | None:
        label = f"{self.subject} {name}"
        mine = [path for path in self.derived if _has(path, entities)]
        in_space = [path for path in mine if _entities(path).get("space") == self.space]
        images = [path for path in in_space if ".func.gii" in path.name]
        surface = bool(images)
        if not surface:
            images = [
                path
                for path in in_space
                if path.name.endswith(("_bold.nii.gz", "_bold.nii"))
                and _entities(path).get("desc") == "preproc"
            ]
        if not images:
            if mine and self.spaces and self.space not in self.spaces:
                raise DataError(
                    f"{label}: {self.fmriprep} has no image in {self.space}; it has "
                    f"{', '.join(sorted(self.spaces))}"
                )
            return None
        bold = self._hemispheres(label, images) if surface else (_one(label, "image", images),)
        session = _session_of(bold[0])
        confounds = [
            path
            for path in mine
            if path.name.endswith(("confounds_timeseries.tsv", "confounds_regressors.tsv"))
        ]
        events = [
            path
            for path in self.raw
            if path.name.endswith("_events.tsv")
            and _has(path, entities)
            and (session is None or _session_of(path) in (None, session))
        ]
        if not confounds:
            raise DataError(
                f"{label}: no table of confounds (*_desc-confounds_timeseries.tsv) beside "
                f"{bold[0].name}"
            )
        if not events:
            raise DataError(f"{label}: images, but no *_events.tsv in {self.bids}")
        masks = [path for path in in_space if path.name.endswith("_desc-brain_mask.nii.gz")]
        return ScannerRun(
            subject=self.subject,
            session=session,
            name=name,
            bold=tuple(map(_present, bold)),
            confounds=_present(_one(label, "table of confounds", confounds)),
            events=_present(_one(label, "table of events", events)),
            mask=_present(_one(label, "brain mask", masks)) if masks else None,
            space=self.space,
            sidecars=tuple(self._sidecars(bold[0], entities)),
        )

    def _hemispheres(self, label: str, images: Sequence[Path]) -> tuple[Path, ...]:
        sides = {side: [p for p in images if _entities(p).get("hemi") == side] for side in "LR"}
        lacking = [side for side in HEMISPHERES if not sides[side]]
        if lacking:
            raise DataError(f"{label}: no image of hemisphere {' and '.join(lacking)}")
        return tuple(_one(label, f"image of hemisphere {s}", sides[s]) for s in HEMISPHERES)

    def _sidecars(self, bold: Path, entities: Mapping[str, str]) -> Iterable[Path]:
        """Descriptions of the series: of the task, of the raw image, of the preprocessed one."""
        task = entities.get("task")
        yield from (p for p in sorted(self.bids.glob(f"task-{task}_bold.json")) if p.is_file())
        yield from (p for p in self.raw if p.name.endswith("_bold.json") and _has(p, entities))
        own = bold.with_name(bold.name.split(".")[0] + ".json")
        if own.is_file():
            yield own


def _people(fmriprep: Path, card: Card, subjects: Sequence[str] | None) -> list[str]:
    there = sorted(path.name for path in fmriprep.glob("sub-*") if path.is_dir())
    if not there:
        raise DataError(
            f"{fmriprep} has no folder of a person (sub-*): it is not an fMRIPrep folder"
        )
    if subjects is None:
        known = [name for name in there if name in card.subjects] if card.subjects else there
        if not known:
            raise DataError(f"{fmriprep} holds nobody of {card.name}; it has {', '.join(there)}")
        return known
    lacking = [name for name in subjects if name not in there]
    if lacking:
        raise DataError(f"{fmriprep} has no folder {', '.join(lacking)}; it has {', '.join(there)}")
    return list(dict.fromkeys(subjects))


def _files(folder: Path, subject: str) -> list[Path]:
    """Files in the func folders of one person, of all sessions."""
    from nilearn.interfaces.bids import get_bids_files

    found = get_bids_files(folder, sub_label=subject.removeprefix("sub-"), modality_folder="func")
    return [Path(path) for path in found]


def _entities(path: Path) -> Mapping[str, str | None]:
    from nilearn.interfaces.bids import parse_bids_filename

    entities: Mapping[str, str | None] = parse_bids_filename(path)["entities"]
    return entities


def _has(path: Path, wanted: Mapping[str, str]) -> bool:
    """Whether a file's name has all of these parts; numbers count with or without leading 0."""
    held = _entities(path)
    return all(_plain(held.get(key)) == _plain(value) for key, value in wanted.items())


def _plain(value: str | None) -> str | None:
    return str(int(value)) if value is not None and value.isdecimal() else value


def _session_of(path: Path) -> str | None:
    label = _entities(path).get("ses")
    return None if label is None else f"ses-{label}"


def _fits_session(path: Path, session: str | None) -> bool:
    return session is None or _session_of(path) == f"ses-{session.removeprefix('ses-')}"


def _one(label: str, what: str, paths: Sequence[Path]) -> Path:
    if len(paths) > 1:
        names = ", ".join(path.name for path in paths)
        raise DataError(
            f"{label}: more than one {what} fits: {names}; name the session, or write more of the "
            "file name into scans.runs on the card"
        )
    return paths[0]


def _present(path: Path) -> Path:
    """Refuse a file whose content was not fetched, as git-annex and DataLad leave it."""
    if not path.is_file():
        raise DataError(
            f"{path} is a link to content that is not here; with DataLad: datalad get {path.name}"
        )
    return path


def _trials_of(held: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    table = pd.DataFrame(held["data"], columns=pd.Index(list(map(str, held["columns"]))))
    for column in ("onset", "duration", "response_time"):
        table[column] = table[column].astype(float)
    return table
