"""Arms that draw anew at every try: their lottery in closed form, their draws, their directions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from simulated_signals import make_signals
from torch import Tensor

from brainbench.encoding.kernels import Array
from brainbench.errors import UnknownNameError
from brainbench.guidance.arm_signals import remake_of
from brainbench.guidance.arms import (
    GUIDED,
    GUIDED_RESTARTS,
    PERMUTED,
    PERMUTED_RESTARTS,
    RANDOM,
    RANDOM_RESTARTS,
    RESTARTS,
    arms_of,
    find_arm,
    searched,
)
from brainbench.guidance.maps import fit_published, refit
from brainbench.guidance.methods.directions import (
    SteeringLoss,
    Training,
    random_direction,
    to_unit,
)
from brainbench.guidance.objective import Objective
from brainbench.guidance.steering import search as module
from brainbench.guidance.steering.restarts import generator, restart_course
from brainbench.guidance.steering.search import Course, Pairs, Search, follow, keep

SIGNALS = make_signals(7, 2)
N, SHAPE = len(SIGNALS.problems), (2, 24)
STATES = np.random.default_rng(0).standard_normal((N, *SHAPE)) + 1.0
LABELS = np.where(SIGNALS.labels, 0, 1)
TRAINING = Training(SIGNALS, STATES, 1 - LABELS)
PEOPLE, ITEMS = (found.ravel() for found in np.mgrid[: SIGNALS.n_people, :N])
PAIRS = Pairs(PEOPLE, ITEMS, LABELS)
EVERY = np.arange(len(ITEMS))
WAY = SteeringLoss("cosine", "raw")


def course(arm: str, seed: int = 0, pairs: Pairs = PAIRS) -> Course:
    return restart_course(arm, TRAINING, pairs, WAY, seed)


class TestLottery:
    """Answers turn right where a direction in three dimensions lies above a plane.

    By Archimedes the height of a random direction is uniform, so it succeeds with probability p.
    """

    P, COUNT = 0.02, 800

    def found(self, made: Course, monkeypatch: pytest.MonkeyPatch) -> Search:
        pairs = Pairs(np.arange(self.COUNT), np.arange(self.COUNT), np.zeros(self.COUNT, int))
        lengths = np.tile(np.linspace(1.0, 3.0, module.TRIES)[:, None], (self.COUNT, 1, 1))
        lengths[::2, 30:] = np.nan  # where the guided search had stopped

        def ask(
            held: object, items: NDArray[np.intp], delta: Tensor
        ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
            height = (delta[:, 0, 0] / delta[:, 0].norm(dim=-1)).numpy()
            right = height > 1.0 - 2.0 * self.P
            return np.where(right, 0, 1), np.zeros(delta.shape, np.float32)

        monkeypatch.setattr(module, "ask_pairs", ask)
        return follow([], pairs, lengths, made)

    def test_forty_directions_are_forty_tickets_and_one_is_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rng = np.random.default_rng(0)
        drawn = self.found(lambda n, rows: random_direction((len(rows), 1, 3), rng), monkeypatch)
        one = self.found(keep(random_direction((self.COUNT, 1, 3), rng)), monkeypatch)
        expected = 1.0 - (1.0 - self.P) ** module.TRIES
        for found, share in ((drawn, expected), (one, self.P)):
            error = np.sqrt(share * (1.0 - share) / self.COUNT)
            assert abs(found.flipped.mean() - share) < 4.0 * error
        # one direction succeeds at once or never
        assert set(one.tries.tolist()) == {0, 1}
        assert drawn.tries.max() > 30

    def test_they_are_as_long_as_guided_was_at_that_try(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rng = np.random.default_rng(1)
        found = self.found(lambda n, rows: random_direction((len(rows), 1, 3), rng), monkeypatch)
        full = np.linspace(1.0, 3.0, module.TRIES)
        for row in range(20):
            asked = found.lengths[row, ~np.isnan(found.lengths[row, :, 0]), 0]
            stopped = np.where(np.arange(module.TRIES) < 30, full, full[29])
            expected = full if row % 2 else stopped
            np.testing.assert_allclose(asked, expected[: len(asked)])
            assert len(asked) == (found.tries[row] or module.TRIES)


class TestDraws:
    @pytest.mark.parametrize("arm", RESTARTS)
    def test_of_the_seed_and_the_try_and_of_no_other_pair(self, arm: str) -> None:
        made = course(arm)
        first, second = made(0, EVERY), made(1, EVERY)
        np.testing.assert_allclose(np.linalg.norm(first, axis=-1), 1.0)
        np.testing.assert_array_equal(course(arm)(0, EVERY), first)
        assert np.abs((first * second).sum(axis=-1)).mean() < 0.99
        assert np.abs((first * course(arm, 1)(0, EVERY)).sum(axis=-1)).mean() < 0.99
        # those that are still there, whoever has gone, and whoever else is searched for
        some = np.array([5, 9, 2])
        np.testing.assert_allclose(made(1, some), second[some], atol=1e-12)
        fewer = replace(PAIRS, people=PEOPLE[some], items=ITEMS[some])
        found = course(arm, 0, fewer)(1, np.arange(3))
        np.testing.assert_allclose(found, second[some], atol=1e-12)

    def test_a_random_direction_is_of_its_pair(self) -> None:
        found = course(RANDOM_RESTARTS)(0, EVERY)
        alike = np.einsum("rlu,plu->rpl", found, found)
        assert np.abs(alike[~np.eye(len(found), dtype=bool)]).max() < 0.9

    def test_labels_go_towards_the_right_answer(self) -> None:
        true = STATES[SIGNALS.labels].mean(axis=0) - STATES[~SIGNALS.labels].mean(axis=0)
        found = course("label only, restarts")(3, EVERY)
        sign = np.where(LABELS[ITEMS] == 0, 1.0, -1.0)
        assert ((found * true).sum(axis=-1) * sign[:, None] > 0).all()

    def test_only_the_targeted_search_has_them(self) -> None:
        assert searched()[-len(RESTARTS) :] == tuple(RESTARTS)
        for mode in ("steering", "finetuning"):
            assert not {arm.name for arm in arms_of(mode)} & set(RESTARTS)
        with pytest.raises(UnknownNameError):
            find_arm(GUIDED_RESTARTS)
        for arm in RESTARTS.values():
            assert "steering" in find_arm(arm.of).modes


class TestDirections:
    def descent(self, maps_of: Array, responses: tuple[Array, ...], alphas: Array | None) -> Array:
        """Steepest descent of 1 - cos(W x, y), its slope written out with W itself."""
        found = np.zeros((len(ITEMS), *SHAPE))
        blocks = [block[maps_of] for block in responses]
        states = STATES[maps_of]
        fitted = fit_published(states, blocks) if alphas is None else refit(states, blocks, alphas)
        for row, (person, item) in enumerate(zip(PEOPLE, ITEMS, strict=True)):
            for layer in range(SHAPE[0]):
                matrix = fitted.span[layer].T @ fitted.duals[person][layer]
                y, x = responses[person][item], STATES[item, layer]
                seen = x @ matrix
                size = np.linalg.norm(seen) * np.linalg.norm(y)
                cosine = seen @ y / size
                slope = matrix @ (y / size - cosine * seen / (seen @ seen))
                found[row, layer] = slope / np.linalg.norm(slope)
        return found

    def test_guided_restarts_fit_the_map_on_items_drawn_with_replacement(self) -> None:
        drawn = restart_course(GUIDED_RESTARTS, TRAINING, PAIRS, WAY, 4)
        alphas = fit_published(STATES, SIGNALS.responses).alphas
        items = generator(4, GUIDED_RESTARTS, 7).integers(N, size=N)
        assert len(set(items.tolist())) < N
        expected = self.descent(items, SIGNALS.responses, alphas)
        np.testing.assert_allclose(drawn(7, EVERY), expected, atol=1e-8)

    def test_permuted_restarts_permute_anew_and_choose_penalties_anew(self) -> None:
        own = remake_of(PERMUTED)(SIGNALS, generator(4, PERMUTED_RESTARTS, 7))
        expected = self.descent(np.arange(N), own.responses, None)
        np.testing.assert_allclose(
            restart_course(PERMUTED_RESTARTS, TRAINING, PAIRS, WAY, 4)(7, EVERY),
            expected,
            atol=1e-8,
        )

    @pytest.mark.parametrize("centring", ["raw", "intercept", "centred"])
    @pytest.mark.parametrize("loss", ["cosine", "pearson", "mse"])
    def test_slopes_at_the_items_are_those_of_the_loss_of_pairs(
        self, loss: str, centring: str
    ) -> None:
        maps = fit_published(STATES, SIGNALS.responses)
        objective = Objective(maps, SIGNALS.responses, loss, centring)
        people, items = torch.as_tensor(PEOPLE), torch.as_tensor(ITEMS)
        states = torch.as_tensor(STATES)
        leaf = states[items].requires_grad_()
        (expected,) = torch.autograd.grad(objective.of_pairs(leaf, people, items).sum(), leaf)
        found = objective.slopes(states, people, items)
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-12)

    def test_guided_restarts_lie_around_the_guided_direction(self) -> None:
        """What the lottery of guided varies by is its map; the response stays the pair's own."""
        maps = fit_published(STATES, SIGNALS.responses)
        objective = Objective(maps, SIGNALS.responses, "cosine", "raw")
        people, items = torch.as_tensor(PEOPLE), torch.as_tensor(ITEMS)
        whole = to_unit(-objective.slopes(torch.as_tensor(STATES), people, items).numpy())

        def alike(arm: str) -> float:
            drawn = [course(arm)(number, EVERY) for number in range(6)]
            return float(np.mean([(one * whole).sum(axis=-1).mean() for one in drawn]))

        assert alike(GUIDED_RESTARTS) > 2.0 * abs(alike(PERMUTED_RESTARTS))
        assert RESTARTS[GUIDED_RESTARTS].of == GUIDED
        assert RESTARTS[RANDOM_RESTARTS].of == RANDOM
