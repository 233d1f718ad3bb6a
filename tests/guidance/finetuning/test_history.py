"""When training stops, and which epoch is kept."""

from __future__ import annotations

import pytest

from brainbench.guidance.finetuning.history import History, falls


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], 0),
        ([0.5], 0),
        ([0.5, 0.4, 0.3], 2),
        ([0.5, 0.4, 0.45], 0),  # a rise sets it back
        ([0.5, 0.4, 0.4, 0.3], 2),  # as good as before is not a fall, and no rise
        ([0.5, 0.4, 0.6, 0.5, 0.4, 0.3], 3),  # against the epoch before, not the best
    ],
)
def test_falls_since_the_last_rise(scores: list[float], expected: int) -> None:
    assert falls(scores) == expected


def test_training_ends_after_so_many_falls_or_epochs() -> None:
    falling = [1.0 - 0.01 * i for i in range(11)]
    history = History(parts={"labels": [0.0] * 10}, validation=falling)
    assert history.ended(100, 9)
    # the first of them is against the model before training, which is no epoch
    assert not history.ended(100, 10)
    assert not history.ended(100, 0)
    assert history.ended(10, 0)
    assert not History(validation=[0.9, 0.2]).ended(1, 2)


def test_the_best_epoch_is_the_first_with_the_best_score_after_training_began() -> None:
    parts = {"labels": [1.0, 0.9, 0.8]}
    assert History(parts=parts, validation=[0.9, 0.4, 0.6, 0.6]).best_epoch == 2
    assert History(parts=parts).best_epoch == 3


@pytest.mark.parametrize(
    ("limit", "expected", "beyond"), [(None, 3, False), (0.3, 2, False), (0.05, 1, True)]
)
def test_an_epoch_beyond_the_limit_is_not_kept(
    limit: float | None, expected: int, beyond: bool
) -> None:
    """Where all are beyond it, the one that shifts least is."""
    parts = {"labels": [1.0, 0.9, 0.8]}
    scores, shifts = [0.5, 0.4, 0.6, 0.9], [0.1, 0.2, 0.4]
    history = History(parts=parts, validation=scores, shifts=shifts, limit=limit)
    assert (history.best_epoch, history.beyond) == (expected, beyond)
