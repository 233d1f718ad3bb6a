"""Whether one model is found more clearly than another, and what it would take to know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ladders import compared, context
from scipy import stats
from simulated_records import empty

from brainbench.results import Record
from brainbench.results.compare.comparison import ComparisonRow, Refusal
from brainbench.results.compare.judging import judge
from brainbench.results.compare.ladder import compare_ladders
from brainbench.results.compare.words import aligns

NULL = np.random.default_rng(1).standard_normal(500)
NAME = "toy.brain.all-ladder"


def found(z: float, null: Any = NULL, **more: Any) -> Record:
    record = empty()
    own = compared(z, null=tuple(null), **more)
    record.ladder_context.append(context(compared=own))
    return record


def row(before: Record, after: Record) -> ComparisonRow:
    (one,) = compare_ladders(before, after)
    assert isinstance(one, ComparisonRow)
    (judged,) = judge([one])
    return judged


def refused(before: Record, after: Record) -> str:
    (one,) = compare_ladders(before, after)
    assert isinstance(one, Refusal)
    assert one.lost
    return one.reason


def test_a_clear_difference_is_a_verdict() -> None:
    # both meet the same orders, and nearly the same happens to them
    after = found(5.0, NULL + 0.1 * NULL[::-1])
    better = row(found(2.0), after)
    assert better.reading == "better"
    assert better.difference == pytest.approx(3.0)
    assert (better.baseline, better.other) == (2.0, 5.0)
    assert "is found more clearly (z beyond run means +3" in aligns(better)
    worse = row(after, found(2.0))
    assert worse.regression
    assert "is found less clearly" in aligns(worse)


def test_what_is_not_clear_says_how_many_people_it_takes() -> None:
    unclear = row(found(2.0), found(3.0, NULL[::-1]))
    assert unclear.reading == "inconclusive"
    assert unclear.p is not None
    error = np.std(NULL - NULL[::-1])
    assert unclear.p == pytest.approx(2 * stats.norm.sf(1.0 / error), rel=0.01)
    assert unclear.takes is not None
    people, items = unclear.takes
    more = ((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * error) ** 2
    assert people == pytest.approx(10 * more, rel=0.02)
    assert items == pytest.approx(70 * more, rel=0.02)
    assert f"about {people:,} people, or {items:,} items, where these are 10 and 70" in aligns(
        unclear
    )


def test_the_same_run_is_identical() -> None:
    same = row(found(2.0), found(2.0))
    assert same.reading == "identical"
    assert same.takes is None
    assert aligns(same) == f"{NAME}: nothing differs"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"orders": "1" * 64}, "other orders of the items: run both with one seed"),
        ({"rung": "position"}, "other rung"),
        ({"subjects": tuple("abcdefghij")}, "other people"),
    ],
)
def test_other_designs_are_refused(more: dict[str, Any], why: str) -> None:
    assert refused(found(2.0), found(2.0, **more)) == why


def test_other_versions_and_missing_ladders_are_refused() -> None:
    before, after = found(2.0), found(2.0)
    after.ladder_context[0] = after.ladder_context[0].model_copy(update={"version": 9})
    assert refused(before, after) == "other benchmark version"
    lacking = empty()
    lacking.benchmarks[NAME] = 2
    assert refused(before, lacking) == "only the baseline has it"
