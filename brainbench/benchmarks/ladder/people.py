"""People's side of the ladder: computed once, held against every model and baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.cell import Cell, prepare_cell
from brainbench.benchmarks.ladder.names import RUNGS, Form, Rung
from brainbench.benchmarks.ladder.rungs import RungColumns, run_labels, rung_columns
from brainbench.datasets import Recording
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.association import Targets, make_targets
from brainbench.encoding.ladder.permutations import (
    PERMUTATIONS,
    Orders,
    permute_within_runs,
)
from brainbench.encoding.ladder.projection import degrees_left, residual_maker

# dimensions that a rung must leave of items, or there is no result
MIN_DEGREES = 3


@dataclass(frozen=True)
class Projections:
    """What takes the nuisance of one rung out, in one reasoning type.

    Attributes
    ----------
    group : (n, n).
    own : (n, n), or (P, n, n) where nuisance is a person's own.
    """

    group: Array
    own: Array

    @property
    def degrees(self) -> int:
        """Dimensions of items that are left; the fewest of any person."""
        own = self.own if self.own.ndim == 3 else self.own[None]
        return min(degrees_left(maker) for maker in (self.group, *own))


@dataclass(frozen=True)
class LadderType:
    """One reasoning type: its items, and what each rung takes out.

    Attributes
    ----------
    cell : items and responses.
    orders : permutations of its items within runs.
    columns : what each rung adds.
    """

    cell: Cell
    orders: Orders
    columns: dict[Rung, RungColumns]

    @cached_property
    def projections(self) -> dict[Rung, Projections]:
        """Of each rung that has columns, and leaves enough of the items."""
        found: dict[Rung, Projections] = {}
        n_people = len(self.cell.subjects)
        group, own = [], []
        for rung in RUNGS:
            added = self.columns[rung]
            if not added.exists:
                continue
            group.append(added.group)
            own.append(added.own if added.own is not None else added.group[None])
            together = np.hstack(group)
            made = residual_maker(together)
            single = all(len(part) == 1 for part in own)
            wide = [np.broadcast_to(part, (n_people, *part.shape[1:])) for part in own]
            projection = Projections(
                made, made if single else residual_maker(np.concatenate(wide, axis=2))
            )
            if projection.degrees < MIN_DEGREES:
                break
            found[rung] = projection
        return found

    @cached_property
    def across(self) -> NDArray[np.bool_]:
        """(n, n) pairs of items of two runs."""
        runs = run_labels(self.cell)
        found: NDArray[np.bool_] = runs[:, None] != runs
        return found

    def targets(self, form: Form) -> dict[Rung, dict[str, Targets]]:
        """Rung → ROI → what a kernel is held against; made once."""
        if form not in self._made:
            self._made[form] = {
                rung: {
                    roi: make_targets(
                        [responses(block, form) for block in self.cell.people(roi)],
                        projection.own,
                        projection.group,
                        self.across if form == "across runs" else None,
                    )
                    for roi in self.cell.rois
                }
                for rung, projection in self.projections.items()
            }
        return self._made[form]

    @cached_property
    def _made(self) -> dict[Form, dict[Rung, dict[str, Targets]]]:
        return {}


def responses(block: Array, form: Form) -> Array:
    """A person's responses (n, n_voxels) in one form: as they are, or (n, 1) their mean."""
    return block.mean(axis=1, keepdims=True) if form == "ROI means" else block


def prepare_types(
    recording: Recording,
    reasoning_types: Sequence[str],
    rois: Sequence[str],
    seed: int,
    limit: int | None = None,
    draws: int = PERMUTATIONS,
) -> dict[str, LadderType]:
    """Every reasoning type of a dataset, with permutations that belong together.

    Parameters
    ----------
    recording : responses of the brain.
    reasoning_types, rois : which ones.
    seed : of permutations.
    limit : only the first items of each reasoning type.
    draws : random permutations.
    """
    cells = {kind: prepare_cell(recording, kind, rois, limit) for kind in reasoning_types}
    labels = {kind: run_labels(cell) for kind, cell in cells.items()}
    # a run that holds several types is permuted inside each
    runs = np.concatenate(
        [np.char.add(f"{kind} ", own.astype(str)) for kind, own in labels.items()]
    )
    orders = permute_within_runs(runs, np.random.default_rng([seed, 0]), draws)
    found, start = {}, 0
    for kind, cell in cells.items():
        places = np.arange(start, start + len(cell.items))
        start += len(cell.items)
        found[kind] = LadderType(cell, orders.of(places), rung_columns(cell))
    return found
