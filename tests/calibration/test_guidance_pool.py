"""Pools of log-odds: areas are those that were planted."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_odds import measured_odds

from brainbench.calibration.guidance_pool import THRESHOLDS, Training, find_shift, steered, trained
from brainbench.guidance.arms import LABEL_ONLY, PERMUTED
from brainbench.statistics.answers import auc, best_threshold

HOW = Training(0.85, 0.7, spread=0.06, seed_spread=0.02, n_signals=6, n_trainings=4)


def test_labels_alone_have_the_mean_area_of_permuted_signals() -> None:
    measured = measured_odds()
    for pool in (steered(measured, 2, 0.01), trained("trained", measured, 2, HOW, 0)):
        areas = [float(pool.arm(arm, 0.0, np.random.default_rng(0)).pairs.mean())
                 for arm in (PERMUTED, LABEL_ONLY)]  # fmt: skip
        assert areas == pytest.approx([pool.areas.mean()] * 2, abs=0.002)


@pytest.mark.parametrize("gain", [-0.2, 0.05, 0.3])
def test_a_gain_raises_the_mean_area_by_as_much(gain: float) -> None:
    pool = steered(measured_odds(), 2, 0.01)
    raised = pool.arm(PERMUTED, gain, np.random.default_rng(0))
    assert raised.pairs.mean() == pytest.approx(pool.areas.mean() + gain, abs=0.002)
    # every answer moves as far: rows stay as different as they were
    assert np.ptp(raised.pairs.mean(axis=(1, 2, 3))) > 0.01


def test_trainings_differ_by_what_was_asked_for() -> None:
    measured = measured_odds(80, 1)
    pool = trained("trained", measured, 1, HOW, 0)
    assert pool.areas.shape == (6, 4)
    assert pool.areas.mean(axis=1).std() == pytest.approx(0.06, rel=0.1)
    assert pool.areas.std(axis=1).mean() == pytest.approx(0.02, rel=0.2)
    assert pool.areas.mean() == pytest.approx(
        float(auc(measured.odds["unguided"][0, measured.test],
                  measured.labels[measured.test] == 0)), abs=0.01)  # fmt: skip


def test_one_order_keeps_each_problem_once() -> None:
    measured = measured_odds(n_orders=3)
    pool = steered(measured, 1, 0.01)
    assert pool.measured.items.n_items == pool.measured.items.n_base == 40
    own = measured.odds[PERMUTED][:, measured.test & (measured.order == 0)]
    apart = (pool.rows(PERMUTED)[:, 0] - own) * (1 - 2 * pool.measured.labels[pool.measured.test])
    # each row moved as a whole, True up by as much as False down
    np.testing.assert_allclose(apart, apart[:, :1] * np.ones((1, 40)))


def test_rows_of_a_steered_pool_differ_as_they_would_with_any_number_of_problems() -> None:
    measured = measured_odds(100, 1)
    pool = steered(measured, 1, 0.03)
    assert pool.areas.std() == pytest.approx(0.03, rel=0.1)
    before = auc(measured.odds[PERMUTED][:, measured.test].T, measured.labels[measured.test] == 0)
    assert pool.areas.mean() == pytest.approx(before.mean(), abs=0.003)
    assert np.argsort(pool.areas[:, 0]).tolist() == np.argsort(before).tolist()


def test_pairs_and_right_answers_are_shares_between_and_within_problems() -> None:
    measured = measured_odds(10, 2, n_signals=2)
    pool = steered(measured, 2, 0.01)
    arm = pool.arm(PERMUTED, 0.0, np.random.default_rng(3))
    odds = pool.rows(PERMUTED)[1, 0].reshape(10, 2)
    true, false = odds[::2], odds[1::2]
    expected = (true[:, None, :, None] > false[None, :, None, :]).mean(axis=(2, 3))
    np.testing.assert_allclose(arm.pairs[1, 0], expected)
    # the threshold of the first draw of validation problems
    rng = np.random.default_rng(3)
    own = ~measured.test
    some = rng.choice(np.unique(measured.base[own]), 12)
    drawn = np.concatenate([np.flatnonzero(measured.base == each) for each in some])
    cut = best_threshold(pool.odds[PERMUTED][1, 0, drawn], measured.labels[drawn] == 0)
    right = np.concatenate([(true > cut).mean(axis=1), (false <= cut).mean(axis=1)])
    np.testing.assert_allclose(arm.right[0, 1, 0], right)
    assert len(arm.right) == THRESHOLDS


def test_without_validation_problems_the_threshold_is_0() -> None:
    pool = steered(measured_odds(10, 1, n_validation=0, n_signals=2), 1, 0.01)
    arm = pool.arm(PERMUTED, 0.0, np.random.default_rng(0))
    odds = pool.rows(PERMUTED)[0, 0]
    expected = np.concatenate([odds[::2] > 0, odds[1::2] <= 0])
    assert (arm.right[:, 0, 0] == expected).all()


def test_shifts_reach_an_area_of_each_row() -> None:
    rows = np.random.default_rng(0).standard_normal((3, 2, 60))
    true = np.arange(60) % 2 == 0
    wanted = np.linspace(0.3, 0.8, 6).reshape(3, 2)
    moved = rows + find_shift(rows, true, wanted)[..., None] * np.where(true, 1, -1)
    reached = auc(moved.reshape(6, 60).T, true).reshape(3, 2)
    np.testing.assert_allclose(reached, wanted, atol=0.003)
