"""Regions of interest: where their voxels lie in the grid of a run.

A region is a mask, spheres about points, or labels of an atlas. It is brought to the grid of the
run by nearest neighbour (nilearn), never the run to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.datasets.cards import Card
from brainbench.datasets.coordinates import to_mni
from brainbench.datasets.readers import read_tsv
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.foreign import read_text
from brainbench.imaging.extra import read_gifti, require_imaging

Array = NDArray[np.float64]
_LEAST_INSIDE = 0.5  # share of a mask's volume that must lie in the image


class RegionError(DataError):
    """A region does not fit the image of a run."""


@dataclass(frozen=True)
class MaskRoi:
    """Voxels of a NIfTI image that are not 0."""

    path: Path


@dataclass(frozen=True)
class SphereRoi:
    """Voxels within ``radius`` mm of any of the points, which are in mm, MNI."""

    points: tuple[tuple[float, float, float], ...]
    radius: float


@dataclass(frozen=True)
class AtlasRoi:
    """Labels of an atlas: a NIfTI image, or surface files of the left and right hemisphere.

    A label is its number, or its name in ``table`` (TSV with the columns ``index`` and ``name``,
    as BIDS has it) or in the files themselves.
    """

    paths: tuple[Path, ...]
    labels: tuple[str, ...] = ()
    table: Path | None = None


Roi = MaskRoi | SphereRoi | AtlasRoi


@dataclass(frozen=True)
class Grid:
    """Places that a run has values at: voxels of a volume, or vertices of both hemispheres.

    Attributes
    ----------
    shape : of the volume; (2, vertices) for the surface.
    affine : from voxel to mm; None for the surface.
    coordinates : (vertices, 3) in mm, MNI, for the surface; None for a volume.
    """

    shape: tuple[int, ...]
    affine: Array | None
    coordinates: Array | None = None

    @property
    def is_surface(self) -> bool:
        """Whether places are vertices."""
        return self.affine is None

    def locate(self, voxels: NDArray[np.intp]) -> Array:
        """(voxels, 3) in mm of places counted as numpy ravels the grid."""
        if self.affine is None:
            if self.coordinates is None:
                return np.full((len(voxels), 3), np.nan)
            return self.coordinates[voxels]
        from nibabel.affines import apply_affine

        index = np.column_stack(np.unravel_index(voxels, self.shape))
        return np.asarray(apply_affine(self.affine, index), float)


@dataclass(frozen=True)
class Places:
    """Where the regions lie in a grid.

    Attributes
    ----------
    voxels : (voxels,) places of any region, sorted, counted as numpy ravels the grid.
    rois : region → indices into ``voxels``.
    coordinates : (voxels, 3) in mm, MNI.
    """

    voxels: NDArray[np.intp]
    rois: dict[str, NDArray[np.intp]]
    coordinates: Array


def parse_roi(text: str, card: Card | None = None) -> tuple[str, Roi]:
    """A region as a command line has it.

    Parameters
    ----------
    text : ``NAME=MASK.nii.gz``, ``NAME=sphere:x,y,z:radius`` (more points with ``;``),
        ``NAME=foci:ROI:radius`` for the points of the card, or
        ``NAME=ATLAS.nii.gz[,TABLE.tsv]:LABEL[,LABEL]``; for surfaces
        ``NAME=LEFT.annot,RIGHT.annot:LABEL`` (also .label.gii, and .label without a label).
    card : for ``foci``.

    Raises
    ------
    UsageError
        When it is none of these, or a file does not exist.
    """
    name, equals, rest = text.partition("=")
    if not equals or not name or not rest:
        raise UsageError(
            f"ROI {text!r}: write NAME=MASK.nii.gz, NAME=sphere:x,y,z:radius, NAME=foci:ROI:radius "
            "or NAME=ATLAS.nii.gz:LABEL"
        )
    kind, _, detail = rest.partition(":")
    if kind in ("sphere", "foci") and ":" not in detail:
        form = {"sphere": "sphere:x,y,z:radius", "foci": "foci:ROI:radius"}[kind]
        raise UsageError(f"ROI {text!r} has no radius: write {name}={form}, in mm")
    if kind == "sphere":
        points, _, radius = detail.rpartition(":")
        return name, SphereRoi(
            tuple(_point(text, one) for one in points.split(";")), _radius(text, radius)
        )
    if kind == "foci":
        source, _, radius = detail.rpartition(":")
        held = {} if card is None else card.roi_coordinates
        if source not in held:
            raise UnknownNameError("ROI with coordinates", source, held)
        found = tuple((float(x), float(y), float(z)) for x, y, z in to_mni(held[source]))
        return name, SphereRoi(found, _radius(text, radius))
    files, colon, labels = rest.rpartition(":") if _has_labels(rest) else (rest, "", "")
    paths = [Path(part) for part in files.split(",")]
    for path in paths:
        if not path.is_file():
            raise UsageError(f"ROI {name}: there is no file {path}")
    tables = [path for path in paths if path.suffix == ".tsv"]
    images = tuple(path for path in paths if path.suffix != ".tsv")
    if not colon and len(images) == 1 and images[0].name.endswith((".nii", ".nii.gz")):
        return name, MaskRoi(images[0])
    chosen = tuple(part for part in labels.split(",") if part)
    return name, AtlasRoi(images, chosen, tables[0] if tables else None)


def find_places(rois: Mapping[str, Roi], grid: Grid) -> Places:
    """Voxels of some regions in a grid; a voxel may belong to several.

    Parameters
    ----------
    rois : by name.
    grid : of the run.

    Raises
    ------
    DataError
        When a region has no voxel in the grid, a mask lies outside it, a label is not known or a
        file is damaged.
    """
    require_imaging()
    if not rois:
        raise UsageError("no ROI was given")
    flat: dict[str, NDArray[np.intp]] = {}
    for name, roi in rois.items():
        if isinstance(roi, SphereRoi):
            flat[name] = _sphere(name, roi, grid)
        elif grid.is_surface:
            flat[name] = _surface(name, roi, grid)
        else:
            flat[name] = _volume(name, roi, grid)
        if not flat[name].size:
            raise DataError(f"ROI {name} has no voxel in the image ({_size(grid)})")
    voxels = np.unique(np.concatenate(list(flat.values())))
    columns = {name: np.searchsorted(voxels, held) for name, held in flat.items()}
    return Places(voxels, columns, grid.locate(voxels))


# ---------------------------------------------------------------- parts


def _has_labels(rest: str) -> bool:
    last = rest.rpartition(":")[2]
    return ":" in rest and not last.endswith((".nii", ".gz", ".annot", ".gii", ".label", ".tsv"))


def _point(text: str, words: str) -> tuple[float, float, float]:
    try:
        x, y, z = map(float, words.split(","))
    except ValueError as error:
        raise UsageError(f"ROI {text!r}: {words!r} is not x,y,z in mm") from error
    if not all(map(math.isfinite, (x, y, z))):
        raise UsageError(f"ROI {text!r}: {words!r} is not x,y,z in mm")
    return x, y, z


def _radius(text: str, words: str) -> float:
    try:
        radius = float(words)
    except ValueError:
        radius = math.nan
    if not 0 < radius <= 100:
        raise UsageError(f"ROI {text!r}: {words!r} is not a radius in mm, above 0 and at most 100")
    return radius


def _size(grid: Grid) -> str:
    return "surface" if grid.is_surface else "×".join(map(str, grid.shape)) + " voxels"


def _sphere(name: str, roi: SphereRoi, grid: Grid) -> NDArray[np.intp]:
    """Places whose centre is within the radius of a point."""
    found = [_around(np.array(point), roi.radius, grid) for point in roi.points]
    for point, held in zip(roi.points, found, strict=True):
        if not held.size:
            where = ", ".join(f"{x:.0f}" for x in point)
            raise DataError(
                f"ROI {name}: no voxel of the image ({_size(grid)}) lies within {roi.radius:g} mm "
                f"of ({where}); coordinates are in mm, MNI, x to the right"
            )
    return np.unique(np.concatenate(found))


def _around(point: Array, radius: float, grid: Grid) -> NDArray[np.intp]:
    if grid.affine is None:
        if grid.coordinates is None:
            return np.empty(0, np.intp)
        return np.flatnonzero(((grid.coordinates - point) ** 2).sum(axis=1) <= radius**2)
    back = np.linalg.inv(grid.affine)
    centre = back[:3, :3] @ point + back[:3, 3]
    # the sphere is an ellipsoid in voxels; its box has these half lengths
    reach = radius * np.sqrt((back[:3, :3] ** 2).sum(axis=1))
    sides = [
        np.arange(max(0, math.ceil(c - r)), min(size - 1, math.floor(c + r)) + 1)
        for c, r, size in zip(centre, reach, grid.shape, strict=True)
    ]
    index = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 3)
    if not len(index):
        return np.empty(0, np.intp)
    flat = np.ravel_multi_index(tuple(index.T), grid.shape)
    near = ((grid.locate(flat) - point) ** 2).sum(axis=1) <= radius**2 + 1e-9
    return np.asarray(flat[near], np.intp)


def _volume(name: str, roi: MaskRoi | AtlasRoi, grid: Grid) -> NDArray[np.intp]:
    from nibabel import Nifti1Image
    from nilearn.image import resample_to_img

    path = roi.path if isinstance(roi, MaskRoi) else roi.paths[0]
    if isinstance(roi, AtlasRoi) and (
        len(roi.paths) != 1 or not path.name.endswith((".nii", ".nii.gz"))
    ):
        raise DataError(f"ROI {name}: {path.name} is of the surface, the image is a volume")
    values, affine = _read_volume(name, path)
    if isinstance(roi, AtlasRoi):
        numbers = [_label_number(name, roi, label, values) for label in roi.labels]
        chosen = np.isin(values, numbers) if numbers else values != 0
    else:
        chosen = values != 0
    if not chosen.any():
        raise DataError(f"ROI {name}: {path} holds no voxel other than 0")
    mask = Nifti1Image(chosen.astype(np.int16), affine)
    like = Nifti1Image(np.zeros(grid.shape, np.int16), grid.affine)
    on_grid = np.asarray(
        resample_to_img(
            mask, like, interpolation="nearest", copy_header=True, force_resample=False
        ).dataobj
    )
    inside = _share_inside(chosen, affine, grid)
    if inside < _LEAST_INSIDE:
        raise DataError(
            f"ROI {name}: {1 - inside:.0%} of the mask {path} lies outside the image "
            f"({_size(grid)}); is it in the space of the images?"
        )
    return np.flatnonzero(on_grid.ravel())


def _read_volume(name: str, path: Path) -> tuple[NDArray[Any], Array]:
    import nibabel

    try:
        if path.suffix.lower() == ".gii":
            raise ValueError("it is of a surface")
        image: Any = nibabel.load(path)
        values = np.asarray(image.dataobj)
        affine = np.asarray(image.affine, float)
    except Exception as error:  # nibabel, gzip and zlib raise kinds of their own
        raise DataError(
            f"ROI {name}: {path} is damaged or no NIfTI image ({type(error).__name__}: {error})"
        ) from error
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise DataError(f"ROI {name}: {path} has {values.ndim} dimensions, expected 3")
    if not np.isfinite(values).all():
        raise DataError(f"ROI {name}: {path} holds NaN; write 0 outside the region")
    return values, affine


def _share_inside(chosen: NDArray[np.bool_], affine: Array, grid: Grid) -> float:
    """Share of a mask's voxels whose centre lies within the image."""
    from nibabel.affines import apply_affine

    assert grid.affine is not None
    places = apply_affine(np.linalg.inv(grid.affine) @ affine, np.argwhere(chosen))
    within = ((places >= -0.5) & (places <= np.array(grid.shape) - 0.5)).all(axis=1)
    return float(within.mean())


