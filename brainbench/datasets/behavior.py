"""What people answered: problems, answers and response times, without their brains."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from brainbench.datasets.cards import Card
from brainbench.errors import DataError
from brainbench.problems import Problem


@dataclass(frozen=True)
class Behavior:
    """People's answers to a set of problems.

    Attributes
    ----------
    card : what the dataset is.
    problems : the stimuli, in the order of the rows.
    responses : (presentation, subject) ``accuracy`` (1, 0), ``answer`` (1 for True, 0 for False)
        and ``response_time`` in seconds, NaN where nobody answered; coordinates
        ``stimulus_id, run, position, reasoning_type`` on presentation, and, where they are known,
        ``group`` (such as adults) and ``age`` (years) on subject.
    data_sha256 : hash of everything the numbers come from.
    """

    card: Card
    problems: tuple[Problem, ...]
    responses: xr.Dataset
    data_sha256: str

    @property
    def subjects(self) -> list[str]:
        """People, in the order of the columns."""
        return [str(name) for name in self.responses["subject"].values]

    @property
    def groups(self) -> NDArray[np.str_]:
        """(n_people,) name of the group that each person belongs to.

        Raises
        ------
        DataError
            When the dataset does not say.
        """
        return np.asarray(self._of_people("group"), np.str_)

    @property
    def ages(self) -> NDArray[np.float64]:
        """(n_people,) age in years.

        Raises
        ------
        DataError
            When the dataset does not say.
        """
        return np.asarray(self._of_people("age"), np.float64)

    @property
    def labels(self) -> NDArray[np.float64]:
        """(n_items,) 1 where the conclusion follows, 0 where it does not."""
        return np.array([problem.condition.valid for problem in self.problems], np.float64)

    def values(self, name: str) -> NDArray[np.float64]:
        """(n_items, n_people) ``accuracy``, ``answer`` or ``response_time``."""
        return np.asarray(self.responses[name].values, np.float64)

    def _of_people(self, name: str) -> NDArray[np.generic]:
        if name not in self.responses.coords:
            raise DataError(f"{self.card.name} does not say the {name} of its people")
        return np.asarray(self.responses[name].values)

    def select(self, reasoning_types: Collection[str], limit: int | None = None) -> Behavior:
        """Only items of some reasoning types, and of each only the first ``limit``.

        Parameters
        ----------
        reasoning_types : names of the types that are kept.
        limit : items of each type at most; None for all of them.

        Returns
        -------
        The same people; items in their old order.

        Raises
        ------
        DataError
            When nothing is left.
        """
        types = np.array([problem.reasoning_type for problem in self.problems])
        kept = [np.flatnonzero(types == name)[:limit] for name in reasoning_types]
        items = np.sort(np.concatenate([np.empty(0, np.intp), *kept]))
        if not items.size:
            asked = ", ".join(reasoning_types)
            raise DataError(f"{self.card.name} has no items of reasoning type {asked!r}")
        return replace(
            self,
            problems=tuple(self.problems[item] for item in items),
            responses=self.responses.isel(presentation=items),
        )
