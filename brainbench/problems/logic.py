"""What follows from what, decided over every model of the statements.

A conclusion follows when the premises and its denial have no model together. No model is
listed; whether there is one is decided in two independent halves, since no statement
speaks of members and of orders at once:

- *Members.* If there is a model at all, there is one in which only the named individuals
  exist and, where a universal claim is denied, one individual without a name that breaks
  it. Over these, every statement says of two atoms that one or the other holds, true or
  false: satisfiability of clauses of two literals (Aspvall, Plass and Tarjan, 1979,
  Information Processing Letters 8).
- *Orders.* A comparative is a strict weak order (two things may be level): there are ranks
  unless someone would have to stand above themselves.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from brainbench.errors import DataError
from brainbench.problems.problem import Condition, ReasoningType
from brainbench.problems.statements import (
    ComparativeStatement,
    Conditional,
    Disjunction,
    Inclusion,
    Membership,
    Statement,
    atoms,
    is_negated,
    read_statement,
)

_UNNAMED = ""  # no word of a sentence is empty
_GIVEN = ("", "")  # stands for what a premise asserts outright; no atom is empty

Node = TypeVar("Node", bound=Hashable)


def consistent(statements: Iterable[Statement]) -> bool:
    """Whether some model makes every statement true."""
    held = list(statements)
    orders: dict[str, list[ComparativeStatement]] = {}
    for statement in held:
        if isinstance(statement, ComparativeStatement):
            orders.setdefault(statement.relation, []).append(statement)
    return _satisfiable(_clauses(held)) and all(map(_rankable, orders.values()))


def entails(premises: Sequence[Statement], conclusion: Statement) -> bool:
    """Whether the conclusion is true in every model of the premises.

    Contradictory premises entail everything here as in logic; ask :func:`consistent` first.

    Parameters
    ----------
    premises, conclusion : statements, as :func:`read_statement` reads them.
    """
    return not consistent([*premises, *_denial(conclusion)])


def premises_linking(premises: Sequence[Statement], conclusion: Statement) -> int:
    """How many premises lie on the shortest chain between the terms of the conclusion.

    Each premise joins its two terms. Counted for valid and invalid conclusions alike;
    0 when the terms are not joined at all. In a propositional argument the terms are the
    atoms, denied or not, and a premise that asserts one outright joins it to what is given,
    as does a conclusion that is one: for ``If P then Q``, ``P``, therefore ``Q``, 2.

    Parameters
    ----------
    premises, conclusion : statements, as :func:`read_statement` reads them.
    """
    if _is_propositional(premises, conclusion):
        pairs = list(_joined_atoms([conclusion, *premises]))
    else:
        pairs = list(_joined_terms([conclusion, *premises]))
    start, goal = pairs[0]
    neighbours: dict[Hashable, set[Hashable]] = {}
    for one, other in pairs[1:]:
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    return _distances(start, neighbours).get(goal, 0)


def smallest_support(premises: Sequence[Statement], conclusion: Statement) -> int:
    """The size of the smallest set of premises from which the conclusion follows.

    Every subset is tried in order of size, so that the number is proven; for up to about
    ten premises.

    Parameters
    ----------
    premises, conclusion : statements, as :func:`read_statement` reads them.

    Raises
    ------
    DataError
        When the conclusion does not follow even from all of them.
    """
    for size in range(len(premises) + 1):
        if any(entails(chosen, conclusion) for chosen in itertools.combinations(premises, size)):
            return size
    raise DataError("no premises support a conclusion that does not follow")


def classify(premises: Sequence[str], conclusion: str) -> tuple[ReasoningType, Condition]:
    """Prove what a text is: its reasoning type and its condition.

    The premises needed are those that link the terms (:func:`premises_linking`), except for
    a propositional conclusion that follows: there a chain of atoms need not be an argument,
    and the smallest set of premises that entails it counts (:func:`smallest_support`).

    Parameters
    ----------
    premises, conclusion : sentences, without closing full stop.

    Raises
    ------
    DataError
        When a sentence cannot be read, the premises contradict each other, so that no
        label is right, or they do not link the terms of the conclusion, which is more
        often a misread word than a problem.
    """
    statements = [read_statement(premise) for premise in premises]
    claim = read_statement(conclusion)
    if not consistent(statements):
        raise DataError(f"the premises contradict each other: {'; '.join(premises)}")
    valid = entails(statements, claim)
    propositional = _is_propositional(statements, claim)
    count = smallest_support if valid and propositional else premises_linking
    needed = count(statements, claim)
    if not needed:
        raise DataError(f"no premise links the terms of the conclusion {conclusion!r}")
    kind: ReasoningType = "propositional" if propositional else "syllogistic"
    if isinstance(claim, ComparativeStatement):
        kind = "transitive"
    return kind, Condition(needed, valid, is_negated(claim))


def _is_propositional(premises: Sequence[Statement], conclusion: Statement) -> bool:
    # a connective joins named atoms: it supports no comparison and no universal claim
    return bool(atoms(conclusion)) and any(
        isinstance(statement, Conditional | Disjunction) for statement in (*premises, conclusion)
    )


def _denial(statement: Statement) -> tuple[Statement, ...]:
    """Statements that together say that the statement is false."""
    if isinstance(statement, Inclusion):
        odd_one = Membership(_UNNAMED, statement.subject)
        return odd_one, Membership(_UNNAMED, statement.predicate, negated=True)
    if isinstance(statement, Conditional):
        return statement.antecedent, statement.consequent.denial
    if isinstance(statement, Disjunction):
        return statement.first.denial, statement.second.denial
    if isinstance(statement, Membership):
        return (statement.denial,)
    flipped = not statement.negated
    return (ComparativeStatement(statement.first, statement.second, statement.relation, flipped),)


# ---------------------------------------------------------------- members


def _clauses(statements: Sequence[Statement]) -> Iterator[tuple[Membership, Membership]]:
    """What the statements say of members, as pairs of which at least one must hold."""
    names = {atom.name for statement in statements for atom in atoms(statement)}
    for statement in statements:
        if isinstance(statement, Membership):
            yield statement, statement
        elif isinstance(statement, Conditional):
            yield statement.antecedent.denial, statement.consequent
        elif isinstance(statement, Disjunction):
            yield statement.first, statement.second
        elif isinstance(statement, Inclusion):
            for name in names:
                yield (
                    Membership(name, statement.subject, negated=True),
                    Membership(name, statement.predicate),
                )


def _satisfiable(clauses: Iterable[tuple[Membership, Membership]]) -> bool:
    """Whether some truth values make one atom or the other of every clause true.

    Not one implies the other. The clauses fail exactly when some atom implies its denial
    and the denial the atom.
    """
    implied: dict[Membership, set[Membership]] = {}
    for one, other in clauses:
        implied.setdefault(one.denial, set()).add(other)
        implied.setdefault(other.denial, set()).add(one)
    impossible = {atom for atom in implied if atom.denial in _distances(atom, implied)}
    return not any(atom.denial in impossible for atom in impossible)


# ---------------------------------------------------------------- orders


def _rankable(comparisons: Sequence[ComparativeStatement]) -> bool:
    """Whether ranks in one order make every comparison true.

    *Not above* is *at most level with*. If nobody stands strictly above someone who stands
    at least level with them, the longest descent from each, in strict steps, is its rank.
    """
    below: dict[str, set[str]] = {}
    strictly = []
    for comparison in comparisons:
        upper, lower = comparison.first, comparison.second
        if comparison.negated:
            upper, lower = lower, upper
        else:
            strictly.append((upper, lower))
        below.setdefault(upper, set()).add(lower)
    return not any(upper in _distances(lower, below) for upper, lower in strictly)


# ---------------------------------------------------------------- chains


def _joined_terms(statements: Sequence[Statement]) -> Iterator[tuple[Hashable, Hashable]]:
    for statement in statements:
        if isinstance(statement, Inclusion):
            yield statement.subject, statement.predicate
        elif isinstance(statement, Membership):
            yield statement.name, statement.predicate
        elif isinstance(statement, ComparativeStatement):
            yield statement.first, statement.second


def _joined_atoms(statements: Sequence[Statement]) -> Iterator[tuple[Hashable, Hashable]]:
    names = {atom.name for statement in statements for atom in atoms(statement)}
    for statement in statements:
        ends = [(atom.name, atom.predicate) for atom in atoms(statement)]
        if ends:
            yield ends[0], ends[1] if len(ends) == 2 else _GIVEN
        elif isinstance(statement, Inclusion):
            for name in names:
                yield (name, statement.subject), (name, statement.predicate)


def _distances(start: Node, neighbours: Mapping[Node, Iterable[Node]]) -> dict[Node, int]:
    """Steps from ``start`` to everything that can be reached, itself included."""
    distance = {start: 0}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for following in neighbours.get(node, ()):
            if following not in distance:
                distance[following] = distance[node] + 1
                queue.append(following)
    return distance
