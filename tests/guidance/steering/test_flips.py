"""Whether an arm of the search flips more than another: over pairs of the same problems."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from brainbench.guidance.rows import SearchRow
from brainbench.guidance.steering.flips import correct_flips, flips_against
from brainbench.guidance.steering.search import Pairs, Search

PEOPLE, PROBLEMS = 6, 12
PAIRS = Pairs(
    np.repeat(np.arange(PEOPLE), PROBLEMS),
    np.tile(3 * np.arange(PROBLEMS), PEOPLE),
    np.zeros(40, np.int64),
)


def searched(flipped: ArrayLike, pairs: Pairs = PAIRS) -> Search:
    """(people, problems) whether a pair flipped."""
    tries = np.asarray(flipped).ravel().astype(np.int64)
    nothing = np.zeros((len(tries), 1, 1))
    return Search(pairs, tries, nothing, nothing, tries, nothing.astype(np.float32))


def some(share: float, seed: int) -> Search:
    return searched(np.random.default_rng(seed).random((PEOPLE, PROBLEMS)) < share)


def test_the_difference_is_of_shares_over_pairs() -> None:
    guided, others = some(0.6, 0), [some(0.3, 1), some(0.4, 2)]
    told = flips_against([guided], others, others)
    expected = guided.flipped.mean() - np.mean([each.flipped.mean() for each in others])
    assert told["guided_minus"] == pytest.approx(expected)
    assert told["interval"] is not None
    assert told["interval"][0] < expected < told["interval"][1]


def test_the_interval_is_over_problems_not_over_pairs() -> None:
    """People who flip on the same problems are no more evidence than one of them."""
    rng = np.random.default_rng(3)
    one, other = rng.random(PROBLEMS) < 0.6, rng.random(PROBLEMS) < 0.4
    alike = flips_against(
        [searched(np.tile(one, (PEOPLE, 1)))], [searched(np.tile(other, (PEOPLE, 1)))]
    )
    alone = Pairs(np.zeros(PROBLEMS, int), PAIRS.items[:PROBLEMS], PAIRS.labels)
    single = flips_against([searched(one, alone)], [searched(other, alone)])
    assert alike == single
    error = np.std(one.astype(float) - other, ddof=1) / np.sqrt(PROBLEMS)
    assert alike["interval"] is not None
    low, high = alike["interval"]
    assert high - low == pytest.approx(2 * 2.2 * error, rel=0.1)


def test_no_interval_leaves_where_a_difference_of_shares_can_lie() -> None:
    rng = np.random.default_rng(0)
    for count in range(5, 9):
        pairs = Pairs(np.zeros(count, int), np.arange(count), np.zeros(count, np.int64))
        few = np.zeros(count)
        few[0] = 1
        others = [searched(rng.permutation(few), pairs) for _ in range(2)]
        told = flips_against([searched(1 - few, pairs)], others, others)
        assert told["interval"] is not None
        assert -1.0 <= told["interval"][0] <= told["guided_minus"] <= told["interval"][1] <= 1.0


def test_few_problems_have_no_interval() -> None:
    pairs = Pairs(np.arange(4), np.arange(4), np.zeros(4, np.int64))
    told = flips_against([searched([1, 1, 0, 0], pairs)], [searched([0, 0, 0, 0], pairs)])
    assert told == {"guided_minus": 0.5, "interval": None, "p": None}


def test_equal_arms_seldom_differ() -> None:
    """Pairs of one problem flip together, in all arms; at most about one in twenty is below 0.05,
    against permuted signals and against an arm that has none.
    """
    found = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        hard = rng.random(PROBLEMS)
        # a direction flips more or less than another
        lucky = rng.normal(0.0, 0.15, 6)
        guided, *permuted = (searched(rng.random((PEOPLE, PROBLEMS)) < hard + own) for own in lucky)
        labels = searched(rng.random((PEOPLE, PROBLEMS)) < hard)
        found.append([
            flips_against([guided], other, permuted, n_draws=400)["p"]
            for other in (permuted, [labels])
        ])  # fmt: skip
    below = [[p is not None and p < 0.05 for p in row] for row in found]
    assert max(np.sum(below, axis=0)) <= 17


def test_what_other_signals_would_flip_is_not_known_from_one_permutation() -> None:
    guided, other = some(0.6, 0), some(0.3, 1)
    assert flips_against([guided], [other], [some(0.4, 2)])["p"] is None
    permuted = [some(share, seed) for seed, share in enumerate((0.2, 0.5, 0.8), 3)]
    one, more = (flips_against([guided], [other], drawn) for drawn in ([], permuted))
    assert one["interval"] is not None
    assert more["interval"] is not None
    assert more["p"] is not None
    assert np.ptp(more["interval"]) > 2 * np.ptp(one["interval"])


def test_correction_leaves_out_what_has_no_power() -> None:
    row = SearchRow(
        arm="guided", n_seeds=1, flipped=0.5, n_flipped=4, tries=2.5, length=1.5, reverted=3.0,
        direction_gained=2, direction_lost=1, direction_true_rate=0.5, direction_auc=0.5,
        direction_balanced_accuracy=0.5,
    )  # fmt: skip
    p_values = {"guided": None, "a": 0.01, "b": 0.04, "flat": 0.001}
    rows = [replace_row(row, arm, p) for arm, p in p_values.items()]
    told = {each.arm: each.p_corrected for each in correct_flips(rows, frozenset({"flat"}))}
    assert told == {"guided": None, "a": 0.02, "b": 0.04, "flat": None}
    assert correct_flips(rows[:1], frozenset()) == rows[:1]


def replace_row(row: SearchRow, arm: str, p: float | None) -> SearchRow:
    return row.model_copy(update={"arm": arm, "p": p})
