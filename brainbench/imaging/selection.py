"""Voxels of a region chosen by how strongly they respond, without the runs they are scored on.

Voxels chosen by t on all runs and then scored on the same runs hold whatever noise made them
respond: where conditions are compared, features of the condition then predict voxels of pure noise
(Kriegeskorte et al. 2009, Nature Neuroscience 12). A choice therefore belongs to the run that is
held out, or is made on runs that are scored nowhere. docs/imaging.md has the size of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import DataError, UsageError
from brainbench.imaging.betas.design import build_design
from brainbench.imaging.betas.options import BetaOptions
from brainbench.imaging.extra import require_imaging
from brainbench.imaging.run import RunResponses

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Contrast:
    """Response to a condition in one run.

    Attributes
    ----------
    run : its name.
    effect, variance : (voxels,) in per cent, NaN where a voxel cannot be used.
    """

    run: str
    effect: Array
    variance: Array


@dataclass(frozen=True)
class Selection:
    """Voxels chosen for each run on the person's other runs.

    Attributes
    ----------
    runs : names, in the order of the rows.
    chosen : (runs, voxels) True where a voxel was chosen without that run. Whoever holds a run out
        scores its voxels, in training and test; a voxel that no row has serves nobody.
    """

    runs: tuple[str, ...]
    chosen: NDArray[np.bool_]

    def of_rows(self, runs: Sequence[str]) -> NDArray[np.bool_]:
        """(rows, voxels) the choice without the run of each row, as a coordinate of an assembly.

        Parameters
        ----------
        runs : of each presentation.
        """
        index = [self.runs.index(str(name)) for name in runs]
        return np.asarray(self.chosen[index])


def contrast(
    responses: RunResponses,
    conditions: Collection[str] | None = None,
    against: Collection[str] | None = None,
    options: BetaOptions | None = None,
) -> Contrast:
    """Response to trials against the baseline or against other trials, by nilearn's GLM.

    Trials of other conditions have a regressor of their own, as have control trials.

    Parameters
    ----------
    responses : of one run.
    conditions : values of ``trial_type``; all trials with a stimulus by default.
    against : values of ``trial_type``; the baseline by default.
    options : HRF, noise model and drifts.

    Raises
    ------
    UsageError
        When the run has no trial of the conditions.
    """
    require_imaging()
    from nilearn.glm import compute_contrast
    from nilearn.glm.first_level import mean_scaling, run_glm

    options = options or BetaOptions()
    design = build_design(responses, options)
    kinds = design.units["trial_type"].astype(str)
    response = design.own[:, :, 0]
    left = np.ones(len(kinds), bool)
    columns, weights = [], []
    for names, weight in ((conditions, 1.0), (against, -1.0)):
        if weight < 0 and names is None:
            continue
        mine = left if names is None else left & kinds.isin(names).to_numpy()
        if not mine.any():
            raise UsageError(
                f"{responses.run.label} has no trial of type {', '.join(map(str, names or ()))}; "
                f"it has {', '.join(sorted(set(kinds)))}"
            )
        columns.append(response[:, mine].sum(axis=1))
        weights.append(weight)
        left = left & ~mine
    if left.any():
        columns.append(response[:, left].sum(axis=1))
    matrix = np.column_stack([*columns, design.nuisance])
    usable = responses.inside
    series, _ = mean_scaling(responses.series[responses.kept][:, usable].astype(np.float64))
    labels, results = run_glm(series, matrix, noise_model=options.noise_model)
    found = compute_contrast(
        labels, results, np.r_[weights, np.zeros(matrix.shape[1] - len(weights))]
    )
    effect, variance = (np.full(usable.size, np.nan) for _ in range(2))
    effect[usable], variance[usable] = np.ravel(found.effect), np.ravel(found.variance)
    return Contrast(responses.run.name, effect, variance)


def t_values(contrasts: Sequence[Contrast]) -> Array:
    """(voxels,) t over runs as fixed effects: each effect weighted by its precision.

    Parameters
    ----------
    contrasts : of the runs that may be looked at.
    """
    effect = np.stack([one.effect for one in contrasts])
    precision = 1 / np.stack([one.variance for one in contrasts])
    return np.asarray((effect * precision).sum(axis=0) / np.sqrt(precision.sum(axis=0)))


def select_held_out(
    contrasts: Sequence[Contrast], rois: Mapping[str, NDArray[np.intp]], top: int
) -> Selection:
    """For each run, the voxels with the highest t in the other runs.

    Parameters
    ----------
    contrasts : of all runs of a person.
    rois : region → columns; ``top`` voxels of each are chosen.
    top : how many; all of a region that has no more.

    Raises
    ------
    DataError
        When there is only one run.
    """
    if len(contrasts) < 2:
        raise DataError(
            "voxels chosen without the run that is scored need two runs; this person has one"
        )
    rows = [
        select_on([other for k, other in enumerate(contrasts) if k != i], rois, top)
        for i in range(len(contrasts))
    ]
    return Selection(tuple(one.run for one in contrasts), np.stack(rows))


def select_on(
    contrasts: Sequence[Contrast], rois: Mapping[str, NDArray[np.intp]], top: int
) -> NDArray[np.bool_]:
    """(voxels,) the voxels with the highest t in some runs, which must be scored nowhere.

    Parameters
    ----------
    contrasts : of the runs that voxels are chosen on.
    rois : region → columns; ``top`` voxels of each are chosen.
    top : how many; all of a region that has no more.

    Raises
    ------
    UsageError
        When fewer than one is asked for.
    DataError
        When a region has no voxel that can be used.
    """
    if top < 1:
        raise UsageError(f"top {top} voxels were asked for, expected at least 1")
    t = t_values(contrasts)
    chosen = np.zeros(t.size, bool)
    for name, columns in rois.items():
        usable = columns[np.isfinite(t[columns])]
        if not usable.size:
            raise DataError(f"ROI {name} has no voxel that can be used in every run")
        chosen[usable[np.argsort(-t[usable], kind="stable")[:top]]] = True
    return chosen
