"""The same responses on a surface: GIFTI files of both hemispheres, as fMRIPrep writes them.

Voxels of the brain are laid out on vertices one after the other, the first half on the left
hemisphere: neighbours in space they are not, which no estimate asks for. The vertices that are left
over hold noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import UsageError
from brainbench.imaging.simulation.design import StudyDesign

SURFACE = "fsaverage5"
_SIDES = ("L", "R")
_LEFT_OVER = 900.0  # brightness of vertices that hold noise


def vertices_of(brain: NDArray[np.bool_], design: StudyDesign) -> NDArray[np.intp]:
    """(x, y, z) vertex of each voxel, those of the right hemisphere counted on; -1 outside.

    Raises
    ------
    UsageError
        When the surface has too few vertices.
    """
    count = int(brain.sum())
    half = (count + 1) // 2
    if half > design.vertices:
        raise UsageError(f"a hemisphere of {design.vertices} vertices holds no {half} voxels")
    places = np.full(brain.shape, -1, np.intp)
    order = np.arange(count)
    places[brain] = np.where(order < half, order, design.vertices + order - half)
    return places


def write_surface(
    folder: Path,
    stem: str,
    design: StudyDesign,
    images: NDArray[np.float32],
    brain: NDArray[np.bool_],
    random: np.random.Generator,
) -> None:
    """Series of both hemispheres of one run.

    Parameters
    ----------
    folder : of the run's files.
    stem : of their names.
    design : vertices, and time between scans.
    images : (x, y, z, scan).
    brain : mask of the volume.
    random : for the vertices that are left over.
    """
    from nibabel.gifti.gifti import GiftiDataArray, GiftiImage, GiftiMetaData

    places = vertices_of(brain, design)[brain]
    size = (images.shape[3], 2 * design.vertices)
    series = (_LEFT_OVER + 10.0 * random.standard_normal(size)).astype(np.float32)
    series[:, places] = images[brain].T
    meta = GiftiMetaData(TimeStep=f"{1000.0 * design.tr:.6f}")
    for number, side in enumerate(_SIDES):
        held = series[:, number * design.vertices : (number + 1) * design.vertices]
        scans = [
            GiftiDataArray(np.ascontiguousarray(one), intent="NIFTI_INTENT_TIME_SERIES", meta=meta)
            for one in held
        ]
        _write(
            folder / f"{stem}_hemi-{side}_space-{SURFACE}_bold.func.gii", GiftiImage(darrays=scans)
        )


def write_labels(
    folder: Path,
    design: StudyDesign,
    regions: Mapping[str, NDArray[np.bool_]],
    brain: NDArray[np.bool_],
) -> dict[str, tuple[Path, Path]]:
    """Label files of each region, of the left and the right hemisphere."""
    from nibabel.gifti.gifti import GiftiDataArray, GiftiImage, GiftiLabel, GiftiLabelTable

    places = vertices_of(brain, design)
    found = {}
    for roi, mask in regions.items():
        whole = np.zeros(2 * design.vertices, np.int32)
        whole[places[mask]] = 1
        paths = [folder / "rois" / f"{roi}.{side}.label.gii" for side in _SIDES]
        for path, held in zip(paths, np.split(whole, 2), strict=True):
            table = GiftiLabelTable()
            for key, name in enumerate(("unknown", roi)):
                label: Any = GiftiLabel(key=key)
                label.label = name
                table.labels.append(label)
            array = GiftiDataArray(held, intent="NIFTI_INTENT_LABEL")
            _write(path, GiftiImage(labeltable=table, darrays=[array]))
        found[roi] = (paths[0], paths[1])
    return found


def _write(path: Path, image: Any) -> None:
    import nibabel

    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)