def _label_number(name: str, roi: AtlasRoi, label: str, values: NDArray[Any]) -> int:
    """Value of a label in the atlas: by its name in the table, else the number itself."""
    names: dict[str, int] = {}
    if roi.table is not None:
        table = read_tsv(roi.table, ("index", "name"))
        try:
            names = {str(n): int(i) for i, n in zip(table["index"], table["name"], strict=True)}
        except ValueError as error:
            raise DataError(f"{roi.table}: index is not a whole number: {error}") from error
    if label not in names and not label.lstrip("-").isdecimal():
        raise UnknownNameError(f"label of {roi.paths[0].name}", label, names)
    number = names.get(label) if label in names else int(label)
    assert number is not None
    if not (values == number).any():
        raise DataError(f"ROI {name}: {roi.paths[0].name} has no voxel of label {label}")
    return number


def _surface(name: str, roi: MaskRoi | AtlasRoi, grid: Grid) -> NDArray[np.intp]:
    """Vertices of both hemispheres, those of the right counted on from the left."""
    paths: Sequence[Path] = (roi.path,) if isinstance(roi, MaskRoi) else roi.paths
    if any(path.name.endswith((".nii", ".nii.gz")) for path in paths):
        raise DataError(
            f"ROI {name}: {paths[0].name} is a volume, the images are on the surface; give labels "
            "of the surface for both hemispheres (.annot, .label.gii, .label)"
        )
    if len(paths) != 2:
        raise DataError(
            f"ROI {name}: give two files, of the left and of the right hemisphere; "
            f"there {'is' if len(paths) == 1 else 'are'} {len(paths)}"
        )
    labels = roi.labels if isinstance(roi, AtlasRoi) else ()
    found = []
    known: dict[str, None] = {}
    for side, path in enumerate(paths):
        vertices, names = _vertices(name, path, labels, grid.shape[1])
        found.append(side * grid.shape[1] + vertices)
        known |= dict.fromkeys(names)
    for label in labels:
        if label not in known and not label.isdecimal():
            raise UnknownNameError(f"label of {paths[0].name}", label, known)
    return np.concatenate(found)


