"""What must be left out of a recording before it is scored: people and voxels, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from brainbench.datasets.assembly import Recording, average_repeats, subjects_of
from brainbench.datasets.content import recording_sha256
from brainbench.errors import DataError, UnknownNameError

_SHOWN = 5


def leave_out(recording: Recording) -> Recording:
    """The recording without what cannot be scored, which its origin then names.

    Voxels that do not vary are left out, and people who lack a run or an ROI: every protocol holds
    people against each other on the same items.

    Parameters
    ----------
    recording : of somebody's own, with an origin.

    Raises
    ------
    DataError
        When nobody is left.
    """
    assembly, card = recording.assembly, recording.card
    means = average_repeats(assembly).values
    people, rois = assembly["subject"].values, assembly["roi"].values
    missing = np.isnan(means)
    found = {**_lacking_runs(recording, missing)}
    with np.errstate(invalid="ignore"):
        still = np.nanmax(np.where(missing, -np.inf, means), axis=0) == np.nanmin(
            np.where(missing, np.inf, means), axis=0
        )
    constant = still & ~missing.all(axis=0)
    kept = ~constant & ~np.isin(people, list(found))
    texts = [f"{subject}: lacks {what}" for subject, what in found.items()]
    for subject in subjects_of(assembly):
        for roi in card.rois:
            own = (people == subject) & (rois == roi)
            gone = int((own & constant).sum())
            if gone and subject not in found:
                texts.append(f"{subject}, {roi}: {gone} of {own.sum()} voxels do not vary")
    lacking = {
        subject: [
            roi for roi in card.rois if not (kept & (people == subject) & (rois == roi)).any()
        ]
        for subject in subjects_of(assembly)
        if subject not in found
    }
    for subject, absent in lacking.items():
        if absent:
            texts.append(f"{subject}: has no voxels that vary in {', '.join(absent)}")
            kept &= people != subject
    if not kept.any():
        raise DataError("nobody is left: " + "; ".join(texts[:_SHOWN]))
    if kept.all():
        return recording
    whole = assembly.isel(neuroid=np.flatnonzero(kept))
    origin = recording.origin
    assert origin is not None
    left = card.model_copy(update={"subjects": tuple(subjects_of(whole))})
    return replace(
        recording,
        card=left,
        assembly=whole,
        origin=replace(origin, left_out=(*origin.left_out, *texts)),
    )


def select_presentations(recording: Recording, select: Mapping[str, Sequence[str]]) -> Recording:
    """The recording of only those presentations that have some labels.

    Parameters
    ----------
    recording : of any dataset.
    select : coordinate of the presentations → the labels that are kept.

    Raises
    ------
    UnknownNameError
        When there is no such coordinate or label.
    DataError
        When nothing is left.
    """
    if not select:
        return recording
    assembly, card = recording.assembly, recording.card
    kept = np.ones(assembly.sizes["presentation"], bool)
    over = [str(name) for name in assembly.coords if assembly[name].dims == ("presentation",)]
    for name, wanted in select.items():
        if name not in over:
            raise UnknownNameError("column to select by", name, over)
        labels = assembly[name].values.astype(str)
        for label in wanted:
            if label not in labels:
                raise UnknownNameError(name, label, dict.fromkeys(labels.tolist()))
        kept &= np.isin(labels, list(wanted))
    if not kept.any():
        raise DataError(f"nothing is left once {' and '.join(select)} is selected")
    rows = np.flatnonzero(kept)
    part = assembly.isel(presentation=rows)
    shown = set(map(str, part["stimulus_id"].values))
    problems = tuple(one for one in recording.problems if one.identifier in shown)
    left = {
        "items": len(shown),
        "runs": tuple(run for run in card.runs if run in set(map(str, part["run"].values))),
        "reasoning_types": tuple(dict.fromkeys(one.reasoning_type for one in problems)),
    }
    behavior = recording.behavior
    selected = replace(
        recording,
        card=card.model_copy(update=left),
        assembly=part,
        problems=problems,
        behavior=None if behavior is None else behavior.isel(presentation=rows),
    )
    return replace(selected, data_sha256=recording_sha256(selected))


def _lacking_runs(recording: Recording, missing: np.ndarray) -> dict[str, str]:
    """Person → runs of which they have no response at all."""
    assembly, card = recording.assembly, recording.card
    first = average_repeats(assembly)
    runs = first[card.held_out].values if card.held_out in first.coords else first["run"].values
    found = {}
    for subject in subjects_of(assembly):
        mine = missing[:, assembly["subject"].values == subject].any(axis=1)
        if mine.any():
            absent = list(dict.fromkeys(map(str, runs[mine])))
            more = f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else ""
            found[subject] = f"{card.held_out} {', '.join(absent[:_SHOWN])}{more}"
    return found
