"""Entailment, held against z3 and against listing every model."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from references import EveryModel, Solver
from tiers import quick

from brainbench.errors import DataError
from brainbench.problems import (
    CONDITIONS,
    MAX_PREMISES,
    REASONING_TYPES,
    classify,
    entails,
    make_problem,
    make_set,
)
from brainbench.problems.logic import consistent, premises_linking, smallest_support
from brainbench.problems.statements import ComparativeStatement, read_statement


class TestContradiction:
    @pytest.mark.parametrize(
        "premises",
        [
            ["Abe is fast", "Abe is not fast"],
            ["All trabs are fast", "All fast things are red", "Abe is a trab", "Abe is not red"],
            ["Ann is taller than Ann"],
            ["Ann is taller than Bob", "Bob is taller than Ann"],
            # the two items of ds003076
            ["Ebb is bigger than Pit", "Pit is bigger than Ann", "Ann is bigger than Ebb"],
            ["Wes is older than Pam", "Pam is older than Tim", "Tim is older than Wes"],
            ["Ann is taller than Bob", "Cid is not taller than Bob", "Cid is not lower than Bob",
             "Cid is taller than Ann"],
            ["If Abe is fast then Bob is red", "Abe is fast", "Bob is not red"],
            ["If Abe is fast then Abe is not fast", "If Abe is not fast then Abe is fast"],
            ["Abe is fast or Bob is red", "Abe is not fast", "Bob is not red"],
            ["All trabs are fast", "Abe is a trab or Bob is a trab", "Abe is not fast",
             "If Bob is fast then Abe is fast"],
        ],
    )  # fmt: skip
    def test_it_is_found_and_the_premises_are_named(self, premises: list[str]) -> None:
        assert not consistent([read_statement(premise) for premise in premises])
        with pytest.raises(DataError, match="contradict") as caught:
            classify(premises, premises[0])
        assert all(premise in str(caught.value) for premise in premises)

    @pytest.mark.parametrize(
        "premises",
        [
            [],
            ["All trabs are fast", "All fast things are red"],
            ["All trabs are fast", "Abe is not a trab", "Abe is fast"],
            ["All trabs are fast", "Abe is a trab", "Bob is not fast"],
            ["Ann is not taller than Bob", "Bob is not taller than Ann"],  # level
            ["Ann is taller than Bob", "Bob is braver than Ann"],  # two orders
            ["Ann is taller than Bob", "Bob is taller than Cid", "Cid is taller than Dag"],
            ["Abe is fast or Bob is red", "Abe is fast", "Bob is red"],  # inclusive
            ["If Abe is fast then Bob is red", "Bob is red", "Abe is not fast"],
            ["If Abe is fast then Abe is not fast"],
        ],
    )
    def test_what_can_be_true_together_is_none(self, premises: list[str]) -> None:
        assert consistent([read_statement(premise) for premise in premises])

    def test_from_a_contradiction_everything_follows(self) -> None:
        premises = [read_statement(s) for s in ("Abe is fast", "Abe is not fast")]
        assert entails(premises, read_statement("Bob is taller than Cid"))


class TestLinking:
    @pytest.mark.parametrize(
        ("premises", "conclusion", "count"),
        [
            ("a>b b>c c>d", "a>b", 1),
            ("a>b b>c c>d", "a>c", 2),
            ("a>b b>c c>d", "d>a", 3),
            ("c>d a>b b>c", "a>d", 3),  # order of premises does not matter
            ("a>b b>c a>c", "a>c", 1),  # shortest chain
            ("a>b c>d", "a>d", 0),
            ("a>b", "x>y", 0),
            ("", "x>y", 0),
        ],
    )
    def test_comparisons(self, premises: str, conclusion: str, count: int) -> None:
        read = [ComparativeStatement(*pair.split(">"), "taller") for pair in premises.split()]
        assert (
            premises_linking(read, ComparativeStatement(*conclusion.split(">"), "taller")) == count
        )

    @pytest.mark.parametrize(
        ("conclusion", "count"),
        [
            ("Abe is a trab", 1),
            ("Abe is not fast", 2),
            ("Abe is brown", 3),
            ("Bob is brown", 0),
            ("All trabs are brown", 2),
        ],
    )
    def test_syllogisms(self, conclusion: str, count: int) -> None:
        premises = ["All trabs are fast", "All fast things are brown", "Abe is a trab"]
        for order in itertools.permutations(premises):
            read = [read_statement(premise) for premise in order]
            assert premises_linking(read, read_statement(conclusion)) == count


CHAIN = [
    "If Ann is p then Bob is q",
    "Bob is not q or Cid is r or both",
    "If Cid is r then Dag is s",
]


class TestPropositional:
    @pytest.mark.parametrize(
        ("premises", "conclusion", "label"),
        [
            ([*CHAIN, "Ann is p"], "Bob is q", "2_true_affirm"),
            ([*CHAIN, "Ann is p"], "Cid is r", "3_true_affirm"),
            ([*CHAIN, "Ann is p"], "Dag is s", "4_true_affirm"),
            ([*CHAIN, "Dag is not s"], "Ann is not p", "4_true_negate"),
            ([*CHAIN, "Dag is s"], "Ann is p", "4_false_affirm"),
            ([*CHAIN, "Bob is not q"], "Ann is p", "2_false_affirm"),
            ([*CHAIN, "Ann is not p"], "Cid is not r", "3_false_negate"),
            (CHAIN, "If Ann is p then Dag is s", "3_true_affirm"),
            (CHAIN, "If Dag is not s then Bob is not q", "2_true_negate"),
            (CHAIN, "If Dag is s then Bob is q", "2_false_affirm"),
            (CHAIN, "Ann is not p or Cid is r", "2_true_negate"),
            # a chain of two atoms is not an argument; the smallest set that entails counts
            (["Ann is p or Bob is q", "If Ann is p then Cid is r", "If Bob is q then Cid is r"],
             "Cid is r", "3_true_affirm"),
            (["Ann is p", "If Cid is r then Ann is p", "If Ann is p then Bob is q",
              "If Bob is q then Cid is r"], "Cid is r", "3_true_affirm"),
            # the quantified sentences join the atoms of everyone named
            (["All trabs are q", "If Bob is q then Cid is r", "Bob is a trab"],
             "Cid is r", "3_true_affirm"),
            (["All trabs are q", "If Bob is q then Cid is r", "Cid is r"],
             "Bob is a trab", "3_false_affirm"),
        ],
    )  # fmt: skip
    def test_labels(self, premises: list[str], conclusion: str, label: str) -> None:
        kind, condition = classify(premises, conclusion)
        assert (kind, condition.name) == ("propositional", label)

    @pytest.mark.parametrize(
        ("premises", "conclusion"),
        [
            (["If Ann is p then Bob is q"], "Ann is p"),  # nothing is given
            (["If Ann is p then Bob is q", "Cid is r"], "Bob is q"),
            (["If Ann is p then Bob is q"], "If Cid is r then Dag is s"),
            (["If Ann is p then Bob is q"], "If Ann is p then Ann is p"),  # follows from nothing
        ],
    )
    def test_a_conclusion_that_no_premise_bears_on_is_refused(
        self, premises: list[str], conclusion: str
    ) -> None:
        with pytest.raises(DataError, match="no premise links"):
            classify(premises, conclusion)

    def test_a_connective_beside_another_claim_does_not_change_its_type(self) -> None:
        order = ["Ann is taller than Bob", "Bob is taller than Cid", "If Ann is p then Bob is q"]
        assert classify(order, "Ann is taller than Cid")[0] == "transitive"
        classes = ["All trabs are p", "All p things are q", "Ann is p or Bob is q"]
        assert classify(classes, "All trabs are q")[0] == "syllogistic"

    def test_the_smallest_support_is_none_where_nothing_follows(self) -> None:
        with pytest.raises(DataError, match="does not follow"):
            smallest_support([read_statement("Ann is p")], read_statement("Bob is q"))


@pytest.fixture(scope="module")
def solver() -> Solver:
    return Solver()


@pytest.fixture(scope="module")
def every_model() -> EveryModel:
    return EveryModel()


@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_labels_of_generated_problems_agree_with_z3(
    solver: Solver, reasoning_type: Any, condition: Any
) -> None:
    rng = np.random.default_rng(3)
    for number in range(12):
        problem = make_problem(f"x-{number:02d}", reasoning_type, condition, rng)
        assert solver.consistent(problem.premises), problem
        assert solver.entails(problem.premises, problem.conclusion) == condition.valid, problem
        # what is said of the conclusion holds of its denial too, turned round
        denial = _deny(problem.conclusion)
        assert solver.entails(problem.premises, denial) == entails(
            [read_statement(premise) for premise in problem.premises], read_statement(denial)
        ), problem


@pytest.mark.parametrize("premises", quick(range(2, MAX_PREMISES + 1), (2, 3, 4, 6)))
@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
def test_labels_of_sets_agree_with_z3(solver: Solver, reasoning_type: Any, premises: int) -> None:
    per_condition = 4 if reasoning_type == "propositional" else 1  # one of each form
    for problem in make_set(reasoning_type, premises, per_condition, seed=premises):
        follows = solver.entails(problem.premises, problem.conclusion)
        assert follows == problem.condition.valid, problem
        assert solver.consistent(problem.premises), problem


@pytest.mark.parametrize("reasoning_type", REASONING_TYPES)
def test_no_fewer_premises_than_those_needed_suffice_for_z3(
    solver: Solver, reasoning_type: Any
) -> None:
    for problem in make_set(reasoning_type, premises=4, per_condition=4, seed=4):
        if problem.condition.valid:
            needed = problem.condition.premises_needed
            fewer = itertools.combinations(problem.premises, needed - 1)
            assert not any(solver.entails(some, problem.conclusion) for some in fewer), problem
            enough = itertools.combinations(problem.premises, needed)
            assert any(solver.entails(some, problem.conclusion) for some in enough), problem


def _deny(sentence: str) -> str:
    if " is not " in sentence:
        return sentence.replace(" is not ", " is ")
    return sentence.replace(" is ", " is not ")


def _syllogistic(rng: np.random.Generator, universal: bool) -> str:
    """A sentence of two people, two nouns and two adjectives."""
    nouns, adjectives = ("trab", "hof"), ("red", "fast")
    if universal:
        subject = rng.choice(
            [f"{noun}s" for noun in nouns] + [f"{adjective} things" for adjective in adjectives]
        )
        return f"All {subject} are {rng.choice(adjectives)}"
    predicate = rng.choice([f"a {noun}" for noun in nouns] + list(adjectives))
    return f"{rng.choice(['Ann', 'Bob'])} is {rng.choice(['', 'not '])}{predicate}"


def _transitive(rng: np.random.Generator, orders: tuple[str, ...]) -> str:
    people = ["Ann", "Bob", "Cid", "Dag"][: 4 if len(orders) == 1 else 3]
    one, other = rng.choice(people, size=2)  # sometimes the same person twice
    return f"{one} is {rng.choice(['', 'not '])}{rng.choice(orders)} than {other}"


def _any_syllogism(rng: np.random.Generator) -> tuple[list[str], str]:
    premises = [_syllogistic(rng, bool(rng.random() < 0.5)) for _ in range(rng.integers(1, 6))]
    return premises, _syllogistic(rng, universal=False)


def _one_order(rng: np.random.Generator) -> tuple[list[str], str]:
    sentences = [_transitive(rng, ("taller",)) for _ in range(rng.integers(2, 6))]
    return sentences[1:], sentences[0]


def _two_orders(rng: np.random.Generator) -> tuple[list[str], str]:
    sentences = [_transitive(rng, ("taller", "wiser")) for _ in range(rng.integers(2, 5))]
    return sentences[1:], sentences[0]


def _mixed(rng: np.random.Generator) -> tuple[list[str], str]:
    sentences = [
        _transitive(rng, ("taller",))
        if rng.random() < 0.5
        else _syllogistic(rng, bool(rng.random() < 0.4))
        for _ in range(rng.integers(2, 5))
    ]
    conclusion = next((s for s in sentences if not s.startswith("All")), "Ann is red")
    return [s for s in sentences if s is not conclusion], conclusion


def _compound(rng: np.random.Generator) -> str:
    one, other = (_syllogistic(rng, universal=False) for _ in range(2))
    return f"If {one} then {other}" if rng.random() < 0.5 else f"{one} or {other} or both"


def _with_connectives(rng: np.random.Generator) -> tuple[list[str], str]:
    premises = [
        _compound(rng) if rng.random() < 0.6 else _syllogistic(rng, bool(rng.random() < 0.3))
        for _ in range(rng.integers(1, 7))
    ]
    return premises, _compound(rng) if rng.random() < 0.4 else _syllogistic(rng, False)


@pytest.mark.parametrize("count", quick((75, 150), [75]))
@pytest.mark.parametrize(
    "draw", [_any_syllogism, _one_order, _two_orders, _mixed, _with_connectives]
)
def test_random_arguments_agree_with_z3_and_with_every_model(
    solver: Solver,
    every_model: EveryModel,
    draw: Callable[[np.random.Generator], tuple[list[str], str]],
    count: int,
) -> None:
    rng = np.random.default_rng(11)
    verdicts: Counter[str] = Counter()
    for _ in range(count):
        premises, conclusion = draw(rng)
        read, claim = [read_statement(premise) for premise in premises], read_statement(conclusion)
        possible, follows = solver.consistent(premises), solver.entails(premises, conclusion)
        assert consistent(read) == possible == every_model.consistent(read), premises
        assert entails(read, claim) == follows, (premises, conclusion)
        assert every_model.entails(read, claim) == follows, (premises, conclusion)
        verdicts["contradictory" if not possible else "valid" if follows else "invalid"] += 1
    # the draw reaches every verdict, or agreeing on it would say nothing
    fewest = min(verdicts[name] for name in ("contradictory", "valid", "invalid"))
    assert fewest >= count / 30, verdicts


@pytest.mark.parametrize(
    ("premises", "conclusion"),
    [
        (["All trabs are red", "All red things are fast"], "All trabs are fast"),
        (["All trabs are red"], "All trabs are red"),
        (["Ann is red"], "All red things are red"),
    ],
)
def test_universal_conclusions_that_follow(
    solver: Solver, premises: list[str], conclusion: str
) -> None:
    assert solver.entails(premises, conclusion)
    assert entails([read_statement(s) for s in premises], read_statement(conclusion))


@pytest.mark.parametrize(
    ("premises", "conclusion"),
    [
        ([], "All trabs are red"),
        (["All trabs are red"], "All fast things are red"),
        (["All trabs are red", "All fast things are red"], "All trabs are fast"),
        (["Ann is red", "Ann is fast"], "All red things are fast"),
    ],
)
def test_universal_conclusions_that_do_not_follow(
    solver: Solver, premises: list[str], conclusion: str
) -> None:
    assert not solver.entails(premises, conclusion)
    assert not entails([read_statement(s) for s in premises], read_statement(conclusion))
