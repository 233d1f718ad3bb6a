"""What a model is compared with others by, and how much it explains."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from brainbench.benchmarks.ladder.climb import RungResult, hold_against
from brainbench.benchmarks.ladder.names import RUNGS, Rung
from brainbench.benchmarks.ladder.people import LadderType
from brainbench.benchmarks.ladder.score import FIRST, Compared, EffectRow, EffectTerm, SharedRow
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.association import make_targets
from brainbench.encoding.ladder.combination import CellNull, combine, combine_like
from brainbench.encoding.ladder.effect import (
    CellMeans,
    align_cells,
    cell_means,
    crossed_interval,
    explained_shares,
    makers_without_items,
    own_share,
    shared_share,
)
from brainbench.encoding.ladder.pairs import Found
from brainbench.encoding.ladder.permutations import Orders

# orders of the items that two models are compared under
ORDERS = 500
# of z in a record: far below its error
_DIGITS = 3
CellKey = tuple[str, str]
"""Reasoning type and ROI."""


@dataclass(frozen=True)
class RungPeople:
    """People's side of one rung, with everybody and everything and without each in turn.

    Attributes
    ----------
    types : reasoning types of a dataset that reach the rung.
    rung : whose group columns are taken out, and those of the rungs below it.
    blocks : reasoning type and ROI → P arrays (n, n_voxels).
    """

    types: Mapping[str, LadderType]
    rung: Rung
    blocks: Mapping[CellKey, Sequence[Array]]

    @classmethod
    def of_types(cls, types: Mapping[str, LadderType], rung: Rung) -> RungPeople:
        """Of the people that were measured."""
        reached = {kind: one for kind, one in types.items() if rung in one.projections}
        return cls(
            reached,
            rung,
            {(kind, roi): one.cell.people(roi) for kind, one in reached.items()
             for roi in one.cell.rois},
        )  # fmt: skip

    @cached_property
    def products(self) -> dict[CellKey, Array]:
        """(P, P, n, n) inner products of items of every person and every other."""
        return {key: inner_products(blocks) for key, blocks in self.blocks.items()}

    @cached_property
    def makers(self) -> dict[str, Array]:
        """(n + 1, n, n) projections of each reasoning type: of all items, and without each."""
        below = RUNGS[: RUNGS.index(self.rung) + 1]
        return {
            kind: makers_without_items(np.hstack([one.columns[name].group for name in below]))
            for kind, one in self.types.items()
        }

    def means(self, layers: Mapping[str, Array]) -> dict[CellKey, CellMeans]:
        """What a model explains in each cell.

        Parameters
        ----------
        layers : (L, n, n) inner products of the items of each reasoning type.
        """
        keys = list(self.blocks)
        found = [
            cell_means(explained_shares(layers[kind], self.products[kind, roi], self.makers[kind]))
            for kind, roi in keys
        ]
        return dict(zip(keys, align_cells(found, [kind for kind, _ in keys]), strict=True))

    def nulls(self, layers: Mapping[str, Array]) -> list[CellNull]:
        """Both terms of each cell under the first orders of the items."""
        found: list[CellNull] = []
        for kind, one in self.types.items():
            projection = one.projections[self.rung]
            targets = [
                make_targets(self.blocks[kind, roi], projection.own, projection.group)
                for roi in one.cell.rois
            ]
            orders = Orders(one.orders.rows[: ORDERS + 1], exact=one.orders.exact)
            found += hold_against(one, layers[kind], self.rung, targets, orders)
        return found

    def found(self, layers: Mapping[str, Array], nulls: Sequence[CellNull] | None = None) -> Found:
        """How clearly a model is found, over all cells.

        Parameters
        ----------
        layers : (L, n, n) inner products of the items of each reasoning type.
        nulls : of each cell, where they are known; by default under the first orders.
        """
        cells = list(nulls or self.nulls(layers))
        means = list(self.means(layers).values())
        people = means[0].own.shape[1] - 1
        pairs = people * (people - 1)
        table = combine_like(
            cells,
            [one.strength * one.own * people for one in means],
            [one.strength * one.between * pairs for one in means],
        )
        null = combine(cells)["larger"][1 : ORDERS + 1]
        return Found(float(table[0, 0]), null, table[0, 1:])

    def effects(
        self, layers: Mapping[str, Array], sharing: Collection[CellKey]
    ) -> Iterator[EffectRow]:
        """Both shares; ``between`` only where people share anything in some cell.

        Parameters
        ----------
        layers : (L, n, n) inner products of the items of each reasoning type.
        sharing : cells in which people share anything on this rung.
        """
        means = self.means(layers)
        shared = [means[key] for key in means if key in sharing]
        asked: tuple[tuple[EffectTerm, list[CellMeans]], ...] = (
            ("own", list(means.values())),
            ("between", shared),
        )
        for term, cells in asked:
            if not cells or cells[0].own.shape[1] < 3:
                continue
            table = own_share(cells) if term == "own" else shared_share(cells)
            yield EffectRow(
                rung=self.rung,
                term=term,
                share=float(table[0, 0]),
                interval=crossed_interval(table),
                n_cells=len(cells),
            )


def compared_by(
    types: Mapping[str, LadderType], layers: Mapping[str, Array], results: Sequence[RungResult]
) -> Compared:
    """What other models are held against: z beyond position, its errors and its orders.

    Parameters
    ----------
    types : reasoning types of a dataset.
    layers : (L, n, n) inner products of the items of each.
    results : of :func:`.climb.climb`, responses as they are.
    """
    result = [one for one in results if RUNGS.index(one.rung) <= RUNGS.index(FIRST)][-1]
    people = RungPeople.of_types(types, result.rung)
    nulls = result.nulls["voxels"]
    found = people.found(layers, [nulls[roi, kind] for kind, roi in people.blocks])
    orders = np.hstack([one.orders.rows[: ORDERS + 1] for one in people.types.values()])
    return Compared(
        rung=result.rung,
        orders=hashlib.sha256(np.ascontiguousarray(orders, "<i8").tobytes()).hexdigest(),
        subjects=tuple(next(iter(people.types.values())).cell.subjects),
        z=round(found.z, _DIGITS),
        without_person=tuple(np.round(found.without_person, _DIGITS).tolist()),
        null=tuple(np.round(found.null, _DIGITS).tolist()),
    )


def effects(
    types: Mapping[str, LadderType],
    layers: Mapping[str, Array],
    last: Rung,
    shared: Sequence[SharedRow],
) -> list[EffectRow]:
    """Shares of variance that a model explains on every rung up to one, over all cells.

    Nuisance that is a person's own, on the rung of behaviour, is taken out by its group columns.

    Parameters
    ----------
    types : reasoning types of a dataset.
    layers : (L, n, n) inner products of the items of each.
    last : rung, such as that where the model stops.
    shared : what people share in each cell on every rung.
    """
    found: list[EffectRow] = []
    for rung in RUNGS[: RUNGS.index(last) + 1]:
        people = RungPeople.of_types(types, rung)
        if people.types:
            sharing = [
                (row.reasoning_type, row.roi)
                for row in shared
                if (row.rung, row.form) == (rung, "voxels") and row.found
            ]
            found += people.effects(layers, sharing)
    return found


def inner_products(blocks: Sequence[Array]) -> Array:
    """(P, P, n, n) inner products of items of every person and every other.

    Parameters
    ----------
    blocks : P arrays (n, n_voxels). Where people's voxels are not the same, products of two
        people are zero.
    """
    count, size = len(blocks), len(blocks[0])
    if len({block.shape[1] for block in blocks}) > 1:
        found = np.zeros((count, count, size, size))
        for person, block in enumerate(blocks):
            found[person, person] = block @ block.T
        return found
    stacked = np.vstack(blocks)
    products = (stacked @ stacked.T).reshape(count, size, count, size)
    return np.ascontiguousarray(products.transpose(0, 2, 1, 3))
