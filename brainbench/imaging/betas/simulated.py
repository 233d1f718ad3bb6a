"""Runs of a simulated person whose response to each trial is known, without image files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from brainbench.imaging.betas.design import HrfModel, build_design
from brainbench.imaging.betas.library import hrf_library
from brainbench.imaging.betas.options import BetaOptions
from brainbench.imaging.run import RunResponses, ScannerRun

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Simulation:
    """What is planted in a simulated person.

    Attributes
    ----------
    voxels : how many; the last ``silent`` of them do not respond.
    silent : share of voxels that respond to nothing.
    mean : response to a trial, in per cent, mean over trials and responding voxels.
    spread : standard deviation over trials, in per cent.
    noise : standard deviation of a scan, in per cent.
    autocorrelation : of the noise from a scan to the next.
    shared : share of the noise's variance that a few time courses carry through all voxels.
    drift : standard deviation of slow drifts, in per cent.
    confounded : standard deviation of what head motion adds, in per cent.
    hrf : of all voxels, as nilearn takes it; ``library``: of each voxel one of the library.
    tr : seconds between scans.
    """

    voxels: int = 200
    silent: float = 0.4
    mean: float = 1.0
    spread: float = 0.5
    noise: float = 1.0
    autocorrelation: float = 0.4
    shared: float = 0.3
    drift: float = 0.5
    confounded: float = 0.5
    hrf: HrfModel = "glover"
    tr: float = 2.0


@dataclass(frozen=True)
class SimulatedPerson:
    """Runs and what was planted in them.

    Attributes
    ----------
    runs : as they are read from images.
    truth : of each run, (trials, voxels) planted responses in per cent; 0 in silent voxels.
    silent : (voxels,) whether a voxel responds to nothing.
    """

    runs: list[RunResponses]
    truth: list[Array]
    silent: NDArray[np.bool_]


def spaced_trials(rng: np.random.Generator, count: int = 18, controls: int = 9) -> pd.DataFrame:
    """Trials spaced as in ds002886: 11.4 to 17.3 s each, control trials of 3.5 to 5 s in between.

    Parameters
    ----------
    rng : order and lengths.
    count, controls : how many with a stimulus, and without.

    Returns
    -------
    As :class:`~brainbench.imaging.run.RunResponses` has them.
    """
    control = rng.permutation(np.arange(count + controls) >= count)
    length = np.where(control, rng.uniform(3.5, 5.0, len(control)), 0.0)
    length[~control] = rng.uniform(11.4, 17.3, count)
    position = np.where(control, -1, np.cumsum(~control) - 1)
    return pd.DataFrame(
        {
            "onset": np.round(np.r_[0.0, np.cumsum(length)[:-1]], 3),
            "duration": np.round(length, 3),
            "trial_type": np.where(control, "control", rng.permutation(len(control)) % 4),
            "control": control,
            "stimulus_id": [f"{i:02d}" if i >= 0 else "" for i in position],
            "position": position,
            "response_time": np.where(control, 0.8, rng.uniform(2.0, 5.5, len(control))),
        }
    )


def simulate_person(
    tables: Sequence[pd.DataFrame],
    simulation: Simulation,
    rng: np.random.Generator,
    planted: Sequence[Array] | None = None,
) -> SimulatedPerson:
    """Series of a person with known responses, drifts, motion and noise.

    Parameters
    ----------
    tables : trials of each run.
    simulation : what is planted.
    rng : of everything that is drawn.
    planted : responses of each run, (trials, voxels) in per cent; drawn by default.
    """
    count = simulation.voxels
    silent = np.arange(count) >= round(count * (1 - simulation.silent))
    library = hrf_library()
    kinds = rng.integers(0, len(library), count)
    runs, truth = [], []
    for number, trials in enumerate(tables):
        empty = _empty_run(f"run-{number + 1:02d}", trials, simulation, rng)
        shown = int((~trials["control"]).sum())
        responses = (
            rng.normal(simulation.mean, simulation.spread, (shown, count))
            if planted is None
            else np.array(planted[number], float)
        )
        responses[:, silent] = 0.0
        signal = _signal(empty, responses, simulation, kinds)
        noise = _noise(empty, simulation, rng)
        series = 1000 * (1 + (signal + noise) / 100)
        runs.append(_with(empty, series))
        truth.append(responses)
    return SimulatedPerson(runs, truth, silent)


# ---------------------------------------------------------------- parts


def _empty_run(
    name: str, trials: pd.DataFrame, simulation: Simulation, rng: np.random.Generator
) -> RunResponses:
    last = trials.iloc[-1]
    scans = int(np.ceil((last["onset"] + last["duration"] + 10) / simulation.tr))
    motion = np.cumsum(rng.normal(0, 0.03, (scans, 6)), axis=0)
    names = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
    run = ScannerRun("sub-01", None, name, (), Path(), Path(), None, "simulated")
    count = simulation.voxels
    return RunResponses(
        run=run,
        tr=simulation.tr,
        start=simulation.tr / 2,
        series=np.zeros((scans, count), np.float32),
        inside=np.ones(count, bool),
        confounds=pd.DataFrame(motion - motion.mean(axis=0), columns=names),
        kept=np.ones(scans, bool),
        trials=trials,
        rois={"roi": np.arange(count)},
        voxels=np.arange(count),
        # the same places in every run
        coordinates=np.random.default_rng(count).uniform(-50, 50, (count, 3)),
        motion=np.r_[0.0, np.abs(np.diff(motion, axis=0)).sum(axis=1)],
    )


def _with(empty: RunResponses, series: Array) -> RunResponses:
    return replace(empty, series=series.astype(np.float32))


def _signal(
    empty: RunResponses, responses: Array, simulation: Simulation, kinds: NDArray[np.intp]
) -> Array:
    """(scans, voxels) of the planted responses."""
    options = BetaOptions()
    if simulation.hrf != "library":
        own = build_design(empty, options, hrf=simulation.hrf).own[:, :, 0]
        return np.asarray(own @ responses)
    found = np.zeros(empty.series.shape)
    for kind in np.unique(kinds):
        own = build_design(empty, options, hrf=hrf_library()[kind]).own[:, :, 0]
        found[:, kinds == kind] = own @ responses[:, kinds == kind]
    return found


def _noise(empty: RunResponses, simulation: Simulation, rng: np.random.Generator) -> Array:
    """(scans, voxels) of autocorrelated noise, shared time courses, drifts and motion."""
    scans, count = empty.series.shape
    a = simulation.autocorrelation

    def process(columns: int) -> Array:
        white = rng.normal(size=(scans + 50, columns)) * np.sqrt(1 - a**2)
        return np.asarray(lfilter([1.0], [1.0, -a], white, axis=0)[50:])

    few = 3
    shared = process(few) @ rng.normal(size=(few, count)) / np.sqrt(few)
    noise = np.sqrt(1 - simulation.shared) * process(count) + np.sqrt(simulation.shared) * shared
    times = (np.arange(scans) + 0.5) / scans
    slow = np.column_stack([np.cos(np.pi * k * times) for k in (1, 2, 3)])
    drift = slow @ rng.normal(size=(3, count)) * np.sqrt(2 / 3)
    motion = empty.confounds.to_numpy(float)
    moved = motion / motion.std(axis=0) @ rng.normal(size=(motion.shape[1], count))
    moved /= np.sqrt(motion.shape[1])
    return np.asarray(
        simulation.noise * noise + simulation.drift * drift + simulation.confounded * moved
    )
