"""The generator: what is asked for is what is written."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest

from brainbench.errors import DataError
from brainbench.problems import (
    CONDITIONS,
    REASONING_TYPES,
    SCANNER_RUN,
    Condition,
    classify,
    make_problem,
    make_run,
)


@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
class TestEveryCondition:
    def test_the_text_has_it(self, reasoning_type: Any, condition: Condition) -> None:
        rng = np.random.default_rng(0)
        for number in range(25):
            problem = make_problem(f"x-{number}", reasoning_type, condition, rng)
            assert problem.identifier == f"x-{number}"
            assert problem.condition == condition
            assert problem.reasoning_type == reasoning_type
            assert len(problem.premises) == 3
            assert classify(problem.premises, problem.conclusion) == (reasoning_type, condition)
            assert (" not " in problem.conclusion) == condition.negated

    def test_the_order_of_premises_changes_nothing(
        self, reasoning_type: Any, condition: Condition
    ) -> None:
        problem = make_problem("x", reasoning_type, condition, np.random.default_rng(1))
        for premises in itertools.permutations(problem.premises):
            assert classify(premises, problem.conclusion) == (reasoning_type, condition)

    def test_a_seed_repeats(self, reasoning_type: Any, condition: Condition) -> None:
        first, again, other = (
            make_problem("x", reasoning_type, condition, np.random.default_rng(seed))
            for seed in (5, 5, 6)
        )
        assert first == again
        assert first.sentences != other.sentences

    def test_texts_vary(self, reasoning_type: Any, condition: Condition) -> None:
        rng = np.random.default_rng(2)
        texts = {make_problem("x", reasoning_type, condition, rng).sentences for _ in range(100)}
        assert len(texts) >= 98


@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
class TestRun:
    def test_it_holds_the_counts_of_the_scanner(self, reasoning_type: Any) -> None:
        run = make_run("run-01", reasoning_type, np.random.default_rng(0))
        assert Counter(problem.condition.name for problem in run) == Counter(SCANNER_RUN)
        assert {problem.reasoning_type for problem in run} == {reasoning_type}

    def test_it_holds_the_counts_asked_for(self, reasoning_type: Any) -> None:
        counts = {"2_true_affirm": 3, "3_false_negate": 2, "2_false_affirm": 0}
        run = make_run("x", reasoning_type, np.random.default_rng(0), counts)
        assert Counter(problem.condition.name for problem in run) == {
            "2_true_affirm": 3,
            "3_false_negate": 2,
        }

    def test_identifiers_are_the_positions(self, reasoning_type: Any) -> None:
        run = make_run("run-01", reasoning_type, np.random.default_rng(0))
        assert [problem.identifier for problem in run] == [f"run-01-{i:02d}" for i in range(18)]

    def test_no_problem_comes_twice(self, reasoning_type: Any) -> None:
        for seed in range(5):
            run = make_run("x", reasoning_type, np.random.default_rng(seed))
            assert len({problem.sentences for problem in run}) == len(run)
            assert len({problem.identifier for problem in run}) == len(run)

    def test_the_order_is_random_and_a_seed_repeats_it(self, reasoning_type: Any) -> None:
        runs = [make_run("x", reasoning_type, np.random.default_rng(seed)) for seed in (1, 1, 2)]
        assert runs[0] == runs[1]
        orders = [[problem.condition.name for problem in run] for run in runs]
        assert orders[0] != orders[2]
        assert orders[0] != sorted(orders[0])

    def test_an_unknown_condition_is_refused(self, reasoning_type: Any) -> None:
        with pytest.raises(DataError, match="2_true_maybe"):
            make_run("x", reasoning_type, np.random.default_rng(0), {"2_true_maybe": 1})


def test_the_scanner_run_has_18_problems_half_valid_and_affirmative() -> None:
    assert sum(SCANNER_RUN.values()) == 18
    assert set(SCANNER_RUN) == {condition.name for condition in CONDITIONS}
    assert SCANNER_RUN["2_true_affirm"] + SCANNER_RUN["3_true_affirm"] == 9


def test_a_pseudoword_is_never_one_of_the_adjectives() -> None:
    # this seed draws the noun "flat" and the adjective "flat"
    for condition in CONDITIONS:
        problem = make_problem("x", "syllogistic", condition, np.random.default_rng(27850))
        first, second = (premise.split() for premise in problem.premises[:2])
        assert first[1].removesuffix("s") not in {first[-1], second[-1]}
