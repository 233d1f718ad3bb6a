"""Reading images with nibabel, which nobody's file leads elsewhere."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from brainbench.errors import DataError
from brainbench.imaging.extra import read_gifti
from brainbench.imaging.rois import Grid, MaskRoi, find_places, parse_roi


def write(path: Path, values: np.ndarray) -> Path:  # type: ignore[type-arg]
    array = nibabel.gifti.GiftiDataArray(
        values, intent="NIFTI_INTENT_LABEL", datatype="NIFTI_TYPE_INT32"
    )
    nibabel.GiftiImage(darrays=[array]).to_filename(path)
    return path


def leading_away(path: Path, secret: Path, count: int) -> Path:
    """A GIFTI file whose values are said to lie in another file."""
    text = write(path, np.zeros(count, np.int32)).read_text("utf-8")
    start, end = text.index("<Data>"), text.index("</Data>")
    text = text[: start + len("<Data>")] + text[end:]
    text = text.replace('Encoding="GZipBase64Binary"', 'Encoding="ExternalFileBinary"')
    text = text.replace('ExternalFileName=""', f'ExternalFileName="{secret}"')
    assert str(secret) in text
    assert "ExternalFileBinary" in text
    path.write_text(text, "utf-8")
    return path


def test_values_in_the_file_are_read(tmp_path: Path) -> None:
    values = np.arange(7, dtype=np.int32)
    found = read_gifti(write(tmp_path / "a.label.gii", values))
    np.testing.assert_array_equal(found.darrays[0].data, values)


def test_no_file_leads_to_another(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.ones(7, np.int32).tobytes())
    left = leading_away(tmp_path / "lh.label.gii", secret, 7)
    # nibabel itself follows
    assert nibabel.load(left).darrays[0].data.tolist() == [1] * 7
    with pytest.raises(Exception, match="ExternalFileBinary is not supported"):
        read_gifti(left)
    surface = Grid((2, 7), None)
    with pytest.raises(DataError, match="ExternalFileBinary is not supported"):
        find_places(dict([parse_roi(f"r={left},{left}:1")]), surface)
    # nor where a volume is asked for
    with pytest.raises(DataError, match="it is of a surface"):
        find_places({"r": MaskRoi(left)}, Grid((4, 4, 4), np.eye(4)))
