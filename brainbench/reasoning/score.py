"""What came out of a task, and what would expose it."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from brainbench.quantities import Count, Share, Spread
from brainbench.reasoning.uncertainty import area_side, share_interval
from brainbench.shown import ShownScore

# how much more often than it is right an answer is given, to be reported as leaning
_LEANING = 0.15
# a share that rounds to all of them
_ALWAYS = 0.995


class AnswerBias(ShownScore, BaseModel):
    """Answers to questions with the same choices, beside what answering blindly gets.

    The measures are those of ``tasks/metrics.py``; errors are clustered by ``base_id``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    choices: tuple[str, ...]
    n_items: Count
    n_clusters: Count
    """Different problems: several orders of one problem are one cluster."""
    accuracy: Share
    """An invalid answer is not right."""
    accuracy_stderr: Spread | None
    always: dict[str, Share]
    """Choice → accuracy of always answering it."""
    answer_shares: dict[str, Share] | None
    """Choice → its share of the valid answers; None where there is no valid answer."""
    balanced_accuracy: Share | None
    """Mean over labels of the share answered right; None where a choice is not an item's label."""
    balanced_accuracy_stderr: Spread | None
    auc: Share | None
    """Area under the curve of the log-odds of the first of two choices."""
    auc_stderr: Spread | None
    dprime: float | None
    """Of two choices; a constant answer has 0."""
    n_invalid: Count
    n_truncated: Count
    """Answers cut off by the limit of generation."""
    threshold: float | None
    """Log-odds above which the first choice is the answer, chosen on ``threshold_task``."""
    threshold_task: str | None
    n_threshold: Count | None
    """Items it was chosen on."""
    accuracy_at_threshold: Share | None

    @model_validator(mode="after")
    def _of_its_choices(self) -> Self:
        for name in ("always", "answer_shares"):
            shares = getattr(self, name)
            if shares is not None and set(shares) != set(self.choices):
                raise ValueError(f"{name} holds other answers than the choices")
        if not self.choices:
            raise ValueError("choices are none")
        return self

    @property
    def best_constant(self) -> tuple[str, float]:
        """The choice that does best when it is always answered, and its accuracy."""
        return max(self.always.items(), key=lambda item: item[1])

    @property
    def accuracy_interval(self) -> tuple[float, float] | None:
        """95 % interval of the accuracy; see :func:`.uncertainty.share_interval`."""
        return share_interval(self.accuracy, self.n_items, self.n_clusters, self.accuracy_stderr)

    @property
    def beats_constant(self) -> bool:
        """Whether the interval of the accuracy lies above the best constant answer's.

        That one's accuracy is a property of the items, and is taken as given.
        """
        found = self.accuracy_interval
        return found is not None and found[0] > self.best_constant[1]

    @property
    def reading(self) -> str:
        """In plain words: against the best constant answer, where answers lean, what odds tell."""
        constant, accuracy = self.best_constant
        parts = []
        always = f"always saying {constant} ({self.accuracy:.3f} against {accuracy:.3f})"
        if self.answer_shares is not None and max(self.answer_shares.values()) >= _ALWAYS:
            word = max(self.answer_shares, key=self.answer_shares.__getitem__)
            parts.append(
                f"always says {word}: its accuracy is the share of such problems "
                f"({self.accuracy:.3f})"
            )
        elif self.accuracy - accuracy <= 0:
            parts.append(f"no better than {always}")
        elif self.beats_constant:
            parts.append(f"better than {always}")
        else:
            parts.append(f"not clearly better than {always}")
        parts += self._leaning()
        if self.auc is not None:
            shares = (self.always[self.choices[0]], self.always[self.choices[-1]])
            side = area_side(self.auc, self.auc_stderr, shares, self.n_clusters)
            verdict = {1: "separate the answers", -1: "point the wrong way",
                    0: "do not separate the answers"}[side]  # fmt: skip
            parts.append(f"its log-odds {verdict} (AUC {self.auc:.3f})")
        if self.n_invalid:
            parts.append(f"{self.n_invalid} of {self.n_items} answers are invalid")
        if self.n_truncated:
            parts.append(f"{self.n_truncated} were cut off")
        return "; ".join(parts)

    def _leaning(self) -> list[str]:
        shares = self.answer_shares
        if shares is None:
            return ["no answer is valid"]
        word = max(self.choices, key=lambda choice: shares[choice] - self.always[choice])
        share, labelled = shares[word], self.always[word]
        if share - labelled <= _LEANING or share >= _ALWAYS:
            return []
        return [f"leans towards {word}: says it in {share:.0%}, right in {labelled:.0%}"]


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
    """Log-odds above which the first choice is the answer, chosen on a validation split."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    value: float | None
    n_items: int
