"""Distractors and denials: longer or harder to read, and the same problem."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from references import Solver

from brainbench.errors import DataError
from brainbench.problems import (
    REASONING_TYPES,
    TASK_VOCABULARY,
    Vocabulary,
    add_distractors,
    classify,
    deny_twice,
    make_set,
    read_statement,
    with_denials,
)
from brainbench.problems.statements import terms


@pytest.fixture(scope="module")
def solver() -> Solver:
    return Solver()


@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
class TestDistractors:
    def test_the_problem_stays_what_it_is(self, reasoning_type: Any, solver: Solver) -> None:
        rng = np.random.default_rng(1)
        for problem in make_set(reasoning_type, 3, 4, 1, TASK_VOCABULARY):
            longer = add_distractors(problem, 2, rng, TASK_VOCABULARY)
            assert longer.premises[:3] == problem.premises
            assert len(set(longer.premises)) == 5
            assert longer.condition == problem.condition
            assert classify(longer.premises, longer.conclusion) == (
                reasoning_type,
                problem.condition,
            )
            assert solver.consistent(longer.premises)
            assert solver.entails(longer.premises, longer.conclusion) == problem.condition.valid

    def test_some_are_lures_and_some_stand_apart(self, reasoning_type: Any) -> None:
        rng = np.random.default_rng(2)
        shares = []
        for problem in make_set(reasoning_type, 3, 4, 2, TASK_VOCABULARY):
            longer = add_distractors(problem, 2, rng, TASK_VOCABULARY)
            own = {word for s in problem.sentences for word in terms(read_statement(s))}
            shares += [bool(terms(read_statement(s)) & own) for s in longer.premises[3:]]
        assert 0.3 < np.mean(shares) < 0.7

    def test_lures_do_not_tell_the_label(self, reasoning_type: Any) -> None:
        rng = np.random.default_rng(3)
        problems = make_set(reasoning_type, 3, 24, 3, TASK_VOCABULARY)
        lured, valid = [], []
        for problem in problems:
            longer = add_distractors(problem, 2, rng, TASK_VOCABULARY)
            claimed = terms(read_statement(problem.conclusion))
            lured.append(any(terms(read_statement(s)) & claimed for s in longer.premises[3:]))
            valid.append(problem.condition.valid)
        agreement = float(np.mean(np.array(lured) == np.array(valid)))
        assert abs(agreement - 0.5) < 4 * 0.5 / np.sqrt(len(problems))

    def test_too_few_words_are_told(self, reasoning_type: Any) -> None:
        names, adjectives = (
            ("Ann", "Bob", "Cid", "Dot", "Eva", "Fay"),
            ("red", "tall", "wet", "hot"),
        )
        words = Vocabulary(("hof",), adjectives, names, ("taller",))
        problem = make_set(reasoning_type, 3, 1, 0, words)[0]
        with pytest.raises(DataError, match="too small for 40 distractors"):
            add_distractors(problem, 40, np.random.default_rng(0), words)


class TestDenyingTwice:
    @pytest.mark.parametrize(
        ("sentence", "doubled"),
        [
            ("Ann is fast", "It is not the case that Ann is not fast"),
            ("Ann is a hof", "It is not the case that Ann is not a hof"),
            ("Ann is taller than Bob", "It is not the case that Ann is not taller than Bob"),
            ("All hofs are fast", "It is not the case that not all hofs are fast"),
            ("Ann is not fast", None),
            ("Ann is not taller than Bob", None),
            ("If Ann is fast then Bob is red", None),
        ],
    )
    def test_a_sentence(self, sentence: str, doubled: str | None) -> None:
        assert deny_twice(sentence) == doubled
        if doubled:
            assert read_statement(doubled) == read_statement(sentence)

    @pytest.mark.parametrize("reasoning_type", ["syllogistic", "transitive"])
    def test_a_problem_stays_what_it_is(self, reasoning_type: Any, solver: Solver) -> None:
        for problem in make_set(reasoning_type, 3, 3, 1):
            denied = with_denials(problem, {0, 1, 2}, conclusion=True)
            said = sum("not the case" in sentence for sentence in denied.sentences)
            assert said == sum(" not " not in sentence for sentence in problem.sentences)
            assert denied.condition == problem.condition
            assert solver.entails(denied.premises, denied.conclusion) == problem.condition.valid
            assert with_denials(problem, (), conclusion=False) == problem
