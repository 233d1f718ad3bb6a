"""Difficulty benchmarks: is a model sure where people are right, adults and children?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from brainbench.benchmarks.base import types_of
from brainbench.benchmarks.behavior.benchmark import AnswersBenchmark, each_asked
from brainbench.benchmarks.behavior.scoring import Responder
from brainbench.benchmarks.cell import is_pooled
from brainbench.benchmarks.difficulty.score import DifficultyScore, PersonRow
from brainbench.benchmarks.difficulty.scoring import (
    Crowd,
    age_slopes,
    agreement_with_each,
    profile_rows,
)
from brainbench.benchmarks.inputs import Inputs, Scoring
from brainbench.benchmarks.published.scoring import finite_or_none
from brainbench.datasets import Behavior, Card, load_behavior, load_card
from brainbench.models import Answers
from brainbench.progress import Progress

# Raise when a change of the code changes a score.
DIFFICULTY_VERSION = 1


@dataclass(frozen=True)
class DifficultyBenchmark(AnswersBenchmark):
    """A model's confidence against the share of people who were right, item by item.

    ``benchmark(model)`` gives a :class:`~brainbench.benchmarks.difficulty.score.DifficultyScore`.

    Parameters
    ----------
    dataset : a joined dataset of answers: people in groups.
    reasoning_type : ``all``, ``syllogistic`` or ``transitive``.
    """

    @property
    def identifier(self) -> str:
        """``<dataset>.difficulty.<type>-correlation``."""
        return f"{self.dataset}.difficulty.{self.reasoning_type}-correlation"

    @property
    def version(self) -> int:
        """Grows when a change of the code changes a score."""
        return DIFFICULTY_VERSION

    @classmethod
    def of_dataset(cls, card: Card) -> list[Self]:
        """Over all items and inside each reasoning type, of datasets that join groups of people."""
        return [cls(card.name, kind) for kind in types_of(card)] if card.joined else []

    @property
    def about(self) -> dict[str, object]:
        """What ``brainbench show`` prints of it, by name."""
        parts = [load_card(name) for name in load_card(self.dataset).requires]
        groups = [f"{len(part.subjects)} {part.age_group} ({part.name})" for part in parts]
        return super().about | {
            "groups": ", ".join(groups),
            "needs": "answers",
            "headline": "Spearman's ρ over items of the model's log-odds of the right answer with "
            "the share of people who were right; each group counts the same",
            "beside it": "each group; their correlation; reliability; beyond condition; age",
        }

    @property
    def ceiling(self) -> float | None:
        """√reliability of the joint profile: what a perfect predictor is expected to reach."""
        crowd = Crowd.of(load_behavior(self.dataset), self.reasoning_type)
        reliability = crowd.reliabilities["joint"]
        return float(np.sqrt(reliability)) if reliability >= 0 else None

    @classmethod
    def score_group(
        cls, group: Sequence[Self], inputs: Inputs, scoring: Scoring
    ) -> Iterator[DifficultyScore]:
        """Score a model's answers; see :func:`score_difficulty`."""
        return score_difficulty(
            group, inputs.behavior, inputs.answers, seed=scoring.seed, report=scoring.report
        )


def score_difficulty(
    benchmarks: Sequence[DifficultyBenchmark],
    behavior: Behavior,
    answers: Answers,
    *,
    seed: int = 0,
    report: Progress | None = None,
) -> Iterator[DifficultyScore]:
    """Score a model's confidence on benchmarks of one dataset.

    Parameters
    ----------
    benchmarks : all of the same dataset.
    behavior : the items that were asked, at least those of the benchmarks.
    answers : the model's, to the problems of ``behavior``.
    seed : of the split halves.
    report : called before each benchmark.

    Raises
    ------
    DataError
        When there is not one answer for each problem, or a benchmark has no item.
    """
    for benchmark, asked in each_asked(benchmarks, behavior, answers, report):
        crowd = Crowd.of(behavior, benchmark.reasoning_type, seed)
        model = Responder.from_answers(
            answers.said[asked], answers.log_odds[asked], crowd.group.labels
        )
        yield _score(benchmark, crowd, model, answers.warnings)


def _score(
    benchmark: DifficultyBenchmark, crowd: Crowd, model: Responder, notes: tuple[str, ...]
) -> DifficultyScore:
    card = crowd.group.behavior.card
    with_each = agreement_with_each(crowd, model)
    return DifficultyScore(
        benchmark=benchmark.identifier,
        version=benchmark.version,
        dataset=benchmark.dataset,
        reasoning_type=benchmark.reasoning_type,
        pooled=is_pooled(card, benchmark.reasoning_type),
        simulated=card.simulated,
        groups={name: int(m.sum()) for name, m in crowd.masks.items() if name in crowd.groups},
        n_items=len(crowd.right),
        n_log_odds=int((~np.isnan(model.confidence)).sum()),
        n_invalid=int(np.isnan(model.answer).sum()),
        profiles=tuple(profile_rows(crowd, model)),
        correlations=crowd.correlations,
        slopes=tuple(age_slopes(crowd, model, with_each)),
        people=tuple(
            PersonRow(
                subject=subject,
                group=str(crowd.groups[i]),
                age=float(crowd.ages[i]),
                n_items=int((~np.isnan(crowd.right[:, i])).sum()),
                lacks=card.missing_runs.get(subject, ()),
                accuracy=float(np.nanmean(crowd.right[:, i])),
                confidence=finite_or_none(with_each["confidence"][i]),
                errors=finite_or_none(with_each["errors"][i]),
            )
            for i, subject in enumerate(crowd.group.subjects)
        ),
        notes=notes,
    )
