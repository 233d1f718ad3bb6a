"""Responses of all people → one recording, its voxels the same places in everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainbench.datasets.assembly import Recording, build_assembly
from brainbench.datasets.cards import Card
from brainbench.errors import DataError
from brainbench.imaging.prepare.person import PreparedPerson
from brainbench.imaging.prepare.stimuli import read_shown

Array = NDArray[np.float64]
Columns = NDArray[np.intp]


@dataclass(frozen=True)
class Coverage:
    """Voxels of a region.

    Attributes
    ----------
    there : in the image.
    used : inside the brain in every run of everybody.
    least : the person who has the fewest, and how many those are.
    """

    there: int
    used: int
    least: tuple[str, int]


def put_together(
    people: Sequence[PreparedPerson], card: Card, own_voxels: bool = False
) -> tuple[Recording, dict[str, Coverage]]:
    """One recording of all people.

    A voxel is used where it can be in every run of everybody, so that the same column is the same
    place in all of them, unless each has voxels of their own. A run that somebody lacks is NaN.

    Parameters
    ----------
    people : responses of each.
    card : of the study; that of the recording has its people, regions and items.
    own_voxels : whether voxels were chosen person by person, equally many of each.

    Returns
    -------
    The recording, and the voxels of each region.

    Raises
    ------
    DataError
        When images are not of one grid, a region has no voxel that all have, or people saw
        different problems.
    """
    _check_grid(people)
    columns, coverage = _own(people) if own_voxels else _common(people)
    seen = read_shown(people, card)
    shown = seen.presentations
    # a phase of a trial is a region of its own: it has other responses in the same voxels
    phases = _phases(people)
    parts = {
        (roi if len(phases) == 1 else f"{roi}.{phase}"): (chosen, phase)
        for roi, chosen in columns.items()
        for phase in phases
    }
    blocks, places = {}, {}
    for name, (chosen, phase) in parts.items():
        for person in people:
            mine = chosen[person.subject]
            blocks[person.subject, name] = _block(person, shown, mine, phase)
            places[person.subject, name] = person.coordinates[mine]
    coordinates = shown.drop(columns="showing", errors="ignore")
    assembly = build_assembly(coordinates, blocks, places)
    voxels = [p.voxels[chosen[p.subject]] for chosen, _ in parts.values() for p in people]
    owners = zip(assembly["subject"].values, assembly["roi"].values, np.concatenate(voxels),
                 strict=True)  # fmt: skip
    ids = np.array([f"{subject}.{roi}.{voxel}" for subject, roi, voxel in owners])
    assembly = assembly.assign_coords(neuroid_id=("neuroid", ids))
    widths = {name: len(chosen[people[0].subject]) for name, (chosen, _) in parts.items()}
    own = _own_card(card, people, shown, widths)
    assembly.attrs.update(dataset=own.name, version=own.version)
    return Recording(own, assembly, seen.stimuli, "", seen.behavior), coverage


# ---------------------------------------------------------------- parts


def _check_grid(people: Sequence[PreparedPerson]) -> None:
    first = people[0]
    for person in people[1:]:
        same = np.array_equal(person.voxels, first.voxels) and np.allclose(
            person.coordinates, first.coordinates, atol=1e-3, equal_nan=True
        )
        if not same:
            raise DataError(
                f"the images of {person.subject} and {first.subject} are not in one grid: their "
                "voxels are not the same places. Run fMRIPrep for everybody with the same "
                "--output-spaces, resolution included"
            )


# region → person → columns
_Chosen = dict[str, dict[str, Columns]]


def _own(people: Sequence[PreparedPerson]) -> tuple[_Chosen, dict[str, Coverage]]:
    """Columns of each region that were chosen for each person."""
    columns = {roi: {one.subject: one.rois[roi] for one in people} for roi in people[0].rois}
    coverage = {}
    for roi, held in columns.items():
        counts = {subject: len(chosen) for subject, chosen in held.items()}
        least = min(counts, key=lambda subject: counts[subject])
        coverage[roi] = Coverage(counts[least], counts[least], (least, counts[least]))
    return columns, coverage


def _common(people: Sequence[PreparedPerson]) -> tuple[_Chosen, dict[str, Coverage]]:
    """Columns of each region that can be used in every run of everybody."""
    inside = {
        person.subject: np.all([run.inside for run in person.runs.values()], axis=0)
        for person in people
    }
    everywhere = np.all(list(inside.values()), axis=0)
    columns: _Chosen = {}
    coverage = {}
    for roi, chosen in people[0].rois.items():
        counts = {subject: int(own[chosen].sum()) for subject, own in inside.items()}
        least = min(counts, key=lambda subject: counts[subject])
        shared = chosen[everywhere[chosen]]
        columns[roi] = {person.subject: shared for person in people}
        coverage[roi] = Coverage(len(chosen), len(shared), (least, counts[least]))
        if not shared.size:
            raise DataError(
                f"ROI {roi}: none of its {len(chosen)} voxels is inside the brain in every run of "
                f"everybody; {least} has {counts[least]} of them. Leave that person out with "
                "--subjects, or choose another region"
            )
    return columns, coverage


def _phases(people: Sequence[PreparedPerson]) -> list[str]:
    found = [list(dict.fromkeys(run.phases)) for one in people for run in one.runs.values()]
    return found[0]


def _block(person: PreparedPerson, shown: pd.DataFrame, columns: Columns, phase: str) -> Array:
    """(presentations, voxels) of one person in one region; runs that are not there are NaN."""
    block = np.full((len(shown), len(columns)), np.nan)
    # a stimulus may be shown several times in a run
    showings = shown["showing"].to_numpy() if "showing" in shown else np.zeros(len(shown), int)
    for name, run in person.runs.items():
        rows: dict[tuple[str, int], int] = {}
        counted: Counter[str] = Counter()
        for row, (stimulus, own) in enumerate(zip(run.stimulus_ids, run.phases, strict=True)):
            if own == phase:
                rows[stimulus, counted[stimulus]] = row
                counted[stimulus] += 1
        here = np.flatnonzero(shown["run"] == name)
        wanted = list(zip(shown["stimulus_id"].iloc[here], showings[here], strict=True))
        lacking = [stimulus for stimulus, showing in wanted if (stimulus, showing) not in rows]
        if lacking:
            raise DataError(f"{person.subject} {name}: no trial of {lacking[0]}")
        block[here] = run.responses[[rows[one] for one in wanted]][:, columns]
    return block


def _own_card(
    card: Card,
    people: Sequence[PreparedPerson],
    shown: pd.DataFrame,
    rois: Mapping[str, int],
) -> Card:
    """The study's card for what was prepared: its people, regions, items and missing runs."""
    runs = tuple(dict.fromkeys(map(str, shown["run"])))
    once = shown.drop_duplicates("stimulus_id")
    types = [str(kind) for kind in once["reasoning_type"]]
    counts = {kind: types.count(kind) for kind in dict.fromkeys(types)}
    subjects = tuple(person.subject for person in people)
    missing = {
        person.subject: tuple(run for run in runs if run not in person.runs) for person in people
    }
    return card.model_copy(
        update={
            "name": f"{card.name}-fmri",
            "urls": (),
            "files": (),
            "scans": None,
            "requires": (),
            "behavior": False,
            "subjects": subjects,
            "ages": {name: age for name, age in card.ages.items() if name in subjects},
            "rois": dict(rois),
            "roi_coordinates": {},
            "selection_leak": (),
            "reasoning_types": tuple(counts),
            "items": len(types),
            "type_items": counts,
            "runs": runs,
            "repeated_items": len(once) < len(shown),
            "missing_runs": {name: held for name, held in missing.items() if held},
            "dropped": dict(card.dropped),
        }
    )
