"""Behaviour benchmarks: does a model answer, and err, as people do?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.base import OwnBenchmark, types_of
from brainbench.benchmarks.behavior.consistency import Array, area_under_curve, mean_of
from brainbench.benchmarks.behavior.people import Group, gather
from brainbench.benchmarks.behavior.score import (
    ANSWER_MEASURES,
    IN_WORDS,
    ITEM_MEASURES,
    MEASURES,
    BehaviorControl,
    BehaviorScore,
    PersonAgreement,
)
from brainbench.benchmarks.behavior.scoring import (
    Responder,
    answer_statistic,
    control_responders,
    headline,
    item_correlation,
    score_answers,
)
from brainbench.benchmarks.cell import POOLED, is_pooled
from brainbench.benchmarks.inputs import Inputs, Needs, Scoring
from brainbench.benchmarks.published.scoring import finite_or_none
from brainbench.datasets import Behavior, Card, load_behavior, load_card
from brainbench.errors import DataError
from brainbench.models import Answers
from brainbench.progress import Progress, Step

BEHAVIOR = "behavior"
BEHAVIOR_METRIC = "consistency"
# Raise when a change of the code changes a score.
BEHAVIOR_VERSION = 1
B = TypeVar("B", bound="AnswersBenchmark")


@dataclass(frozen=True)
class AnswersBenchmark(OwnBenchmark):
    """A model's answers to the problems that people of one dataset solved.

    Parameters
    ----------
    dataset : name of a dataset of answers.
    reasoning_type : ``all``, ``syllogistic`` or ``transitive``.
    """

    dataset: str
    reasoning_type: str

    @property
    def needs(self) -> Needs:
        """Answers to the problems of its types."""
        return Needs(answers=self.reasoning_types)

    @property
    def reasoning_types(self) -> tuple[str, ...]:
        """The types whose items are asked."""
        if self.reasoning_type == POOLED:
            return load_card(self.dataset).reasoning_types
        return (self.reasoning_type,)


@dataclass(frozen=True)
class BehaviorBenchmark(AnswersBenchmark):
    """A model's answers against those of people, inside one reasoning type or over all.

    ``benchmark(model)`` gives a :class:`~brainbench.benchmarks.behavior.score.BehaviorScore`.

    Parameters
    ----------
    dataset : name of a dataset of answers.
    reasoning_type : ``all``, ``syllogistic`` or ``transitive``.
    """

    @property
    def identifier(self) -> str:
        """``<dataset>.behavior.<type>-consistency``."""
        return f"{self.dataset}.{BEHAVIOR}.{self.reasoning_type}-{BEHAVIOR_METRIC}"

    @property
    def version(self) -> int:
        """Grows when a change of the code changes a score."""
        return BEHAVIOR_VERSION

    @classmethod
    def of_dataset(cls, card: Card) -> list[Self]:
        """Over all items and inside each reasoning type, where people's answers are compared."""
        return [cls(card.name, kind) for kind in types_of(card)] if card.behavior else []

    @property
    def about(self) -> dict[str, object]:
        """What ``brainbench show`` prints of it, by name."""
        return super().about | {
            "needs": "answers",
            "headline": f"{IN_WORDS['error_consistency']}, mean over people",
            "beside it": ", ".join(IN_WORDS[name] for name in MEASURES[1:]),
        }

    @property
    def ceiling(self) -> float | None:
        """κ of errors of people among themselves, mean over pairs: measured, no upper bound."""
        group = gather(load_behavior(self.dataset), self.reasoning_type)
        return finite_or_none(group.references["error_consistency"].value)

    @classmethod
    def score_group(
        cls, group: Sequence[Self], inputs: Inputs, scoring: Scoring
    ) -> Iterator[BehaviorScore]:
        """Score a model's answers; see :func:`score_behavior`."""
        return score_behavior(
            group, inputs.behavior, inputs.answers, seed=scoring.seed, report=scoring.report
        )


