"""The share of variance that a model would have to explain to be found at a rung."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from brainbench.benchmarks.ladder.climb import hold_against
from brainbench.benchmarks.ladder.names import Rung
from brainbench.benchmarks.ladder.people import LadderType
from brainbench.benchmarks.ladder.rungs import run_labels
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.association import make_targets
from brainbench.encoding.ladder.combination import CellNull, assess_together
from brainbench.encoding.ladder.permutations import Orders
from brainbench.encoding.ladder.power import common_dimensions, exchange_items, plant
from brainbench.encoding.ladder.projection import residual_kernel
from brainbench.encoding.ladder.terms import Statistic
from brainbench.encoding.threads import parallel

SHARES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5)
POWER, LEVEL = 0.8, 0.05
DATA_SETS, DRAWS = 100, 400
# data sets that are simulated before it is asked whether more can change the answer
_PIECE = 20
# of the strongest direction of a layer
_FAINT = 1e-3


@dataclass(frozen=True)
class Planted:
    """What simulated people hold of the items besides noise, in every cell.

    Attributes
    ----------
    share : of each person's variance, 0 to 1, of what ``base`` leaves of it.
    alike : share of the mixing from features to voxels that people have in common.
    columns : (n, q) features of each reasoning type; None: one layer of the model, another in
        each data set.
    base : rung whose nuisance is taken out of features and noise first; None: the rung that is
        tested.
    """

    share: float = 0.0
    alike: float = 0.0
    columns: Mapping[str, Array] | None = None
    base: Rung | None = None


@dataclass(frozen=True)
class SimulatedPeople:
    """People with the noise of real ones, who hold a known share of known features.

    Parameters
    ----------
    types : reasoning types of a dataset.
    layers : (L, n, n) inner products of the items of each, of the model that is tested.
    draws : permutations of each test.
    """

    types: Mapping[str, LadderType]
    layers: Mapping[str, Array]
    draws: int = DRAWS

    @cached_property
    def noise(self) -> dict[tuple[str, str], list[Array]]:
        """Reasoning type and ROI → P arrays (n, d), run means out, items in their order."""
        return {
            (kind, roi): common_dimensions(one.cell.people(roi), one.projections["run"].group)
            for kind, one in self.types.items()
            for roi in one.cell.rois
        }

    def p_values(
        self,
        rung: Rung,
        planted: Planted,
        seed: int,
        data_sets: int = DATA_SETS,
        batch: int = 0,
        first: int = 0,
    ) -> dict[Statistic, Array]:
        """(data_sets,) p of each statistic.

        Parameters
        ----------
        rung : nuisance that is taken out.
        planted : what is there.
        seed : of all data sets.
        data_sets : how many.
        batch : data sets of one batch have the same permutations, another batch has others.
        first : number of the first data set; each number is another one.
        """

        def held_in(place: int, kind: str) -> list[CellNull]:
            one = self.types[kind]
            projection = one.projections[rung]
            targets = [
                make_targets(people, projection.own, projection.group)
                for number in range(first, first + data_sets)
                for people in self._people(kind, rung, planted, [seed, batch, number, place])
            ]
            start = 1 + batch * self.draws % max(1, len(one.orders.rows) - self.draws)
            rows = np.vstack([one.orders.rows[:1], one.orders.rows[start : start + self.draws]])
            return hold_against(one, self.layers[kind], rung, targets, Orders(rows, exact=False))

        _ = self.noise  # made once, not in every thread
        by_set: list[list[CellNull]] = [[] for _ in range(data_sets)]
        for held in parallel(lambda args: held_in(*args), list(enumerate(self.types))):
            size = len(held) // data_sets
            for number, nulls in enumerate(by_set):
                nulls += held[number * size : (number + 1) * size]
        found = [assess_together(nulls) for nulls in by_set if nulls]
        return {name: np.array([one[name].p for one in found]) for name in found[0]}

    def _people(
        self, kind: str, rung: Rung, planted: Planted, seed: list[int]
    ) -> Iterator[list[Array]]:
        """People of one data set, ROI by ROI."""
        one, rng = self.types[kind], np.random.default_rng(seed)
        maker, runs = one.projections[planted.base or rung].group, run_labels(one.cell)
        if planted.columns is not None:
            features = planted.columns[kind]
        else:
            layers = self.layers[kind]
            # the layer is the same in every reasoning type of a data set
            layer = layers[np.random.default_rng(seed[:3]).integers(len(layers))]
            values, vectors = np.linalg.eigh(residual_kernel(layer[None], maker))
            # directions that carry next to nothing of the layer cost as many random numbers
            kept = values > _FAINT * values[-1]
            features = vectors[:, kept] * np.sqrt(values[kept])
        # one order for all regions of a person: what they have in common of a trial stays
        orders = [exchange_items(runs, rng) for _ in self.noise[kind, one.cell.rois[0]]]
        for roi in one.cell.rois:
            noise = self.noise[kind, roi]
            people = [block[order] for block, order in zip(noise, orders, strict=True)]
            if planted.share:
                people = plant(people, features, maker, planted.share, planted.alike, rng)
            yield people


def detectable_share(people: SimulatedPeople, rung: Rung, seed: int) -> float | None:
    """Least share of each person's variance that is found with 80 % power, each person with a
    mixing of their own.

    Parameters
    ----------
    people : with the model's features.
    rung : nuisance that is taken out.
    seed : of the data sets.

    Returns
    -------
    One of :data:`SHARES`; None where even the largest is found less often.
    """
    low, high = 0, len(SHARES)
    while low < high:
        middle = (low + high) // 2
        if _is_found(people, rung, SHARES[middle], seed):
            high = middle
        else:
            low = middle + 1
    return SHARES[low] if low < len(SHARES) else None


def _is_found(people: SimulatedPeople, rung: Rung, share: float, seed: int) -> bool:
    """Whether a share is found in 80 % of all data sets; no more of them than decide it."""
    wanted, found = math.ceil(POWER * DATA_SETS), 0
    for first in range(0, DATA_SETS, _PIECE):
        p = people.p_values(rung, Planted(share), seed, _PIECE, first=first)["larger"]
        found += int((p <= LEVEL).sum())
        left = DATA_SETS - first - _PIECE
        if found >= wanted or found + left < wanted:
            break
    return found >= wanted
