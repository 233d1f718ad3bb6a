"""Paired comparison of flipped answers between arms of the targeted search, over problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict
from zlib import crc32

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.guidance.gains.bootstrap import (
    SHARES,
    MetricDraws,
    compare,
    draw_problems,
    draw_seeds,
)
from brainbench.guidance.rows import SearchRow
from brainbench.guidance.steering.search import Search
from brainbench.guidance.verdict import MIN_DRAWN
from brainbench.statistics.inference import Interval, holm

DRAWS = 10_000


class Flips(TypedDict):
    """Fields of a :class:`.SearchRow`."""

    guided_minus: float | None
    interval: Interval | None
    p: float | None


def flips_against(
    guided: Sequence[Search],
    found: Sequence[Search],
    permuted: Sequence[Search] = (),
    *,
    seed: int = 0,
    n_draws: int = DRAWS,
) -> Flips:
    """Share of pairs that a guided arm flips minus another arm's, over the same pairs.

    Pairs of one problem are not independent, so the bootstrap draws problems, each with all its
    people. People are not drawn: the interval holds for these people.

    Parameters
    ----------
    guided : the guided arm's searches, one for each seed.
    found : the other arm's.
    permuted : searches by permuted signals, one for each permutation: how much other signals
        would flip. p is None with fewer than two.
    seed, n_draws : of the bootstrap.

    Source: the bootstrap of :mod:`.bootstrap`, of a ratio of sums over problems.
    """
    items, place = np.unique(guided[0].pairs.items, return_inverse=True)
    drawn = draw_problems(len(items), n_draws, np.random.default_rng([seed, 0]))
    weights = np.concatenate([np.ones((1, len(items))), drawn])
    found_in = np.bincount(place, minlength=len(items)).astype(np.float64)
    ours, theirs = (
        MetricDraws.of(
            _shares(searches, place, found_in, weights),
            draw_seeds(len(searches), n_draws, np.random.default_rng([seed, 1, crc32(what)])),
        )
        for searches, what in ((guided, b"guided"), (found, b"other"))
    )
    known = len(permuted) >= MIN_DRAWN
    signals = theirs if permuted is found else None
    if known and signals is None:
        shares = _shares(permuted, place, found_in, weights)
        signals = MetricDraws.of(shares, np.full((n_draws, len(permuted)), 1.0 / len(permuted)))
    change = compare(ours, theirs, len(items), signals, ends=SHARES)
    p = change.p if known else None
    return {"guided_minus": change.value, "interval": change.interval, "p": p}


def correct_flips(rows: Sequence[SearchRow], powerless: frozenset[str]) -> list[SearchRow]:
    """The rows with p values corrected over arms, by Holm; arms without power are left out.

    Arms that are compared with guided, and those that are compared with guided restarts, are two
    questions, each corrected by itself.

    Parameters
    ----------
    rows : one for each arm.
    powerless : names of arms that the loss gives nothing to go by.
    """
    by_arm: dict[str, float] = {}
    tested = [row for row in rows if row.p is not None and row.arm not in powerless]
    for against in {row.against for row in tested}:
        own = [(row.arm, row.p) for row in tested if row.against == against and row.p is not None]
        by_arm |= zip([arm for arm, _ in own], holm([p for _, p in own]), strict=True)
    return [row.model_copy(update={"p_corrected": by_arm.get(row.arm)}) for row in rows]


def _shares(found: Sequence[Search], place: Any, pairs: Array, weights: Array) -> Array:
    """(1 + draws, seeds) share of pairs that flip, problems weighted."""
    flipped = np.stack(
        [np.bincount(place, each.flipped, minlength=len(pairs)) for each in found], axis=1
    )
    shares: Array = (weights @ flipped) / (weights @ pairs)[:, None]
    return shares
