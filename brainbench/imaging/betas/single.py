"""Single-trial responses in the manner of GLMsingle.

Prince, Charest, Kurzawski, Pyles, Tarr & Kay 2022, eLife 11. In turn: the HRF of each voxel from a
library; noise components, from voxels that the task does not explain (GLMdenoise, Kay et al. 2013,
Frontiers in Neuroscience 7); a ridge fraction for each voxel. How many components and which
fraction is found by predicting the responses of a run, estimated without either, from the mean
responses to the same conditions in other runs.

Other than there, nothing is chosen on the run itself: for each run of a person the HRFs, the voxels
that noise is taken from, the number of components and the fractions come from that person's other
runs, so that no run that is scored has had a part in how it is estimated. With one other run there
is nothing to predict, and its HRFs alone are used; with none, the HRF of the options.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from brainbench.imaging.betas.design import Regressors
from brainbench.imaging.betas.fractional import FractionalRidge
from brainbench.imaging.betas.separate import orthonormal

Array = NDArray[np.float64]
Integers = NDArray[np.intp]
FRACTIONS = np.round(np.arange(0.05, 1.001, 0.05), 2)
MOST_COMPONENTS = 10
_LEAST_POOL = 20  # voxels that noise is taken from
_ENOUGH = 0.95  # of the best gain; fewer components are taken where they reach it


@dataclass(frozen=True)
class SingleRun:
    """What the estimate needs of one run.

    Attributes
    ----------
    name : of the run.
    series : (scans, voxels) in per cent of the mean.
    designs : one for each HRF of the library, the default first.
    conditions : (units,) what was shown; the same word in two runs is predicted by the other.
    """

    name: str
    series: Array
    designs: Sequence[Regressors]
    conditions: NDArray[np.str_]
    _noise: dict[bytes, Array] = field(default_factory=dict)

    @cached_property
    def explained(self) -> Array:
        """(HRFs, voxels) sum of squares that the whole design of a run explains.

        All of it, for control trials among the regressors of no interest have the same HRF.
        """
        hrfs = range(len(self.designs))
        return np.stack([((self.basis(h).T @ self.series) ** 2).sum(axis=0) for h in hrfs])

    def basis(self, hrf: int) -> Array:
        """Orthonormal regressors: those of no interest, and of the trials what is left of them."""
        base = self.nuisance(hrf)
        return np.column_stack([base, orthonormal(_free(self.designs[hrf].own[:, :, 0], base))])

    def nuisance(self, hrf: int) -> Array:
        """Orthonormal regressors of no interest."""
        return self._bases[hrf]

    @cached_property
    def _bases(self) -> list[Array]:
        return [orthonormal(design.nuisance) for design in self.designs]

    @cached_property
    def mean_response(self) -> tuple[Array, Array]:
        """(HRFs, voxels), (HRFs,): all trials as one regressor, times the data and itself."""
        regressors = [
            _free(d.own[:, :, 0].sum(axis=1)[:, None], base)[:, 0]
            for d, base in zip(self.designs, self._bases, strict=True)
        ]
        with_data = np.stack([one @ self.series for one in regressors])
        return with_data, np.array([one @ one for one in regressors])

    def noise(self, pool: NDArray[np.bool_]) -> Array:
        """(scans, components) strongest time courses of some voxels, drifts and confounds out."""
        key = pool.tobytes()
        if key not in self._noise:
            left = _free(self.series[:, pool], self.nuisance(0))
            left = left / np.maximum(np.linalg.norm(left, axis=0), 1e-12)
            _, vectors = np.linalg.eigh(left @ left.T)
            self._noise[key] = np.asarray(vectors[:, ::-1][:, :MOST_COMPONENTS])
        return self._noise[key]


@dataclass(frozen=True)
class Choices:
    """How a run is estimated, chosen on other runs.

    Attributes
    ----------
    runs : that the choices were made on.
    hrf : (voxels,) index into the library.
    pool : (voxels,) whether noise is taken from a voxel.
    components : how many.
    fraction : (voxels,) of ridge; 1 for none.
    """

    runs: tuple[str, ...]
    hrf: Integers
    pool: NDArray[np.bool_]
    components: int
    fraction: Array


def choose(others: Sequence[SingleRun], voxels: int) -> Choices:
    """HRF, noise components and ridge fraction for a run, from a person's other runs.

    Parameters
    ----------
    others : runs that may be looked at.
    voxels : how many there are.
    """
    names = tuple(run.name for run in others)
    nothing = np.zeros(voxels, bool)
    if not others:
        return Choices(names, np.zeros(voxels, np.intp), nothing, 0, np.ones(voxels))
    hrf = np.sum([run.explained for run in others], axis=0).argmax(axis=0)
    if len(others) < 2:
        return Choices(names, hrf, nothing, 0, np.ones(voxels))
    plain = [estimate(run, Choices(names, hrf, nothing, 0, np.ones(voxels))) for run in others]
    answers = _answers(others, hrf)
    pool = ~answers
    components = 0
    if pool.sum() >= _LEAST_POOL and answers.any():
        gain = []
        for count in range(MOST_COMPONENTS + 1):
            chosen = Choices(names, hrf, pool, count, np.ones(voxels))
            found = [estimate(run, chosen) for run in others]
            gain.append(_misses(others, plain, found))
        components = _count(np.stack(gain)[:, answers])
    base = Choices(names, hrf, pool, components, np.ones(voxels))
    misses = _misses_of_fractions(others, plain, base)
    return Choices(names, hrf, pool, components, FRACTIONS[misses.argmin(axis=0)])


def estimate(run: SingleRun, choices: Choices) -> Array:
    """(units, voxels) responses of one run under given choices.

    Ridge makes responses shorter; as in GLMsingle they are then brought to the scale and mean of
    those without it, voxel by voxel.
    """
    found = np.empty((len(run.conditions), run.series.shape[1]))
    ridge = choices.fraction < 1
    for hrf in np.unique(choices.hrf):
        voxels = np.flatnonzero(choices.hrf == hrf)
        solver, projected = _solver(run, choices, int(hrf), voxels)
        whole = solver.coefficients(projected, 1.0)
        found[:, voxels] = whole
        short = ridge[voxels]
        if short.any():
            fraction = choices.fraction[voxels[short]]
            shrunk = solver.coefficients(projected[:, short], fraction)
            found[:, voxels[short]] = _rescale(shrunk, whole[:, short])
    return found


# ---------------------------------------------------------------- parts


def _free(columns: Array, base: Array) -> Array:
    """Columns without what an orthonormal basis explains."""
    return np.asarray(columns - base @ (base.T @ columns))


def _solver(
    run: SingleRun, choices: Choices, hrf: int, voxels: Integers
) -> tuple[FractionalRidge, Array]:
    """The design of one HRF, and what it needs of the data."""
    base = run.nuisance(hrf)
    if choices.components:
        noise = _free(run.noise(choices.pool)[:, : choices.components], base)
        base = np.column_stack([base, orthonormal(noise)])
    solver = FractionalRidge.of(_free(run.designs[hrf].own[:, :, 0], base))
    return solver, solver.project(run.series[:, voxels])


def _rescale(shrunk: Array, whole: Array) -> Array:
    """Least squares of the responses without ridge on those with it, voxel by voxel."""
    mean, target = shrunk.mean(axis=0), whole.mean(axis=0)
    centred = shrunk - mean
    slope = (centred * (whole - target)).sum(axis=0) / np.maximum((centred**2).sum(axis=0), 1e-30)
    # a slope below 0 would turn the responses over
    slope = np.where(slope > 0, slope, 1.0)
    return np.asarray(centred * slope + target)


def _answers(others: Sequence[SingleRun], hrf: Integers) -> NDArray[np.bool_]:
    """Voxels whose mean response in each run is predicted by that in the others."""
    voxels = np.arange(len(hrf))
    data = np.stack([run.mean_response[0][hrf, voxels] for run in others])
    own = np.stack([run.mean_response[1][hrf] for run in others])
    amplitude = (data.sum(axis=0) - data) / (own.sum(axis=0) - own)
    # squares that the prediction takes from the residuals
    gain = (2 * amplitude * data - amplitude**2 * own).sum(axis=0)
    return np.asarray(gain > 0)


def _misses(runs: Sequence[SingleRun], plain: Sequence[Array], found: Sequence[Array]) -> Array:
    """(voxels,) squared misses of the plain responses of each run, predicted by the other runs."""
    total = np.zeros(plain[0].shape[1])
    for i, run in enumerate(runs):
        others = [k for k in range(len(runs)) if k != i]
        labels = np.concatenate([runs[k].conditions for k in others])
        held = np.concatenate([found[k] for k in others])
        for condition in np.unique(run.conditions):
            same = labels == condition
            if same.any():
                mine = run.conditions == condition
                total += ((plain[i][mine] - held[same].mean(axis=0)) ** 2).sum(axis=0)
    return total


def _misses_of_fractions(
    others: Sequence[SingleRun], plain: Sequence[Array], base: Choices
) -> Array:
    """(fractions, voxels) squared misses with each ridge fraction."""
    misses = np.empty((len(FRACTIONS), len(base.hrf)))
    solved = [
        [(voxels, *_solver(run, base, int(hrf), voxels)) for hrf, voxels in _by_hrf(base.hrf)]
        for run in others
    ]
    for i, fraction in enumerate(FRACTIONS):
        found = []
        for run, parts in zip(others, solved, strict=True):
            held = np.empty((len(run.conditions), len(base.hrf)))
            for voxels, solver, projected in parts:
                held[:, voxels] = solver.coefficients(projected, float(fraction))
            found.append(held)
        misses[i] = _misses(others, plain, found)
    return misses


def _by_hrf(hrf: Integers) -> list[tuple[int, Integers]]:
    return [(int(h), np.flatnonzero(hrf == h)) for h in np.unique(hrf)]


def _count(misses: Array) -> int:
    """The smallest number of components with nearly the best gain over none.

    Parameters
    ----------
    misses : (numbers of components, voxels) from 0 on.
    """
    curve = np.median(misses / np.maximum(misses[0], 1e-30), axis=1)
    gain = 1 - curve
    if gain.max() <= 0:
        return 0
    return int(np.flatnonzero(gain >= _ENOUGH * gain.max())[0])
