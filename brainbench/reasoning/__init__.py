"""The bridge to lm-eval: tasks, models as it asks them, and scores of the answers."""

from brainbench.reasoning.options import (
    BACKENDS,
    TASK_SUITES,
    TaskOptions,
    parse_arguments,
    parse_samples,
)
from brainbench.reasoning.score import AnswerBias, TaskScore, Threshold

__all__ = [
    "BACKENDS",
    "TASK_SUITES",
    "AnswerBias",
    "TaskOptions",
    "TaskScore",
    "Threshold",
    "parse_arguments",
    "parse_samples",
]
