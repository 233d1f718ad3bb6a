"""What follows from what: sentences as statements, decided by checking every model.

Two fragments are read. *Syllogistic*: ``All As are B``, ``All A things are B``,
``N is (not) a A``, ``N is (not) A``. *Transitive*: ``N is (not) A-er than M``.

If there is a countermodel at all, there is one in which only the named individuals exist
and, for a universal conclusion, one individual without a name that breaks it. So
enumerating those decides validity. A comparative is a strict weak order (two things may
be level), so ranks decide it.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from brainbench.errors import DataError
from brainbench.problems.problem import Condition, ReasoningType


@dataclass(frozen=True)
class Inclusion:
    """Every ``subject`` is ``predicate``."""

    subject: str
    predicate: str


@dataclass(frozen=True)
class Membership:
    """The individual ``name`` is, or is not, ``predicate``."""

    name: str
    predicate: str
    negated: bool = False


@dataclass(frozen=True)
class Comparison:
    """``first`` is, or is not, more ``relation`` than ``second``."""

    first: str
    second: str
    relation: str
    negated: bool = False


Statement = Inclusion | Membership | Comparison

_COMPARISON = re.compile(r"(?P<a>\w+) is (?P<no>not )?(?P<rel>\w+er|more \w+) than (?P<b>\w+)")
_INCLUSION = re.compile(r"all (?:(?P<adj>\w+) things|(?P<noun>\w+)s) are (?P<pred>\w+)")
_MEMBERSHIP = re.compile(r"(?P<name>\w+) is (?P<no>not )?(?:an? )?(?P<pred>\w+)")
# words that quantify or are no term: read as one, they would give a wrong label in silence
_NO_NAMES = frozenset(
    {"all", "any", "anybody", "anyone", "anything", "each", "every", "everybody", "everyone"}
    | {"everything", "he", "it", "no", "nobody", "none", "nothing", "she", "some", "somebody"}
    | {"someone", "something", "that", "there", "they", "this", "who"}
)
_NO_TERMS = frozenset({"a", "all", "an", "no", "not", "some", "than"})
_UNNAMED = ""  # no word of a sentence is empty


def read_statement(sentence: str) -> Statement:
    """Read one sentence; case, spacing and a closing full stop do not matter.

    Raises
    ------
    DataError
        When the sentence has none of the forms this module decides.
    """
    text = " ".join(sentence.lower().rstrip(" .").split())
    statement: Statement | None = None
    if found := _COMPARISON.fullmatch(text):
        statement = Comparison(found["a"], found["b"], found["rel"], bool(found["no"]))
        names = {statement.first, statement.second}
    elif found := _INCLUSION.fullmatch(text):
        statement = Inclusion(found["adj"] or found["noun"], found["pred"])
        names = set()
    elif found := _MEMBERSHIP.fullmatch(text):
        statement = Membership(found["name"], found["pred"], bool(found["no"]))
        names = {statement.name}
    if statement and not names & _NO_NAMES and not set(_terms(statement)) & _NO_TERMS:
        return statement
    raise DataError(f"no logical form is known for the sentence {sentence!r}")


def consistent(statements: Iterable[Statement]) -> bool:
    """Whether some model makes every statement true."""
    held = list(statements)
    return any(all(model.makes_true(s) for s in held) for model in _models(held))


def entails(premises: Sequence[Statement], conclusion: Statement) -> bool:
    """Whether the conclusion is true in every model of the premises.

    Contradictory premises entail everything here as in logic; ask :func:`consistent` first.
    """
    return all(
        model.makes_true(conclusion)
        for model in _models([*premises, conclusion], isinstance(conclusion, Inclusion))
        if all(model.makes_true(premise) for premise in premises)
    )


def premises_linking(premises: Sequence[Statement], conclusion: Statement) -> int:
    """How many premises lie on the shortest chain between the terms of the conclusion.

    Each premise joins its two terms. Counted for valid and invalid conclusions alike;
    0 when the terms are not joined at all.
    """
    start, goal = _terms(conclusion)
    neighbours: dict[str, set[str]] = {}
    for premise in premises:
        one, other = _terms(premise)
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    distance = {start: 0}
    queue = deque([start])
    while queue:
        term = queue.popleft()
        for following in neighbours.get(term, ()):
            if following not in distance:
                distance[following] = distance[term] + 1
                queue.append(following)
    return distance.get(goal, 0)


def classify(premises: Sequence[str], conclusion: str) -> tuple[ReasoningType, Condition]:
    """Prove what a text is: its reasoning type and its condition.

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
    linking = premises_linking(statements, claim)
    if not linking:
        raise DataError(f"no premise links the terms of the conclusion {conclusion!r}")
    condition = Condition(
        premises_needed=linking,
        valid=entails(statements, claim),
        negated=not isinstance(claim, Inclusion) and claim.negated,
    )
    return ("transitive" if isinstance(claim, Comparison) else "syllogistic"), condition


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
        if isinstance(statement, Membership):
            holds = (statement.name, statement.predicate) in self.members
        else:
            first = self.ranks[statement.relation, statement.first]
            holds = first > self.ranks[statement.relation, statement.second]
        return holds != statement.negated


def _models(statements: Sequence[Statement], with_unnamed: bool = False) -> Iterator[_Model]:
    """Every model over the names, predicates and relations the statements speak of."""
    names: set[str] = {_UNNAMED} if with_unnamed else set()
    predicates: set[str] = set()
    relations: dict[str, set[str]] = {}
    for statement in statements:
        if isinstance(statement, Inclusion):
            predicates |= {statement.subject, statement.predicate}
        elif isinstance(statement, Membership):
            names.add(statement.name)
            predicates.add(statement.predicate)
        else:
            relations.setdefault(statement.relation, set()).update(
                (statement.first, statement.second)
            )
    facts = sorted(itertools.product(sorted(names), sorted(predicates)))
    places = [(rel, name) for rel in sorted(relations) for name in sorted(relations[rel])]
    levels = [range(len(relations[relation])) for relation, _ in places]
    for chosen in itertools.product((False, True), repeat=len(facts)):
        members = frozenset(fact for fact, held in zip(facts, chosen, strict=True) if held)
        for ranking in itertools.product(*levels):
            ranks = dict(zip(places, ranking, strict=True))
            yield _Model(members, ranks, tuple(sorted(names)))


def _terms(statement: Statement) -> tuple[str, str]:
    if isinstance(statement, Inclusion):
        return statement.subject, statement.predicate
    if isinstance(statement, Membership):
        return statement.name, statement.predicate
    return statement.first, statement.second
