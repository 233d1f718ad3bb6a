"""Read one run: the series of the regions' voxels, confounds, trials; each fault named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.datasets.cards import Scans
from brainbench.errors import DataError, UsageError
from brainbench.foreign import parse_json, read_text
from brainbench.imaging.confounds import DEFAULT_STRATEGY, read_confounds
from brainbench.imaging.extra import read_gifti, require_imaging
from brainbench.imaging.rois import Grid, RegionError, Roi, find_places
from brainbench.imaging.run import RunResponses, ScannerRun
from brainbench.imaging.trials import read_trials

_SAME_TR = 0.001  # s; headers hold it as a 32-bit number
# FreeSurfer's fsaverage is in MNI305; to MNI152, from FreeSurfer's page on coordinate systems
_FROM_305 = np.array(
    [[0.9975, -0.0073, 0.0176], [0.0146, 1.0009, -0.0024], [-0.0130, -0.0093, 0.9971]]
)
_SHIFT_305 = np.array([-0.0429, 1.5496, 1.1840])


@dataclass(frozen=True)
class ReadOptions:
    """What is read of a run.

    Attributes
    ----------
    confounds : nilearn's strategy, see :mod:`brainbench.imaging.confounds`.
    slice_time_ref : time within a scan that slices were corrected to, as a share of the TR, where
        the image's own description does not say (fMRIPrep's default is the middle).
    """

    confounds: str = DEFAULT_STRATEGY
    slice_time_ref: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.slice_time_ref <= 1:
            raise UsageError(f"slice_time_ref is {self.slice_time_ref:g}, expected 0 to 1")


def read_run(
    run: ScannerRun,
    rois: Mapping[str, Roi],
    scans: Scans | None = None,
    options: ReadOptions | None = None,
) -> RunResponses:
    """Voxels of the regions in one run, with its confounds and trials.

    The image is read scan by scan; no more than one scan is held beside the voxels.

    Parameters
    ----------
    run : the files.
    rois : by name.
    scans : of the card; nothing is known of trials by default.
    options : confounds and timing.

    Raises
    ------
    DataError
        When a file is cut short or damaged, times disagree, a region has no voxel inside the
        brain, or voxels hold NaN; a ``RegionError`` when a region does not fit the image.
    """
    require_imaging()
    scans, options = scans or Scans(), options or ReadOptions()
    image = _Image(run)
    tr = image.repetition_time(scans.repetition_time)
    trials = read_trials(run, scans, tr * image.scans)
    held = read_confounds(run, image.scans, options.confounds)
    try:
        places = find_places(rois, image.grid)
    except DataError as error:
        raise RegionError(f"{run.label}: {error}") from error
    brain = _brain(run, image.grid)
    series = image.series(places.voxels)
    inside = _usable(run, series, held.kept) & brain[places.voxels]
    for name, columns in places.rois.items():
        if not inside[columns].any():
            raise DataError(
                f"{run.label}: ROI {name} has no voxel inside the brain "
                f"({columns.size} in the image); is it in the space {run.space}?"
            )
    if held.kept.sum() < image.scans / 4:
        raise DataError(
            f"{run.label}: {int((~held.kept).sum())} of {image.scans} scans are to be left out "
            f"(confounds {options.confounds!r}); leave the run out, or choose another strategy"
        )
    return RunResponses(
        run=run,
        tr=tr,
        start=image.start(tr, options.slice_time_ref),
        series=series,
        inside=inside,
        confounds=held.table,
        kept=held.kept,
        trials=trials,
        rois=places.rois,
        voxels=places.voxels,
        coordinates=places.coordinates,
        motion=held.motion,
    )


# ---------------------------------------------------------------- parts


class _Image:
    """The series of a run, volume or surface."""

    def __init__(self, run: ScannerRun) -> None:
        self.run = run
        self.images = [_load(run, path) for path in run.bold]
        self.surface = len(run.bold) == 2
        if self.surface:
            self.scans, vertices = _surface_size(run, self.images)
            self.grid = Grid((2, vertices), None, _surface_coordinates(vertices))
            return
        (image,) = self.images
        shape = image.shape
        if len(shape) != 4 or shape[3] < 2:
            raise DataError(f"{run.label}: {run.bold[0]} is no series: its shape is {shape}")
        self.scans = int(shape[3])
        self.grid = Grid(tuple(map(int, shape[:3])), np.asarray(image.affine, float))

    def repetition_time(self, card: float | None) -> float:
        """Seconds between scans, on which header, sidecars and card must agree."""
        told: dict[str, float] = {}
        header = self._header_time()
        if header:
            told[f"header of {self.run.bold[0].name}"] = header
        for path, words in self._sidecars():
            if isinstance(value := words.get("RepetitionTime"), int | float):
                told[path.name] = float(value)
        if card is not None:
            told["card"] = card
        if not told:
            raise DataError(
                f"{self.run.label}: neither the header of {self.run.bold[0].name} nor a sidecar "
                "gives the repetition time; set scans.repetition_time on the card"
            )
        values = list(told.values())
        if max(values) - min(values) > _SAME_TR or not 0.05 <= values[-1] <= 60:
            listed = ", ".join(f"{name}: {value:g} s" for name, value in told.items())
            raise DataError(
                f"{self.run.label}: repetition times disagree or cannot be ({listed}); correct the "
                "one that is wrong"
            )
        # the others are written with more digits than a header has
        return values[-1]

    def start(self, tr: float, slice_time_ref: float) -> float:
        """Time of the first scan in s, as the image's description has it or by the option."""
        for _, words in reversed(self._sidecars()):
            if isinstance(value := words.get("StartTime"), int | float) and 0 <= value <= tr:
                return float(value)
        return tr * slice_time_ref

    def series(self, voxels: NDArray[np.intp]) -> NDArray[np.float32]:
        """(scans, voxels) values, read scan by scan."""
        found = np.empty((self.scans, len(voxels)), np.float32)
        path = self.run.bold[0]
        try:
            for scan in range(self.scans):
                found[scan] = self._scan(scan)[voxels]
        except Exception as error:  # gzip, zlib and nibabel each raise kinds of their own
            raise DataError(
                f"{self.run.label}: {path} ends or is damaged at scan {scan + 1} of {self.scans} "
                f"({type(error).__name__}: {error}); fetch it again"
            ) from error
        return found

    def _scan(self, scan: int) -> NDArray[Any]:
        if self.surface:
            return np.concatenate([image.darrays[scan].data for image in self.images])
        return np.asarray(self.images[0].dataobj[..., scan]).ravel()

    def _header_time(self) -> float:
        if self.surface:
            step = self.images[0].darrays[0].meta.get("TimeStep")
            # GIFTI has it in ms
            return float(step) / 1000 if step else 0.0
        header = self.images[0].header
        zoom = float(header.get_zooms()[3])
        unit = header.get_xyzt_units()[1]
        return zoom * {"msec": 1e-3, "usec": 1e-6}.get(unit, 1.0) if math.isfinite(zoom) else 0.0

    def _sidecars(self) -> list[tuple[Path, Mapping[str, Any]]]:
        found: list[tuple[Path, Mapping[str, Any]]] = []
        for path in self.run.sidecars:
            try:
                words = parse_json(read_text(path, 10_000_000), finite=False)
            except ValueError as error:
                raise DataError(f"{self.run.label}: {path}: {error}") from error
            found.append((path, words if isinstance(words, dict) else {}))
        return found


