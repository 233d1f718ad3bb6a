"""Deductive problems: text, logic, and the generator that writes proven ones."""

from brainbench.problems.belief import is_believable, make_belief_set
from brainbench.problems.distractors import add_distractors
from brainbench.problems.double_negation import deny_twice, with_denials
from brainbench.problems.generator import (
    CONDITIONS,
    GENERATOR_VERSION,
    MAX_PREMISES,
    SCANNER_RUN,
    conditions,
    make_problem,
    make_run,
    make_set,
    order_variants,
)
from brainbench.problems.logic import classify, consistent, entails
from brainbench.problems.problem import REASONING_TYPES, Condition, Form, Problem, ReasoningType
from brainbench.problems.rows import row_faults, row_words, to_problem, to_row
from brainbench.problems.statements import read_statement
from brainbench.problems.task_words import KINDS, TASK_VOCABULARY, split_kinds
from brainbench.problems.text import TEXT, Stimulus, Text
from brainbench.problems.vocabulary import NOUNS, VOCABULARY, Vocabulary, split_vocabulary

__all__ = [
    "CONDITIONS",
    "GENERATOR_VERSION",
    "KINDS",
    "MAX_PREMISES",
    "NOUNS",
    "REASONING_TYPES",
    "SCANNER_RUN",
    "TASK_VOCABULARY",
    "TEXT",
    "VOCABULARY",
    "Condition",
    "Form",
    "Problem",
    "ReasoningType",
    "Stimulus",
    "Text",
    "Vocabulary",
    "add_distractors",
    "classify",
    "conditions",
    "consistent",
    "deny_twice",
    "entails",
    "is_believable",
    "make_belief_set",
    "make_problem",
    "make_run",
    "make_set",
    "order_variants",
    "read_statement",
    "row_faults",
    "row_words",
    "split_kinds",
    "split_vocabulary",
    "to_problem",
    "to_row",
    "with_denials",
]
