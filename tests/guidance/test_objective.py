"""Losses in the span of the items against explicit weights; slopes against finite differences."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from simulated_signals import make_signals, make_states

from brainbench.encoding.kernels import Array
from brainbench.errors import UnknownNameError
from brainbench.guidance.maps import fit_published
from brainbench.guidance.objective import CENTRINGS, LOSSES, Objective, weights_of

SIGNALS = make_signals()
STATES = make_states(18)
MAPS = fit_published(STATES, SIGNALS.responses)
NEW = make_states(6, seed=2)
ITEMS = np.array([4, 0, 17, 4, 9, 2])
every_way = pytest.mark.parametrize(
    ("loss", "centring"), [(loss, centring) for loss in LOSSES for centring in CENTRINGS]
)


def by_hand(loss: str, centring: str, person: int, states: Array, items: Array) -> Array:
    """(rows, L) from W (units, voxels) and numpy alone."""
    measured = SIGNALS.responses[person]
    found = np.zeros(states.shape[:2])
    for layer in range(states.shape[1]):
        weights = MAPS.span[layer].T @ MAPS.duals[person][layer]
        mean = STATES[:, layer].mean(axis=0)
        for row, item in enumerate(items):
            x, y = states[row, layer], measured[item]
            if centring == "raw":
                predicted = x @ weights
            elif centring == "intercept":
                predicted = (x - mean) @ weights + measured.mean(axis=0)
            else:
                predicted, y = (x - mean) @ weights, y - measured.mean(axis=0)
            if loss == "cosine":
                lengths = np.linalg.norm(predicted) * np.linalg.norm(y)
                found[row, layer] = 1 - predicted @ y / lengths
            elif loss == "pearson":
                found[row, layer] = 1 - np.corrcoef(predicted, y)[0, 1]
            else:
                found[row, layer] = np.square(predicted - y).mean()
    return found


@every_way
def test_losses_are_those_of_explicit_weights(loss: str, centring: str) -> None:
    objective = Objective(MAPS, SIGNALS.responses, loss, centring)
    states, items = torch.tensor(NEW), torch.tensor(ITEMS)
    everybody = objective.of_everybody(states, items)
    assert everybody.shape == (3, 6, 3)
    for person in range(3):
        expected = by_hand(loss, centring, person, NEW, ITEMS)
        np.testing.assert_allclose(everybody[person], expected, rtol=1e-9)
    people = torch.tensor([2, 0, 1, 1, 0, 2])
    expected = everybody[people, torch.arange(6)]
    torch.testing.assert_close(objective.of_pairs(states, people, items), expected)


@every_way
def test_slopes_are_those_of_finite_differences(loss: str, centring: str) -> None:
    objective = Objective(MAPS, SIGNALS.responses, loss, centring)
    states = torch.tensor(NEW[:2], requires_grad=True)
    items, people = torch.tensor([4, 9]), torch.tensor([1, 2])
    for give in (
        lambda s: objective.of_pairs(s, people, items),
        lambda s: objective.of_everybody(s, items),
    ):
        assert torch.autograd.gradcheck(give, (states,), atol=1e-7)
    (slope,) = torch.autograd.grad(objective.of_pairs(states, people, items).sum(), states)
    assert (slope.norm(dim=-1) > 1e-6).all(), "a slope of nothing passes any check"


def test_ways_differ_but_for_squares_about_a_mean() -> None:
    states, items = torch.tensor(NEW), torch.tensor(ITEMS)
    found = {
        (loss, centring): Objective(MAPS, SIGNALS.responses, loss, centring).of_everybody(
            states, items
        )
        for loss in LOSSES
        for centring in CENTRINGS
    }
    alike = [
        {one, other}
        for one, other in combinations(found, 2)
        if torch.allclose(found[one], found[other])
    ]
    assert alike == [{("mse", "intercept"), ("mse", "centred")}]


@pytest.mark.parametrize("loss", ["cosine", "pearson"])
def test_where_nothing_is_predicted_there_is_no_slope(loss: str) -> None:
    objective = Objective(MAPS, SIGNALS.responses, loss, "centred")
    mean = torch.tensor(MAPS.mean)[None].requires_grad_()
    first = torch.tensor([0])
    lost = objective.of_pairs(mean, first, first)
    assert lost.tolist() == [[1.0] * 3]
    (slope,) = torch.autograd.grad(lost.sum(), mean)
    assert not slope.any()


@pytest.mark.parametrize("loss", ["cosine", "pearson"])
def test_a_cosine_in_one_dimension_has_no_slope(loss: str) -> None:
    """Of two voxels that sum to one W x is ± one direction, however far it goes."""
    one_hot = np.stack([SIGNALS.labels, ~SIGNALS.labels], axis=1).astype(float)
    maps = fit_published(STATES, [one_hot])
    states = torch.tensor(NEW, requires_grad=True)
    rows = torch.zeros(6, dtype=torch.long)
    slopes = [
        torch.autograd.grad(
            Objective(maps, [one_hot], kind).of_pairs(states, rows, torch.tensor(ITEMS)).sum(),
            states,
        )[0]
        for kind in (loss, "mse")
    ]
    assert slopes[0].abs().max() < 1e-10
    assert (slopes[1].norm(dim=-1) > 1e-3).all()


def test_lower_precision_is_the_same_but_for_rounding() -> None:
    items = torch.tensor(ITEMS)
    whole, half = (
        Objective(MAPS, SIGNALS.responses, dtype=dtype) for dtype in (torch.float64, torch.float32)
    )
    found = half.of_everybody(torch.tensor(NEW), items)
    assert found.dtype == torch.float32
    expected = whole.of_everybody(torch.tensor(NEW), items).float()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert whole.n_people == 3


def test_unknown_names_are_told_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="unknown loss 'cosin'; did you mean 'cosine'"):
        Objective(MAPS, SIGNALS.responses, "cosin")
    with pytest.raises(UnknownNameError, match="unknown centring 'center'; did you mean 'centred'"):
        Objective(MAPS, SIGNALS.responses, centring="center")


def test_weights_average_over_those_who_were_right() -> None:
    right = np.array([[1.0, 0.0, np.nan], [1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    expected = torch.tensor([[0.5, 0, 0], [0.5, 0, 0.5], [0, 0, 0.5]], dtype=torch.float64)
    torch.testing.assert_close(weights_of(right), expected)
