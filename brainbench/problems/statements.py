"""Sentences as statements.

Three fragments are read. *Syllogistic*: ``All As are B``, ``All As are Bs``,
``All A things are B``, ``N is (not) a A``, ``N is (not) A``. *Transitive*:
``N is (not) A-er than M``. *Propositional*, over the memberships as atoms: ``If P then Q``,
``P or Q (or both)``; the disjunction is inclusive with and without *or both*.

``It is not the case that …`` may stand before a membership, a comparison, or itself, and
before ``not all As are B``: denials that cancel leave no trace in the statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from brainbench.errors import DataError


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

    @property
    def denial(self) -> Membership:
        """The same atom with the other truth value."""
        return replace(self, negated=not self.negated)


@dataclass(frozen=True)
class ComparativeStatement:
    """``first`` is, or is not, more ``relation`` than ``second``."""

    first: str
    second: str
    relation: str
    negated: bool = False

    @property
    def denial(self) -> ComparativeStatement:
        """The same comparison with the other truth value."""
        return replace(self, negated=not self.negated)


@dataclass(frozen=True)
class Conditional:
    """If ``antecedent`` then ``consequent``: false only where the first is true alone."""

    antecedent: Membership
    consequent: Membership


@dataclass(frozen=True)
class Disjunction:
    """``first`` or ``second`` or both."""

    first: Membership
    second: Membership


Statement = Inclusion | Membership | ComparativeStatement | Conditional | Disjunction

_CONDITIONAL = re.compile(r"if (?P<one>.+?),? then (?P<other>.+)")
_DISJUNCTION = re.compile(r"(?P<one>.+?) or (?P<other>.+?)(?: or both)?")
_COMPARISON = re.compile(r"(?P<a>\w+) is (?P<no>not )?(?P<rel>\w+er|more \w+) than (?P<b>\w+)")
_INCLUSION = re.compile(r"all (?:(?P<adj>\w+) things|(?P<noun>\w+)s) are (?P<pred>\w+)")
_MEMBERSHIP = re.compile(r"(?P<name>\w+) is (?P<no>not )?(?:an? )?(?P<pred>\w+)")
_DENIAL = "it is not the case that "
# a predicate that ends so is not a plural: helpless, famous
_NO_PLURAL = ("ss", "us", "is")
# words that quantify, connect or are not a term: read as a name or a term, they would give a
# wrong label in silence
_CONNECTIVES = frozenset(
    {"and", "both", "but", "either", "if", "iff", "is", "neither", "never", "nor", "not", "only"}
    | {"or", "rather", "than", "then", "unless"}
)
_NO_NAMES = _CONNECTIVES | {
    "all", "any", "anybody", "anyone", "anything", "each", "every", "everybody", "everyone",
    "everything", "he", "it", "no", "nobody", "none", "nothing", "she", "some", "somebody",
    "someone", "something", "that", "there", "they", "this", "who",
}  # fmt: skip
_NO_TERMS = _CONNECTIVES | {"a", "all", "an", "no", "some", "thing", "things"}
# no vocabulary may hold them
RESERVED = _NO_NAMES | _NO_TERMS | {"are", "more"}


def read_statement(sentence: str) -> Statement:
    """Read one sentence; case, spacing and a closing full stop do not matter.

    Raises
    ------
    DataError
        When the sentence has none of the forms this module knows.
    """
    text = " ".join(sentence.lower().rstrip(" .").split())
    for form in (_compound, _comparison, _inclusion, _membership, _denied):
        statement = form(text)
        if statement is not None:
            return statement
    raise DataError(f"no logical form is known for the sentence {sentence!r}")


def singular(predicate: str) -> str:
    """What *All As are …* says of each A: its plural's *s* taken off, an adjective as it is."""
    plural = predicate.endswith("s") and not predicate.endswith(_NO_PLURAL)
    return predicate[:-1] if plural else predicate


def terms(statement: Statement) -> set[str]:
    """Every word with content: names, classes, properties, relations."""
    if isinstance(statement, Inclusion):
        return {statement.subject, statement.predicate}
    if isinstance(statement, ComparativeStatement):
        return {statement.first, statement.second, statement.relation}
    return {word for atom in atoms(statement) for word in (atom.name, atom.predicate)}


def is_negated(statement: Statement) -> bool:
    """Whether a *not* is left in the sentence when denials of denials have cancelled."""
    if isinstance(statement, Inclusion):
        return False
    if isinstance(statement, Membership | ComparativeStatement):
        return statement.negated
    return any(atom.negated for atom in atoms(statement))


def atoms(statement: Statement) -> tuple[Membership, ...]:
    """The memberships a statement is built from; none for inclusions and comparisons."""
    if isinstance(statement, Membership):
        return (statement,)
    if isinstance(statement, Conditional):
        return statement.antecedent, statement.consequent
    if isinstance(statement, Disjunction):
        return statement.first, statement.second
    return ()


def _compound(text: str) -> Conditional | Disjunction | None:
    found = _CONDITIONAL.fullmatch(text)
    kind: type[Conditional | Disjunction] = Conditional if found else Disjunction
    if found := found or _DISJUNCTION.fullmatch(text):
        one, other = _membership(found["one"]), _membership(found["other"])
        if one and other:
            return kind(one, other)
    return None


def _comparison(text: str) -> ComparativeStatement | None:
    found = _COMPARISON.fullmatch(text)
    if found is None or {found["a"], found["b"]} & _NO_NAMES:
        return None
    if set(found["rel"].split()) & _NO_TERMS:
        return None
    return ComparativeStatement(found["a"], found["b"], found["rel"], bool(found["no"]))


def _inclusion(text: str) -> Inclusion | None:
    found = _INCLUSION.fullmatch(text)
    if found is None:
        return None
    subject, predicate = found["adj"] or found["noun"], singular(found["pred"])
    return None if {subject, predicate} & _NO_TERMS else Inclusion(subject, predicate)


def _membership(text: str) -> Membership | None:
    found = _MEMBERSHIP.fullmatch(text)
    if found is None or found["name"] in _NO_NAMES or found["pred"] in _NO_TERMS:
        return None
    return Membership(found["name"], found["pred"], bool(found["no"]))


def _denied(text: str) -> Statement | None:
    if not text.startswith(_DENIAL):
        return None
    denied = text.removeprefix(_DENIAL)
    if denied.startswith("not all "):
        return _inclusion(denied.removeprefix("not "))
    statement = _comparison(denied) or _membership(denied) or _denied(denied)
    # that something is not so of all is not a statement of this fragment
    return statement.denial if isinstance(statement, ComparativeStatement | Membership) else None
