"""Blocks of items left out in turn, against the closed form for a mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.encoding.controlled.item_jackknife import block_intervals, without_blocks

RUNS = np.repeat(["a", "b"], [18, 12])


def test_every_item_is_left_out_once_in_contiguous_blocks_of_a_run() -> None:
    kept = without_blocks(RUNS)
    assert len(kept) == 6
    left = [np.setdiff1d(np.arange(30), one) for one in kept]
    assert sorted(np.concatenate(left).tolist()) == list(range(30))
    for block in left:
        assert (np.diff(block) == 1).all()
        assert len(set(RUNS[block])) == 1
    assert [len(block) for block in left] == [6, 6, 6, 4, 4, 4]


def test_a_mean_over_equal_blocks_has_the_interval_of_their_means() -> None:
    values = np.random.default_rng(0).standard_normal(36)
    found = block_intervals(
        {"mean": float(values.mean())},
        lambda kept: {"mean": float(values[kept].mean())},
        np.repeat(["a", "b"], 18),
    )["mean"]
    blocks = values.reshape(6, 6).mean(axis=1)
    half = stats.t.ppf(0.975, 5) * stats.sem(blocks)
    assert found == pytest.approx((values.mean() - half, values.mean() + half))


def test_short_runs_have_no_interval() -> None:
    assert without_blocks(np.repeat(["a", "b"], [18, 8])) == []

    def fail(kept: object) -> dict[str, float]:
        raise AssertionError("nothing is scored")

    assert block_intervals({"r": 1.0}, fail, np.repeat(["a", "b"], 8)) == {"r": None}
