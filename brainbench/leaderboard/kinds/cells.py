"""What an entry got in one cell of a board, by the person or problem that it was got from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from brainbench.encoding.ladder.pairs import Found
from brainbench.statistics.inference import Interval, jackknife_values

Array = NDArray[np.float64]
Rule = Literal["mean", "median", "recall", "normal"]


@dataclass(frozen=True)
class EntryCell:
    """One cell of one entry.

    Attributes
    ----------
    value : what it got.
    units : people, or base problems.
    parts : by unit. Of ``mean`` and ``median`` (U,) values; of ``recall`` (U, 2, L) how many
        items of each label it answered right, and how many there are; of ``normal`` (1,)
        the standard error.
    rule : how ``parts`` make the value.
    null : (D,) the same where the model has nothing to do with the responses, under orders of the
        items that every entry meets; empty where there is none.
    orders : which orders those are.
    problems : standard error of the value over problems, where people are the units.
    """

    value: float
    units: tuple[str, ...]
    parts: Array
    rule: Rule
    null: Array = field(default_factory=lambda: np.empty(0))
    orders: str = ""
    problems: float = 0.0

    @property
    def drawn_from(self) -> tuple[str, ...]:
        """Whatever two entries must have in common to be compared."""
        return (*self.units, self.orders, str(self.null.size))


def found_cell(people: Sequence[str], found: Found, orders: str = "") -> EntryCell:
    """How clearly a model is found in all people together.

    Parameters
    ----------
    people : P names.
    found : z, with each of them left out and under orders of the items.
    orders : which orders those are.
    """
    pseudo = jackknife_values(found.z, found.without_person)
    # people drawn anew vary by (P - 1) / P of what the jackknife gives, which two models of a
    # record are compared by
    wide = np.sqrt(len(pseudo) / max(len(pseudo) - 1, 1))
    parts = found.z + (pseudo - found.z) * wide
    return EntryCell(found.z, tuple(people), parts, "mean", found.null, orders)


def mean_cell(people: Sequence[str], values: ArrayLike) -> EntryCell:
    """Mean over people.

    Parameters
    ----------
    people : P names.
    values : (P,) what the entry got with each person.
    """
    own = np.asarray(values, np.float64)
    return EntryCell(float(own.mean()), tuple(people), own, "mean")


def median_cell(people: Sequence[str], values: ArrayLike) -> EntryCell:
    """Median over people.

    Parameters
    ----------
    people : P names.
    values : (P,) what the entry got with each person.
    """
    own = np.asarray(values, np.float64)
    return EntryCell(float(np.median(own)), tuple(people), own, "median")


def kappa_cell(
    people: Sequence[str], given: Sequence[float | None], over_problems: Interval | None = None
) -> EntryCell:
    """Mean over people of κ; undefined with a person who says nothing of the model.

    That person changes no mean, and neither does a model with whom all are undefined.

    Parameters
    ----------
    people : P names.
    given : κ of errors with each person, in their order; None where it is undefined.
    over_problems : interval of their mean over problems; None where it is not known.
    """
    known = [value for value in given if value is not None]
    mean = float(np.mean(known)) if known else 0.0
    values = np.array([mean if value is None else value for value in given])
    error = 0.0 if over_problems is None else error_of(over_problems)
    return EntryCell(mean, tuple(people), values, "mean", problems=error)


def recall_cell(units: Sequence[str], parts: Array) -> EntryCell:
    """Mean over labels of the share answered right.

    Parameters
    ----------
    units : U base problems, each with its labels.
    parts : (U, 2, L) items of each label: how many were answered right, and how many there are.
    """
    right, total = parts.sum(axis=0)
    return EntryCell(float(np.mean(right / total)), tuple(units), parts, "recall")


def error_of(interval: Interval) -> float:
    """Standard error of a normal with this 95 % interval."""
    return float((interval[1] - interval[0]) / (2 * stats.norm.ppf(0.975)))
