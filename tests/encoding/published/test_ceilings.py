"""Inter-subject curves are plain loops over all sets of people; the fit is the best there is."""

from __future__ import annotations

import warnings
from itertools import combinations, product

import numpy as np
import pytest
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.stats import pearsonr
from sklearn.linear_model import RidgeCV

from brainbench.encoding import (
    PUBLISHED_ALPHAS,
    divide_by_ceiling,
    fit_ceilings,
    intersubject_curves,
    published_folds,
)
from brainbench.encoding.published import ceilings
from brainbench.errors import DataError

N_ITEMS = 30
FOLDS = published_folds([0] * 15 + [1] * 15)
X = np.arange(2.0, 11.0)  # ten people, as in xiao2026


def plain_curves(people, folds):
    """Row k - 1: mean r over folds and all sets of k others, one RidgeCV at a time."""
    curves = []
    for target, block in enumerate(people):
        others = [person for person in range(len(people)) if person != target]
        rows = []
        for size in range(1, len(people)):
            scores = []
            for chosen in combinations(others, size):
                x = np.hstack([people[person] for person in chosen])
                for train, test in folds:
                    model = RidgeCV(alphas=PUBLISHED_ALPHAS).fit(x[train], block[train])
                    predicted = model.predict(x[test])
                    scores.append(pearsonr(predicted, block[test], axis=0).statistic)
            rows.append(np.mean(scores, axis=0))
        curves.append(np.array(rows))
    return curves


@pytest.fixture(scope="module")
def people():
    """Four people who share a signal, each with voxels of their own."""
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((N_ITEMS, 3))
    return [
        shared @ rng.standard_normal((3, width)) + 2 * rng.standard_normal((N_ITEMS, width)) + 4
        for width in (5, 8, 3, 40)
    ]


@pytest.fixture(scope="module")
def expected(people):
    return plain_curves(people, FOLDS)


@pytest.mark.parametrize("at_once", [1, 4, 32])
def test_curves_are_the_plain_loop(people, expected, at_once, monkeypatch):
    monkeypatch.setattr(ceilings, "_SETS_AT_ONCE", at_once)
    found = intersubject_curves(people, FOLDS)
    assert [curve.shape for curve in found] == [(3, 5), (3, 8), (3, 3), (3, 40)]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


