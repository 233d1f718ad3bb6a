"""Scans of one run: what the task sets off, and all that hides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from brainbench.imaging.simulation.design import StudyDesign
from brainbench.imaging.simulation.events import neural_spans

Array = NDArray[np.float64]
_MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
_SOURCES = 5  # of physiological noise
_COMPONENTS = 6  # of each kind of CompCor
_REST = 10.0  # s of fixation at the end of a run
_CUT_OFF = 128.0  # s, fMRIPrep's


@dataclass(frozen=True)
class SimulatedScans:
    """One run: ``images`` (x, y, z, scan), and what fMRIPrep writes beside them."""

    images: NDArray[np.float32]
    confounds: pd.DataFrame
    sidecar: dict[str, Any]


@dataclass(frozen=True)
class Head:
    """What stays the same in all runs of a person: brightness (x, y, z), and the brain."""

    brightness: Array
    brain: NDArray[np.bool_]


def draw_head(design: StudyDesign, subject: str, brain: NDArray[np.bool_]) -> Head:
    """Mean brightness of each voxel of a person; little of it outside of the brain."""
    field = _field(design, design.stream("brightness", subject), 12.0)
    return Head(np.where(brain, 1000.0 + 100.0 * field, 40.0), brain)


def draw_scans(
    design: StudyDesign, events: pd.DataFrame, responses: Array, head: Head, names: tuple[str, ...]
) -> SimulatedScans:
    """Scans of one run and their confounds.

    Parameters
    ----------
    design : how strong each part is, and the seed.
    events : a row a trial.
    responses : (trials, x, y, z) amplitudes in percent of a voxel's mean.
    head : of this person.
    names : of the person and the run, for the seed.
    """
    end = float((events["onset"] + events["duration"]).max()) + _REST
    count = int(np.ceil(end / design.tr))
    random = design.stream("scans", *names)
    moved, jerks = _motion(design, random, count)
    sources = _autocorrelated(random.standard_normal((count + 50, _SOURCES)), 0.5)[50:]
    cosines = _cosines(count, design.tr)
    percent = np.tensordot(_task(design, events, count), responses, axes=1)
    percent += _mixed(design, random, cosines / np.arange(1, cosines.shape[1] + 1), design.drift)
    percent += _mixed(design, random, np.column_stack([moved, jerks]), design.motion)
    percent += _mixed(design, random, sources, design.physiology)
    percent += design.noise * _noise(design, random, count)
    for scan in range(min(design.non_steady_state, count)):
        percent[scan] += 12.0 / 4.0**scan
    images = head.brightness * (1.0 + percent / 100.0)
    confounds, sidecar = _confounds(design, random, images[:, head.brain], moved, sources, cosines)
    return SimulatedScans(np.moveaxis(images, 0, -1).astype(np.float32), confounds, sidecar)


# ---------------------------------------------------------------- parts of the signal


def _task(design: StudyDesign, events: pd.DataFrame, count: int) -> Array:
    """(scans, trials) course of each trial at amplitude 1."""
    # as nilearn says itself, it is needed for images only
    from nilearn.glm.first_level import compute_regressor

    times = design.tr * np.arange(count)
    onsets, lengths = neural_spans(events)
    columns = []
    for onset, length in zip(onsets + design.hrf_delay, lengths, strict=True):
        one = (np.array([onset]), np.array([length]), np.ones(1))
        columns.append(compute_regressor(one, design.hrf, times)[0][:, 0])
    return np.stack(columns, axis=1)


def _motion(design: StudyDesign, random: np.random.Generator, count: int) -> tuple[Array, Array]:
    """(scans, 6) mm and radians, a random walk with jerks; and (scans, 1) how much it jerked."""
    steps = random.standard_normal((count, 6)) * [0.02, 0.03, 0.03, 4e-4, 3e-4, 3e-4]
    hit = random.random(count) < design.spikes
    # within the first scans a jerk would hide behind their brightness
    hit[: design.non_steady_state + 1] = False
    jerk = hit * random.uniform(0.3, 0.9, count)
    steps[:, 2] += jerk * random.choice([-1.0, 1.0], count)
    steps[0] = 0.0
    return np.cumsum(steps, axis=0), jerk[:, None]


def _cosines(count: int, tr: float) -> Array:
    """(scans, waves) slower than the cut-off."""
    waves = np.arange(1, max(1, int(2.0 * count * tr / _CUT_OFF)) + 1)
    phase = np.pi * (np.arange(count)[:, None] + 0.5) / count
    return np.asarray(np.sqrt(2.0 / count) * np.cos(phase * waves))


def _mixed(
    design: StudyDesign, random: np.random.Generator, courses: Array, strength: float
) -> Array:
    """Courses (scans, q) over the volume, each with a smooth map of its own.

    They have the given standard deviation over the scans, averaged over voxels, in percent.
    """
    centred = courses - courses.mean(axis=0)
    maps = np.stack([_field(design, random, 12.0) for _ in range(courses.shape[1])])
    scale = np.maximum(np.abs(centred).max(axis=0), 1e-12)
    volume = np.tensordot(centred / scale, maps, axes=1)
    return np.asarray(strength * volume / max(float(np.sqrt((volume**2).mean())), 1e-12))


def _noise(design: StudyDesign, random: np.random.Generator, count: int) -> Array:
    """(scans, x, y, z) noise of variance 1, correlated in time and space."""
    burn, rho = 20, design.autocorrelation
    white = random.standard_normal((count + burn, *design.shape))
    width = design.smoothness / design.voxel_size / 2.3548
    smooth = gaussian_filter(white, (0, width, width, width), mode="wrap")
    smooth /= smooth.std()
    return _autocorrelated(smooth, rho)[burn:]


def _autocorrelated(white: Array, rho: float) -> Array:
    """White noise (scans, …) as a process of order 1 with the same variance."""
    held = white.copy()
    for scan in range(1, len(held)):
        held[scan] = rho * held[scan - 1] + np.sqrt(1.0 - rho**2) * white[scan]
    return held


def _field(design: StudyDesign, random: np.random.Generator, width: float) -> Array:
    """A smooth map of variance 1; ``width`` is its full width at half maximum in mm."""
    sigma = width / design.voxel_size / 2.3548
    field = gaussian_filter(random.standard_normal(design.shape), sigma, mode="wrap")
    return np.asarray(field / field.std())


# ---------------------------------------------------------------- confounds, as fMRIPrep 22 has


def _confounds(
    design: StudyDesign,
    random: np.random.Generator,
    brain: Array,
    moved: Array,
    sources: Array,
    cosines: Array,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    count = len(moved)
    columns: dict[str, Array] = {}
    tissue = 20.0 * sources @ random.standard_normal((_SOURCES, 2)) / np.sqrt(_SOURCES)
    tissue += random.standard_normal((count, 2)) + np.array([1400.0, 900.0])
    means = {"csf": tissue[:, 0], "white_matter": tissue[:, 1], "global_signal": brain.mean(axis=1)}
    for name, values in means.items():
        columns |= _expanded(name, values)
    dvars = np.sqrt((np.diff(brain, axis=0) ** 2).mean(axis=1))
    standard = np.concatenate([[np.nan], dvars / np.median(dvars)])
    steps = np.abs(np.diff(moved, axis=0))
    displaced = np.concatenate([[np.nan], steps[:, :3].sum(1) + 50.0 * steps[:, 3:].sum(1)])
    columns |= {
        "std_dvars": standard,
        "dvars": np.concatenate([[np.nan], dvars]),
        "framewise_displacement": displaced,
        "rmsd": displaced / np.sqrt(3.0),
    }
    sidecar: dict[str, Any] = {}
    for prefix, method, mask in (
        ("t", "tCompCor", None),
        ("c", "aCompCor", "CSF"),
        ("w", "aCompCor", "WM"),
        ("a", "aCompCor", "combined"),
    ):
        components, found = _comp_cor(random, sources, prefix, method, mask)
        columns |= components
        sidecar |= found
    columns |= {f"cosine{k:02d}": cosines[:, k] for k in range(cosines.shape[1])}
    for k in range(min(design.non_steady_state, count)):
        columns[f"non_steady_state_outlier{k:02d}"] = _one_hot(count, k)
    for name, values in zip(_MOTION, moved.T, strict=True):
        columns |= _expanded(name, values)
    # as fMRIPrep has them by default
    high = (displaced > 0.5) | (standard > 1.5)
    high[: design.non_steady_state + 1] = False
    for k, scan in enumerate(np.flatnonzero(high)):
        columns[f"motion_outlier{k:02d}"] = _one_hot(count, int(scan))
    return pd.DataFrame(columns), sidecar


def _expanded(name: str, values: Array) -> dict[str, Array]:
    slope = np.concatenate([[np.nan], np.diff(values)])
    return {
        name: values,
        f"{name}_derivative1": slope,
        f"{name}_derivative1_power2": slope**2,
        f"{name}_power2": values**2,
    }


def _comp_cor(
    random: np.random.Generator, sources: Array, prefix: str, method: str, mask: str | None
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Principal components of what tissue of one kind shows of the sources."""
    voxels = sources @ random.standard_normal((_SOURCES, 40))
    voxels += 0.5 * random.standard_normal(voxels.shape)
    left, values, _ = np.linalg.svd(voxels - voxels.mean(axis=0), full_matrices=False)
    explained = values**2 / (values**2).sum()
    columns, sidecar = {}, {}
    for k in range(_COMPONENTS):
        name = f"{prefix}_comp_cor_{k:02d}"
        columns[name] = left[:, k]
        sidecar[name] = {
            "CumulativeVarianceExplained": float(explained[: k + 1].sum()),
            "Method": method,
            "Retained": True,
            "SingularValue": float(values[k]),
            "VarianceExplained": float(explained[k]),
            **({"Mask": mask} if mask else {}),
        }
    return columns, sidecar


def _one_hot(count: int, scan: int) -> Array:
    values = np.zeros(count)
    values[scan] = 1.0
    return values
