"""Answers of the arms of a comparison to one test, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError

TRUE, FALSE, INVALID = 0, 1, -1


@dataclass(frozen=True, eq=False)
class TestItems:
    """The problems of one test. Of two choices, 0 is True and 1 is False.

    Attributes
    ----------
    labels : (n_items,) index of the right choice.
    n_choices : how many there are to choose from.
    base : (n_items,) cluster that the bootstrap draws as one: the orders of premises of one
        problem, the questions about one story.
    order : (n_items,) which order of premises; 0 is the one that stands for the problem.
    """

    __test__: ClassVar[bool] = False  # pytest takes what is called Test… for tests

    labels: NDArray[np.intp]
    n_choices: int
    base: NDArray[np.intp] | NDArray[np.str_]
    order: NDArray[np.intp]

    def __post_init__(self) -> None:
        n_items = self.labels.size
        if not n_items:
            raise DataError("a test without problems says nothing; give at least one")
        if not self.labels.shape == self.base.shape == self.order.shape == (n_items,):
            raise DataError(
                "labels, base and order must hold one value for each problem; their shapes are "
                f"{self.labels.shape}, {self.base.shape}, {self.order.shape}"
            )
        if self.n_choices < 2:
            raise DataError(f"a test needs at least two choices, not {self.n_choices}")
        if self.labels.min() < 0 or self.labels.max() >= self.n_choices:
            raise DataError(
                f"labels must be indices of {self.n_choices} choices, 0 to {self.n_choices - 1}; "
                f"they go from {self.labels.min()} to {self.labels.max()}"
            )

    @property
    def n_items(self) -> int:
        """Number of problems, each order of premises counted."""
        return int(self.labels.size)

    @property
    def n_base(self) -> int:
        """Number of problems, orders of premises not counted."""
        return int(self.clusters.max()) + 1

    @cached_property
    def clusters(self) -> NDArray[np.intp]:
        """(n_items,) ``base``, numbered from 0."""
        numbered: NDArray[np.intp] = np.unique(self.base, return_inverse=True)[1]
        return numbered

    def holds(self, *labels: int) -> bool:
        """Whether each of these labels occurs."""
        return bool(np.isin(labels, self.labels).all())


@dataclass(frozen=True, eq=False)
class ArmAnswers:
    """One arm's answers to one test, a row for each seed or permutation.

    An arm that no seed changes has the same row for each seed.

    Attributes
    ----------
    log_odds : (n_seeds, n_items) log P(True) - log P(False); NaN throughout where there are
        none, as of tests with three choices.
    answer : (n_seeds, n_items) index of the choice that was answered, -1 for none of them.
    strengths : (n_seeds,) of steering, chosen on validation problems.
    thresholds : (n_seeds,) log-odds above which the answer counts as True, chosen there too.
    layers : of steering, those where something was added, in any row.
    shifts : (n_seeds, 3) on neutral text: divergence, rise of surprisal, and share of choices that
        were beyond the limit; see :class:`~brainbench.guidance.rows.NeutralShift`.
    """

    log_odds: Array
    answer: NDArray[np.intp]
    strengths: Array | None = None
    thresholds: Array | None = None
    layers: tuple[int, ...] | None = None
    shifts: Array | None = None

    def __post_init__(self) -> None:
        if (
            self.answer.ndim != 2
            or not self.answer.size
            or self.answer.shape != self.log_odds.shape
        ):
            raise DataError(
                "log_odds and answer must both be (n_seeds, n_items), neither of them empty; their "
                f"shapes are {self.log_odds.shape} and {self.answer.shape}"
            )
        missing = np.isnan(self.log_odds)
        if missing.any() and not missing.all():
            seeds = np.flatnonzero(missing.any(axis=1)).tolist()
            raise DataError(
                f"{int(missing.sum())} of {missing.size} log-odds are NaN (rows {seeds}): give "
                "them for every problem or for none; a steering that overflows is too strong"
            )
        for name in ("strengths", "thresholds"):
            values = getattr(self, name)
            if values is None:
                continue
            if values.shape != (self.n_seeds,) or not np.isfinite(values).all():
                raise DataError(f"{name} must be {self.n_seeds} finite numbers, one a seed")
        if self.shifts is not None and self.shifts.shape != (self.n_seeds, 3):
            raise DataError(f"shifts must be {self.n_seeds} rows of three, one a seed")

    @property
    def n_seeds(self) -> int:
        """Number of rows."""
        return int(self.answer.shape[0])

    @property
    def has_odds(self) -> bool:
        """Whether there are log-odds."""
        return not bool(np.isnan(self.log_odds[0, 0]))

    def check(self, name: str, items: TestItems) -> None:
        """Check that these are answers to these problems.

        Parameters
        ----------
        name : of the arm, for messages.
        items : problems of the test.

        Raises
        ------
        DataError
            When the number of answers is not that of the problems, or an answer is neither -1 nor
            the index of a choice.
        """
        if self.answer.shape[1] != items.n_items:
            raise DataError(
                f"arm {name!r} answered {self.answer.shape[1]} problems of a test of "
                f"{items.n_items}; every arm must answer all of them"
            )
        if self.answer.min() < INVALID or self.answer.max() >= items.n_choices:
            raise DataError(
                f"arm {name!r}: answers must be -1 or an index of {items.n_choices} "
                f"choices; they go from {self.answer.min()} to {self.answer.max()}"
            )
