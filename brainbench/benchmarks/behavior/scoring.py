"""Compare a model, or a control, with a group of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.behavior.consistency import (
    Array,
    divide,
    leave_one_out,
    majority_of_others,
    mean_of,
    spearman,
)
from brainbench.benchmarks.behavior.people import Group, HumanReference, Mask, answer_measures
from brainbench.benchmarks.behavior.score import (
    ItemCorrelation,
    Measure,
    Statistic,
)
from brainbench.benchmarks.cell import POOLED
from brainbench.benchmarks.published.scoring import finite_or_none
from brainbench.statistics.inference import jackknife_interval


@dataclass(frozen=True)
class Responder:
    """Answers to compare with people's: of the model or a control.

    Attributes
    ----------
    answer : (n_items, 1) answers, or (n_items, n_people) where they differ by the person
        they are held against; NaN where there is none.
    confidence : (n_items,) what stands in for log-odds of the right answer.
    certainty : (n_items,) what stands in for the distance of log-odds from 0.
    """

    answer: Array
    confidence: Array
    certainty: Array

    @classmethod
    def from_answers(cls, answer: Array, log_odds: Array, labels: Array) -> Responder:
        """Answers and log-odds as a responder: confidence is log-odds of the right answer.

        Parameters
        ----------
        answer : (n_items,) True (1), False (0), NaN where missing.
        log_odds : (n_items,) of True; their distance from 0 is the certainty.
        labels : (n_items,) what follows (1) and what does not (0).
        """
        return cls(answer[:, None], np.where(labels == 1.0, log_odds, -log_odds), np.abs(log_odds))

    def predictor(self, measure: Measure) -> Array:
        """(n_items,) what a correlation over items is of."""
        return self.certainty if measure == "certainty_time" else self.confidence


@dataclass(frozen=True)
class ControlResponder:
    """A control to be scored; ``reason`` says why it lacks answers, confidence or both."""

    name: str
    responder: Responder
    reason: str | None = None


def control_responders(group: Group) -> list[ControlResponder]:
    """Answers that need no reasoning, the logical label, other people, and plain features.

    The first three are as sure of every item as of any other. Features stand in for
    confidence and for certainty alike; what counts of them is how far from 0 they get.
    """
    labels, nothing = group.labels, np.full(len(group.labels), np.nan)
    ones = np.ones_like(labels)
    rows = [
        ControlResponder("always True", Responder.from_answers(ones, ones, labels)),
        ControlResponder("always False", Responder.from_answers(0 * ones, -ones, labels)),
        ControlResponder("always right", Responder.from_answers(labels, 2 * labels - 1, labels)),
        ControlResponder(
            "majority of others",
            Responder(majority_of_others(group.answers), nothing, nothing),
            "has no confidence of its own; people's accuracy and times are the reference",
        ),
    ]
    for name, (column, reason) in _features(group).items():
        varies = np.ptp(column) > 0
        values = column if varies else nothing
        rows.append(
            ControlResponder(
                name,
                Responder(nothing[:, None], values, values),
                "gives no answers" if varies else reason,
            )
        )
    return rows


def score_answers(group: Group, responder: Responder) -> dict[Measure, Array]:
    """(n_people,) each statistic of answers with each person; NaN where undefined.

    Parameters
    ----------
    group : the people and their answers.
    responder : the model, or a control.
    """
    return answer_measures(responder.answer, group.answers, group.labels)


def score_items(group: Group, responder: Responder) -> dict[Measure, float]:
    """Each correlation over items; NaN where undefined.

    Parameters
    ----------
    group : the people, whose mean accuracy and response time are correlated with.
    responder : the model, or a control, with its confidence and certainty.
    """
    return {
        name: spearman(responder.predictor(name), target)
        for name, target in group.targets().items()
    }


def headline(group: Group, responder: Responder) -> dict[Measure, float | None]:
    """Every statistic as one number: means over people, correlations over items.

    Parameters
    ----------
    group : the people and their answers.
    responder : the model, or a control.

    Returns
    -------
    Each statistic by name; None where it is undefined.
    """
    found = {
        name: float(mean_of(values, axis=0))
        for name, values in score_answers(group, responder).items()
    }
    found |= score_items(group, responder)
    return {name: finite_or_none(value) for name, value in found.items()}


def answer_statistic(group: Group, responder: Responder, name: Measure) -> Statistic:
    """One statistic of answers with its intervals and its reference.

    Parameters
    ----------
    group : the people and their answers.
    responder : the model, or a control.
    name : a statistic of answers, such as ``error_consistency``.
    """
    values = score_answers(group, responder)[name]
    value = float(mean_of(values, axis=0))
    without = leave_one_out(lambda people: float(mean_of(values[people], axis=0)), values.size)
    valid = ~np.isnan(responder.answer[:, 0]) & ~np.isnan(group.answers).all(axis=1)
    items = np.flatnonzero(valid)

    def of_items(kept: Mask) -> float:
        rows = items[kept]
        measured = answer_measures(responder.answer[rows], group.answers[rows], group.labels[rows])
        return float(mean_of(measured[name], axis=0))

    return Statistic(
        value=finite_or_none(value),
        # people with whom it is undefined are not units of the mean
        interval=jackknife_interval(value, without[~np.isnan(values)], fewest=2),
        interval_items=jackknife_interval(value, leave_one_out(of_items, items.size), fewest=2),
        n_items=items.size,
        n_undefined=int(np.isnan(values).sum()),
        **_against(group.references[name], value, without),
    )


def item_correlation(group: Group, responder: Responder, name: Measure) -> ItemCorrelation:
    """One correlation over items with its intervals, reference and bound.

    Parameters
    ----------
    group : the people; what they reach among themselves is the reference.
    responder : the model, or a control.
    name : a correlation over items, such as ``confidence_accuracy``.
    """
    predictor, target = responder.predictor(name), group.targets()[name]
    items = np.flatnonzero(~np.isnan(predictor) & ~np.isnan(target))
    value = spearman(predictor, target)
    without = leave_one_out(
        lambda people: spearman(predictor, group.targets(people)[name]), len(group.columns)
    )
    without_items = leave_one_out(
        lambda kept: spearman(predictor[items[kept]], target[items[kept]]), items.size
    )
    reliability = group.reliabilities[name]
    return ItemCorrelation(
        value=finite_or_none(value),
        interval=jackknife_interval(value, without, fewest=2),
        interval_items=jackknife_interval(value, without_items, fewest=2),
        n_items=items.size,
        **_against(group.references[name], value, without),
        reliability=finite_or_none(reliability),
        bound=float(np.sqrt(reliability)) if reliability >= 0 else None,
    )


def _against(reference: HumanReference, value: float, without: Array) -> dict[str, Any]:
    """Fields of a statistic that say how the model stands to people among themselves.

    ``value`` and ``without`` are the model's, with everybody and without each person.
    """
    interval = reference.interval
    trusted = interval is not None and interval[0] > 0
    ratio = value / reference.value if trusted else float("nan")
    return {
        "reference": finite_or_none(reference.value),
        "reference_interval": interval,
        "reference_undefined": reference.undefined,
        "ratio": finite_or_none(ratio),
        "ratio_interval": jackknife_interval(ratio, divide(without, reference.without), fewest=2),
    }


def _features(group: Group) -> dict[str, tuple[Array, str]]:
    """(n_items,) columns that are known before any reasoning, and why one may not vary."""
    problems = group.behavior.problems
    words = [sum(len(sentence.split()) for sentence in p.sentences) for p in problems]
    only = f"every item here is {group.reasoning_type}"
    columns: dict[str, tuple[NDArray[np.generic] | list[int], str]] = {
        "reasoning type": (
            np.array([p.reasoning_type == "transitive" for p in problems]),
            only if group.reasoning_type != POOLED else "every item is of one type",
        ),
        "number of words": (words, "every text is of the same length"),
        "negated conclusion": (
            np.array([p.condition.negated for p in problems]),
            "no item, or every item, is negated",
        ),
        "premises needed": (
            np.array([p.condition.premises_needed for p in problems]),
            "every item needs as many premises",
        ),
        "position in run": (
            group.behavior.responses["position"].values,
            "every item stands at the same place",
        ),
    }
    return {
        name: (np.asarray(column, np.float64), reason) for name, (column, reason) in columns.items()
    }
