"""Shares of variance against a regression, and intervals on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.association import make_targets, permuted_sums
from brainbench.encoding.ladder.effect import (
    align_cells,
    cell_means,
    crossed_error,
    crossed_interval,
    explained_shares,
    makers_without_items,
    own_share,
    shared_share,
)
from brainbench.encoding.ladder.permutations import Orders
from brainbench.encoding.ladder.projection import residual_kernel, residual_maker

N, P, V = 24, 6, 200
COLUMNS = np.hstack([np.ones((N, 1)), np.random.default_rng(9).standard_normal((N, 2))])
MAKERS = makers_without_items(COLUMNS)


def simulate(share: float, alike: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Layers, and (P, n, V) people who hold a share of the features."""
    features = rng.standard_normal((N, 4)) / 2
    common = rng.standard_normal((4, V))
    people = []
    for _ in range(P):
        own = rng.standard_normal((4, V))
        mixing = np.sqrt(1 - alike) * own + np.sqrt(alike) * common
        noise = rng.standard_normal((N, V))
        people.append(np.sqrt(share) * features @ mixing + np.sqrt(1 - share) * noise)
    return (features @ features.T)[None], np.stack(people)


def products(people: Array) -> Array:
    return np.einsum("piv,qjv->pqij", people, people, optimize=True)


def regressed(
    layers: Array, people: Array, columns: Array, one: int, other: int
) -> tuple[float, float]:
    """Slope over pairs of items, and all that two people share, computed straight on."""
    maker = residual_maker(columns)
    degrees, apart = np.trace(maker), ~np.eye(len(maker), dtype=bool)
    kernel = residual_kernel(layers, maker)
    x = (kernel / np.trace(kernel) - maker / degrees)[apart]
    left = [maker @ people[person] for person in (one, other)]
    left = [block / np.linalg.norm(block) for block in left]
    y = left[0] @ left[1].T - (maker / degrees if one == other else 0.0)
    return float(x @ y[apart] / (x @ x)), float((left[0] * left[1]).sum())


@pytest.mark.parametrize("item", [None, 0, 17])
def test_shares_are_slopes_of_a_regression_with_and_without_an_item(item: int | None) -> None:
    layers, people = simulate(0.3, 0.5, np.random.default_rng(0))
    layers = np.concatenate([layers, np.diag(np.arange(1.0, N + 1))[None]])
    found = explained_shares(layers, products(people), MAKERS)
    row = 0 if item is None else item + 1
    kept = np.arange(N) if item is None else np.delete(np.arange(N), item)
    fewer = layers[:, kept][:, :, kept]
    for one, other in ((0, 0), (3, 3), (0, 1), (4, 2)):
        slope, shared = regressed(fewer, people[:, kept], COLUMNS[kept], one, other)
        if one == other:
            assert found.own[row, one] == pytest.approx(slope, abs=1e-12)
        else:
            assert found.between[row, one, other] == pytest.approx(slope, abs=1e-12)
            assert found.shared[row, one, other] == pytest.approx(shared, abs=1e-12)


def test_strength_makes_shares_the_terms_of_the_test() -> None:
    layers, people = simulate(0.3, 0.5, np.random.default_rng(1))
    found = explained_shares(layers, products(people), MAKERS)
    targets = make_targets(list(people), MAKERS[0], MAKERS[0])
    assert targets.between is not None
    unchanged = Orders(np.arange(N)[None], exact=False)
    kernel = residual_kernel(layers, MAKERS[0])
    sums = permuted_sums(kernel, [targets.own, targets.between], MAKERS[0], unchanged)[0]
    assert found.own[0].sum() * found.strength[0] == pytest.approx(sums[0], abs=1e-10)
    assert found.between[0].sum() * found.strength[0] == pytest.approx(sums[1], abs=1e-10)


def test_means_leave_each_person_out() -> None:
    layers, people = simulate(0.3, 0.5, np.random.default_rng(2))
    whole = cell_means(explained_shares(layers, products(people), MAKERS))
    fewer = cell_means(explained_shares(layers, products(np.delete(people, 2, 0)), MAKERS))
    np.testing.assert_allclose(whole.own[:, 3], fewer.own[:, 0], atol=1e-12)
    np.testing.assert_allclose(whole.between[:, 3], fewer.between[:, 0], atol=1e-12)
    np.testing.assert_allclose(whole.shared[:, 3], fewer.shared[:, 0], atol=1e-12)


