"""Holding features against people at every rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brainbench.benchmarks.ladder.names import RUNGS, Form, Rung
from brainbench.benchmarks.ladder.people import LadderType
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.association import Targets, permuted_sums
from brainbench.encoding.ladder.combination import (
    CellNull,
    Tested,
    assess_cells,
    assess_together,
)
from brainbench.encoding.ladder.permutations import Orders
from brainbench.encoding.ladder.projection import residual_kernel
from brainbench.encoding.ladder.terms import Statistic

CellName = tuple[str, str]
"""ROI and reasoning type."""


@dataclass(frozen=True)
class RungResult:
    """What one rung gave.

    Attributes
    ----------
    rung : its name.
    n_permutations : that p values rest on.
    nulls : form of responses → ROI and reasoning type → terms under every order.
    """

    rung: Rung
    n_permutations: int
    nulls: dict[Form, dict[CellName, CellNull]]

    def together(self, form: Form = "voxels") -> dict[Statistic, Tested]:
        """Over all ROIs and reasoning types."""
        return assess_together(list(self.nulls[form].values()))

    def cells(self, form: Form = "voxels") -> dict[CellName, dict[Statistic, Tested]]:
        """Of each ROI and reasoning type, p corrected over all of them."""
        named = {"\0".join(name): cell for name, cell in self.nulls[form].items()}
        found = assess_cells(named)
        return {name: found["\0".join(name)] for name in self.nulls[form]}


def climb(
    types: Mapping[str, LadderType],
    layers: Mapping[str, Array],
    forms: Sequence[Form] = ("voxels",),
) -> list[RungResult]:
    """Test features at every rung that they reach.

    A rung is left out where a dataset has nothing to take out there, where too little of the items
    is left, or where nothing is left of the features.

    Parameters
    ----------
    types : reasoning types of a dataset, from :func:`.people.prepare_types`.
    layers : (L, n, n) inner products of the items of each type; each layer weighs the same.
    forms : of responses.
    """
    found = []
    for rung in RUNGS:
        nulls: dict[Form, dict[CellName, CellNull]] = {form: {} for form in forms}
        for kind, one in types.items():
            if rung not in one.projections:
                continue
            targets = {(form, roi): target for form in forms
                       for roi, target in one.targets(form)[rung].items()}  # fmt: skip
            held = hold_against(one, layers[kind], rung, list(targets.values()))
            for (form, roi), null in zip(targets, held, strict=bool(held)):
                nulls[form][roi, kind] = null
        if nulls[forms[0]]:
            orders = next(iter(types.values())).orders
            found.append(RungResult(rung, orders.n_permutations, nulls))
    return found


def hold_against(
    one: LadderType,
    layers: Array,
    rung: Rung,
    targets: Sequence[Targets],
    orders: Orders | None = None,
) -> list[CellNull]:
    """Both terms of several targets of one reasoning type under every order.

    Parameters
    ----------
    layers : (L, n, n) inner products of its items.
    targets : with the projections of the rung.
    orders : by default those of the type.

    Returns
    -------
    One for each target; none where nothing is left of the features.
    """
    projection, orders = one.projections[rung], orders or one.orders
    kernel = residual_kernel(layers, projection.group)
    if not kernel.any():
        return []
    shared = [target.between for target in targets if target.between is not None]
    if projection.own.ndim == 2:
        sums = permuted_sums(
            kernel, [*(target.own for target in targets), *shared], projection.group, orders
        )
        own, between = sums[:, : len(targets)], sums[:, len(targets) :]
    else:
        own = np.zeros((len(orders.rows), len(targets)))
        for person, maker in enumerate(projection.own):
            mine = [target.own[person] for target in targets]
            own += permuted_sums(residual_kernel(layers, maker), mine, maker, orders)
        between = np.zeros((len(orders.rows), 0))
        if shared:
            between = permuted_sums(kernel, shared, projection.group, orders)
    columns = iter(between.T)
    return [
        CellNull(mine, None if target.between is None else next(columns))
        for mine, target in zip(own.T, targets, strict=True)
    ]
