"""The people of a cell, and how far they agree among themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.behavior.consistency import (
    Array,
    agreement,
    correctness,
    each_against_others,
    leave_one_out,
    mean_of,
    split_half_reliability,
    standardise,
)
from brainbench.benchmarks.behavior.score import ANSWER_MEASURES, MAX_MISSING, LeftOut, Measure
from brainbench.benchmarks.cell import POOLED
from brainbench.datasets import Behavior
from brainbench.errors import DataError
from brainbench.statistics.inference import jackknife_interval

_HALVINGS = 500
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class HumanReference:
    """A statistic of people among themselves.

    Attributes
    ----------
    of : the statistic of some of the people, by a mask over them.
    n_people : how many there are.
    undefined : pairs, or people, left out because it is undefined for them.
    """

    of: Callable[[Mask], float]
    n_people: int
    undefined: int

    @cached_property
    def value(self) -> float:
        """The statistic of everybody; NaN where it is undefined."""
        return self.of(np.ones(self.n_people, dtype=bool))

    @cached_property
    def without(self) -> Array:
        """(n_people,) the statistic without each person."""
        return leave_one_out(self.of, self.n_people)

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """95 %, each person left out in turn."""
        return jackknife_interval(self.value, self.without, fewest=2)


@dataclass(frozen=True)
class Group:
    """The people of a cell who answered enough of it, and its items.

    Attributes
    ----------
    behavior : the items of the cell, with everybody's answers.
    reasoning_type : one type, or ``all``.
    columns : (n_people,) which of everybody are in the group.
    missing : (everybody,) share of the items without an answer.
    seed : of the split halves.
    """

    behavior: Behavior
    reasoning_type: str
    columns: NDArray[np.intp]
    missing: Array
    seed: int

    @property
    def subjects(self) -> list[str]:
        """Names, in the order of the columns."""
        return [self.behavior.subjects[column] for column in self.columns]

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Everybody else, by name."""
        rest = [i for i in range(len(self.missing)) if i not in set(self.columns)]
        return tuple(
            LeftOut(subject=self.behavior.subjects[i], missing=float(self.missing[i])) for i in rest
        )

    @property
    def labels(self) -> Array:
        """(n_items,) what follows (1) and what does not (0)."""
        return self.behavior.labels

    @cached_property
    def answers(self) -> Array:
        """(n_items, n_people) True (1), False (0), missing (NaN)."""
        return self.behavior.values("answer")[:, self.columns]

    @cached_property
    def right(self) -> Array:
        """(n_items, n_people) right (1), wrong (0), missing (NaN)."""
        return correctness(self.answers, self.labels)

    @cached_property
    def times(self) -> Array:
        """(n_items, n_people) response time, standardised within each person."""
        return standardise(self.behavior.values("response_time")[:, self.columns])

    def targets(self, people: Mask | None = None) -> dict[Measure, Array]:
        """(n_items,) what each correlation over items is with: means over people."""
        chosen = np.ones(len(self.columns), dtype=bool) if people is None else people
        time = mean_of(self.times[:, chosen], axis=1)
        accuracy = mean_of(self.right[:, chosen], axis=1)
        return {"confidence_accuracy": accuracy, "certainty_time": time, "confidence_time": time}

    @cached_property
    def pairs(self) -> dict[Measure, Array]:
        """(n_people, n_people) each statistic between two people; NaN on the diagonal."""
        found = answer_measures(self.answers[:, :, None], self.answers[:, None, :], self.labels)
        for values in found.values():
            np.fill_diagonal(values, np.nan)
        return found

    @cached_property
    def references(self) -> dict[Measure, HumanReference]:
        """What people reach among themselves, for each statistic."""
        n = len(self.columns)
        found: dict[Measure, HumanReference] = {}
        for name in ANSWER_MEASURES:
            pairs = self.pairs[name]
            undefined = int(np.isnan(pairs).sum() - n) // 2
            found[name] = HumanReference(_mean_pair(pairs), n, undefined)
        accuracy, time = _own_reference(self.right), _own_reference(self.times)
        return found | {
            "confidence_accuracy": accuracy,
            "certainty_time": time,
            "confidence_time": time,
        }

    @cached_property
    def reliabilities(self) -> dict[Measure, float]:
        """Split-half reliability of each target of a correlation over items."""
        accuracy, time = (
            split_half_reliability(values, _HALVINGS, np.random.default_rng(self.seed))
            for values in (self.right, self.times)
        )
        return {"confidence_accuracy": accuracy, "certainty_time": time, "confidence_time": time}


def gather(
    behavior: Behavior, reasoning_type: str, seed: int = 0, everybody: bool = False
) -> Group:
    """Take the items of one reasoning type, or all, and the people who answered enough.

    Parameters
    ----------
    behavior : answers and response times of everybody.
    reasoning_type : one type, or ``all``.
    seed : of the split halves that reliability is measured by.
    everybody : also people who lack many answers; not who lack all.

    Raises
    ------
    DataError
        When there is no such item, or nobody answered enough.
    """
    types = behavior.card.reasoning_types if reasoning_type == POOLED else (reasoning_type,)
    chosen = behavior.select(types)
    missing = np.isnan(chosen.values("answer")).mean(axis=0)
    columns = np.flatnonzero(missing < 1.0 if everybody else missing <= MAX_MISSING)
    if not columns.size:
        lacking = "all" if everybody else f"more than {MAX_MISSING:.0%}"
        raise DataError(
            f"{behavior.card.name}, {reasoning_type}: everybody lacks {lacking} of the responses"
        )
    return Group(chosen, reasoning_type, columns, missing, seed)


def answer_measures(one: Array, other: Array, labels: Array) -> dict[Measure, Array]:
    """The four statistics of two sets of answers, as :func:`.consistency.agreement` does.

    Parameters
    ----------
    one, other : (n_items, ...) answers, broadcast over the axes after the first.
    labels : (n_items,) what is right.
    """
    alike = agreement(one, other)
    errors = agreement(correctness(one, labels), correctness(other, labels))
    return {
        "error_consistency": errors.kappa,
        "answer_kappa": alike.kappa,
        "agreement": alike.observed,
        "above_chance": alike.above_chance,
    }


def _mean_pair(pairs: Array) -> Callable[[Mask], float]:
    """Mean over the pairs of some people."""
    return lambda people: float(mean_of(pairs[np.ix_(people, people)].ravel(), axis=0))


def _own_reference(values: Array) -> HumanReference:
    """Each person's own (n_items,) values with the mean of the others', mean over people."""
    everybody = each_against_others(values)
    return HumanReference(
        lambda people: float(mean_of(each_against_others(values[:, people]), axis=0)),
        values.shape[1],
        int(np.isnan(everybody).sum()),
    )
