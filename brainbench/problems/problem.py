"""A deductive problem: premises, a conclusion, and whether it follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from brainbench.errors import DataError

ReasoningType = Literal["syllogistic", "transitive", "propositional"]
# types there are; which of them a data set holds stands in its card
REASONING_TYPES: tuple[ReasoningType, ...] = ("syllogistic", "transitive", "propositional")

Form = Literal[
    "modus_ponens",
    "modus_tollens",
    "disjunctive_syllogism",
    "hypothetical_syllogism",
    "affirming_the_consequent",
    "denying_the_antecedent",
    "affirming_a_disjunct",
    "converse",
    "barbara",
    "undistributed_middle",
    "illicit_minor",
]

_CONDITION = re.compile(r"(?<!\d)(?P<needed>\d+)_(?P<validity>true|false)_(?P<form>affirm|negate)")


@dataclass(frozen=True)
class Condition:
    """What the design of an experiment varies.

    Attributes
    ----------
    premises_needed : how many premises link the terms of the conclusion.
    valid : whether the conclusion follows.
    negated : whether the conclusion holds a negation.
    """

    premises_needed: int
    valid: bool
    negated: bool

    @property
    def name(self) -> str:
        """The name used in the events of ds003076, e.g. ``2_true_affirm``."""
        validity = "true" if self.valid else "false"
        return f"{self.premises_needed}_{validity}_{'negate' if self.negated else 'affirm'}"

    @classmethod
    def from_name(cls, name: str) -> Condition:
        """Read a condition from a name that contains it, such as a stimulus file's."""
        found = _CONDITION.search(name)
        if found is None:
            raise DataError(f"{name!r} names no condition such as '2_true_affirm'")
        return cls(int(found["needed"]), found["validity"] == "true", found["form"] == "negate")


@dataclass(frozen=True)
class Problem:
    """Premises and a conclusion, with the condition they realise.

    Attributes
    ----------
    identifier : name of the problem, unique in its set.
    reasoning_type : one of ``REASONING_TYPES``.
    premises : sentences, without closing full stop.
    conclusion : sentence, without closing full stop.
    condition : proven from the text by :func:`brainbench.problems.logic.classify`.
    form : the form of argument by which it was written; None where unknown or unnamed,
        as comparisons are.
    base_id : the problem of which this one shows the premises in another order; None for
        a problem that stands for itself.
    """

    identifier: str
    reasoning_type: ReasoningType
    premises: tuple[str, ...]
    conclusion: str
    condition: Condition
    form: Form | None = None
    base_id: str | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """Premises and conclusion in the order in which they are shown."""
        return (*self.premises, self.conclusion)
