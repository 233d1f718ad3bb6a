"""Deductive problems: text, logic, and the generator that writes proven ones."""

from brainbench.problems.generator import (
    CONDITIONS,
    MOST_PREMISES,
    SCANNER_RUN,
    conditions,
    make_problem,
    make_run,
    make_set,
    order_variants,
)
from brainbench.problems.logic import classify, consistent, entails
from brainbench.problems.problem import REASONING_TYPES, Condition, Form, Problem, ReasoningType
from brainbench.problems.statements import read_statement
from brainbench.problems.vocabulary import NOUNS, VOCABULARY, Vocabulary, split_vocabulary

__all__ = [
    "CONDITIONS",
    "MOST_PREMISES",
    "NOUNS",
    "REASONING_TYPES",
    "SCANNER_RUN",
    "VOCABULARY",
    "Condition",
    "Form",
    "Problem",
    "ReasoningType",
    "Vocabulary",
    "classify",
    "conditions",
    "consistent",
    "entails",
    "make_problem",
    "make_run",
    "make_set",
    "order_variants",
    "read_statement",
    "split_vocabulary",
]