def score_behavior(
    benchmarks: Sequence[BehaviorBenchmark],
    behavior: Behavior,
    answers: Answers,
    *,
    seed: int = 0,
    report: Progress | None = None,
) -> Iterator[BehaviorScore]:
    """Score a model's answers on benchmarks of one dataset.

    Parameters
    ----------
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
        group = gather(behavior, benchmark.reasoning_type, seed)
        yield _score(benchmark, group, answers, answers.said[asked], answers.log_odds[asked])


def each_asked(
    benchmarks: Sequence[B], behavior: Behavior, answers: Answers, report: Progress | None
) -> Iterator[tuple[B, NDArray[np.bool_]]]:
    """Benchmarks of one dataset, each with which of the problems are its items.

    Parameters
    ----------
    behavior : the items that were asked.
    answers : the model's, to the problems of ``behavior``.
    report : called before each benchmark.

    Raises
    ------
    DataError
        When there is not one answer for each problem.
    """
    if answers.n_items != len(behavior.problems):
        raise DataError(f"{answers.n_items} answers for {len(behavior.problems)} problems")
    types = np.array([problem.reasoning_type for problem in behavior.problems])
    for done, benchmark in enumerate(benchmarks):
        if report:
            report(Step(benchmark.identifier, done, len(benchmarks)))
        yield benchmark, np.isin(types, benchmark.reasoning_types)


def _score(
    benchmark: BehaviorBenchmark, group: Group, answers: Answers, answer: Array, log_odds: Array
) -> BehaviorScore:
    """One cell: ``answer`` and ``log_odds`` are those of its items."""
    labels = group.labels
    model = Responder.from_answers(answer, log_odds, labels)
    right = (answer == labels).astype(np.float64)  # an invalid answer is not right
    sides = [float(mean_of(right[labels == side], axis=0)) for side in (0.0, 1.0)]
    statistics: dict[str, Any] = {
        **{name: answer_statistic(group, model, name) for name in ANSWER_MEASURES},
        **{name: item_correlation(group, model, name) for name in ITEM_MEASURES},
    }
    return BehaviorScore(
        benchmark=benchmark.identifier,
        version=benchmark.version,
        dataset=benchmark.dataset,
        reasoning_type=benchmark.reasoning_type,
        simulated=group.behavior.card.simulated,
        pooled=is_pooled(group.behavior.card, benchmark.reasoning_type),
        **statistics,
        accuracy=float(right.mean()),
        balanced_accuracy=finite_or_none(float(np.mean(sides))),
        auc=finite_or_none(area_under_curve(log_odds, labels)),
        true_rate=finite_or_none(float(mean_of(answer, axis=0))),
        labelled_true=float(labels.mean()),
        n_people=len(group.columns),
        n_items=len(labels),
        n_invalid=int(np.isnan(answer).sum()),
        n_cut_off=answers.cut_off,
        n_log_odds=int((~np.isnan(log_odds)).sum()),
        left_out=group.left_out,
        people=_people(group, model),
        controls=tuple(
            BehaviorControl(
                control=control.name,
                **headline(group, control.responder),
                reason=control.reason,
            )
            for control in control_responders(group)
        ),
        notes=answers.warnings,
    )


def _people(group: Group, model: Responder) -> tuple[PersonAgreement, ...]:
    """The model and each person; beside it that person and the others."""
    values = score_answers(group, model)
    references = {name: mean_of(pairs, axis=1) for name, pairs in group.pairs.items()}
    both = ~np.isnan(model.answer) & ~np.isnan(group.answers)
    return tuple(
        PersonAgreement(
            subject=subject,
            n_items=int(both[:, i].sum()),
            missing=float(group.missing[group.columns[i]]),
            accuracy=float(np.nanmean(group.right[:, i])),
            **{name: finite_or_none(values[name][i]) for name in ANSWER_MEASURES},
            reference={name: finite_or_none(references[name][i]) for name in ANSWER_MEASURES},
        )
        for i, subject in enumerate(group.subjects)
    )