def test_curves_of_three_people(people):
    found = intersubject_curves(people[:3], FOLDS)
    for ours, theirs in zip(found, plain_curves(people[:3], FOLDS), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("workers", [2, 7])
def test_the_number_of_threads_changes_no_bit_of_a_curve(people, workers, monkeypatch):
    found = {}
    for number in (1, workers):
        monkeypatch.setattr("brainbench.encoding.threads.n_workers", lambda n=number: n)
        found[number] = intersubject_curves(people, FOLDS)
    assert all(np.array_equal(a, b) for a, b in zip(found[1], found[workers], strict=True))


def test_progress_counts_every_set_once(people):
    calls = []
    intersubject_curves(people, FOLDS, progress=lambda *call: calls.append(call))
    done = [number for number, _ in calls]
    assert {total for _, total in calls} == {14}
    assert done == sorted(set(done))
    assert done[-1] == 14


@pytest.mark.parametrize("number", [0, 1, 2])
def test_fewer_than_three_people_are_refused(people, number):
    with pytest.raises(DataError, match=f"at least 3 people; there are {number}"):
        intersubject_curves(people[:number], FOLDS)


def test_missing_responses_are_refused(people):
    spoilt = people[1].copy()
    spoilt[2, 3] = np.nan
    with pytest.raises(DataError, match="1 voxels hold NaN"):
        intersubject_curves([people[0], spoilt, people[2]], FOLDS)


def saturating(v0, tau, x=X):
    return np.asarray(v0) * -np.expm1(-x[:, None] / np.asarray(tau))


@pytest.mark.parametrize("x", [None, np.array([1.0, 2.0, 4.0, 8.0, 16.0])], ids=["k + 1", "given"])
def test_exact_curves_are_recovered(x):
    v0, tau = (grid.ravel() for grid in np.meshgrid([0.02, 0.3, 0.99], [0.4, 1.0, 3.0, 20.0]))
    found = fit_ceilings(saturating(v0, tau, X if x is None else x), x)
    np.testing.assert_allclose(found.v0, v0, rtol=1e-6)
    np.testing.assert_allclose(found.tau, tau, rtol=1e-5)
    assert (found.rmse < 1e-9).all()
    assert not found.failed.any()


def random_curves(kind, n_curves=12):
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((9, n_curves))
    level = rng.uniform(0.05, 0.4, n_curves)
    rising = np.linspace(0, 1, 9)[:, None] * level
    return {
        "saturating, noisy": saturating(level, rng.uniform(1, 10, n_curves)) + 0.01 * noise,
        "flat": level + 0.001 * noise,
        "falling": level * np.linspace(1.5, 1.0, 9)[:, None] + 0.01 * noise,
        "rising straight": 0.05 + rising + 0.001 * noise,
        "through the origin": 0.03 * X[:, None] * level + 0.001 * noise,
        "accelerating": rising**2,
        "around zero": 0.02 * noise,
        "negative": -level + 0.01 * noise,
        "above one": 1.2 + level + 0.01 * noise,
        "wild": noise,
    }[kind]


KINDS = (
    "saturating, noisy",
    "flat",
    "falling",
    "rising straight",
    "through the origin",
    "accelerating",
    "around zero",
    "negative",
    "above one",
    "wild",
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_other_fit_with_positive_tau_is_better(kind):
    curves = random_curves(kind)
    found = fit_ceilings(curves)
    tau = np.where(np.isnan(found.tau), 1.0, found.tau)
    ours = ((curves - saturating(found.v0, tau)) ** 2).sum(axis=0)
    np.testing.assert_allclose(found.rmse, np.sqrt(ours / 9), rtol=1e-9)
    starts = list(product((0.05, 0.5, 0.95), (0.5, 3.0, 30.0, 1e3)))
    for column, curve in enumerate(curves.T):
        for start in starts:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", OptimizeWarning)
                    values, _ = curve_fit(
                        lambda x, v0, tau: v0 * -np.expm1(-x / tau),
                        X,
                        curve,
                        start,
                        bounds=([0.0, 1e-3], [1.0, np.inf]),
                    )
            except RuntimeError:  # it did not converge
                continue
            theirs = ((curve - saturating(*values)[:, 0]) ** 2).sum()
            assert ours[column] <= theirs * (1 + 1e-9) + 1e-15, (column, start)


@pytest.mark.parametrize("kind", KINDS)
def test_asymptotes_stay_within_bounds(kind):
    found = fit_ceilings(random_curves(kind, 50))
    assert ((found.v0 >= 0.0) & (found.v0 <= 1.0)).all()
    assert (found.tau[found.v0 > 0] > 0).all()
    assert np.isnan(found.tau[found.v0 == 0]).all()


def test_negative_curves_have_an_asymptote_of_zero_and_no_time_constant():
    found = fit_ceilings(random_curves("negative"))
    assert (found.v0 == 0.0).all()
    assert np.isnan(found.tau).all()
    assert not found.failed.any()
    expected = np.sqrt((random_curves("negative") ** 2).mean(axis=0))
    np.testing.assert_allclose(found.rmse, expected, rtol=1e-12)


def test_curves_above_one_have_an_asymptote_of_one():
    assert (fit_ceilings(random_curves("above one")).v0 == 1.0).all()


def test_curves_with_holes_fail_alone_and_keep_their_last_value():
    curves = random_curves("saturating, noisy", 5)
    curves[3:, 1] = np.nan
    curves[0, 2] = np.inf
    curves[:, 4] = np.nan
    found = fit_ceilings(curves)
    assert found.failed.tolist() == [False, True, True, False, True]
    assert found.v0[1] == curves[2, 1]
    assert found.v0[2] == curves[8, 2]
    assert np.isnan(found.v0[4])
    assert np.isnan(found.tau[found.failed]).all()
    assert np.isnan(found.rmse[found.failed]).all()
    whole = fit_ceilings(curves[:, [0, 3]])
    for field in ("v0", "tau", "rmse"):
        assert np.array_equal(getattr(found, field)[[0, 3]], getattr(whole, field))


@pytest.mark.parametrize(
    ("r", "v0", "ratio"),
    [
        (0.1, 0.4, 0.25),
        (0.3, 0.1, 3.0),  # nothing is clipped
        (-0.1, 0.4, -0.25),
        (0.0, 0.4, 0.0),
        (0.0, 0.0, 0.0),
        (-0.0, 0.0, 0.0),
        (0.1, 0.0, np.inf),
        (-0.1, 0.0, -np.inf),
        (0.1, np.nan, np.nan),
        (0.0, np.nan, np.nan),
    ],
)
def test_division_by_a_ceiling(r, v0, ratio):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = divide_by_ceiling(np.array([[r], [r]]), np.array([v0]))
    np.testing.assert_allclose(found, [[ratio], [ratio]], rtol=1e-15)


def test_division_takes_each_voxel_by_its_own_ceiling():
    found = divide_by_ceiling(np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([0.5, 0.1]))
    np.testing.assert_allclose(found, [[0.2, 2.0], [0.6, 4.0]])
