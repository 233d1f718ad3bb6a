"""``prepare``: scanner images of a study → a dataset folder that can be scored."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from brainbench.atomic import locked, write_whole
from brainbench.closure import reached_sha256
from brainbench.datasets.cards import Card, Scans, load_card, parse_card
from brainbench.datasets.deduction import RUNS
from brainbench.datasets.download import fetch
from brainbench.datasets.folder import CARD, PROVENANCE, write_folder
from brainbench.datasets.images import ImageList, load_images
from brainbench.errors import DataError, DownloadError, UnknownNameError, UsageError
from brainbench.foreign import read_text
from brainbench.imaging.extra import require_imaging
from brainbench.imaging.prepare import (
    BucketSource,
    FolderSource,
    KeptParts,
    PrepareOptions,
    Preparer,
    RunSource,
    estimator,
    put_together,
)
from brainbench.imaging.rois import AtlasRoi, MaskRoi, Roi, parse_roi
from brainbench.paths import cache_folder, user_path
from brainbench.progress import Progress, no_progress
from brainbench.results.quality import QUALITY, render_quality

_FILE_NAME = re.compile(r"\w[\w .+-]*")
_PACKAGES = ("numpy", "scipy", "pandas", "xarray", "nilearn", "nibabel", "scikit-learn")


@dataclass(frozen=True)
class PreparationPlan:
    """What is to be prepared, before any image is read.

    Attributes
    ----------
    card : of the study.
    source : gives its runs.
    rois : regions by name.
    options : what decides the numbers.
    folder : of the dataset.
    """

    card: Card
    source: RunSource
    rois: dict[str, Roi]
    options: PrepareOptions
    folder: Path

    @property
    def bytes(self) -> int:
        """Of all images."""
        return sum(self.source.sizes.values())


@dataclass(frozen=True)
class Study:
    """Where the images of a study are.

    Attributes
    ----------
    dataset : name of a dataset whose card lists preprocessed images, or whose derivatives are
        given; None for a study with a card of its own.
    fmriprep : folder of derivatives; None to bring them from the bucket of the card.
    bids : folder of the study, with the events; by default those that the card lists.
    card : file of a study's own card.
    """

    dataset: str | None = None
    fmriprep: Path | None = None
    bids: Path | None = None
    card: Path | None = None


def plan(
    study: Study,
    folder: str | Path,
    options: PrepareOptions,
    subjects: Sequence[str] | None = None,
    keep_images: bool = False,
) -> PreparationPlan:
    """Check what was asked for.

    Parameters
    ----------
    study : where the images are.
    folder : of the dataset that is made.
    options : what decides the numbers.
    subjects : which people; all by default.
    keep_images : whether downloaded images stay, in ``folder/fmriprep``.

    Raises
    ------
    UsageError
        When the request does not fit together, or nilearn is not installed.
    DataError
        When folders, runs or spaces are missing.
    """
    require_imaging()
    target = user_path(folder)
    card = _card(study)
    rois = dict(parse_roi(text, _with_foci(card)) for text in options.rois)
    if len(rois) < len(options.rois):
        raise UsageError("two regions have the same name; give each --roi a name of its own")
    for name in options.chosen_on:
        if name not in card.runs:
            raise UnknownNameError("run", name, card.runs)
    source: RunSource
    if study.fmriprep is not None:
        bids = user_path(study.bids) if study.bids else _fetched_events(card)
        source = FolderSource(user_path(study.fmriprep), bids, card, options.space, subjects)
    else:
        images = _images(card)
        where = target / ("fmriprep" if keep_images else ".prepare/images")
        source = BucketSource(card, images, options.space, subjects, where, keep_images)
    _refuse_paths(source)
    return PreparationPlan(card, source, rois, options, target)


def prepare(
    planned: PreparationPlan,
    jobs: int = 1,
    leave_out_faulty: bool = False,
    overwrite: bool = False,
    report: Progress = no_progress,
) -> Path:
    """Make the dataset folder; a call that was stopped goes on at the run it was in.

    Parameters
    ----------
    planned : by :func:`plan`.
    jobs : people at a time.
    leave_out_faulty : whether runs with a fault are left out, with the reason, in place of an
        error once all others are finished.
    overwrite : begin anew where the folder holds a dataset that was asked for in another way.
    report : called with MB done and in all.

    Returns
    -------
    The folder.

    Raises
    ------
    UsageError
        When the folder holds something else, or cannot be written.
    DownloadError
        When images cannot be had: at once where others could not be had either, else once all
        others are finished.
    DataError
        When runs have a fault, each named; everything else is finished and kept.
    """
    folder = planned.folder
    _refuse_others(folder, overwrite)
    with locked(folder):
        if overwrite:
            shutil.rmtree(folder / ".prepare", ignore_errors=True)
        kept = KeptParts(folder, _asked(planned))
        work = Preparer(
            planned.source,
            kept,
            planned.card,
            planned.rois,
            planned.options,
            estimator(
                planned.options.betas,
                (planned.card.scans or Scans()).phases,
                planned.options.top,
                planned.options.chosen_on,
            ),
            report,
            leave_out_faulty,
        )
        people = work.people(jobs)
        if work.faults and not leave_out_faulty:
            kind = DownloadError if work.not_had else DataError
            raise kind(_faulty(list(work.faults.values())))
        if not people:
            raise DataError(f"nobody is left: {'; '.join(work.faults.values())}")
        recording, coverage = put_together(people, planned.card, planned.options.top is not None)
        provenance = _provenance(planned, people, coverage)
        without = [why for (_, run), why in work.faults.items() if not run]
        page = render_quality(recording, people, coverage, without, provenance)
        write_whole(folder / QUALITY, page.encode())
        write_folder(recording, folder, provenance)
        kept.finish()
    return folder


# ---------------------------------------------------------------- parts


def _card(study: Study) -> Card:
    if (study.dataset is None) == (study.card is None):
        raise UsageError(
            "name a dataset (brainbench prepare ds002886), or give your own study with --bids, "
            "--fmriprep and --card"
        )
    if study.card is None:
        return load_card(str(study.dataset))
    if study.fmriprep is None or study.bids is None:
        lacking = "--fmriprep" if study.fmriprep is None else "--bids"
        raise UsageError(f"a study of your own needs --bids and --fmriprep; {lacking} is missing")
    path = user_path(study.card)
    return parse_card(read_text(path, 10_000_000), str(path))


def _refuse_paths(source: RunSource) -> None:
    """Names of people and runs become names of files: none may lead out of the folder."""
    for name in dict.fromkeys(part for run in source.sizes for part in run):
        if not _FILE_NAME.fullmatch(name):
            raise DataError(
                f"{name!r} on the card cannot be part of a file's name: call people and runs by "
                "letters, digits, spaces and . _ + - only, and begin with a letter or digit"
            )


def _with_foci(card: Card) -> Card:
    """The card with the places of regions that others published of the same tasks."""
    if not set(card.runs) <= set(RUNS):
        return card
    known = {**load_card("xiao2026").roi_coordinates, **card.roi_coordinates}
    return card.model_copy(update={"roi_coordinates": known})


def _images(card: Card) -> ImageList:
    images = load_images(card)
    if images is None:
        raise UsageError(
            f"no scanner images of {card.name} are known; brainbench prepare ds002886 has public "
            "ones, and --bids, --fmriprep and --card take those of your own study"
        )
    if not (card.scans or Scans()).fmriprep:
        raise UsageError(_RAW.format(name=card.name, url=_git_url(card)))
    return images


_RAW = """the public images of {name} are raw: nobody has published them preprocessed. Run fMRIPrep
once (6 GB of download, then hours a person):
  datalad install {url} && cd {name} && datalad get .
  docker run --rm -v $PWD:/data:ro -v $PWD-fmriprep:/out -v /path/to/license.txt:/license.txt:ro \\
    nipreps/fmriprep:22.0.2 /data /out participant --fs-license-file /license.txt \\
    --output-spaces MNI152NLin2009cAsym:res-2 fsaverage5
