"""Noise as it is, and signals of a known share."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding.ladder.power import common_dimensions, exchange_items, plant
from brainbench.encoding.ladder.projection import residual_maker, run_columns

RUNS = np.repeat(["a", "b"], 10)
N = len(RUNS)
MAKER = residual_maker(run_columns(RUNS))


def people(voxels: int = 300, count: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((5, voxels))
    return [
        rng.standard_normal((N, 5)) @ mixing + 0.1 * rng.standard_normal((N, voxels))
        for _ in range(count)
    ]


def test_few_dimensions_keep_the_products_of_items_of_all_people() -> None:
    blocks = people()
    short = common_dimensions(blocks, MAKER)
    assert short[0].shape[1] < 40
    for one, left in zip(short, blocks, strict=True):
        for two, right in zip(short, blocks, strict=True):
            full = (MAKER @ left) @ (MAKER @ right).T
            assert np.linalg.norm(one @ two.T - full) < 0.02 * np.linalg.norm(full)


def test_people_of_other_voxels_have_dimensions_of_their_own() -> None:
    blocks = [*people(50, 2), people(60, 1)[0]]
    for one, block in zip(common_dimensions(blocks, MAKER), blocks, strict=True):
        full = (MAKER @ block) @ (MAKER @ block).T
        assert np.linalg.norm(one @ one.T - full) < 0.02 * np.linalg.norm(full)


def test_items_change_places_within_their_run() -> None:
    found = exchange_items(RUNS, np.random.default_rng(0))
    assert sorted(found[:10]) == list(range(10))
    assert sorted(found[10:]) == list(range(10, 20))
    assert (found != np.arange(N)).any()


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_planted_share_is_that_of_the_variance(share: float) -> None:
    rng = np.random.default_rng(1)
    features = rng.standard_normal((N, 2))
    noise = [MAKER @ rng.standard_normal((N, 2000)) for _ in range(2)]
    explained = MAKER @ features
    onto = explained @ np.linalg.pinv(explained)
    for block in plant(noise, features, MAKER, share, 0.0, rng):
        found = np.square(onto @ block).sum() / np.square(block).sum()
        # noise alone has two of eighteen dimensions there
        assert found == pytest.approx(share + (1 - share) * 2 / 18, abs=0.03)


def test_mixings_are_alike_as_asked() -> None:
    rng = np.random.default_rng(2)
    features = rng.standard_normal((N, 3))
    noise = [rng.standard_normal((N, 500)) for _ in range(2)]
    for alike in (0.0, 0.5, 1.0):
        one, two = plant(noise, features, MAKER, 1.0, alike, np.random.default_rng(3))
        # each voxel has its own scale in each person: angles between signals
        assert np.sum(one * two) == pytest.approx(alike, abs=0.1)
