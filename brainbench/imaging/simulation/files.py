"""The files of a simulated study, named and laid out as BIDS and fMRIPrep 22 do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from brainbench.atomic import write_whole
from brainbench.datasets.cards import Card, Scans, load_card
from brainbench.datasets.deduction import RUNS
from brainbench.imaging.simulation.design import StudyDesign
from brainbench.imaging.simulation.scans import SimulatedScans
from brainbench.imaging.simulation.surface import write_surface

SPACE = "MNI152NLin2009cAsym"
# middle of the volume in mm, left of the middle of the brain and to its front
_CENTRE = (-38.0, 16.0, 28.0)


def affine_of(design: StudyDesign) -> NDArray[np.float64]:
    """Affine from voxels to mm of MNI space."""
    affine = np.diag([design.voxel_size] * 3 + [1.0])
    affine[:3, 3] = np.array(_CENTRE) - design.voxel_size * (np.array(design.shape) - 1) / 2.0
    return affine


def write_run(
    folder: Path,
    design: StudyDesign,
    subject: str,
    run: str,
    events: pd.DataFrame,
    scans: SimulatedScans,
    brain: NDArray[np.bool_],
) -> None:
    """Events, images, mask and confounds of one run.

    Parameters
    ----------
    folder : of the study.
    design : its sessions, voxels and time between scans.
    subject, run : which; the run by its name in the card.
    events : a row a trial.
    scans : images and confounds.
    brain : mask of the volume.
    """
    place = subject if design.session is None else f"{subject}/ses-{design.session}"
    stem = f"{place.replace('/', '_')}_{RUNS[run][1]}"
    raw = folder / "bids" / place / "func"
    derived = folder / "fmriprep" / place / "func"
    _write_tsv(raw / f"{stem}_events.tsv", events)
    _write_tsv(derived / f"{stem}_desc-confounds_timeseries.tsv", scans.confounds)
    _write_json(derived / f"{stem}_desc-confounds_timeseries.json", scans.sidecar)
    space = f"{stem}_space-{SPACE}_res-2"
    _write_image(derived / f"{space}_desc-preproc_bold.nii.gz", design, scans.images)
    _write_json(
        derived / f"{space}_desc-preproc_bold.json",
        {"RepetitionTime": design.tr, "SkullStripped": False, "TaskName": RUNS[run][0]},
    )
    _write_image(derived / f"{space}_desc-brain_mask.nii.gz", design, brain.astype(np.uint8))
    if design.vertices:
        random = design.stream("surface", subject, run)
        write_surface(derived, stem, design, scans.images, brain, random)


def write_rois(
    folder: Path, design: StudyDesign, regions: Mapping[str, NDArray[np.bool_]]
) -> dict[str, Path]:
    """A NIfTI mask of each region."""
    paths = {roi: folder / "rois" / f"{roi}.nii.gz" for roi in regions}
    for roi, mask in regions.items():
        _write_image(paths[roi], design, mask.astype(np.uint8))
    return paths


def write_study(
    folder: Path,
    design: StudyDesign,
    people: Sequence[str],
    items: pd.DataFrame,
    names: Mapping[str, str],
) -> Card:
    """Descriptions of both folders, the people, and the card.

    Parameters
    ----------
    folder : of the study.
    design : its seed and parts.
    people : names of the people.
    items : a row an item, with ``stimulus_id`` and ``run``.
    names : person → who that is in ds002886, where events were read from its files.

    Returns
    -------
    The card; where events were read, it leaves out the items that the card of ds002886 does.
    """
    name = "Simulated deductive reasoning"
    about = {"Name": name, "BIDSVersion": "1.8.0", "DatasetType": "raw", "License": "CC0"}
    _write_json(folder / "bids" / "dataset_description.json", about)
    _write_tsv(folder / "bids" / "participants.tsv", pd.DataFrame({"participant_id": people}))
    for kind, bids_name in dict(RUNS.values()).items():
        task = bids_name.split("_")[0]
        _write_json(
            folder / "bids" / f"{task}_bold.json",
            {"TaskName": kind, "RepetitionTime": design.tr},
        )
    by = {"Name": "fMRIPrep", "Version": "22.0.0", "Description": "simulated by brainbench"}
    derived = {**about, "DatasetType": "derivative", "GeneratedBy": [by]}
    _write_json(folder / "fmriprep" / "dataset_description.json", derived)
    real = load_card("ds002886") if names else None
    dropped = dict(real.dropped) if real else {}
    kept = [run for name, run in zip(items["stimulus_id"], items["run"], strict=True)
            if name not in dropped]  # fmt: skip
    types = [RUNS[str(run)][0] for run in kept]
    card = Card(
        name="simulated",
        title="A simulated study of deductive reasoning, from scanner images on",
        version=f"seed-{design.seed}",
        licence="CC0-1.0",
        redistributable=True,
        simulated=True,
        citation="",
        subjects=tuple(people),
        reasoning_types=tuple(dict.fromkeys(types)),
        items=len(kept),
        type_items={kind: types.count(kind) for kind in dict.fromkeys(types)},
        runs=tuple(RUNS),
        scans=Scans(
            runs={run: name for run, (_, name) in RUNS.items()},
            repetition_time=design.tr,
            trials=len(items) // len(RUNS),
            control=("control",),
            phases={"premises": 0.0, "conclusion": 6.0},
        ),
        dropped=dropped,
        condition_differences=dict(real.condition_differences) if real else {},
        early_answers={
            person: real.early_answers[name]
            for person, name in names.items()
            if real and name in real.early_answers
        },
        notes=("Simulated. No person was measured, and no score on it is of a brain.",),
        simulation=design.model_dump(mode="json"),
    )
    held = card.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(held, sort_keys=False, allow_unicode=True)
    write_whole(folder / "card.yaml", text.encode())
    return card


def _write_image(path: Path, design: StudyDesign, values: NDArray[Any]) -> None:
    import nibabel

    image = nibabel.Nifti1Image(values, affine_of(design))
    image.header.set_xyzt_units("mm", "sec")
    # 4: aligned to MNI 152
    image.header["sform_code"] = image.header["qform_code"] = 4
    if values.ndim == 4:
        zooms = (*[design.voxel_size] * 3, design.tr)
        image.header.set_zooms(zooms)
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)


def _write_tsv(path: Path, table: pd.DataFrame) -> None:
    write_whole(path, table.to_csv(sep="\t", index=False, na_rep="n/a").encode())


def _write_json(path: Path, values: dict[str, Any]) -> None:
    write_whole(path, (json.dumps(values, indent=2) + "\n").encode())