def test_an_item_is_left_out_of_all_cells_of_its_type() -> None:
    rng = np.random.default_rng(3)
    cells = [cell_means(explained_shares(*_made(0.2, 0.5, rng), MAKERS)) for _ in range(3)]
    first, second, other = align_cells(cells, ["a", "a", "b"])
    assert len(first.own) == 1 + 2 * N
    np.testing.assert_array_equal(first.own[: N + 1], cells[0].own)
    np.testing.assert_array_equal(second.own[: N + 1], cells[1].own)
    # items of the other type are all there
    np.testing.assert_array_equal(first.own[N + 1 :], np.tile(cells[0].own[0], (N, 1)))
    np.testing.assert_array_equal(other.own[N + 1 :], cells[2].own[1:])


def test_shares_are_those_planted() -> None:
    rng = np.random.default_rng(1)
    cells = [cell_means(explained_shares(*_made(0.2, 0.5, rng), MAKERS[:1])) for _ in range(150)]
    own = np.array([own_share([cell])[0, 0] for cell in cells])
    assert own.mean() == pytest.approx(0.2, abs=4 * own.std() / np.sqrt(len(own)) + 0.01)
    # the features are all that people share
    assert shared_share(cells)[0, 0] == pytest.approx(1.0, abs=0.05)


def test_nothing_gives_nothing() -> None:
    rng = np.random.default_rng(2)
    own = [
        own_share([cell_means(explained_shares(*_made(0.0, 0.0, rng), MAKERS[:1]))])[0, 0]
        for _ in range(150)
    ]
    assert abs(np.mean(own)) < 4 * np.std(own) / np.sqrt(len(own))


def test_a_kernel_that_nuisance_explains_explains_nothing() -> None:
    _, people = simulate(0.3, 0.5, np.random.default_rng(3))
    found = explained_shares((COLUMNS @ COLUMNS.T)[None], products(people), MAKERS)
    assert np.abs(found.own).max() < 1e-9
    assert np.abs(found.between).max() < 1e-9


def test_errors_of_a_mean_are_those_of_crossed_effects() -> None:
    """Means of people × items: the jackknife over both is the variance of the two means."""
    rng = np.random.default_rng(5)
    people, items = rng.standard_normal((1, 8)), rng.standard_normal((30, 1))
    values = people + items + 0.1 * rng.standard_normal((30, 8))
    table = np.zeros((31, 9))
    for i in range(31):
        for p in range(9):
            left = np.delete(values, [i - 1] if i else [], axis=0)
            table[i, p] = np.delete(left, [p - 1] if p else [], axis=1).mean()
    of_people = values.mean(axis=0).var(ddof=1) / 8
    of_items = values.mean(axis=1).var(ddof=1) / 30
    crossed = (
        values
        - values.mean(axis=1, keepdims=True)
        - values.mean(axis=0, keepdims=True)
        + values.mean()
    )
    of_both = np.square(crossed).sum() / (7 * 29) / (8 * 30)
    expected = np.sqrt(of_people + of_items - of_both)
    assert crossed_error(table) == pytest.approx(expected, rel=0.01)
    low, high = crossed_interval(table)
    assert (low + high) / 2 == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 7) * expected, rel=0.01)


def test_intervals_hold_what_was_planted() -> None:
    """New people and new items in each of 60 data sets; 93 % is 56."""
    rng, inside = np.random.default_rng(6), 0
    for _ in range(60):
        cell = cell_means(explained_shares(*_made(0.2, 0.5, rng), MAKERS))
        low, high = crossed_interval(own_share([cell]))
        inside += low <= 0.2 <= high
    assert inside >= 51  # at a coverage of 93 %, fewer has a chance of 0.007


def _made(share: float, alike: float, rng: np.random.Generator) -> tuple[Array, Array]:
    layers, people = simulate(share, alike, rng)
    return layers, products(people)


def test_pieces_of_a_large_set_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    layers, people = simulate(0.3, 0.5, np.random.default_rng(0))
    whole = explained_shares(layers, products(people), MAKERS)
    monkeypatch.setattr("brainbench.encoding.ladder.effect._AT_ONCE", 7)
    apart = explained_shares(layers, products(people), MAKERS)
    for name in ("own", "between", "shared", "strength"):
        assert getattr(apart, name).shape == getattr(whole, name).shape
        np.testing.assert_allclose(getattr(apart, name), getattr(whole, name), atol=1e-12)
