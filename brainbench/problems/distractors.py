"""Premises that are not needed, added to a problem: some beside its chain, some out of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from brainbench.errors import DataError
from brainbench.problems.logic import classify
from brainbench.problems.problem import Problem
from brainbench.problems.statements import (
    ComparativeStatement,
    Disjunction,
    Inclusion,
    Membership,
    Statement,
    atoms,
    read_statement,
    terms,
)
from brainbench.problems.vocabulary import Vocabulary

Fresh = dict[str, list[str]]

_TRIES = 100
# new words that one sentence may need
_NEEDS = {
    "syllogistic": {"nouns": 1, "adjectives": 1},
    "transitive": {"names": 2, "comparatives": 1},
    "propositional": {"names": 2, "adjectives": 2},
}


def add_distractors(
    problem: Problem, count: int, rng: np.random.Generator, vocabulary: Vocabulary
) -> Problem:
    """The problem with premises behind its own that change nothing.

    A *lure* speaks of a term of the problem, but leads nowhere; the others share no word
    with it. Which of them it is, the toss of a coin decides, whatever the label.

    Parameters
    ----------
    problem : the problem, which has its reasoning type and condition.
    count : premises to add.
    rng : source of the draw.
    vocabulary : words to draw from; those of the problem are left out.

    Returns
    -------
    problem
        With the condition of the one given, proven from the longer text.

    Raises
    ------
    DataError
        When the words do not suffice.
    """
    fresh = _fresh_words(problem, vocabulary)
    needs = _NEEDS[problem.reasoning_type]
    enough = all(len(fresh[kind]) >= number for kind, number in needs.items())
    for _ in range(_TRIES if enough else 0):
        added = tuple(_sentence(problem, fresh, rng) for _ in range(count))
        premises = (*problem.premises, *added)
        if len({sentence.lower() for sentence in premises}) < len(premises):
            continue
        try:
            proven = classify(premises, problem.conclusion)
        except DataError:  # two distractors may contradict each other
            continue
        if proven == (problem.reasoning_type, problem.condition):
            return replace(problem, premises=premises)
    raise DataError(f"the vocabulary is too small for {count} distractors of {problem.identifier}")


def _fresh_words(problem: Problem, vocabulary: Vocabulary) -> Fresh:
    used = {word for sentence in problem.sentences for word in terms(read_statement(sentence))}
    return {
        kind: [word for word in getattr(vocabulary, kind) if word.lower() not in used]
        for kind in ("nouns", "adjectives", "names", "comparatives")
    }


def _sentence(problem: Problem, fresh: Fresh, rng: np.random.Generator) -> str:
    statements = [read_statement(sentence) for sentence in problem.sentences]
    lure = bool(rng.random() < 0.5)
    write = {"syllogistic": _inclusion, "transitive": _comparison, "propositional": _link}
    return write[problem.reasoning_type](statements, fresh, lure, rng)


def _inclusion(
    statements: list[Statement], fresh: Fresh, lure: bool, rng: np.random.Generator
) -> str:
    """*All trabs are bright*: a dead end out of the chain, or a way into it from outside."""
    adjective, noun = str(rng.choice(fresh["adjectives"])), str(rng.choice(fresh["nouns"]))
    chain = [statement for statement in statements if isinstance(statement, Inclusion)]
    link = chain[rng.integers(len(chain))]
    if not lure:
        return f"All {noun}s are {adjective}"
    if rng.random() < 0.5:
        return f"All {noun}s are {link.predicate}"
    nouns = {statement.subject for statement in chain} - {other.predicate for other in chain}
    subject = f"{link.subject}s" if link.subject in nouns else f"{link.subject} things"
    return f"All {subject} are {adjective}"


def _comparison(
    statements: list[Statement], fresh: Fresh, lure: bool, rng: np.random.Generator
) -> str:
    """Somebody new beside one of the chain, or two of the chain in another respect."""
    chain = [statement for statement in statements if isinstance(statement, ComparativeStatement)]
    one, other = (str(name) for name in rng.choice(fresh["names"], size=2, replace=False))
    relation, own = str(rng.choice(fresh["comparatives"])), chain[0].relation
    if not lure:
        return f"{one} is {relation} than {other}"
    held = sorted({name for statement in chain for name in (statement.first, statement.second)})
    known = [str(name).capitalize() for name in rng.choice(held, size=2, replace=False)]
    if rng.random() < 0.5:
        return f"{known[0]} is {relation} than {known[1]}"
    first, second = (one, known[0]) if rng.random() < 0.5 else (known[0], one)
    return f"{first} is {own} than {second}"


def _link(statements: list[Statement], fresh: Fresh, lure: bool, rng: np.random.Generator) -> str:
    """A link of the problem's kind, out of its chain or into it, or between atoms of its own."""
    one, other = (str(name) for name in rng.choice(fresh["names"], size=2, replace=False))
    first, second = (str(word) for word in rng.choice(fresh["adjectives"], size=2, replace=False))
    new = [Membership(one, first), Membership(other, second)]
    if lure:
        held = [atom for statement in statements for atom in atoms(statement)]
        atom = held[rng.integers(len(held))]
        new[rng.integers(2)] = replace(atom, name=atom.name.capitalize())
    literals = [
        f"{atom.name} is {'not ' if rng.random() < 0.5 else ''}{atom.predicate}" for atom in new
    ]
    if any(isinstance(statement, Disjunction) for statement in statements):
        return f"{literals[0]} or {literals[1]} or both"
    return f"If {literals[0]} then {literals[1]}"
