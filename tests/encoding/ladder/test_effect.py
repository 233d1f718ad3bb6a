"""Shares of variance against a regression, and intervals on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.effect import (
    Shares,
    crossed_interval,
    explained_shares,
    own_share,
    shared_share,
)
from brainbench.encoding.ladder.projection import residual_kernel, residual_maker

N, P, V = 24, 6, 200
COLUMNS = np.hstack([np.ones((N, 1)), np.random.default_rng(9).standard_normal((N, 2))])


def simulate(share: float, alike: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Layers, and products of people who hold a share of the features."""
    features = rng.standard_normal((N, 4)) / 2
    common = rng.standard_normal((4, V))
    people = []
    for _ in range(P):
        own = rng.standard_normal((4, V))
        mixing = np.sqrt(1 - alike) * own + np.sqrt(alike) * common
        noise = rng.standard_normal((N, V))
        people.append(np.sqrt(share) * features @ mixing + np.sqrt(1 - share) * noise)
    stacked = np.stack(people)
    products = np.einsum("piv,qjv->pqij", stacked, stacked, optimize=True)
    return (features @ features.T)[None], products


def test_own_is_the_slope_of_a_regression_over_pairs_of_items() -> None:
    layers, products = simulate(0.3, 0.5, np.random.default_rng(0))
    found = explained_shares(layers, products, COLUMNS)
    maker = residual_maker(COLUMNS)
    degrees, apart = np.trace(maker), ~np.eye(N, dtype=bool)
    kernel = residual_kernel(layers, maker)
    x = (kernel / np.trace(kernel) - maker / degrees)[apart]
    for person in range(P):
        left = maker @ products[person, person] @ maker
        y = (left / np.trace(left) - maker / degrees)[apart]
        assert found.own[person] == pytest.approx((x @ y) / (x @ x), abs=1e-12)
    other = maker @ products[0, 1] @ maker
    lengths = [np.trace(maker @ products[p, p] @ maker) for p in (0, 1)]
    scaled = other / np.sqrt(lengths[0] * lengths[1])
    assert found.between[0, 1] == pytest.approx((x @ scaled[apart]) / (x @ x), abs=1e-12)
    assert found.shared[0, 1] == pytest.approx(np.trace(scaled), abs=1e-12)


def test_shares_are_those_planted() -> None:
    rng = np.random.default_rng(1)
    cells = [explained_shares(*simulate(0.2, 0.5, rng), COLUMNS) for _ in range(150)]
    own = np.array([own_share([cell]) for cell in cells])
    assert own.mean() == pytest.approx(0.2, abs=4 * own.std() / np.sqrt(len(own)) + 0.01)
    # the features are all that people share
    assert shared_share(cells) == pytest.approx(1.0, abs=0.05)


def test_nothing_gives_nothing() -> None:
    rng = np.random.default_rng(2)
    own = [own_share([explained_shares(*simulate(0.0, 0.0, rng), COLUMNS)]) for _ in range(150)]
    assert abs(np.mean(own)) < 4 * np.std(own) / np.sqrt(len(own))


def test_a_kernel_that_nuisance_explains_explains_nothing() -> None:
    _, products = simulate(0.3, 0.5, np.random.default_rng(3))
    found = explained_shares((COLUMNS @ COLUMNS.T)[None], products, COLUMNS)
    assert not found.own.any()


def test_leaving_a_person_out_leaves_the_others_as_they_are() -> None:
    layers, products = simulate(0.3, 0.5, np.random.default_rng(4))
    left = np.delete(np.arange(P), 2)
    direct = explained_shares(layers, products[np.ix_(left, left)], COLUMNS)
    found = explained_shares(layers, products, COLUMNS).without(2)
    np.testing.assert_allclose(found.own, direct.own, atol=1e-12)
    np.testing.assert_allclose(found.between, direct.between, atol=1e-12)


def test_intervals_of_a_mean_are_those_of_crossed_effects() -> None:
    """Means of people × items: the jackknife over both is the variance of the two means."""
    rng = np.random.default_rng(5)
    people, items = rng.standard_normal((8, 1)), rng.standard_normal((1, 30))
    values = people + items + 0.1 * rng.standard_normal((8, 30))
    value = float(values.mean())
    without_person = np.array([np.delete(values, p, 0).mean() for p in range(8)])
    without_item = np.array([np.delete(values, i, 1).mean() for i in range(30)])
    without_both = np.array(
        [[np.delete(np.delete(values, p, 0), i, 1).mean() for i in range(30)] for p in range(8)]
    )
    low, high = crossed_interval(value, without_person, without_item, without_both)
    of_people = values.mean(axis=1).var(ddof=1) / 8
    of_items = values.mean(axis=0).var(ddof=1) / 30
    crossed = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + value
    of_both = np.square(crossed).sum() / (7 * 29) / (8 * 30)
    expected = stats.t.ppf(0.975, 7) * np.sqrt(of_people + of_items - of_both)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.01)
    assert (low + high) / 2 == pytest.approx(value)


def test_intervals_hold_what_was_planted() -> None:
    """New people and new items in each of 60 data sets; 93 % is 56."""
    rng, inside = np.random.default_rng(6), 0
    for _ in range(60):
        layers, products = simulate(0.2, 0.5, rng)
        cell = explained_shares(layers, products, COLUMNS)
        fewer: list[Shares] = []
        for item in range(N):
            kept = np.delete(np.arange(N), item)
            square = np.ix_(kept, kept)
            fewer.append(
                explained_shares(
                    layers[:, square[0], square[1]],
                    products[:, :, square[0], square[1]],
                    COLUMNS[kept],
                )
            )
        low, high = crossed_interval(
            own_share([cell]),
            np.array([own_share([cell.without(p)]) for p in range(P)]),
            np.array([own_share([one]) for one in fewer]),
            np.array([[own_share([one.without(p)]) for one in fewer] for p in range(P)]),
        )
        inside += low <= 0.2 <= high
    assert inside >= 51  # at a coverage of 93 %, fewer has a chance of 0.007
