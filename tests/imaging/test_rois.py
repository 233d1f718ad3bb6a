"""Regions: the voxels of masks, spheres and labels in the grid of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainbench.datasets import load_card, to_mni
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.imaging.rois import AtlasRoi, Grid, MaskRoi, SphereRoi, find_places, parse_roi

nibabel = pytest.importorskip("nibabel", reason="reads images; install the imaging extra")
pytest.importorskip("nilearn", reason="brings masks to the grid; install the imaging extra")
# as fMRIPrep's res-2: 2 mm, x to the right
AFFINE = np.array([[2.0, 0, 0, -96.5], [0, 2, 0, -132.5], [0, 0, 2, -78.5], [0, 0, 0, 1]])
GRID = Grid((97, 115, 97), AFFINE)
SURFACE = Grid(
    (2, 30), None, np.column_stack([np.r_[-np.ones(30), np.ones(30)] * 40, np.zeros((60, 2))])
)


def write(path: Path, values: np.ndarray[Any, Any], affine: np.ndarray[Any, Any] = AFFINE) -> Path:
    nibabel.Nifti1Image(values.astype(np.int16), affine).to_filename(path)
    return path


def test_a_sphere_holds_every_voxel_within_its_radius_and_no_other() -> None:
    point = (-44.0, 12.0, 35.0)
    places = find_places({"ifg": SphereRoi((point,), 7.3)}, GRID)
    centres = nibabel.affines.apply_affine(AFFINE, np.argwhere(np.ones(GRID.shape, bool)))
    inside = np.linalg.norm(centres - point, axis=1) <= 7.3
    np.testing.assert_array_equal(places.voxels, np.flatnonzero(inside))
    np.testing.assert_allclose(places.coordinates, centres[inside])


def test_a_sphere_in_an_oblique_grid() -> None:
    turn = np.array([[0.96, -0.28, 0], [0.28, 0.96, 0], [0, 0, 1]]) @ np.diag([-3.0, 3.0, 3.5])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn, (30, -20, -10)
    grid = Grid((20, 22, 18), affine)
    point = tuple(map(float, nibabel.affines.apply_affine(affine, (8.2, 11.1, 9.4))))
    places = find_places({"a": SphereRoi((point,), 9.0)}, grid)  # type: ignore[arg-type]
    centres = nibabel.affines.apply_affine(affine, np.argwhere(np.ones(grid.shape, bool)))
    np.testing.assert_array_equal(
        places.voxels, np.flatnonzero(np.linalg.norm(centres - point, axis=1) <= 9.0)
    )


def test_spheres_about_the_foci_of_a_card_are_in_mni() -> None:
    card = load_card("xiao2026")
    name, roi = parse_roi("dr=foci:deductive_reasoning:6", card)
    assert name == "dr"
    assert isinstance(roi, SphereRoi)
    np.testing.assert_allclose(roi.points, to_mni(card.roi_coordinates["deductive_reasoning"]))
    places = find_places({name: roi}, GRID)
    distance = np.linalg.norm(places.coordinates[:, None] - np.array(roi.points), axis=2)
    assert distance.min(axis=1).max() <= 6.0
    with pytest.raises(UnknownNameError, match="did you mean 'deductive_reasoning'"):
        parse_roi("dr=foci:deductive:6", card)


def test_a_mask_of_the_same_grid_is_taken_as_it_is(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random(GRID.shape) < 0.001
    places = find_places({"m": MaskRoi(write(tmp_path / "m.nii.gz", values))}, GRID)
    np.testing.assert_array_equal(places.voxels, np.flatnonzero(values))


def test_a_mask_of_another_grid_is_brought_to_the_runs(tmp_path: Path) -> None:
    coarse = np.diag([-4.0, 4, 4, 1])
    coarse[:3, 3] = (90, -130, -76)
    values = np.zeros((45, 55, 45))
    values[30:34, 30:33, 20:25] = 1
    places = find_places({"m": MaskRoi(write(tmp_path / "m.nii.gz", values, coarse))}, GRID)
    # every voxel of 2 mm whose centre lies in the block of 4 mm voxels
    low = nibabel.affines.apply_affine(coarse, (33.5, 29.5, 19.5))
    high = nibabel.affines.apply_affine(coarse, (29.5, 32.5, 24.5))
    centres = nibabel.affines.apply_affine(AFFINE, np.argwhere(np.ones(GRID.shape, bool)))
    inside = ((centres > low) & (centres < high)).all(axis=1)
    np.testing.assert_array_equal(places.voxels, np.flatnonzero(inside))


def test_regions_may_share_voxels() -> None:
    spheres = {
        "a": SphereRoi(((0.0, 0.0, 0.0),), 5), "b": SphereRoi(((4.0, 0.0, 0.0),), 5),
    }  # fmt: skip
    places = find_places(spheres, GRID)
    both = np.intersect1d(places.rois["a"], places.rois["b"])
    assert both.size
    assert len(places.voxels) == len(places.rois["a"]) + len(places.rois["b"]) - both.size
    for name, roi in spheres.items():
        there = places.coordinates[places.rois[name]]
        assert np.linalg.norm(there - roi.points[0], axis=1).max() <= 5


def test_labels_of_an_atlas_by_number_and_by_name(tmp_path: Path) -> None:
    values = np.zeros(GRID.shape)
    values[40:44, 50:52, 50], values[50:52, 50:52, 50], values[60, 60, 60] = 7, 9, 11
    path = write(tmp_path / "atlas.nii.gz", values)
    table = tmp_path / "atlas.tsv"
    table.write_text("index\tname\n7\tIFG\n9\tMFG\n12\tnowhere\n")
    for text in (f"r={path}:7,9", f"r={path},{table}:IFG,MFG"):
        name, roi = parse_roi(text)
        np.testing.assert_array_equal(
            find_places({name: roi}, GRID).voxels, np.flatnonzero(np.isin(values, (7, 9)))
        )
    with pytest.raises(
        UnknownNameError, match=r"label of atlas\.nii\.gz 'IFJ'.*did you mean 'IFG'"
    ):
        find_places(dict([parse_roi(f"r={path},{table}:IFJ")]), GRID)
    with pytest.raises(DataError, match="no voxel of label nowhere"):
        find_places(dict([parse_roi(f"r={path},{table}:nowhere")]), GRID)
    with pytest.raises(DataError, match="no voxel of label 13"):
        find_places(dict([parse_roi(f"r={path}:13")]), GRID)


@pytest.mark.parametrize("form", ["annot", "gii", "label"])
def test_labels_of_the_surface(tmp_path: Path, form: str) -> None:
    names = ["unknown", "IFG", "MFG"]
    left, right = np.zeros(30, np.int32), np.zeros(30, np.int32)
    left[3:6], left[8], right[20:22] = 1, 2, 1
    paths = [tmp_path / f"{side}.{form if form != 'gii' else 'label.gii'}" for side in ("lh", "rh")]
    for path, values in zip(paths, (left, right), strict=True):
        if form == "annot":
            colours = np.array([[i, i, i, 0, i] for i in range(3)])
            nibabel.freesurfer.write_annot(path, values, colours, names, fill_ctab=True)
        elif form == "gii":
            array = nibabel.gifti.GiftiDataArray(
                values, intent="NIFTI_INTENT_LABEL", datatype="NIFTI_TYPE_INT32"
            )
            image = nibabel.GiftiImage(darrays=[array])
            for key, one in enumerate(names):
                label = nibabel.gifti.GiftiLabel(key)
                label.label = one
                image.labeltable.labels.append(label)
            image.to_filename(path)
        else:
            rows = [f"{vertex} 0.0 0.0 0.0 0.0" for vertex in np.flatnonzero(values == 1)]
            path.write_text("\n".join(["#!ascii label", str(len(rows)), *rows]) + "\n")
    ending = "" if form == "label" else ":IFG"
    name, roi = parse_roi(f"r={paths[0]},{paths[1]}{ending}")
    places = find_places({name: roi}, SURFACE)
    assert places.voxels.tolist() == [3, 4, 5, 50, 51]
    assert (places.coordinates[:, 0] > 0).tolist() == [False] * 3 + [True] * 2
    other = Grid((2, 20), None)
    with pytest.raises(DataError, match="vert"):
        find_places({name: roi}, other)
    if form != "label":
        with pytest.raises(UnknownNameError, match="label of lh"):
            find_places(dict([parse_roi(f"r={paths[0]},{paths[1]}:IFJ")]), SURFACE)
    paths[1].write_bytes(paths[1].read_bytes()[:24])
    with pytest.raises(DataError, match=r"ROI r: .*rh.* is damaged or holds no labels"):
        find_places({name: roi}, SURFACE)


def test_volume_and_surface_are_not_mixed(tmp_path: Path) -> None:
    path = write(tmp_path / "m.nii.gz", np.ones((4, 4, 4)))
    with pytest.raises(DataError, match="is a volume, the images are on the surface"):
        find_places({"m": MaskRoi(path)}, SURFACE)
    with pytest.raises(DataError, match="give two files"):
        find_places({"m": AtlasRoi((tmp_path / "lh.annot",), ("a",))}, SURFACE)
    with pytest.raises(DataError, match="is of the surface, the image is a volume"):
        find_places({"m": AtlasRoi((tmp_path / "lh.annot", tmp_path / "rh.annot"))}, GRID)


def test_files_that_are_no_masks_are_named(tmp_path: Path) -> None:
    for values, message in (
        (np.zeros((4, 4, 4)), "holds no voxel other than 0"),
        (np.ones((4, 4)), "has 2 dimensions"),
    ):
        with pytest.raises(DataError, match=message):
            find_places({"m": MaskRoi(write(tmp_path / "m.nii.gz", values))}, GRID)
    nan = nibabel.Nifti1Image(np.full((4, 4, 4), np.nan, np.float32), AFFINE)
    nan.to_filename(tmp_path / "nan.nii.gz")
    with pytest.raises(DataError, match="holds NaN"):
        find_places({"m": MaskRoi(tmp_path / "nan.nii.gz")}, GRID)
    (tmp_path / "text.nii.gz").write_text("no image")
    with pytest.raises(DataError, match=r"ROI m: .* is damaged or no NIfTI image"):
        find_places({"m": MaskRoi(tmp_path / "text.nii.gz")}, GRID)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("md", "write NAME=MASK"),
        ("md=sphere:1,2:5", "'1,2' is not x,y,z"),
        ("md=sphere:1,2,nan:5", "is not x,y,z"),
        ("md=sphere:1,2,3:0", "'0' is not a radius"),
        ("md=sphere:1,2,3", "has no radius: write md=sphere:x,y,z:radius"),
        ("md=foci:language", "has no radius: write md=foci:ROI:radius"),
        ("md=nowhere.nii.gz", "there is no file nowhere"),
        ("md=nowhere.annot,other.annot:IFG", "there is no file nowhere"),
    ],
)
def test_words_that_are_no_region_are_told(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_roi(text)


def test_several_spheres_are_one_region() -> None:
    name, roi = parse_roi("dlpfc=sphere:-44,12,35;39,10,40:8")
    assert name == "dlpfc"
    assert roi == SphereRoi(((-44.0, 12.0, 35.0), (39.0, 10.0, 40.0)), 8.0)
