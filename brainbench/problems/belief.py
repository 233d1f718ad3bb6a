"""Arguments whose conclusion is known to be true or false, whether it follows or not.

After Evans, Barston and Pollard (1983, Memory & Cognition 11): validity and believability
are crossed. The middle terms are pseudowords, so no premise can be believed or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from brainbench.errors import DataError
from brainbench.problems.logic import classify
from brainbench.problems.problem import Form, Problem
from brainbench.problems.statements import Inclusion, read_statement
from brainbench.problems.task_words import KINDS

# *All S are P* follows from the first alone.
FORMS: tuple[Form, ...] = ("barbara", "converse", "undistributed_middle", "illicit_minor")
_PREMISES = 3

Kinds = Mapping[str, Sequence[str]]


class Believed(NamedTuple):
    """A problem, and whether its conclusion is true of the world."""

    problem: Problem
    believable: bool


def is_believable(conclusion: str) -> bool:
    """Whether *All S are P* is true of the world.

    Raises
    ------
    DataError
        When it is not such a sentence, or nothing is known here of its terms.
    """
    claim = read_statement(conclusion)
    if isinstance(claim, Inclusion) and claim.predicate in KINDS:
        if claim.subject in KINDS[claim.predicate]:
            return True
        if any(claim.subject in kinds for kinds in KINDS.values()):
            return False
    raise DataError(f"it is not known whether {conclusion!r} is true of the world")


def make_belief_set(
    kinds: Kinds, nouns: Sequence[str], per_cell: int, rng: np.random.Generator, prefix: str
) -> list[Believed]:
    """Write as many problems of each cell: valid or not × believable or not.

    The forms that are not valid are as even as the number allows.

    Parameters
    ----------
    kinds : class → some of its kinds, among those of ``KINDS``.
    nouns : pseudowords for the middle terms.
    prefix : start of the identifiers, which tell no cell.

    Raises
    ------
    DataError
        When there are fewer believable conclusions than wanted, or a label is not proven.
    """
    true = [(kind, name) for name, members in kinds.items() for kind in members]
    false = [(kind, name) for kind, own in true for name in kinds if name != own]
    if len(true) < per_cell or len(false) < per_cell:
        raise DataError(f"there are {len(true)} believable conclusions for {per_cell} problems")
    wanted: list[tuple[Form, bool, tuple[str, str]]] = []
    for believable, pairs in ((True, true), (False, false)):
        for fallacies in (0, 1):  # drawn anew for each
            drawn = [pairs[i] for i in rng.permutation(len(pairs))[:per_cell]]
            forms = [FORMS[1 + i % 3] if fallacies else FORMS[0] for i in range(per_cell)]
            wanted += [(form, believable, pair) for form, pair in zip(forms, drawn, strict=True)]
    problems = []
    for position, i in enumerate(rng.permutation(len(wanted))):
        form, believable, pair = wanted[i]
        problem = _write(f"{prefix}-{position:04d}", form, pair, nouns, rng)
        if is_believable(problem.conclusion) != believable:
            raise DataError(f"generator bug: {problem.conclusion!r} is in the wrong cell")
        problems.append(Believed(problem, believable))
    return problems


def _write(
    identifier: str,
    form: Form,
    pair: tuple[str, str],
    nouns: Sequence[str],
    rng: np.random.Generator,
) -> Problem:
    subject, predicate = pair
    middle = [str(noun) for noun in rng.choice(nouns, size=_PREMISES - 1, replace=False)]
    one, other = middle
    chain = {
        "barbara": [(subject, one), (one, other), (other, predicate)],
        "converse": [(predicate, one), (one, other), (other, subject)],
        "undistributed_middle": [(subject, one), (one, other), (predicate, other)],
        "illicit_minor": [(one, subject), (other, one), (other, predicate)],
    }[form]
    premises = tuple(f"All {a}s are {b}s" for a, b in chain)
    premises = tuple(premises[i] for i in rng.permutation(_PREMISES))
    conclusion = f"All {subject}s are {predicate}s"
    reasoning_type, condition = classify(premises, conclusion)
    if condition.valid != (form == "barbara") or condition.premises_needed != _PREMISES:
        raise DataError(f"generator bug: {identifier} is not a {form}: {premises}, {conclusion}")
    return Problem(identifier, reasoning_type, premises, conclusion, condition, form)
