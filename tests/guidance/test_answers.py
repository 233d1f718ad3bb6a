"""Answers that do not fit are refused with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from simulated_answers import answers, problems

from brainbench.errors import DataError
from brainbench.guidance.answers import ArmAnswers, TestItems


def items(**changed: Any) -> TestItems:
    made: dict[str, Any] = {
        "labels": np.array([0, 1, 0, 1]),
        "n_choices": 2,
        "base": np.array(["b", "a", "b", "a"]),
        "order": np.array([0, 0, 1, 1]),
    }
    return TestItems(**{**made, **changed})


def test_orders_of_a_problem_are_one_problem() -> None:
    test = items()
    assert (test.n_items, test.n_base) == (4, 2)
    assert test.clusters.tolist() == [1, 0, 1, 0]
    assert test.holds(0, 1)
    assert not items(labels=np.zeros(4, int)).holds(0, 1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": np.array([0, 1, 2, 1])}, "indices of 2 choices, 0 to 1; they go from 0 to 2"),
        ({"labels": np.array([0, -1, 0, 1])}, "go from -1"),
        ({"base": np.array(["a"])}, r"one value for each problem.*\(4,\), \(1,\), \(4,\)"),
        ({"n_choices": 1}, "at least two choices, not 1"),
        ({name: np.array([], int) for name in ("labels", "base", "order")}, "without problems"),
    ],
)
def test_a_test_that_is_none_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        items(**changed)


def test_log_odds_are_there_for_all_problems_or_for_none() -> None:
    answer = np.zeros((2, 4), int)
    assert not ArmAnswers(np.full((2, 4), np.nan), answer).has_odds
    # a probability may underflow
    assert ArmAnswers(np.full((2, 4), np.inf), answer).has_odds
    odds = np.zeros((2, 4))
    odds[1, 2] = np.nan
    with pytest.raises(DataError, match=r"1 of 8 log-odds are NaN \(rows \[1\]\)"):
        ArmAnswers(odds, answer)


@pytest.mark.parametrize("shape", [(0, 4), (2, 0), (4,)])
def test_arms_without_answers_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="neither of them empty"):
        ArmAnswers(np.zeros(shape), np.zeros(shape, int))


def test_shapes_and_what_was_chosen_must_fit() -> None:
    odds, answer = np.zeros((2, 4)), np.zeros((2, 4), int)
    with pytest.raises(DataError, match=r"\(2, 4\) and \(2, 3\)"):
        ArmAnswers(odds, answer[:, :3])
    with pytest.raises(DataError, match="thresholds must be 2 finite numbers"):
        ArmAnswers(odds, answer, thresholds=np.zeros(3))
    with pytest.raises(DataError, match="strengths must be 2 finite numbers"):
        ArmAnswers(odds, answer, strengths=np.array([1.0, np.nan]))


def test_answers_to_another_test_are_refused() -> None:
    arm = answers(problems(), np.random.default_rng(0))
    arm.check("guided", problems())
    with pytest.raises(DataError, match="arm 'guided' answered 80 problems of a test of 60"):
        arm.check("guided", problems(30))
    with pytest.raises(DataError, match="arm 'x': answers must be -1 or an index of 2"):
        ArmAnswers(np.zeros((1, 4)), np.array([[0, 1, 2, -1]])).check("x", items())
