"""A simulated study, drawn person by person and written as BIDS and fMRIPrep would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from brainbench.datasets import phantom
from brainbench.datasets.cards import Card, load_card
from brainbench.datasets.deduction import RUNS
from brainbench.errors import DataError
from brainbench.imaging.extra import require_imaging
from brainbench.imaging.simulation import files, surface
from brainbench.imaging.simulation.amplitudes import (
    Array,
    boxes,
    checked_features,
    draw_amplitudes,
)
from brainbench.imaging.simulation.design import StudyDesign
from brainbench.imaging.simulation.events import draw_events, read_events, words_of
from brainbench.imaging.simulation.scans import draw_head, draw_scans
from brainbench.paths import activations_path
from brainbench.problems import Problem

_CONTROL = 0.3  # amplitude of a control trial, as a share of a problem's mean


@dataclass(frozen=True)
class SimulatedStudy:
    """Where the files of a simulated study are, and what was planted.

    Attributes
    ----------
    bids : folder with the events and the description of the study.
    fmriprep : folder of derivatives.
    rois : NIfTI mask of each region.
    labels : its label files of both hemispheres, where the study is on a surface too.
    card : describes the study.
    card_path : the same as a file.
    truth : (presentation, neuroid) ``amplitude`` and its part ``signal``, in percent of a
        voxel's mean; neuroids with ``subject``, ``roi``, and ``x``, ``y``, ``z`` in mm. Also in
        ``truth.nc``.
    """

    bids: Path
    fmriprep: Path
    rois: dict[str, Path]
    card: Card
    card_path: Path
    truth: xr.Dataset
    labels: dict[str, tuple[Path, Path]] = field(default_factory=dict)


def simulate_study(
    folder: Path,
    design: StudyDesign | None = None,
    features: ArrayLike | None = None,
    events: Path | None = None,
) -> SimulatedStudy:
    """Simulate a study of the reasoning tasks of ds002886, and write its files.

    Without other features, the states of SmolLM2-135M that ship with the phantom are planted, less
    what length, run, position, validity and negation explain of them: the model
    ``smollm2-135m-phantom`` has them.

    Parameters
    ----------
    folder : where to; it is made.
    design : people, regions, strength of each part, seed.
    features : (items, features) that ``signal`` is made of, in the order of the runs.
    events : a folder with the events of ds002886, whose onsets and texts are taken; by default
        both are the phantom's, with onsets drawn at the same spacing.

    Raises
    ------
    DataError
        When the features do not fit, or the folder of events lacks people.
    UsageError
        When nilearn is not installed.

    Examples
    --------
    >>> study = simulate_study(Path("simulated"), StudyDesign(subjects=2, seed=1))
    >>> sorted(study.rois)
    ['confound', 'noise', 'planted']
    """
    require_imaging()
    design = design or StudyDesign()
    people = [f"sub-{number:02d}" for number in range(1, design.subjects + 1)]
    names: dict[str, str] = {}
    if events:
        tables, names = read_events(events, design.subjects)
    else:
        tables = _drawn_events(design, people)
    items = _items(tables)
    if features is None and events is None:
        planted_by = phantom.parse_design(load_card("phantom").simulation)
        states = phantom.shipped_features(activations_path(), planted_by.site, planted_by.layer)
        features = _beyond_nuisance(states, phantom.load_problems(), items)
    if features is None:
        features = design.stream("features").standard_normal((len(items), 5))
    planted = checked_features(features, len(items))
    regions = boxes(design.shape, design.rois)
    brain = np.zeros(design.shape, bool)
    brain[1:-1, 1:-1, 1:-1] = True
    affine = files.affine_of(design)
    blocks: dict[tuple[str, str], dict[str, Array]] = {}
    for subject in people:
        head = draw_head(design, subject, brain)
        for roi, mask in regions.items():
            blocks[subject, roi] = draw_amplitudes(
                design, subject, roi, int(mask.sum()), items, planted
            )
        for run in RUNS:
            responses = _responses(
                design, tables[subject, run], run, items, regions, blocks, subject
            )
            scans = draw_scans(design, tables[subject, run], responses, head, (subject, run))
            files.write_run(folder, design, subject, run, tables[subject, run], scans, brain)
    card = files.write_study(folder, design, people, items, names)
    truth = _truth(blocks, items, regions, affine)
    truth.to_netcdf(folder / "truth.nc", engine="scipy")
    return SimulatedStudy(
        folder / "bids",
        folder / "fmriprep",
        files.write_rois(folder, design, regions),
        card,
        folder / "card.yaml",
        truth,
        surface.write_labels(folder, design, regions, brain) if design.vertices else {},
    )


def _beyond_nuisance(states: Array, problems: Sequence[Problem], items: pd.DataFrame) -> Array:
    """States less what is known of the items by other means than the model."""
    characters = [sum(map(len, one.sentences)) for one in problems]
    conditions = [(one.condition.valid, one.condition.negated) for one in problems]
    position = items["position"].to_numpy(float)
    runs = pd.get_dummies(items["run"]).to_numpy(float)
    known = np.column_stack(
        [runs, items["words"], characters, np.array(conditions, float), position, position**2]
    )
    return np.asarray(states - known @ np.linalg.lstsq(known, states, rcond=None)[0])


def _drawn_events(design: StudyDesign, people: list[str]) -> dict[tuple[str, str], pd.DataFrame]:
    problems = phantom.load_problems()
    return {
        (subject, run): draw_events(
            design, [p for p in problems if p.identifier.startswith(f"{run}-")], subject, run
        )
        for subject in people
        for run in RUNS
    }


def _items(tables: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """A row an item, in the order of the runs: stimulus_id, run, position, words."""
    rows = []
    for run in RUNS:
        seen = [table for (_, name), table in tables.items() if name == run]
        problems = seen[0][seen[0]["trial_type"] != "control"]
        for other in seen[1:]:
            if (other["trial_type"] != "control").sum() != len(problems):
                raise DataError(f"{run}: people saw different numbers of problems")
        for position, words in enumerate(words_of(problems)):
            rows.append((f"{run}-{position:02d}", run, position, words))
    return pd.DataFrame(rows, columns=["stimulus_id", "run", "position", "words"])


def _responses(
    design: StudyDesign,
    events: pd.DataFrame,
    run: str,
    items: pd.DataFrame,
    regions: Mapping[str, NDArray[np.bool_]],
    blocks: Mapping[tuple[str, str], Mapping[str, Array]],
    subject: str,
) -> Array:
    """(trials, x, y, z) amplitudes of one run; outside of the regions nothing answers."""
    shown = (events["trial_type"] != "control").to_numpy()
    here = (items["run"] == run).to_numpy()
    volume = np.zeros((len(events), *design.shape))
    for roi, mask in regions.items():
        values = np.full((len(events), int(mask.sum())), _CONTROL * design.activation)
        values[shown] = blocks[subject, roi]["amplitude"][here]
        volume[:, mask] = values
    return volume


def _truth(
    blocks: Mapping[tuple[str, str], Mapping[str, Array]],
    items: pd.DataFrame,
    regions: Mapping[str, NDArray[np.bool_]],
    affine: Array,
) -> xr.Dataset:
    places = {
        roi: np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3] for roi, mask in regions.items()
    }
    widths = [len(places[roi]) for _, roi in blocks]
    where = np.concatenate([places[roi] for _, roi in blocks])
    return xr.Dataset(
        {
            part: (
                ("presentation", "neuroid"),
                np.concatenate([block[part] for block in blocks.values()], axis=1),
            )
            for part in ("amplitude", "signal")
        },
        coords={
            **{
                name: ("presentation", items[name].to_numpy())
                for name in ("stimulus_id", "run", "position")
            },
            "subject": ("neuroid", np.repeat([subject for subject, _ in blocks], widths)),
            "roi": ("neuroid", np.repeat([roi for _, roi in blocks], widths)),
            **{axis: ("neuroid", where[:, i]) for i, axis in enumerate("xyz")},
        },
    )