def _load(run: ScannerRun, path: Path) -> Any:
    import nibabel

    try:
        # one handle for all scans: a compressed file is read once, from its beginning to its end
        if path.name.endswith((".nii", ".nii.gz")):
            return nibabel.Nifti1Image.from_filename(path, keep_file_open=True)
        return read_gifti(path)
    except Exception as error:  # gzip, XML and nibabel each raise kinds of their own
        raise DataError(
            f"{run.label}: {path} is cut short or damaged ({type(error).__name__}: {error}); "
            "fetch it again"
        ) from error


def _surface_size(run: ScannerRun, images: list[Any]) -> tuple[int, int]:
    """Scans and vertices of a hemisphere, alike on both sides."""
    sizes = [
        (len(image.darrays), len(image.darrays[0].data) if image.darrays else 0) for image in images
    ]
    if sizes[0] != sizes[1] or sizes[0][0] < 2 or not sizes[0][1]:
        raise DataError(
            f"{run.label}: the hemispheres have {sizes[0]} and {sizes[1]} scans and vertices; they "
            "must be alike"
        )
    return sizes[0]


def _surface_coordinates(vertices: int) -> NDArray[np.float64] | None:
    """Vertices of fsaverage5 in MNI152, halfway between white matter and pia."""
    if vertices != 10242:
        return None
    from nilearn.datasets import load_fsaverage

    meshes = load_fsaverage("fsaverage5")
    middle = [
        (meshes["pial"].parts[side].coordinates + meshes["white_matter"].parts[side].coordinates)
        / 2
        for side in ("left", "right")
    ]
    return np.asarray(np.concatenate(middle) @ _FROM_305.T + _SHIFT_305, float)


def _brain(run: ScannerRun, grid: Grid) -> NDArray[np.bool_]:
    """Places inside fMRIPrep's brain mask; all where there is none."""
    if run.mask is None or grid.affine is None:
        return np.ones(math.prod(grid.shape), bool)
    image = _load(run, run.mask)
    try:
        values = np.asarray(image.dataobj)
    except Exception as error:  # gzip and zlib raise kinds of their own
        raise DataError(
            f"{run.label}: {run.mask} is cut short or damaged ({type(error).__name__}: {error}); "
            "fetch it again"
        ) from error
    same = values.shape == grid.shape and np.allclose(image.affine, grid.affine, atol=1e-3)
    if not same:
        raise DataError(
            f"{run.label}: {run.mask.name} is not in the grid of {run.bold[0].name}: "
            f"{values.shape} and {grid.shape} voxels, or another affine"
        )
    return np.asarray(values.ravel() != 0)


def _usable(
    run: ScannerRun, series: NDArray[np.float32], kept: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Voxels with values that vary; NaN in only some scans is damage."""
    finite = np.isfinite(series[kept])
    stray = finite.any(axis=0) & ~finite.all(axis=0)
    if stray.any():
        scan = int(np.flatnonzero(kept)[np.flatnonzero(~finite[:, stray].all(axis=1))[0]])
        raise DataError(
            f"{run.label}: {int(stray.sum())} voxels of the ROIs hold NaN or infinite values in "
            f"some scans (the first: scan {scan + 1}) of {run.bold[0].name}"
        )
    whole = np.where(finite, series[kept], 0.0)
    varies = (whole.max(axis=0) > whole.min(axis=0)) & (whole.mean(axis=0) > 0)
    return np.asarray(varies & finite.all(axis=0))
