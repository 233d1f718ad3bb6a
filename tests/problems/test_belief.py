"""Belief: validity and what is true of the world are crossed, and both are known."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from references import Solver

from brainbench.errors import DataError
from brainbench.problems import KINDS, classify, is_believable, make_belief_set
from brainbench.problems.statements import Inclusion, read_statement

NOUNS = ("blalb", "dalm", "fralv", "klolm")
MADE = make_belief_set(KINDS, NOUNS, 30, np.random.default_rng(5), "x")


@pytest.mark.parametrize(
    ("conclusion", "believable"),
    [
        ("All roses are flowers", True),
        ("All poodles are dogs", True),
        ("All poodles are flowers", False),
        ("All roses are weapons", False),
    ],
)
def test_what_is_true_of_the_world(conclusion: str, believable: bool) -> None:
    assert is_believable(conclusion) == believable


@pytest.mark.parametrize(
    "conclusion", ["All blalbs are flowers", "All roses are red", "Ann is a rose", "All dogs are x"]
)
def test_what_is_not_known_is_refused(conclusion: str) -> None:
    with pytest.raises(DataError, match="not known"):
        is_believable(conclusion)


def test_cells_are_even_and_forms_too() -> None:
    cells = Counter((m.problem.condition.valid, m.believable) for m in MADE)
    assert cells == dict.fromkeys([(v, b) for v in (True, False) for b in (True, False)], 30)
    forms = Counter((m.problem.form, m.believable) for m in MADE)
    assert {form for form, _ in forms} == {
        "barbara",
        "converse",
        "undistributed_middle",
        "illicit_minor",
    }
    assert all(count == (30 if form == "barbara" else 10) for (form, _), count in forms.items())


def test_labels_agree_with_z3_and_belief_with_the_table() -> None:
    solver = Solver()
    for problem, believable in MADE:
        assert solver.consistent(problem.premises)
        assert solver.entails(problem.premises, problem.conclusion) == problem.condition.valid
        assert classify(problem.premises, problem.conclusion)[1] == problem.condition
        claim = read_statement(problem.conclusion)
        assert isinstance(claim, Inclusion)
        assert (claim.subject in KINDS[claim.predicate]) == believable


def test_no_premise_can_be_believed_or_not() -> None:
    for problem, _ in MADE:
        for premise in problem.premises:
            statement = read_statement(premise)
            assert isinstance(statement, Inclusion)
            assert {statement.subject, statement.predicate} & set(NOUNS)


def test_identifiers_and_order_tell_nothing_and_a_seed_repeats() -> None:
    again = make_belief_set(KINDS, NOUNS, 30, np.random.default_rng(5), "x")
    assert again == MADE
    assert [m.problem.identifier for m in MADE] == [f"x-{i:04d}" for i in range(120)]
    valid = [m.problem.condition.valid for m in MADE]
    assert valid != sorted(valid)


def test_too_few_conclusions_are_told() -> None:
    with pytest.raises(DataError, match="4 believable conclusions for 5"):
        make_belief_set({"dog": KINDS["dog"]}, NOUNS, 5, np.random.default_rng(0), "x")
