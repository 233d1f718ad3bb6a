"""One step for many rows against torch's own optimiser, and the ball it stays in."""

from __future__ import annotations

import pytest
import torch

from brainbench.guidance.steering.descent import Descent, within

FREE = torch.full((3,), torch.inf, dtype=torch.float64)
RATES = torch.tensor([0.3, 0.01, 2.0], dtype=torch.float64)


def slopes(steps: int, rows: int = 4) -> torch.Tensor:
    """Of every size, some of them nothing."""
    torch.manual_seed(0)
    drawn = torch.randn(steps, rows, 3, 5, dtype=torch.float64)
    drawn *= 10.0 ** torch.randint(-9, 3, (steps, rows, 3, 5))
    return drawn * (torch.rand(steps, rows, 3, 5) < 0.9)


def fresh(rows: int = 4, radius: torch.Tensor = FREE) -> Descent:
    return Descent(torch.zeros(rows, 3, 5, dtype=torch.float64), RATES, radius)


def by_torch(given: torch.Tensor, row: int, layer: int) -> torch.Tensor:
    """One row and layer alone, with the optimiser's own decay."""
    delta = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.AdamW([delta], lr=float(RATES[layer]))
    for each in given[:, row, layer]:
        delta.grad = each.clone()
        optimiser.step()
    return delta.detach()


def test_every_row_and_layer_is_what_torch_does_to_it_alone() -> None:
    given, descent = slopes(60), fresh()
    for each in given:
        descent.step(each)
    for row in range(4):
        for layer in range(3):
            torch.testing.assert_close(descent.delta[row, layer], by_torch(given, row, layer))


def test_rows_that_are_kept_go_on_as_if_nothing_had_happened() -> None:
    given, whole, part = slopes(30), fresh(), fresh()
    kept = torch.tensor([3, 1])
    for number, each in enumerate(given):
        whole.step(each)
        if number == 12:
            part.keep(kept)
        part.step(each if number < 12 else each[kept])
    torch.testing.assert_close(part.delta, whole.delta[kept])


def test_a_step_out_of_the_ball_is_cut_short_not_turned() -> None:
    radius = torch.tensor([0.5, 100.0, 3.0], dtype=torch.float64)
    bound, free = fresh(radius=radius), fresh()
    cut = 0
    for each in slopes(40):
        # one step from where the bound one stands, with nothing in its way
        free.delta = bound.delta.clone()
        free.step(each)
        bound.step(each)
        lengths = free.delta.norm(dim=-1, keepdim=True)
        shorter = torch.minimum(lengths, radius[:, None])
        assert (bound.delta.norm(dim=-1) <= radius * (1 + 1e-12)).all()
        torch.testing.assert_close(bound.delta * lengths, free.delta * shorter)
        cut += int((lengths > shorter).sum())
    assert 40 < cut < 40 * 12


def test_nothing_moves_where_nothing_pulls_and_there_is_no_rate() -> None:
    descent = Descent(torch.zeros(2, 1, 3), torch.zeros(1), torch.zeros(1))
    for _ in range(3):
        descent.step(torch.zeros(2, 1, 3))
    assert not descent.delta.any()


@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0, 7.0])
def test_what_is_too_long_is_shortened_and_the_rest_left(scale: float) -> None:
    delta = scale * torch.tensor([[[3.0, 4.0], [0.0, 0.0]]])
    factors = within(delta, torch.tensor([5.0, 1.0]))
    expected = min(1.0, 1.0 / scale) if scale else 1.0
    torch.testing.assert_close(factors, torch.tensor([[[expected], [1.0]]]))
