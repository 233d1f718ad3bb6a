"""Reading, and entailment held against z3, which shares no line with the model checker."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from brainbench.errors import DataError
from brainbench.problems import CONDITIONS, REASONING_TYPES, classify, entails, make_problem
from brainbench.problems.logic import (
    Comparison,
    Inclusion,
    Membership,
    Statement,
    consistent,
    premises_linking,
    read_statement,
)

READINGS = {
    "All trabs are fast": Inclusion("trab", "fast"),
    "All fast things are brown": Inclusion("fast", "brown"),
    "Abe is a trab": Membership("abe", "trab"),
    "Abe is an arb": Membership("abe", "arb"),
    "Abe is not a trab": Membership("abe", "trab", negated=True),
    "Abe is not an arb": Membership("abe", "arb", negated=True),
    "Abe is fast": Membership("abe", "fast"),
    "Abe is not fast": Membership("abe", "fast", negated=True),
    "Ann is taller than Bob": Comparison("ann", "bob", "taller"),
    "Ann is not taller than Bob": Comparison("ann", "bob", "taller", negated=True),
    "Ann is more careful than Bob": Comparison("ann", "bob", "more careful"),
    "Ann is not more careful than Bob": Comparison("ann", "bob", "more careful", negated=True),
}


class TestReading:
    @pytest.mark.parametrize(("sentence", "statement"), READINGS.items())
    def test_every_form_is_read(self, sentence: str, statement: Statement) -> None:
        assert read_statement(sentence) == statement

    @pytest.mark.parametrize("sentence", READINGS)
    @pytest.mark.parametrize(
        "change",
        [str.upper, str.lower, "  {} ".format, "{}.".format, "{} . ".format,
         lambda text: text.replace(" ", " \t ")],
        ids=["upper", "lower", "margins", "stop", "stop and spaces", "wide"],
    )  # fmt: skip
    def test_case_spaces_and_full_stop_do_not_matter(
        self, sentence: str, change: Callable[[str], str]
    ) -> None:
        assert read_statement(change(sentence)) == READINGS[sentence]

    def test_a_class_and_its_plural_are_one_term(self) -> None:
        plural, single = read_statement("All trabs are fast"), read_statement("Abe is a trab")
        assert isinstance(plural, Inclusion)
        assert isinstance(single, Membership)
        assert plural.subject == single.predicate

    @pytest.mark.parametrize(
        "sentence",
        ["", ".", "Ann", "Ann is", "Some trabs are fast", "No trabs are fast",
         "Ann runs fast", "Ann is not not fast", "Ann is fast and tall", "Ann is tall than Bob",
         "Ann is taller than", "Is Ann taller than Bob?", "Ann is less tall than Bob",
         "If Ann is fast then Bob is tall", "All trabs are not fast", "Ann was fast"],
    )  # fmt: skip
    def test_other_sentences_are_refused_and_named(self, sentence: str) -> None:
        with pytest.raises(DataError) as caught:
            read_statement(sentence)
        assert repr(sentence) in str(caught.value)

    @pytest.mark.parametrize(
        "sentence", ["Nobody is fast", "Everything is fast", "Ann is not", "Ann is a"]
    )
    def test_words_that_are_no_terms_are_refused(self, sentence: str) -> None:
        with pytest.raises(DataError):
            read_statement(sentence)

    @pytest.mark.parametrize("place", range(4))
    def test_classify_names_the_sentence_it_cannot_read(self, place: int) -> None:
        sentences = ["All trabs are fast", "All fast things are red", "Abe is a trab", "Abe is red"]
        sentences[place] = "Colourless ideas sleep"
        with pytest.raises(DataError, match="'Colourless ideas sleep'"):
            classify(sentences[:3], sentences[3])


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
        read = [Comparison(*pair.split(">"), "taller") for pair in premises.split()]
        assert premises_linking(read, Comparison(*conclusion.split(">"), "taller")) == count

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


# ---------------------------------------------------------------- against z3


class Solver:
    """Sentences → first-order formulas, read by position of the words, decided by z3."""

    def __init__(self) -> None:
        self.z3: Any = pytest.importorskip("z3")
        self.things = self.z3.DeclareSort("thing")

    def consistent(self, sentences: Sequence[str]) -> bool:
        return self._check([self._formula(sentence) for sentence in sentences], sentences)

    def entails(self, premises: Sequence[str], conclusion: str) -> bool:
        formulas = [self._formula(premise) for premise in premises]
        formulas.append(self.z3.Not(self._formula(conclusion)))
        return not self._check(formulas, [*premises, conclusion])

    def _check(self, formulas: list[Any], sentences: Sequence[str]) -> bool:
        solver = self.z3.Solver()
        solver.add(*formulas)
        for order in {s.split()[-3] for s in sentences if s.split()[-2:-1] == ["than"]}:
            solver.add(*self._strict_weak(order))
        answer = solver.check()
        assert answer != self.z3.unknown
        return bool(answer == self.z3.sat)

    def _formula(self, sentence: str) -> Any:
        words = sentence.split()
        if words[0] == "All":
            thing = self.z3.Const("x", self.things)
            subject = words[1] if words[2] == "things" else words[1][:-1]
            return self.z3.ForAll(
                thing, self.z3.Implies(self._is(subject)(thing), self._is(words[-1])(thing))
            )
        name = self.z3.Const(words[0], self.things)
        if words[-2] == "than":
            other = self.z3.Const(words[-1], self.things)
            claim = self._more(words[-3])(name, other)
        else:
            claim = self._is(words[-1])(name)
        return self.z3.Not(claim) if words[2] == "not" else claim

    def _is(self, predicate: str) -> Any:
        return self.z3.Function(f"is_{predicate}", self.things, self.z3.BoolSort())

    def _more(self, order: str) -> Any:
        return self.z3.Function(f"more_{order}", self.things, self.things, self.z3.BoolSort())

    def _strict_weak(self, order: str) -> list[Any]:
        """Asymmetric, and whatever is not more stays so through a third."""
        more, z3 = self._more(order), self.z3
        a, b, c = z3.Consts("a b c", self.things)
        return [
            z3.ForAll([a, b], z3.Implies(more(a, b), z3.Not(more(b, a)))),
            z3.ForAll([a, b, c], z3.Implies(more(a, c), z3.Or(more(a, b), more(b, c)))),
        ]


@pytest.fixture(scope="module")
def solver() -> Solver:
    return Solver()


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


@pytest.mark.parametrize("draw", [_any_syllogism, _one_order, _two_orders, _mixed])
def test_random_arguments_agree_with_z3(
    solver: Solver, draw: Callable[[np.random.Generator], tuple[list[str], str]]
) -> None:
    rng = np.random.default_rng(11)
    verdicts: Counter[str] = Counter()
    for _ in range(150):
        premises, conclusion = draw(rng)
        read, claim = [read_statement(premise) for premise in premises], read_statement(conclusion)
        possible, follows = solver.consistent(premises), solver.entails(premises, conclusion)
        assert consistent(read) == possible, premises
        assert entails(read, claim) == follows, (premises, conclusion)
        verdicts["contradictory" if not possible else "valid" if follows else "invalid"] += 1
    # the draw reaches every verdict, or agreeing on it would say nothing
    assert min(verdicts[name] for name in ("contradictory", "valid", "invalid")) >= 5, verdicts


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
