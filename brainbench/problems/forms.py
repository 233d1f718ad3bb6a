"""The forms of argument, as sentences.

Every problem is one chain. A syllogism chains classes (all A are B, all B are C, …), an
order chains individuals (A is above B, B above C, …), a propositional argument chains
literals (if P then Q, if Q then R, …; or, the same as disjunctions, not P or Q, not Q
or R, …). The conclusion concerns a stretch of the chain; the premises outside that stretch
are not needed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from brainbench.problems.problem import Condition, Form, ReasoningType
from brainbench.problems.statements import Membership
from brainbench.problems.vocabulary import Vocabulary

# Each valid form and the fallacy that looks like it: the same kinds of premise.
COUNTERPARTS: tuple[tuple[Form, Form], ...] = (
    ("modus_ponens", "affirming_the_consequent"),
    ("modus_tollens", "denying_the_antecedent"),
    ("disjunctive_syllogism", "affirming_a_disjunct"),
    ("hypothetical_syllogism", "converse"),
)
# A syllogism's form follows from its condition: (valid, negated).
_SYLLOGISMS: dict[tuple[bool, bool], Form] = {
    (True, False): "modus_ponens",
    (True, True): "modus_tollens",
    (False, False): "affirming_the_consequent",
    (False, True): "denying_the_antecedent",
}
_BACKWARDS: frozenset[Form] = frozenset({"modus_tollens", "affirming_the_consequent", "converse"})
_DENYING: frozenset[Form] = frozenset({"modus_tollens", "denying_the_antecedent"})
_BY_DISJUNCTION: frozenset[Form] = frozenset({"disjunctive_syllogism", "affirming_a_disjunct"})
_WITHOUT_FACT: frozenset[Form] = frozenset({"hypothetical_syllogism", "converse"})

# Whether antecedent and consequent of a concluded conditional are denied, by whether the
# conclusion is to hold a negation.
_SIGNS = {False: ((False, False),), True: ((False, True), (True, False), (True, True))}


@dataclass(frozen=True)
class ProblemPlan:
    """What a problem is to be.

    Attributes
    ----------
    premises : how many there are in all.
    form : of a propositional problem; the other types have one form per condition.
    offset : how many premises of the chain come before the stretch that is needed.
    """

    reasoning_type: ReasoningType
    condition: Condition
    premises: int = 3
    form: Form | None = None
    offset: int = 0


class Argument(NamedTuple):
    """Sentences, in the order of the chain; a fact about an individual comes last."""

    premises: tuple[str, ...]
    conclusion: str
    form: Form | None


def write_argument(
    plan: ProblemPlan, rng: np.random.Generator, vocabulary: Vocabulary, noun: str | None = None
) -> Argument:
    """Write the sentences of a plan; whether they have its condition is for the caller to prove.

    Parameters
    ----------
    noun : the pseudoword of a syllogism; any of the vocabulary by default.

    Raises
    ------
    DataError
        When the vocabulary has too few words.
    """
    if plan.reasoning_type == "transitive":
        return _order(plan, rng, vocabulary)
    if plan.reasoning_type == "propositional":
        return _propositional(plan, rng, vocabulary)
    if noun is None:
        vocabulary.require(nouns=1)
        noun = str(rng.choice(vocabulary.nouns))
    return _syllogism(plan, rng, vocabulary, noun)


def _syllogism(
    plan: ProblemPlan, rng: np.random.Generator, vocabulary: Vocabulary, noun: str
) -> Argument:
    vocabulary.require(adjectives=plan.premises - 1, names=1)
    adjectives = rng.choice(vocabulary.adjectives, size=plan.premises - 1, replace=False)
    name = rng.choice(vocabulary.names)
    subjects = [f"{noun}s", *(f"{adjective} things" for adjective in adjectives)]
    inclusions = [f"All {a} are {b}" for a, b in zip(subjects, adjectives, strict=False)]
    predicates = [f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}", *adjectives]
    start = predicates[plan.offset]
    end = predicates[plan.offset + plan.condition.premises_needed - 1]
    form = _SYLLOGISMS[plan.condition.valid, plan.condition.negated]
    given, claimed = (end, start) if form in _BACKWARDS else (start, end)
    negation = "not " if form in _DENYING else ""
    return Argument(
        (*inclusions, f"{name} is {negation}{given}"), f"{name} is {negation}{claimed}", form
    )


def _order(plan: ProblemPlan, rng: np.random.Generator, vocabulary: Vocabulary) -> Argument:
    vocabulary.require(names=plan.premises + 1, comparatives=1)
    names = rng.choice(vocabulary.names, size=plan.premises + 1, replace=False)
    comparative = rng.choice(vocabulary.comparatives)
    premises = tuple(f"{a} is {comparative} than {b}" for a, b in itertools.pairwise(names))
    first, second = names[plan.offset], names[plan.offset + plan.condition.premises_needed]
    if plan.condition.valid == plan.condition.negated:
        first, second = second, first
    negation = "not " if plan.condition.negated else ""
    return Argument(premises, f"{first} is {negation}{comparative} than {second}", None)


def _propositional(plan: ProblemPlan, rng: np.random.Generator, vocabulary: Vocabulary) -> Argument:
    form = plan.form or _any_form(plan.condition, rng)
    with_fact = form not in _WITHOUT_FACT
    length = plan.premises - with_fact
    chain = _literals(length + 1, rng, vocabulary)
    start, end = plan.offset, plan.offset + plan.condition.premises_needed - with_fact
    denying, backwards = form in _DENYING, form in _BACKWARDS
    if form in _BY_DISJUNCTION:  # has no direction: argued from either end
        denying = bool(rng.random() < 0.5)
        backwards = denying == plan.condition.valid
    given, claimed = (end, start) if backwards else (start, end)
    if with_fact:
        chain[claimed] = _signed(chain[claimed], plan.condition.negated != denying)
    else:
        signs = _SIGNS[plan.condition.negated]
        one, other = signs[rng.integers(len(signs))]
        chain[given], chain[claimed] = _signed(chain[given], one), _signed(chain[claimed], other)
    link = _disjunction if form in _BY_DISJUNCTION else _conditional
    links = tuple(link(one, other, rng) for one, other in itertools.pairwise(chain))
    if not with_fact:
        return Argument(links, _conditional(chain[given], chain[claimed], rng), form)
    fact, conclusion = chain[given], chain[claimed]
    if denying:
        fact, conclusion = fact.denial, conclusion.denial
    return Argument((*links, _sentence(fact)), _sentence(conclusion), form)


def _any_form(condition: Condition, rng: np.random.Generator) -> Form:
    pair = COUNTERPARTS[rng.integers(len(COUNTERPARTS))]
    return pair[0] if condition.valid else pair[1]


def _literals(count: int, rng: np.random.Generator, vocabulary: Vocabulary) -> list[Membership]:
    """Atoms with no word in common, each denied or not by the toss of a coin.

    If denials were rarer, their number would tell the forms apart.
    """
    vocabulary.require(names=count, adjectives=count)
    names = rng.choice(vocabulary.names, size=count, replace=False)
    adjectives = rng.choice(vocabulary.adjectives, size=count, replace=False)
    signs = rng.random(count) < 0.5
    return [
        Membership(str(name), str(adjective), bool(sign))
        for name, adjective, sign in zip(names, adjectives, signs, strict=True)
    ]


def _signed(literal: Membership, negated: bool) -> Membership:
    return Membership(literal.name, literal.predicate, negated)


def _sentence(literal: Membership) -> str:
    return f"{literal.name} is {'not ' if literal.negated else ''}{literal.predicate}"


def _conditional(one: Membership, other: Membership, rng: np.random.Generator) -> str:
    return f"If {_sentence(one)} then {_sentence(other)}"


def _disjunction(one: Membership, other: Membership, rng: np.random.Generator) -> str:
    """*If one then other* as a disjunction, in either order, marked as inclusive."""
    disjuncts = [_sentence(one.denial), _sentence(other)]
    if rng.random() < 0.5:
        disjuncts.reverse()
    return f"{disjuncts[0]} or {disjuncts[1]} or both"