and then, in the folder above:
  brainbench prepare {name} --fmriprep {name}-fmriprep --bids {name} --roi … --output-path DIR"""


def _git_url(card: Card) -> str:
    return f"https://github.com/OpenNeuroDatasets/{card.name}.git"


def _fetched_events(card: Card) -> Path:
    """Folder with the events that a card lists, in the cache."""
    wanted = [one.path for one in card.files if one.path.endswith(("_events.tsv", "_bold.json"))]
    if not wanted:
        raise UsageError(f"the card of {card.name} lists no events: give --bids")
    fetch(card, wanted)
    return cache_folder() / "datasets" / card.name / card.version


def _refuse_others(folder: Path, overwrite: bool) -> None:
    """Refuse to write into a folder that holds anything that is not a prepared dataset."""
    if not folder.is_dir() or (folder / ".prepare").is_dir():
        return
    held = sorted(path.name for path in folder.iterdir() if path.name != ".lock")
    if {CARD, PROVENANCE} <= set(held):
        if not overwrite:
            raise UsageError(
                f"{folder} holds a dataset without the parts that it was made of (.prepare): give "
                "a new folder with --output-path, or make it anew with --overwrite"
            )
    elif held:
        raise UsageError(
            f"{folder} holds {', '.join(held[:3])}{' …' if len(held) > 3 else ''} and was not made "
            "by prepare; give a new folder with --output-path"
        )


def _asked(planned: PreparationPlan) -> dict[str, Any]:
    """What decides the numbers: options, files of regions, and how the card reads the runs."""
    scans = planned.card.scans or Scans()
    return {
        **planned.options.plain(),
        "dataset": planned.card.name,
        "version": planned.card.version,
        "scans": scans.model_dump(mode="json", exclude={"images"}),
        "files": {name: _digests(roi) for name, roi in planned.rois.items()},
    }


def _digests(roi: Roi) -> list[str]:
    if isinstance(roi, MaskRoi):
        paths = [roi.path]
    elif isinstance(roi, AtlasRoi):
        paths = [*roi.paths, *([roi.table] if roi.table else [])]
    else:
        return []
    found = []
    for path in paths:
        with path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found


def _provenance(planned: PreparationPlan, people: Sequence[Any], coverage: Any) -> dict[str, Any]:
    inputs = {
        path: held
        for person in people
        for run in person.runs.values()
        for path, held in run.inputs.items()
    }
    left_out = {
        f"{person.subject} {run}": why for person in people for run, why in person.left_out.items()
    }
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "brainbench": metadata.version("brainbench"),
            "code": reached_sha256(["brainbench.imaging.prepare"])[:12],
            **{name: metadata.version(name) for name in _PACKAGES},
        },
        "asked": _asked(planned),
        "source": planned.source.describe(),
        "voxels": {roi: {"in_image": one.there, "used": one.used} for roi, one in coverage.items()},
        "left_out": left_out,
        "inputs": inputs,
    }


def _faulty(faults: Sequence[str]) -> str:
    listed = "".join(f"\n  {fault}" for fault in faults[:20])
    more = f"\n  and {len(faults) - 20} more" if len(faults) > 20 else ""
    return (
        f"{len(faults)} {'run has' if len(faults) == 1 else 'runs have'} a fault; all others are "
        f"finished and kept:{listed}{more}\nMend them and run the same command again, or leave "
        "them out with --leave-out-faulty"
    )