def _vertices(
    name: str, path: Path, labels: Sequence[str], count: int
) -> tuple[NDArray[np.intp], list[str]]:
    """Vertices of the labels in one file, and the names of all its labels."""
    from nibabel.freesurfer.io import read_annot, read_label

    try:
        if path.suffix == ".label":
            told = int(read_text(path).splitlines()[1])
            vertices = np.asarray(read_label(path), np.intp) if told else np.empty(0, np.intp)
            if len(vertices) != told:
                raise ValueError(f"{len(vertices)} vertices, its second line says {told}")
            if vertices.size and vertices.max() >= count:
                raise DataError(
                    f"ROI {name}: {path} has a vertex {vertices.max()}, the images {count} vertices"
                )
            return vertices, [path.stem]
        if path.suffix == ".annot":
            numbers, _, raw = read_annot(path)
            names = {one.decode("utf-8", "replace"): i for i, one in enumerate(raw)}
        else:
            image = read_gifti(path)
            numbers = np.asarray(image.darrays[0].data)
            names = {str(k): int(v) for v, k in image.labeltable.get_labels_as_dict().items()}
    except DataError:
        raise
    except Exception as error:  # nibabel raises kinds of its own
        raise DataError(
            f"ROI {name}: {path} is damaged or holds no labels of a surface "
            f"({type(error).__name__}: {error})"
        ) from error
    if len(numbers) != count:
        raise DataError(
            f"ROI {name}: {path} has {len(numbers)} vertices, the images {count} a hemisphere; "
            "it is of another surface"
        )
    wanted = [
        names[one] if one in names else int(one)
        for one in labels
        if one in names or one.isdecimal()
    ]
    chosen = np.isin(numbers, wanted) if labels else numbers > 0
    return np.flatnonzero(chosen), list(names)
