"""Whether scores are of the items and people that the data card has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brainbench.benchmarks import BehaviorScore, ControlledScore, PublishedScore
from brainbench.benchmarks.cell import is_pooled
from brainbench.datasets import load_card
from brainbench.leaderboard.checks.faults import Fault, different
from brainbench.results import Record


def items_faults(record: Record) -> Iterator[Fault]:
    """Scores of fewer or more items than the card, and the run's own limit, leave, or of others.

    A card of another package may not say how many items of each type there are.
    """
    given = record.config.get("limit")
    limit = given if type(given) is int and given > 0 else None
    scores: Sequence[ControlledScore | PublishedScore | BehaviorScore] = [
        *record.controlled,
        *record.published,
        *record.behavior,
    ]
    for score in scores:
        card = load_card(score.dataset)
        place = f"{score.benchmark[:120]}.simulated"
        yield from different(place, score.simulated, card.simulated, "the data card says")
        if not isinstance(score, ControlledScore):
            place, pooled = f"{score.benchmark[:120]}.pooled", is_pooled(card, score.reasoning_type)
            yield from different(place, score.pooled, pooled, "the data card says")
        expected = card.items_of(score.reasoning_type, limit)
        if expected is not None:
            place = f"{score.benchmark[:120]}.n_items"
            yield from different(place, score.n_items, expected, "the data card has")
