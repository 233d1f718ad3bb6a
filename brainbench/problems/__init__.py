"""Deductive problems: text, logic, and the generator that writes proven ones."""

from brainbench.problems.generator import (
    CONDITIONS,
    NOUNS,
    SCANNER_RUN,
    make_problem,
    make_run,
)
from brainbench.problems.logic import classify, consistent, entails, read_statement
from brainbench.problems.problem import REASONING_TYPES, Condition, Problem, ReasoningType

__all__ = [
    "CONDITIONS",
    "NOUNS",
    "REASONING_TYPES",
    "SCANNER_RUN",
    "Condition",
    "Problem",
    "ReasoningType",
    "classify",
    "consistent",
    "entails",
    "make_problem",
    "make_run",
    "read_statement",
]
