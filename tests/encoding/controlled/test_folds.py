"""Folds that hold out whole runs, and orders of items within them."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding.controlled.folds import held_out_folds, permutations
from brainbench.errors import DataError

RUNS = np.repeat(["a", "b", "c", "d"], [7, 6, 8, 6])
TYPES = np.repeat(["s", "t"], [13, 14])
RNG = np.random.default_rng(0)


def test_each_fold_holds_out_one_whole_run() -> None:
    folds = held_out_folds(RUNS)
    assert [set(RUNS[fold.test]) for fold in folds] == [{"a"}, {"b"}, {"c"}, {"d"}]
    for fold in folds:
        assert not set(RUNS[fold.test]) & set(RUNS[fold.train])
        assert len(fold.train) + len(fold.test) == len(RUNS)


def test_inner_blocks_are_contiguous_in_every_run_and_cover_each_item_once() -> None:
    for fold in held_out_folds(RUNS):
        checked = np.concatenate([inner.checked for inner in fold.inner])
        assert sorted(checked) == list(range(len(fold.train)))
        for inner in fold.inner:
            assert not np.intersect1d(inner.fitted, inner.checked).size
            for run in set(RUNS[fold.train]):
                places = np.flatnonzero(RUNS[fold.train][inner.checked] == run)
                items = inner.checked[places]
                assert np.array_equal(np.diff(items), np.ones(len(items) - 1))


def test_centring_takes_out_training_means_by_stratum() -> None:
    rows = RNG.standard_normal((len(RUNS), 3))
    for fold in held_out_folds(RUNS, TYPES):
        expected = rows.copy()
        for kind in "st":
            learned = fold.train[TYPES[fold.train] == kind]
            expected[kind == TYPES] -= rows[learned].mean(axis=0)
        np.testing.assert_allclose(fold.centre @ rows, expected, atol=1e-12)


def test_a_stratum_without_training_items_loses_the_mean_of_all() -> None:
    fold = held_out_folds(RUNS, RUNS)[0]
    rows = RNG.standard_normal((len(RUNS), 2))
    expected = rows[fold.test] - rows[fold.train].mean(axis=0)
    np.testing.assert_allclose((fold.centre @ rows)[fold.test], expected, atol=1e-12)


def test_kernels_have_trace_m_learned_on_training_items_only() -> None:
    features = RNG.standard_normal((len(RUNS), 5))
    fold = held_out_folds(RUNS)[1]
    whole = fold.normalise((features @ features.T)[None])[0]
    assert np.trace(whole[np.ix_(fold.train, fold.train)]) == pytest.approx(len(fold.train))
    features[fold.test] *= 9.0
    other = fold.normalise((features @ features.T)[None])[0]
    inside = np.ix_(fold.train, fold.train)
    np.testing.assert_allclose(other[inside], whole[inside], atol=1e-12)


def test_features_that_do_not_vary_become_zero() -> None:
    for fold in held_out_folds(RUNS):
        assert not fold.normalise(np.full((1, len(RUNS), len(RUNS)), 7.3)).any()


def test_orders_stay_within_runs_and_conditions() -> None:
    conditions = np.arange(len(RUNS)) % 2
    for within in ((), (conditions,)):
        orders = permutations(RUNS, 50, np.random.default_rng(1), within)
        for order in orders:
            assert sorted(order) == list(range(len(RUNS)))
            assert (RUNS[order] == RUNS).all()
            assert not within or (conditions[order] == conditions).all()
        assert len({tuple(order) for order in orders}) == 50


@pytest.mark.parametrize(
    ("runs", "message"),
    [(["a"] * 12, "at least two are needed"), (["a"] * 6 + ["b"] * 5, "at least 6 items")],
)
def test_too_little_to_hold_out_is_refused(runs: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        held_out_folds(runs)


def test_the_same_block_of_every_run_is_checked_together() -> None:
    fold = held_out_folds(RUNS)[0]
    # training runs of 6, 8 and 6 items, at 0-5, 6-13 and 14-19
    expected = [[0, 1, 6, 7, 8, 14, 15], [2, 3, 9, 10, 11, 16, 17], [4, 5, 12, 13, 18, 19]]
    assert [list(inner.checked) for inner in fold.inner] == expected


def test_runs_that_take_turns_are_cut_by_their_own_items() -> None:
    fold = held_out_folds(list("ab" * 6 + "c" * 6))[2]
    assert [list(inner.checked) for inner in fold.inner] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


def test_inner_centring_takes_out_means_of_fitted_items_by_stratum() -> None:
    rows = RNG.standard_normal((len(RUNS), 3))
    for fold in held_out_folds(RUNS, TYPES):
        kinds, own = TYPES[fold.train], rows[fold.train]
        for inner in fold.inner:
            expected = own.copy()
            for kind in "st":
                learned = inner.fitted[kinds[inner.fitted] == kind]
                expected[kinds == kind] -= own[learned].mean(axis=0)
            found = inner.centred((own @ own.T)[None])[0]
            np.testing.assert_allclose(found, expected @ expected.T, atol=1e-12)


def test_test_rows_are_centred_and_scaled_by_training_items() -> None:
    features = RNG.standard_normal((len(RUNS), 5)) + 4.0
    kernels = np.stack([features @ features.T, 1e-8 * features @ features.T])
    for fold in held_out_folds(RUNS):
        centred = features - features[fold.train].mean(axis=0)
        centred *= np.sqrt(len(fold.train) / (centred[fold.train] ** 2).sum())
        for found in fold.normalise(kernels):
            np.testing.assert_allclose(found, centred @ centred.T, atol=1e-6)


def test_every_order_within_a_run_is_as_likely() -> None:
    runs = ["a", "b"] * 3
    orders = permutations(runs, 6000, np.random.default_rng(2))
    counts = np.unique(orders[:, ::2], axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(6000 * 5 / 36)
