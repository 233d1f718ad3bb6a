"""People predicted from each other: against the other way to compute it, and closed forms."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from brainbench.encoding.controlled.folds import held_out_folds
from brainbench.encoding.controlled.prediction import People, predict
from brainbench.encoding.controlled.reference import (
    SETS_OF_A_SIZE,
    _sets,
    extrapolate,
    own_kernels,
    predict_from_sets,
    unique_of_others,
)
from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.statistics.inference import people_interval

RUNS = np.repeat(["a", "b"], 10)
FOLDS = tuple(held_out_folds(RUNS))


def people(seed: int, count: int = 5, share: float = 0.5, common: Array | None = None) -> People:
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((20, 3)) if common is None else common
    return People(
        tuple(
            np.sqrt(share) * shared @ rng.standard_normal((shared.shape[1], 15))
            + np.sqrt(1 - share) * rng.standard_normal((20, 15))
            for _ in range(count)
        ),
        FOLDS,
    )


def from_set(group: People, members: tuple[int, ...], person: int) -> float:
    """One person from one set, by the code that predicts from a model; nothing is summed."""
    own = own_kernels(group)[list(members)].sum(axis=0)
    kernels = [fold.normalise(own[None]) for fold in FOLDS]
    return float(predict(kernels, People((group.blocks[person],), FOLDS)).r[0, 0])


def test_all_others_equal_the_prediction_from_their_summed_kernel() -> None:
    group = people(0)
    reference, _ = predict_from_sets(group, np.random.default_rng(0))
    own = own_kernels(group)
    kernels = [fold.normalise(own.sum(axis=0) - own)[:, None] for fold in FOLDS]
    np.testing.assert_allclose(reference.people, predict(kernels, group).r[:, 0], atol=1e-12)


def test_the_curve_is_the_mean_over_sets_and_people() -> None:
    """With three people and one penalty that all prefer, the sums do not matter."""
    group = people(1, count=3, share=0.9)
    reference, curve = predict_from_sets(group, np.random.default_rng(0), np.array([1.0]))
    single = np.zeros((3, 3))
    for one, other in combinations(range(3), 2):
        for person, source in ((one, other), (other, one)):
            own = own_kernels(group)[[source]]
            kernels = [fold.normalise(own) for fold in FOLDS]
            alone = People((group.blocks[person],), FOLDS)
            single[person, source] = predict(kernels, alone, alphas=np.array([1.0])).r[0, 0]
    assert curve.curve[0] == pytest.approx(single.sum() / 6)
    assert curve.curve[1] == pytest.approx(reference.people.mean())
    # without person i, each of the other two is predicted from the other
    without = np.array([
        (single[1, 2] + single[2, 1]) / 2,
        (single[0, 2] + single[2, 0]) / 2,
        (single[0, 1] + single[1, 0]) / 2,
    ])  # fmt: skip
    spread = np.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum())
    found = people_interval(reference.pseudo)
    assert found is not None
    assert (found[1] - found[0]) / 2 == pytest.approx(4.302653 * spread, rel=1e-6)
    assert sum(found) / 2 == pytest.approx(reference.people.mean())


def test_what_people_share_is_found_and_what_they_do_not_is_not() -> None:
    shared, _ = predict_from_sets(people(2, share=0.6), np.random.default_rng(0))
    apart, _ = predict_from_sets(people(2, share=0.0), np.random.default_rng(0))
    assert shared.people.mean() > 0.4
    assert abs(apart.people.mean()) < 0.1


def test_the_jackknife_covers_what_new_people_share() -> None:
    """Same items and signal, other people: the interval should hold the mean of all of them."""
    common = np.random.default_rng(3).standard_normal((20, 3))
    found = [
        predict_from_sets(people(seed, 6, 0.4, common), np.random.default_rng(0))[0]
        for seed in range(40)
    ]
    truth = np.mean([one.people.mean() for one in found])
    bounds = [people_interval(one.pseudo) for one in found]
    covered = sum(b is not None and b[0] <= truth <= b[1] for b in bounds)
    assert 32 <= covered <= 40, "95 % nominal; fewer than 32 of 40 have a probability of 0.02 %"


def test_others_add_to_nuisance_what_people_share_beyond_it() -> None:
    rng = np.random.default_rng(4)
    nuisance = rng.standard_normal((20, 2))
    kernel = nuisance @ nuisance.T
    beyond, interval = unique_of_others(people(5, share=0.6), kernel, nuisance, rng)
    assert beyond.shape == (5,)
    assert interval is not None
    assert 0.1 < interval[0] < beyond.mean() < interval[1]
    within, _ = unique_of_others(people(6, share=0.6, common=nuisance), kernel, nuisance, rng)
    assert within.mean() < 0.02


def test_extrapolation_recovers_a_curve_and_says_when_it_cannot() -> None:
    x = np.arange(2.0, 11.0)
    found = extrapolate(0.3 * (1.0 - np.exp(-x / 4.0)))
    assert (found.v0, found.tau) == (pytest.approx(0.3, abs=1e-6), pytest.approx(4.0, abs=1e-3))
    assert found.rmse < 1e-8
    for curve in (0.01 * x**2, -0.1 * np.ones(9), np.full(9, np.nan), np.array([0.1, 0.2])):
        failed = extrapolate(curve)
        assert np.isnan([failed.v0, failed.tau, failed.rmse]).all()


@pytest.mark.parametrize("size", [1, 4, 6, 10, 11])
def test_sets_are_all_there_are_or_drawn_and_leave_everybody_out_once(size: int) -> None:
    members = _sets(12, size, np.random.default_rng(7))
    assert (members.sum(axis=1) == size).all()
    assert not members.all(axis=0).any()
    expected = {1: 12, 4: SETS_OF_A_SIZE, 6: SETS_OF_A_SIZE, 10: 66, 11: 12}[size]
    assert len(members) == expected


def test_same_seed_same_curve() -> None:
    group = people(8, count=9)
    one, other = (predict_from_sets(group, np.random.default_rng(1))[1].curve for _ in range(2))
    assert np.array_equal(one, other)


def test_two_people_are_refused() -> None:
    with pytest.raises(DataError, match="3 are needed; there are 2"):
        predict_from_sets(people(9, count=2), np.random.default_rng(0))
    with pytest.raises(DataError, match="3 are needed; there are 2"):
        unique_of_others(
            people(9, count=2), np.eye(20), np.zeros((20, 1)), np.random.default_rng(0)
        )


def test_one_set_is_predicted_from_as_a_model_is() -> None:
    group = people(10, count=4, share=0.9)
    _, curve = predict_from_sets(group, np.random.default_rng(0))
    values = [
        from_set(group, members, person)
        for person in range(4)
        for members in combinations([p for p in range(4) if p != person], 2)
    ]
    # one penalty for the size against one for each: near, not equal
    assert curve.curve[1] == pytest.approx(np.mean(values), abs=0.03)
