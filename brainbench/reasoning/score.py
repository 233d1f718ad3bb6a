"""What came out of a task, and what would expose it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class AnswerBias(BaseModel):
    """Answers to questions with the same choices, beside what answering blindly gets.

    The measures are those of ``tasks/metrics.py``; errors are clustered by ``base_id``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    choices: tuple[str, ...]
    n_items: int
    n_clusters: int
    """Different problems: several orders of one problem are one cluster."""
    accuracy: float
    """An invalid answer is not right."""
    accuracy_stderr: float | None
    always: dict[str, float]
    """Choice → accuracy of always answering it."""
    said: dict[str, float] | None
    """Choice → its share of the valid answers; None where there is no valid answer."""
    balanced_accuracy: float | None
    """Mean over labels of the share answered right; None where a choice is not an item's label."""
    balanced_accuracy_stderr: float | None
    auc: float | None
    """Area under the curve of the log-odds of the first of two choices."""
    auc_stderr: float | None
    dprime: float | None
    """Of two choices; a constant answer has 0."""
    n_invalid: int
    n_truncated: int
    """Answers cut off by the limit of generation."""
    threshold: float | None
    """Log-odds above which the first choice counts as said, chosen on ``threshold_task``."""
    threshold_task: str | None
    n_threshold: int | None
    """Items it was chosen on."""
    accuracy_at_threshold: float | None
    reading: str
    """All that in one line of plain words."""

    @property
    def best_constant(self) -> tuple[str, float]:
        """The choice that does best when it is always answered, and its accuracy."""
        return max(self.always.items(), key=lambda item: item[1])


class TaskScore(BaseModel):
    """One task, or a group of tasks, in lm-eval's spelling.

    ``metrics`` are what lm-eval gives, keys such as ``acc,none`` and ``acc_stderr,none``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    version: str
    n_shot: int | None
    n_items: int
    n_docs: int
    """Items of the task, whatever the limit."""
    metrics: dict[str, Any]
    bias: AnswerBias | None = None
    """None where choices differ from item to item, or answers are not among choices."""
    warnings: tuple[str, ...] = ()
    """What lm-eval and the task's own code warned of while it was asked and scored."""

    def add_to(self, record: Any) -> None:
        """Put metrics, warnings and response bias into a record, and how the task was asked.

        Parameters
        ----------
        record : with ``accuracy``, ``notes``, ``answer_bias`` and ``tasks``.
        """
        record.accuracy[self.task] = self.metrics
        record.notes += [f"{self.task}: {text}" for text in self.warnings]
        if self.bias is not None:
            record.answer_bias.append(self.bias)
        if self.task in record.tasks:
            asked = self.model_dump(include={"n_shot", "n_items", "n_docs"})
            record.tasks[self.task] = record.tasks[self.task].model_copy(update=asked)


class Threshold(BaseModel):
    """Log-odds above which the first choice counts as said, chosen on a validation split."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    value: float | None
    n_items: int
