"""Voxels of all runs of a person → responses, in the columns that all people share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from brainbench.imaging.betas import BetaOptions, TrialBetas, estimate_trials
from brainbench.imaging.prepare.person import PreparedPerson, PreparedRun
from brainbench.imaging.prepare.work import Estimate, ReadRun
from brainbench.imaging.run import RunResponses


def estimator(options: BetaOptions, phases: Mapping[str, float] | None) -> Estimate:
    """What estimates the responses of a person.

    Parameters
    ----------
    options : method, HRF, noise model, drifts, phases.
    phases : of the card.
    """

    def estimate(
        subject: str, runs: Sequence[ReadRun], left_out: Mapping[str, str]
    ) -> PreparedPerson:
        read = [run for run, _ in runs]
        found = estimate_trials(read, options, phases)
        first = read[0]
        return PreparedPerson(
            subject=subject,
            rois=first.rois,
            voxels=first.voxels,
            coordinates=first.coordinates,
            runs={
                run.run.name: _prepared(run, betas, notes)
                for (run, notes), betas in zip(runs, found, strict=True)
            },
            left_out=left_out,
        )

    return estimate


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
