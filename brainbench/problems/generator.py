"""Problems made to order, each label proven from the finished text."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from brainbench.errors import DataError, UsageError
from brainbench.problems.forms import COUNTERPARTS, ProblemPlan, write_argument
from brainbench.problems.logic import classify
from brainbench.problems.problem import Condition, Problem, ReasoningType
from brainbench.problems.vocabulary import NOUNS, VOCABULARY, Vocabulary

GENERATOR_VERSION = 1  # grows when a seed gives other problems than before
MAX_PREMISES = 8  # the proof of a propositional label tries every subset of them
_TRIES = 200  # draws after which new words are taken to have run out


def conditions(premises: int = 3) -> tuple[Condition, ...]:
    """Every condition that a problem of so many premises can have.

    Raises
    ------
    UsageError
        When problems of so many premises are not made.
    """
    if not 2 <= premises <= MAX_PREMISES:
        raise UsageError(f"problems have 2 to {MAX_PREMISES} premises, not {premises}")
    return tuple(
        Condition(needed, valid, negated)
        for needed in range(2, premises + 1)
        for valid in (True, False)
        for negated in (False, True)
    )


CONDITIONS: tuple[Condition, ...] = conditions(3)
# Conditions of one scanner run of ds003076 (Syllogisms 02; the other runs differ by one
# problem here and there): half of the problems are valid and affirmative.
SCANNER_RUN: Mapping[str, int] = {
    "2_true_affirm": 5, "3_true_affirm": 4, "2_false_affirm": 2, "3_false_affirm": 1,
    "2_true_negate": 1, "3_true_negate": 2, "2_false_negate": 1, "3_false_negate": 2,
}  # fmt: skip


def make_problem(
    identifier: str,
    reasoning_type: ReasoningType,
    condition: Condition,
    rng: np.random.Generator,
    noun: str | None = None,
    premises: int = 3,
    vocabulary: Vocabulary = VOCABULARY,
) -> Problem:
    """Write one problem of a given condition and prove that it has it.

    The premises stand in the order of the chain, those needed first, as in the scanner;
    a fact about an individual comes last. The form of a propositional problem is drawn.

    Parameters
    ----------
    noun : the pseudoword of a syllogism; any of the vocabulary by default.
    premises : how many there are in all, 2 to 8.

    Raises
    ------
    UsageError
        When no problem of so many premises has the condition.
    DataError
        When the vocabulary is too small.
    """
    plan = ProblemPlan(reasoning_type, condition, premises)
    return _write(identifier, plan, rng, vocabulary, noun)


def make_run(
    prefix: str,
    reasoning_type: ReasoningType,
    rng: np.random.Generator,
    counts: Mapping[str, int] = SCANNER_RUN,
    nouns: Sequence[str] = NOUNS,
    vocabulary: Vocabulary = VOCABULARY,
) -> list[Problem]:
    """Write one scanner run in random order.

    Parameters
    ----------
    prefix : start of every identifier; the position in the run follows it.
    counts : how many problems of each condition name.
    nouns : pseudowords to choose from; each is used once.
    vocabulary : all other words.

    Raises
    ------
    DataError
        When there are fewer pseudowords than problems.
    """
    names = [name for name, count in counts.items() for _ in range(count)]
    if len(nouns) < len(names):
        raise DataError(f"{len(names)} problems need as many pseudowords; there are {len(nouns)}")
    order = rng.permutation(len(names))
    chosen = rng.choice(nouns, size=len(names), replace=False)
    return [
        make_problem(
            f"{prefix}-{position:02d}",
            reasoning_type,
            Condition.from_name(names[i]),
            rng,
            str(chosen[position]),
            vocabulary=vocabulary,
        )
        for position, i in enumerate(order)
    ]


def make_set(
    reasoning_type: ReasoningType,
    premises: int = 3,
    per_condition: int = 10,
    seed: int = 0,
    vocabulary: Vocabulary = VOCABULARY,
    shuffled: bool = True,
    all_needed: bool = False,
) -> list[Problem]:
    """Write a set in which the label depends on nothing that can be seen of the design.

    As many problems of every condition: validity × negation × premises needed. Within
    these, where the needed premises stand in the chain and, for propositional problems,
    the form are as even as the number allows, and the same for valid problems as for
    their counterparts that are not. No problem comes twice, not in another order either.

    No single word, place or count tells the label. Two together do where a syllogism's
    conclusion names the pseudoword: *is not a* is then valid and *is a* is not, as in the
    scanner, whose four forms leave no other way.

    Parameters
    ----------
    premises : of each problem, 2 to 8.
    per_condition : problems of each condition; a multiple of 4 gives propositional forms
        equal counts.
    shuffled : whether each problem's premises are put in a random order; else they stand
        in the order of the chain, a fact about an individual last.
    all_needed : only conditions that need every premise.

    Returns
    -------
    problems
        In random order; identifiers such as ``transitive-3p-s0-0007`` tell no condition.

    Raises
    ------
    UsageError
        When problems of so many premises are not made, or none of a condition are wanted.
    DataError
        When the vocabulary is too small for so many different problems.
    """
    if per_condition < 1:
        raise UsageError(f"a set needs at least 1 problem per condition, not {per_condition}")
    rng = np.random.default_rng(seed)
    wanted = [c for c in conditions(premises) if not all_needed or c.premises_needed == premises]
    plans = _balanced_plans(reasoning_type, premises, wanted, per_condition, rng)
    problems: list[Problem] = []
    seen: set[frozenset[str]] = set()
    for position, i in enumerate(rng.permutation(len(plans))):
        identifier = f"{reasoning_type}-{premises}p-s{seed}-{position:04d}"
        problem = _unseen(identifier, plans[i], rng, vocabulary, seen)
        if shuffled:
            order = rng.permutation(premises)
            problem = replace(problem, premises=tuple(problem.premises[j] for j in order))
        problems.append(problem)
    return problems


def order_variants(problem: Problem, limit: int | None = None, seed: int = 0) -> list[Problem]:
    """The problem with its premises in every order, the given one first.

    Parameters
    ----------
    limit : at most so many of them, the others drawn at random.

    Returns
    -------
    variants
        Identifiers end in the order, e.g. ``-order-201``; ``base_id`` names the problem.
    """
    count = len(problem.premises)
    if limit is not None and limit < math.factorial(count):
        orders = _some_orders(count, limit, np.random.default_rng(seed))
    else:
        orders = list(itertools.permutations(range(count)))
    return [
        replace(
            problem,
            identifier=f"{problem.identifier}-order-{''.join(map(str, order))}",
            premises=tuple(problem.premises[i] for i in order),
            base_id=problem.base_id or problem.identifier,
        )
        for order in orders
    ]


def _write(
    identifier: str,
    plan: ProblemPlan,
    rng: np.random.Generator,
    vocabulary: Vocabulary,
    noun: str | None = None,
) -> Problem:
    """Write a plan's sentences and hold what they say against it."""
    if plan.condition not in conditions(plan.premises):
        raise UsageError(
            f"no problem of {plan.premises} premises needs {plan.condition.premises_needed}"
        )
    argument = write_argument(plan, rng, vocabulary, noun)
    proven = classify(argument.premises, argument.conclusion)
    if proven != (plan.reasoning_type, plan.condition):
        wanted = f"{plan.reasoning_type} {plan.condition.name}"
        raise DataError(f"generator bug: {identifier} is not {wanted}: {argument}")
    return Problem(
        identifier,
        plan.reasoning_type,
        argument.premises,
        argument.conclusion,
        plan.condition,
        argument.form,
    )


