"""Responses of one person, a run at a time or with choices made on other runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainbench.errors import DataError
from brainbench.imaging.betas.design import build_design, units_of
from brainbench.imaging.betas.library import hrf_library
from brainbench.imaging.betas.options import BetaOptions
from brainbench.imaging.betas.separate import separate
from brainbench.imaging.betas.single import Choices, SingleRun, choose, estimate
from brainbench.imaging.betas.together import together
from brainbench.imaging.extra import require_imaging
from brainbench.imaging.run import RunResponses, ScannerRun

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrialBetas:
    """One response a trial of one run.

    Attributes
    ----------
    run : where they come from.
    trials : a row a response: those of the run's trials with a stimulus, with ``phase`` (``trial``
        for the whole trial), ``begin`` and ``length`` in s.
    betas : (trials, voxels) in per cent of the voxel's mean.
    voxels : (voxels,) place of each in the image; the same for all runs of the person.
    rois : ROI → columns of ``betas``.
    coordinates : (voxels, 3) in mm, MNI.
    tsnr : (voxels,) of this run.
    choices : how the run was estimated, for the ``glmsingle`` method; None for the others.
    """

    run: ScannerRun
    trials: pd.DataFrame
    betas: Array
    voxels: NDArray[np.intp]
    rois: Mapping[str, NDArray[np.intp]]
    coordinates: Array
    tsnr: Array
    choices: Choices | None = None


def estimate_trials(
    runs: Sequence[RunResponses],
    options: BetaOptions | None = None,
    phases: Mapping[str, float] | None = None,
) -> list[TrialBetas]:
    """One response a trial of all runs of one person.

    Only voxels that can be used in every run are kept, so that runs can be put one under another.

    Parameters
    ----------
    runs : of one person, in one space, with the same regions.
    options : method, HRF, noise model, drifts, phases.
    phases : of the card (``scans.phases``), where they are asked for.

    Returns
    -------
    A result for each run, in their order.

    Raises
    ------
    DataError
        When runs are of different people or regions, a region has no voxel that can be used in
        all of them, or a trial's response cannot be separated from the rest.
    """
    require_imaging()
    options = options or BetaOptions()
    usable = _usable(runs)
    series = [_in_per_cent(one, usable) for one in runs]
    if options.method == "glmsingle":
        found = _single(runs, series, options, phases)
    else:
        found = [
            (_alone(one, values, options, phases), None)
            for one, values in zip(runs, series, strict=True)
        ]
    place = np.cumsum(usable) - 1
    return [
        TrialBetas(
            run=one.run,
            trials=units_of(one.trials, options, phases),
            betas=betas,
            voxels=one.voxels[usable],
            rois={roi: place[columns[usable[columns]]] for roi, columns in one.rois.items()},
            coordinates=one.coordinates[usable],
            tsnr=one.tsnr[usable],
            choices=choices,
        )
        for one, (betas, choices) in zip(runs, found, strict=True)
    ]


# ---------------------------------------------------------------- parts


def _usable(runs: Sequence[RunResponses]) -> NDArray[np.bool_]:
    """(voxels,) whether a voxel can be used in every run of a person."""
    if not runs:
        raise DataError("no run of the person is left")
    first = runs[0]
    for one in runs[1:]:
        if one.run.subject != first.run.subject:
            raise DataError(f"{one.run.label} is not of {first.run.subject}")
        if not np.array_equal(one.voxels, first.voxels) or list(one.rois) != list(first.rois):
            raise DataError(
                f"{one.run.label} and {first.run.label} have other voxels: their images are not in "
                "one grid, or other ROIs were read"
            )
    usable: NDArray[np.bool_] = np.all([one.inside for one in runs], axis=0)
    for roi, columns in first.rois.items():
        if not usable[columns].any():
            raise DataError(
                f"{first.run.subject}: ROI {roi} has no voxel that lies inside the brain in all of "
                f"{', '.join(one.run.name for one in runs)}"
            )
    return usable


def _in_per_cent(one: RunResponses, usable: NDArray[np.bool_]) -> Array:
    """(kept scans, voxels) in per cent of the mean, as nilearn scales them."""
    from nilearn.glm.first_level import mean_scaling

    scaled, _ = mean_scaling(one.series[one.kept][:, usable].astype(np.float64))
    return np.asarray(scaled, float)


def _alone(
    one: RunResponses, series: Array, options: BetaOptions, phases: Mapping[str, float] | None
) -> Array:
    """Responses of a run by itself."""
    design = build_design(one, options, phases)
    try:
        if options.method == "lsa":
            return together(series, design.together, len(design.units), options.noise_model)
        betas = np.empty((len(design.units), series.shape[1]))
        for phase, others in design.other_phases.items():
            mine = (design.units["phase"] == phase).to_numpy()
            nuisance = np.column_stack([others, design.nuisance])
            betas[mine] = separate(
                series, design.own[:, mine], design.rest[:, mine], nuisance, options.noise_model
            )
    except DataError as error:
        raise DataError(f"{one.run.label}: {error}") from error
    return betas


def _single(
    runs: Sequence[RunResponses],
    series: Sequence[Array],
    options: BetaOptions,
    phases: Mapping[str, float] | None,
) -> list[tuple[Array, Choices | None]]:
    """Responses of each run, with what its estimate needs chosen on the others."""
    models = (None, *hrf_library())
    held = []
    for one, values in zip(runs, series, strict=True):
        designs = [build_design(one, options, phases, model) for model in models]
        held.append(SingleRun(one.run.name, values, designs, _conditions(designs[0].units, runs)))
    found: list[tuple[Array, Choices | None]] = []
    for i, single in enumerate(held):
        choices = choose([other for k, other in enumerate(held) if k != i], single.series.shape[1])
        found.append((estimate(single, choices), choices))
    return found


def _conditions(units: pd.DataFrame, runs: Sequence[RunResponses]) -> NDArray[np.str_]:
    """What other runs can predict: the stimulus where any comes in two runs, else its kind."""
    shown = [set(one.trials.loc[~one.trials["control"], "stimulus_id"]) for one in runs]
    repeated = any(a & b for i, a in enumerate(shown) for b in shown[i + 1 :])
    words = units["stimulus_id"] if repeated else units["trial_type"]
    return np.array([f"{phase}: {word}" for phase, word in zip(units["phase"], words, strict=True)])
