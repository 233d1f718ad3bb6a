"""Voxels of all runs of a person → responses, in the columns that all people share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import DataError
from brainbench.imaging.betas import BetaOptions, TrialBetas, estimate_trials
from brainbench.imaging.prepare.person import PreparedPerson, PreparedRun
from brainbench.imaging.prepare.work import Estimate, ReadRun
from brainbench.imaging.run import RunResponses
from brainbench.imaging.selection import contrast, select_on

CHOSEN_ON = "voxels were chosen on it"


def estimator(
    options: BetaOptions,
    phases: Mapping[str, float] | None,
    top: int | None = None,
    chosen_on: Collection[str] = (),
) -> Estimate:
    """What estimates the responses of a person.

    Parameters
    ----------
    options : method, HRF, noise model, drifts, phases.
    phases : of the card.
    top : voxels of each region that are chosen; None for all.
    chosen_on : runs that they are chosen on, which have no other part.
    """

    def estimate(
        subject: str, runs: Sequence[ReadRun], left_out: Mapping[str, str]
    ) -> PreparedPerson:
        choosing = [run for run, _ in runs if run.run.name in chosen_on]
        runs = [one for one in runs if one[0].run.name not in chosen_on]
        if not runs:
            raise DataError("no run is left beside those that voxels are chosen on")
        read = [run for run, _ in runs]
        found = estimate_trials(read, options, phases)
        first = read[0]
        rois = first.rois
        if top is not None:
            rois = _chosen(choosing, read, options, top)
        return PreparedPerson(
            subject=subject,
            rois=rois,
            voxels=first.voxels,
            coordinates=first.coordinates,
            runs={
                run.run.name: _prepared(run, betas, notes)
                for (run, notes), betas in zip(runs, found, strict=True)
            },
            left_out={**left_out, **{run.run.name: CHOSEN_ON for run in choosing}},
        )

    return estimate


def _chosen(
    choosing: Sequence[RunResponses], scored: Sequence[RunResponses], options: BetaOptions, top: int
) -> dict[str, NDArray[np.intp]]:
    """Columns of each region that were chosen on runs which are not scored."""
    if not choosing:
        raise DataError("none of the runs that voxels are chosen on is there; leave the person out")
    inside = np.all([run.inside for run in (*choosing, *scored)], axis=0)
    usable = {roi: columns[inside[columns]] for roi, columns in scored[0].rois.items()}
    for roi, columns in usable.items():
        if columns.size < top:
            raise DataError(
                f"ROI {roi} has {columns.size} voxels that can be used in every run, fewer than "
                f"the {top} that are to be chosen"
            )
    contrasts = [contrast(run, options=options) for run in choosing]
    found = {}
    for roi, columns in usable.items():
        chosen = select_on(contrasts, {roi: columns}, top)
        found[roi] = columns[chosen[columns]]
    return found


def _prepared(run: RunResponses, betas: TrialBetas, notes: Mapping[str, object]) -> PreparedRun:
    # betas has the voxels that can be used in every run of the person
    usable = np.isin(run.voxels, betas.voxels)
    responses = np.full((len(betas.trials), len(run.voxels)), np.nan, np.float32)
    responses[:, usable] = betas.betas
    return PreparedRun(
        responses=responses,
        stimulus_ids=tuple(map(str, betas.trials["stimulus_id"])),
        phases=tuple(map(str, betas.trials["phase"])),
        inside=run.inside,
        tsnr=run.tsnr.astype(np.float32),
        motion=run.motion,
        kept=run.kept,
        events=str(notes["events"]),
        inputs=dict(notes["inputs"]),  # type: ignore[call-overload]
        mark=dict(notes["mark"]),  # type: ignore[call-overload]
    )
