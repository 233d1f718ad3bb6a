"""Localised units: the ones planted, and never from a test item."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.encoding.controlled.folds import held_out_folds
from brainbench.encoding.controlled.localiser import choose_units, localised_kernels

RUNS = np.repeat(["a", "b"], 10)
FOLDS = held_out_folds(RUNS)
RNG = np.random.default_rng(0)
READING = RNG.standard_normal((20, 3, 40)).astype(np.float32)
TASK = (READING + 0.5 * RNG.standard_normal((20, 3, 40))).astype(np.float32)
TASK[:, 1, :6] += 3.0


def test_units_that_reason_are_chosen_over_all_layers() -> None:
    chosen = choose_units(TASK, READING, np.arange(20), share=0.05)
    assert chosen.sum() == 6
    assert chosen[1, :6].all()


def test_the_chosen_have_the_greatest_paired_t() -> None:
    rows = np.arange(5, 15)
    t = stats.ttest_rel(TASK[rows].astype(float), READING[rows].astype(float), axis=0).statistic
    chosen = choose_units(TASK, READING, rows, share=0.1)
    assert t[chosen].min() >= t[~chosen].max()
    assert chosen.sum() == 12


def test_units_lower_in_the_task_are_not_chosen_and_one_always_is() -> None:
    chosen = choose_units(-TASK, -READING, np.arange(20), share=0.05)
    assert not chosen[1, :6].any()
    assert choose_units(TASK, READING, np.arange(20), share=1e-9).sum() == 1


def test_constant_units_have_no_t() -> None:
    task = READING.copy()
    task[:, 0, 0] += 1.0  # apart by the same everywhere: rounding aside, no spread
    assert choose_units(np.zeros((20, 1, 4)), np.zeros((20, 1, 4)), np.arange(20)).sum() == 1
    assert np.isfinite(localised_kernels([(task, READING)], FOLDS)).all()


def test_test_items_choose_nothing() -> None:
    before = localised_kernels([(TASK, READING)], FOLDS, 0.05)
    for number, fold in enumerate(FOLDS):
        task, reading = TASK.copy(), READING.copy()
        reading[fold.test] += np.random.default_rng(1).standard_normal(reading[fold.test].shape)
        after = localised_kernels([(task, reading)], FOLDS, 0.05)
        assert np.array_equal(before[number], after[number]), "reading states of test items"
        task[fold.test] = 0.0
        after = localised_kernels([(task, reading)], FOLDS, 0.05)
        inside = np.ix_([0], fold.train, fold.train)
        np.testing.assert_allclose(before[number][inside], after[number][inside], atol=1e-12)


def test_kernels_are_of_scaled_units_at_trace_m() -> None:
    kernels = localised_kernels([(TASK, READING), (READING, TASK)], FOLDS, 0.05)
    for kernel, fold in zip(kernels, FOLDS, strict=True):
        assert kernel.shape == (2, 20, 20)
        traces = np.einsum("lii->l", kernel[:, fold.train[:, None], fold.train])
        assert traces == pytest.approx([10.0, 10.0])
        units = TASK[:, choose_units(TASK, READING, fold.train, 0.05)].astype(float)
        scaled = (units - units[fold.train].mean(axis=0)) / units[fold.train].std(axis=0)
        np.testing.assert_allclose(kernel[0], scaled @ scaled.T / 6, atol=1e-9)
