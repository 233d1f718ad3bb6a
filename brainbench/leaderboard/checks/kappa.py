"""Whether κ of errors is one that a model and a person with these answers can have.

Answers are two, so what both answered alike they got both right, or both wrong: the share of
same answers, and how many each got right, settle κ. People's answers are not needed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks import BehaviorScore
from brainbench.leaderboard.checks.faults import Fault, number

Counts = NDArray[np.int64]
_TOLERANCE = 1e-6


def kappa_faults(score: BehaviorScore) -> Iterator[Fault]:
    """Faults of every person's κ of errors, by how often each of the two was right."""
    n = score.n_items
    model = _whole(score.accuracy, n)
    if model is None:
        yield Fault("accuracy", f"is {number(score.accuracy)}, no share of {n} items")
        return
    for person in score.people:
        place = f"people ({person.subject[:40]})"
        lost, both = _whole(person.missing, n), person.n_items
        answered = n - (lost or 0)
        right = _whole(person.accuracy, answered)
        same = _whole(person.agreement or 0.0, both)
        if lost is None or right is None or same is None:
            problem = f"has shares that are not of whole numbers of its {n} items"
            yield Fault(place, problem)
            continue
        valid = n - score.n_invalid
        if not max(0, valid + answered - n) <= both <= min(valid, answered):
            problem = (
                f"is {both}, of {valid} that the model and {answered} that the person answered"
            )
            yield Fault(f"{place}.n_items", problem)
            continue
        counts = _among(model, valid, both), _among(right, answered, both)
        yield from _one(place, person.error_consistency, both, same, *counts)


# ---------------------------------------------------------------- parts


def _whole(share: float, n: int) -> int | None:
    """How many of n a share is; None where it is not a whole number of 0 to n."""
    count = share * n
    if not -_TOLERANCE <= count <= n + _TOLERANCE or abs(count - round(count)) > 1e-6 * max(1, n):
        return None
    return round(count)


def _among(right: int, answered: int, both: int) -> Counts:
    """How many may be right of those that both answered: what only one answered is not known."""
    return np.arange(max(0, right - (answered - both)), min(right, both) + 1)


def _one(
    place: str, kappa: float | None, both: int, same: int, model: Counts, person: Counts
) -> Iterator[Fault]:
    """κ of one pair is among those of all counts that are possible."""
    one, other = np.meshgrid(model, person)
    least, most = np.abs(one + other - both), both - np.abs(one - other)
    chance = one * other + (both - one) * (both - other)
    room = both * both - chance
    if kappa is None:
        if both and room.all():
            yield Fault(
                f"{place}.error_consistency", "is nothing, though both vary in their errors"
            )
        return
    # moving one item from both right to one right takes away two that are alike
    fits = (least <= same) & (same <= most) & ((most - same) % 2 == 0) & (room > 0)
    found = (both * same - chance[fits]) / room[fits]
    if not np.any(np.abs(found - kappa) <= _TOLERANCE):
        stated = f"is {number(kappa)}; with {same} of {both} answers alike"
        given = f"it is at most {number(found.max())}" if found.size else "there is none"
        yield Fault(f"{place}.error_consistency", f"{stated} and both accuracies {given}")
