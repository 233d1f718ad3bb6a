"""The pictures of guidance show what they say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from brainbench.guidance.rows import Dose
from brainbench.guidance.steering.plots import Scene, along, draw_guidance, plane

pytest.importorskip("matplotlib")
RNG = np.random.default_rng(0)
STATES = RNG.standard_normal((20, 3, 8)) * [[[1.0], [2.0], [5.0]]]


def test_the_plane_is_that_of_principal_components() -> None:
    found, axes = plane(STATES[:, 1])
    expected = PCA(2).fit_transform(STATES[:, 1])
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-9)


def test_items_on_a_direction_are_told_in_units_of_their_spread() -> None:
    direction = np.zeros((3, 8))
    direction[:2, 4] = 7.0
    found = along(STATES, direction)
    centred = STATES - STATES.mean(axis=0)
    sigma = np.sqrt(np.square(centred).sum(axis=2).mean(axis=0))
    np.testing.assert_allclose(found[:, 0], centred[:, 0, 4] / sigma[0])
    assert (found[:, 2] == 0.0).all(), "a layer without a direction"


@pytest.mark.parametrize("auc", [0.6, None])
def test_a_picture_comes_out(auc: float | None) -> None:
    doses = [
        Dose(arm=arm, layers="all", strength=s, auc=auc, accuracy=0.5, true_rate=0.4, valid=1.0)
        for arm in ("guided", "another's arm")
        for s in (1.0, 2.0)
    ]
    directions = {"guided": RNG.standard_normal((3, 8)), "label only": np.zeros((3, 8))}
    labels = np.arange(20) % 2 == 0
    picture = draw_guidance(Scene("a title", STATES, labels, ~labels, directions, doses))
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000
