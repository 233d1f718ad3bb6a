"""Two ways to decide what follows that share no line with brainbench: z3, and every model."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from brainbench.problems.statements import (
    ComparativeStatement,
    Conditional,
    Disjunction,
    Inclusion,
    Membership,
    Statement,
)


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
        for denial in ("It is not the case that ", "it is not the case that ", "not all "):
            if sentence.startswith(denial):
                rest = sentence.removeprefix(denial)
                return self.z3.Not(self._formula(f"All {rest}" if denial == "not all " else rest))
        if sentence.startswith("If "):
            one, other = sentence.removeprefix("If ").split(" then ")
            return self.z3.Implies(self._formula(one), self._formula(other))
        if " or " in sentence:
            one, other = sentence.removesuffix(" or both").split(" or ")
            return self.z3.Or(self._formula(one), self._formula(other))
        words = sentence.split()
        if words[0] == "All":
            thing = self.z3.Const("x", self.things)
            subject = words[1] if words[2] == "things" else words[1][:-1]
            return self.z3.ForAll(
                thing,
                self.z3.Implies(
                    self._is(subject)(thing), self._is(words[-1].removesuffix("s"))(thing)
                ),
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


class EveryModel:
    """Lists all models of a few statements, and looks."""

    def consistent(self, statements: Iterable[Statement]) -> bool:
        held = list(statements)
        return any(all(model.makes_true(s) for s in held) for model in _models(held))

    def entails(self, premises: Sequence[Statement], conclusion: Statement) -> bool:
        return all(
            model.makes_true(conclusion)
            for model in _models([*premises, conclusion], isinstance(conclusion, Inclusion))
            if all(model.makes_true(premise) for premise in premises)
        )


@dataclass(frozen=True)
class _Model:
    """A way the world could be: who is what, and who stands where in each order."""

    members: frozenset[tuple[str, str]]
    ranks: dict[tuple[str, str], int]
    names: tuple[str, ...]

    def makes_true(self, statement: Statement) -> bool:
        if isinstance(statement, Inclusion):
            return all(
                (name, statement.predicate) in self.members
                for name in self.names
                if (name, statement.subject) in self.members
            )
        if isinstance(statement, Conditional):
            if not self.makes_true(statement.antecedent):
                return True
            return self.makes_true(statement.consequent)
        if isinstance(statement, Disjunction):
            return self.makes_true(statement.first) or self.makes_true(statement.second)
        if isinstance(statement, Membership):
            holds = (statement.name, statement.predicate) in self.members
        else:
            first = self.ranks[statement.relation, statement.first]
            holds = first > self.ranks[statement.relation, statement.second]
        return holds != statement.negated


def _models(statements: Sequence[Statement], with_unnamed: bool = False) -> Iterator[_Model]:
    """Every model over the names, predicates and relations the statements speak of."""
    names: set[str] = {""} if with_unnamed else set()
    predicates: set[str] = set()
    relations: dict[str, set[str]] = {}
    for statement in statements:
        if isinstance(statement, Inclusion):
            predicates |= {statement.subject, statement.predicate}
        elif isinstance(statement, ComparativeStatement):
            relations.setdefault(statement.relation, set()).update(
                (statement.first, statement.second)
            )
        else:
            for atom in _atoms(statement):
                names.add(atom.name)
                predicates.add(atom.predicate)
    facts = sorted(itertools.product(sorted(names), sorted(predicates)))
    places = [(rel, name) for rel in sorted(relations) for name in sorted(relations[rel])]
    levels = [range(len(relations[relation])) for relation, _ in places]
    for chosen in itertools.product((False, True), repeat=len(facts)):
        members = frozenset(fact for fact, held in zip(facts, chosen, strict=True) if held)
        for ranking in itertools.product(*levels):
            ranks = dict(zip(places, ranking, strict=True))
            yield _Model(members, ranks, tuple(sorted(names)))


def _atoms(statement: Membership | Conditional | Disjunction) -> tuple[Membership, ...]:
    if isinstance(statement, Conditional):
        return statement.antecedent, statement.consequent
    if isinstance(statement, Disjunction):
        return statement.first, statement.second
    return (statement,)
