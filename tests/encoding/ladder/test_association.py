"""The association of kernels and people against a loop that follows its formula."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.association import make_targets, permuted_sums
from brainbench.encoding.ladder.permutations import Orders, permute_within_runs
from brainbench.encoding.ladder.projection import residual_kernel, residual_maker, run_columns
from brainbench.errors import DataError

RUNS = np.repeat(["a", "b"], 8)
N = len(RUNS)


@pytest.fixture
def data() -> tuple[Array, list[Array], Array]:
    """Layers, people's responses, and a projection."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((3, N, 6))
    layers = features @ features.transpose(0, 2, 1)
    people = [rng.standard_normal((N, 9)) for _ in range(4)]
    nuisance = np.hstack([run_columns(RUNS), rng.standard_normal((N, 2))])
    return layers, people, residual_maker(nuisance)


def by_loop(
    kernel: Array, people: list[Array], maker: Array, orders: Orders, pairs: Array
) -> tuple[Array, Array]:
    """Own and between, one order, person and pair of people after the other."""
    degrees = np.trace(maker)
    unit = [maker @ block / np.linalg.norm(maker @ block) for block in people]
    own, between = [], []
    for order in orders.rows:
        permuted = maker @ kernel[order][:, order] @ maker
        permuted = permuted - maker * np.trace(permuted) / degrees
        permuted = permuted / np.linalg.norm(permuted)
        mine = sum((permuted * (y @ y.T - maker / degrees))[pairs].sum() for y in unit)
        other = sum(
            (permuted * (one @ two.T))[pairs].sum()
            for i, one in enumerate(unit)
            for j, two in enumerate(unit)
            if i != j
        )
        own.append(mine)
        between.append(other)
    return np.array(own), np.array(between)


@pytest.mark.parametrize("strict", [False, True])
def test_one_product_is_the_plain_loop(
    data: tuple[Array, list[Array], Array], strict: bool
) -> None:
    layers, people, maker = data
    pairs = RUNS[:, None] != RUNS if strict else ~np.eye(N, dtype=bool)
    orders = permute_within_runs(RUNS, np.random.default_rng(1), draws=200)
    kernel = residual_kernel(layers, maker)
    targets = make_targets(people, maker, maker, pairs if strict else None)
    assert targets.between is not None
    found = permuted_sums(kernel, [targets.own, targets.between], maker, orders)
    own, between = by_loop(kernel, people, maker, orders, pairs)
    np.testing.assert_allclose(found[:, 0], own, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found[:, 1], between, rtol=0, atol=1e-10)


def test_nuisance_of_a_person_is_taken_out_of_that_person(
    data: tuple[Array, list[Array], Array],
) -> None:
    _, people, maker = data
    rng = np.random.default_rng(2)
    makers = np.stack([residual_maker(rng.standard_normal((N, 3))) for _ in people])
    targets = make_targets(people, makers, maker)
    assert targets.own.shape == (len(people), N, N)
    for one, own, block in zip(makers, targets.own, people, strict=True):
        np.testing.assert_allclose(own, make_targets([block], one, one).own, atol=1e-14)


def test_noise_gives_zero_on_average(data: tuple[Array, list[Array], Array]) -> None:
    """Not by the permutation, by the formula: the expected target is zero."""
    layers, _, maker = data
    rng = np.random.default_rng(3)
    kernel = residual_kernel(layers, maker)
    orders = Orders(np.arange(N)[None], exact=False)
    found = []
    for _ in range(400):
        people = [rng.standard_normal((N, 5)) for _ in range(2)]
        targets = make_targets(people, maker, maker)
        assert targets.between is not None
        found.append(permuted_sums(kernel, [targets.own, targets.between], maker, orders)[0])
    values = np.array(found)
    error = values.std(axis=0) / np.sqrt(len(values))
    assert (np.abs(values.mean(axis=0)) < 4 * error).all()


def test_scale_of_responses_and_features_does_not_matter(
    data: tuple[Array, list[Array], Array],
) -> None:
    layers, people, maker = data
    orders = permute_within_runs(RUNS, np.random.default_rng(1), draws=20)

    def sums(layers: Array, people: list[Array]) -> Array:
        targets = make_targets(people, maker, maker)
        assert targets.between is not None
        kernel = residual_kernel(layers, maker)
        return permuted_sums(kernel, [targets.own, targets.between], maker, orders)

    larger = [block * 10.0**i for i, block in enumerate(people)]
    np.testing.assert_allclose(sums(layers * 1e5, larger), sums(layers, people), atol=1e-12)


def test_people_of_other_voxels_are_not_compared_with_each_other() -> None:
    rng = np.random.default_rng(0)
    maker = residual_maker(run_columns(RUNS))
    people = [rng.standard_normal((N, 5)), rng.standard_normal((N, 6))]
    assert make_targets(people, maker, maker).between is None
    assert make_targets(people[:1], maker, maker).between is None


def test_a_person_who_does_not_vary_gives_nothing(
    data: tuple[Array, list[Array], Array],
) -> None:
    _, people, maker = data
    flat = np.ones((N, 9))
    one = make_targets([*people, flat], maker, maker)
    two = make_targets(people, maker, maker)
    np.testing.assert_allclose(one.own, two.own, atol=1e-12)


def test_a_kernel_of_which_nothing_is_left_gives_zero(
    data: tuple[Array, list[Array], Array],
) -> None:
    _, people, maker = data
    orders = permute_within_runs(RUNS, np.random.default_rng(1), draws=5)
    targets = make_targets(people, maker, maker)
    assert not permuted_sums(np.zeros((N, N)), [targets.own], maker, orders).any()
    # all items equally far apart: nothing that an order could change
    assert not permuted_sums(maker, [targets.own], maker, orders)[0].any()


def test_nobody_is_an_error(data: tuple[Array, list[Array], Array]) -> None:
    with pytest.raises(DataError, match="no people"):
        make_targets([], data[2], data[2])


@pytest.mark.parametrize("bytes_at_once", [1, 5000])
def test_pieces_of_a_large_set_give_the_same(
    bytes_at_once: int,
    data: tuple[Array, list[Array], Array],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where only run means are taken out, and where more is."""
    layers, people, maker = data
    orders = permute_within_runs(RUNS, np.random.default_rng(1), 60)
    for projection in (maker, residual_maker(run_columns(RUNS))):
        kernel = residual_kernel(layers, projection)
        targets = [make_targets(people, projection, projection).own]
        whole = permuted_sums(kernel, targets, projection, orders)
        with monkeypatch.context() as patch:
            patch.setattr("brainbench.encoding.ladder.association._AT_ONCE", bytes_at_once)
            apart = permuted_sums(kernel, targets, projection, orders)
        np.testing.assert_allclose(apart, whole, atol=1e-12)