def _balanced_plans(
    reasoning_type: ReasoningType,
    premises: int,
    wanted: Sequence[Condition],
    per_condition: int,
    rng: np.random.Generator,
) -> list[ProblemPlan]:
    plans = []
    for valid_condition in filter(lambda condition: condition.valid, wanted):
        # the same stretches and forms for the valid problems and their counterparts
        needed = valid_condition.premises_needed
        offsets = _evenly(premises - needed + 1, per_condition, rng)
        pairs = _evenly(len(COUNTERPARTS), per_condition, rng)
        for valid in (True, False):
            condition = replace(valid_condition, valid=valid)
            for offset, pair in zip(offsets, pairs, strict=True):
                named = COUNTERPARTS[pair][0 if valid else 1]
                form = named if reasoning_type == "propositional" else None
                plans.append(ProblemPlan(reasoning_type, condition, premises, form, offset))
    return plans


def _evenly(kinds: int, count: int, rng: np.random.Generator) -> list[int]:
    """Numbers below ``kinds``, each as often as the next or once more, in random order."""
    return [int(kind) for kind in rng.permutation(rng.integers(kinds) + np.arange(count)) % kinds]


def _unseen(
    identifier: str,
    plan: ProblemPlan,
    rng: np.random.Generator,
    vocabulary: Vocabulary,
    seen: set[frozenset[str]],
) -> Problem:
    for _ in range(_TRIES):
        problem = _write(identifier, plan, rng, vocabulary)
        text = frozenset((*problem.premises, f"{problem.conclusion}?"))
        if text not in seen:
            seen.add(text)
            return problem
    raise DataError(
        f"the vocabulary is too small for {len(seen) + 1} different problems; "
        "ask for fewer per condition or give it more words"
    )


def _some_orders(count: int, limit: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    orders: dict[tuple[int, ...], None] = {tuple(range(count)): None}
    while len(orders) < limit:
        orders[tuple(int(i) for i in rng.permutation(count))] = None
    return list(orders)[:limit]
