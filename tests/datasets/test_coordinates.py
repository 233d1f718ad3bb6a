"""Points of a card in MNI space."""

from __future__ import annotations

import numpy as np

from brainbench.datasets import to_mni
from brainbench.datasets.cards import RoiCoordinates


def test_from_talairach_and_back() -> None:
    points = ((-45.0, 35.0, 10.0), (24.0, -9.0, 58.0), (0.0, 0.0, 0.0))
    one = RoiCoordinates(space="Talairach", what="", source="", points=points)
    found = to_mni(one)
    # the published matrix, MNI to Talairach, as a 4 × 4 applied to what came out
    affine = np.array([
        [0.9254, 0.0024, -0.0118, -1.0207], [-0.0048, 0.9316, -0.0871, -1.7667],
        [0.0152, 0.0883, 0.8924, 4.0926], [0, 0, 0, 1],
    ])  # fmt: skip
    back = affine @ np.column_stack([found, np.ones(3)]).T
    np.testing.assert_allclose(back[:3].T, points, atol=1e-9)
    # an MNI brain is larger
    assert (np.abs(found[:2]).max(axis=1) > np.abs(points[:2]).max(axis=1)).all()
    same = RoiCoordinates(space="MNI", what="", source="", points=points)
    np.testing.assert_array_equal(to_mni(same), points)
