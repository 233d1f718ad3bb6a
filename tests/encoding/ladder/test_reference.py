"""What people share, against a loop."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding.ladder.projection import residual_maker
from brainbench.encoding.ladder.reference import shared_response
from brainbench.errors import DataError

N, V, P = 24, 7, 5
MAKER = residual_maker(np.ones((N, 1)))


def people(share: float, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((N, V))
    return [
        np.sqrt(share) * common + np.sqrt(1 - share) * rng.standard_normal((N, V)) for _ in range(P)
    ]


def test_it_is_the_mean_correlation_with_the_others_mean() -> None:
    blocks = people(0.4)
    expected = np.mean(
        [
            np.corrcoef(own[:, v], np.mean([b for b in blocks if b is not own], axis=0)[:, v])[0, 1]
            for own in blocks
            for v in range(V)
        ]
    )
    found = shared_response(blocks, MAKER)
    assert found is not None
    assert found.r == pytest.approx(expected)


def test_what_is_shared_is_found_and_what_is_not_is_not() -> None:
    shared, alone = shared_response(people(0.5), MAKER), shared_response(people(0.0), MAKER)
    assert shared is not None
    assert alone is not None
    assert shared.found
    assert not alone.found


def test_intervals_hold_zero_where_nothing_is_shared() -> None:
    """200 data sets: 95 % intervals that lie above zero are few."""
    above = 0
    for seed in range(200):
        found = shared_response(people(0.0, seed), MAKER)
        assert found is not None
        above += found.found
    assert above <= 13  # 2.5 % is 5; more than 13 has a chance of 0.0005


def test_too_few_people_or_other_voxels_give_none() -> None:
    assert shared_response(people(0.5)[:2], MAKER) is None
    blocks = people(0.5)
    assert shared_response([*blocks, blocks[0][:, :3]], MAKER) is None
    with pytest.raises(DataError, match="no people"):
        shared_response([], MAKER)


def test_constant_voxels_count_zero() -> None:
    blocks = people(0.5)
    flat = [np.hstack([block, np.ones((N, V))]) for block in blocks]
    full, half = shared_response(blocks, MAKER), shared_response(flat, MAKER)
    assert full is not None
    assert half is not None
    assert half.r == pytest.approx(full.r / 2)
