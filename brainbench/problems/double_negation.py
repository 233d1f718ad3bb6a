"""Sentences worded as the denial of their denial."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from brainbench.errors import DataError
from brainbench.problems.logic import classify
from brainbench.problems.problem import Problem
from brainbench.problems.statements import (
    ComparativeStatement,
    Inclusion,
    Membership,
    read_statement,
)


def deny_twice(sentence: str) -> str | None:
    """*It is not the case that Ann is not tall* for *Ann is tall*.

    None where the sentence holds a negation already, or is a compound.
    """
    statement = read_statement(sentence)
    if isinstance(statement, Inclusion):
        denied = f"not {sentence[0].lower()}{sentence[1:]}"
    elif isinstance(statement, Membership | ComparativeStatement) and not statement.negated:
        name, _, rest = sentence.partition(" is ")
        denied = f"{name} is not {rest}"
    else:
        return None
    doubled = f"It is not the case that {denied}"
    if read_statement(doubled) != statement:
        raise DataError(f"{doubled!r} does not say {sentence!r}")
    return doubled


def with_denials(problem: Problem, premises: Collection[int], conclusion: bool) -> Problem:
    """The problem with some of its sentences denied twice.

    Parameters
    ----------
    premises : which of them, counted from 0; one that holds a negation stays as it is.
    conclusion : whether it is too; it stays as it is where it holds a negation.

    Returns
    -------
    problem
        With the condition of the one given, proven from the new text.
    """
    changed = tuple(
        (deny_twice(premise) or premise) if i in premises else premise
        for i, premise in enumerate(problem.premises)
    )
    claim = (deny_twice(problem.conclusion) or problem.conclusion) if conclusion else None
    result = replace(problem, premises=changed, conclusion=claim or problem.conclusion)
    if classify(result.premises, result.conclusion) != (problem.reasoning_type, problem.condition):
        raise DataError(f"{problem.identifier} changes its condition when denied twice")
    return result
