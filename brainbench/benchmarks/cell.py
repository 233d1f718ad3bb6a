"""A cell: one dataset inside one reasoning type, with what every ROI of it shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from brainbench.datasets import Card, Recording, average_repeats, block_of, subjects_of
from brainbench.encoding import Fold, FoldResponses, parallel, prepare_responses, published_folds
from brainbench.errors import DataError
from brainbench.problems import Condition, Problem, Stimulus

Array = NDArray[np.float64]
POOLED = "all"


@dataclass(frozen=True)
class Cell:
    """Items, folds and responses that a set of benchmarks is scored on.

    Attributes
    ----------
    recording : the dataset.
    reasoning_type : one type, or ``all``.
    rois : which ones are scored.
    items : indices into the recording's problems, in their order.
    places : (n_items,) place of each item within its run; None where the dataset does not say.
    folds : over those items.
    blocks : (roi, subject) → (n_items, n_voxels), repeats averaged, each voxel less its
        mean over items, which changes no correlation and keeps sums exact.
    """

    recording: Recording
    reasoning_type: str
    rois: tuple[str, ...]
    items: NDArray[np.intp]
    places: NDArray[np.int_] | None
    folds: list[Fold]
    blocks: dict[tuple[str, str], Array]

    @cached_property
    def subjects(self) -> list[str]:
        """People, in the order of the assembly."""
        return subjects_of(self.recording.assembly)

    @property
    def pooled(self) -> bool:
        """Whether items of different reasoning types are together."""
        return is_pooled(self.recording.card, self.reasoning_type)

    @property
    def problems(self) -> list[Stimulus]:
        """The problems of this cell, or its texts."""
        return [self.recording.problems[item] for item in self.items]

    @property
    def conditions(self) -> list[Condition] | None:
        """Of each problem; None where the stimuli are plain texts."""
        found = [one.condition for one in self.problems if isinstance(one, Problem)]
        return found if len(found) == len(self.items) else None

    @property
    def position(self) -> NDArray[np.int_]:
        """(n_items,) place of each item within its run.

        Raises
        ------
        DataError
            When the dataset does not say.
        """
        if self.places is None:
            raise DataError(f"{self.recording.card.name} does not say where items stand in a run")
        return self.places

    @cached_property
    def responses(self) -> dict[tuple[str, str], list[FoldResponses]]:
        """The blocks cut into folds, once for every feature space."""
        prepared = parallel(
            partial(prepare_responses, folds=self.folds), list(self.blocks.values())
        )
        return dict(zip(self.blocks, prepared, strict=True))

    def people(self, roi: str) -> list[Array]:
        """Blocks of one ROI, one per person."""
        return [self.blocks[roi, subject] for subject in self.subjects]

    def coordinate(self, name: str) -> NDArray[np.str_]:
        """(n_items,) a coordinate of the presentations as texts; see :meth:`labels`."""
        return self.labels(name).astype(str)

    def labels(self, name: str) -> NDArray[np.generic]:
        """(n_items,) a coordinate of the presentations, at the first showing of each item.

        Raises
        ------
        DataError
            When the presentations have no such coordinate.
        """
        assembly = self.recording.assembly
        if name not in assembly.coords or assembly[name].dims != ("presentation",):
            known = [str(c) for c in assembly.coords if assembly[c].dims == ("presentation",)]
            raise DataError(
                f"{self.recording.card.name} has no coordinate {name!r} of presentations; "
                f"there are {', '.join(sorted(known))}"
            )
        first = np.sort(np.unique(assembly["stimulus_id"].values, return_index=True)[1])
        return np.asarray(assembly[name].values[first][self.items])

    @cached_property
    def showings(self) -> list[NDArray[np.intp]]:
        """Presentations of each item."""
        ids = self.recording.assembly["stimulus_id"].values
        return [np.flatnonzero(ids == problem.identifier) for problem in self.problems]

    def held_out(self, name: str) -> NDArray[np.str_]:
        """(n_items,) a coordinate that items are held out by.

        Raises
        ------
        DataError
            When there is no such coordinate, or an item was shown under several of its labels:
            averaged over them, its responses would train and test.
        """
        found = self.coordinate(name)
        labels = self.recording.assembly[name].values.astype(str)
        for problem, rows in zip(self.problems, self.showings, strict=True):
            under = list(dict.fromkeys(labels[rows].tolist()))
            if len(under) > 1:
                raise DataError(
                    f"{self.recording.card.name} shows {problem.identifier} in {name} "
                    f"{' and '.join(under)}: it would train and test. Hold out something that "
                    "keeps all showings of an item together (held_out in the card)"
                )
        return found

    def repeats(self, roi: str, subject: str) -> Array | None:
        """Responses of one person to each showing of each item, not averaged.

        Parameters
        ----------
        roi : one of the dataset.
        subject : one person.

        Returns
        -------
        (k, n_items, n_voxels), the k showings of each item in turn; None where items were shown
        once or not all equally often, or where a showing holds a value that is not finite.
        """
        if len({len(rows) for rows in self.showings}) != 1 or len(self.showings[0]) < 2:
            return None
        block = block_of(self.recording.assembly, subject, roi)
        found: Array = np.stack([block[rows] for rows in self.showings], axis=1)
        return found if np.isfinite(found).all() else None

    def recorded(self, name: str) -> tuple[Array, list[int]]:
        """What people did at each item, mean over its showings, NaN where they did nothing.

        Parameters
        ----------
        name : ``response_time``, ``accuracy``: a variable of the recording's behavior.

        Returns
        -------
        (n_items, everybody) values, and the column of each person of the cell.

        Raises
        ------
        DataError
            When a person's answers are missing altogether, or there is not one row for each
            presentation.
        """
        behavior, card = self.recording.behavior, self.recording.card.name
        assert behavior is not None
        values = np.asarray(behavior[name].transpose("presentation", "subject").values, np.float64)
        if len(values) != len(self.recording.assembly["presentation"]):
            raise DataError(
                f"{card} has {len(values)} rows of {name} for "
                f"{len(self.recording.assembly['presentation'])} presentations"
            )
        everybody = [str(subject) for subject in behavior["subject"].values]
        lacking = [subject for subject in self.subjects if subject not in everybody]
        if lacking:
            raise DataError(
                f"{card} has no answers of {', '.join(lacking)}: leave these people out, or "
                "give them a column of NaN"
            )
        shown = [values[rows] for rows in self.showings]
        counts = np.array([(~np.isnan(rows)).sum(axis=0) for rows in shown])
        totals = np.array([np.nansum(rows, axis=0) for rows in shown])
        mean = np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0)
        return mean, [everybody.index(subject) for subject in self.subjects]


def prepare_cell(
    recording: Recording, reasoning_type: str, rois: Sequence[str], limit: int | None = None
) -> Cell:
    """Choose items, make the published folds, cut the responses into blocks.

    Parameters
    ----------
    limit : keep only the first items of each reasoning type, for trying things out.

    Raises
    ------
    DataError
        When a person lacks a run: every item of everybody is needed.
    """
    assembly = average_repeats(recording.assembly)
    types = assembly["reasoning_type"].values
    kept = [
        item
        for name in dict.fromkeys(types)
        if reasoning_type in (POOLED, name)
        for item in np.flatnonzero(types == name)[:limit]
    ]
    items = np.sort(np.array(kept, dtype=np.intp))
    if not items.size:
        raise DataError(f"{recording.card.name} has no items of reasoning type {reasoning_type!r}")
    chosen = assembly.isel(presentation=items)
    blocks = {}
    for roi in rois:
        for subject in subjects_of(assembly):
            block = block_of(chosen, subject, roi)
            empty = ~np.isfinite(block).all(axis=1)
            if empty.any():
                runs = ", ".join(dict.fromkeys(chosen["run"].values[empty]))
                raise DataError(
                    f"{subject} lacks {runs} in {recording.card.name}; every run of every "
                    "person is needed: leave this person out"
                )
            blocks[roi, subject] = block - block.mean(axis=0)
    folds = published_folds(types[items])
    places = chosen["position"].values if "position" in chosen.coords else None
    return Cell(recording, reasoning_type, tuple(rois), items, places, folds, blocks)


def is_pooled(card: Card, reasoning_type: str) -> bool:
    """Whether a cell of that type holds items of different ones.

    Parameters
    ----------
    card : of the dataset.
    reasoning_type : one type, or ``all``.
    """
    return reasoning_type == POOLED and len(card.reasoning_types) > 1
