"""A deductive problem: premises, a conclusion, and whether it follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from brainbench.errors import DataError

ReasoningType = Literal["syllogistic", "transitive"]
REASONING_TYPES: tuple[ReasoningType, ...] = ("syllogistic", "transitive")

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
    reasoning_type : ``syllogistic`` or ``transitive``.
    premises : sentences, without closing full stop.
    conclusion : sentence, without closing full stop.
    condition : proven from the text by :func:`brainbench.problems.logic.classify`.
    """

    identifier: str
    reasoning_type: ReasoningType
    premises: tuple[str, ...]
    conclusion: str
    condition: Condition

    @property
    def sentences(self) -> tuple[str, ...]:
        """Premises and conclusion in the order in which they are shown."""
        return (*self.premises, self.conclusion)
