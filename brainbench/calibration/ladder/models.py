"""Simulated models: how often their shares of variance are held, and equal ones distinguished.

People have the noise of real ones. Models are features of random items, of the spectrum that a
real model's items have, so that new items are drawn with every data set; a model that people hold
shares a part of its features with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy.stats import binomtest

from brainbench.benchmarks.ladder.comparing import CellKey, RungPeople
from brainbench.benchmarks.ladder.detectable import LEVEL, SimulatedPeople
from brainbench.benchmarks.ladder.names import Rung
from brainbench.benchmarks.ladder.rungs import run_labels
from brainbench.benchmarks.ladder.score import FIRST, EffectTerm
from brainbench.calibration.ladder.record import BoardRate, CoverageRow
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.effect import crossed_interval, own_share, shared_share
from brainbench.encoding.ladder.pairs import Found, compare_pair
from brainbench.encoding.ladder.power import exchange_items
from brainbench.encoding.ladder.projection import residual_kernel
from brainbench.statistics.inference import step_down

Layers = dict[str, Array]
# share of each person's variance that one layer makes, of it what people have in common, and the
# share of something else that they have in common
EFFECTS = ((0.0, 0.0, 0.0), (0.05, 0.0, 0.0), (0.1, 0.5, 0.0), (0.05, 0.5, 0.05), (0.3, 1.0, 0.05))
EFFECT_RUNGS: tuple[Rung, ...] = ("position", "length")
# models on a board, share of variance, and what people have in common of it
BOARDS = (
    (2, 0.0, 0.0),
    (12, 0.0, 0.0),
    (2, 0.02, 0.5),
    (4, 0.02, 0.5),
    (12, 0.02, 0.5),
    (4, 0.05, 0.0),
    (4, 0.05, 0.5),
    (4, 0.1, 0.5),
)
# one model that people hold, against one that they do not
POWER = ((2, 0.02, 0.5), (2, 0.05, 0.0), (2, 0.05, 0.5))
# of a model's features, where several are held alike
PART = 0.5


@dataclass(frozen=True)
class SimulatedModels:
    """Models and people of new items.

    Attributes
    ----------
    people : whose noise and design is taken, with a real model's layers.
    """

    people: SimulatedPeople

    @cached_property
    def _spectra(self) -> dict[str, Array]:
        """(n,) standard deviations along the directions of a real model's items."""
        found = {}
        for kind, one in self.people.types.items():
            kernel = residual_kernel(self.people.layers[kind], one.projections["run"].group)
            values = np.maximum(np.linalg.eigvalsh(kernel), 0.0)
            found[kind] = np.sqrt(values / values.sum())
        return found

    def features(self, rng: np.random.Generator) -> Layers:
        """(n, n) features of each reasoning type, with an expected length of 1 for each item."""
        return {
            kind: rng.standard_normal((len(spectrum), len(spectrum))) * spectrum
            for kind, spectrum in self._spectra.items()
        }

    def responses(
        self, held: Layers, share: float, alike: float, else_shared: float, rng: np.random.Generator
    ) -> dict[CellKey, list[Array]]:
        """People who hold features, in every cell.

        Parameters
        ----------
        held : features of each reasoning type.
        share : of each person's expected variance, 0 to 1.
        alike : share of the mixing from features to voxels that people have in common.
        else_shared : share of variance of other features that all people mix alike.
        rng : of noise, mixings and the other features.
        """
        other, found = self.features(rng), {}
        for kind, one in self.people.types.items():
            runs = run_labels(one.cell)
            orders = [exchange_items(runs, rng) for _ in self.people.noise[kind, one.cell.rois[0]]]
            for roi in one.cell.rois:
                noise = self.people.noise[kind, roi]
                size = len(runs), noise[0].shape[1]
                common, theirs = rng.standard_normal(size), rng.standard_normal(size)
                blocks = []
                for block, order in zip(noise, orders, strict=True):
                    left = block[order] / np.linalg.norm(block)
                    spread = np.sqrt(np.square(left).mean(axis=0))
                    mixing = np.sqrt(1.0 - alike) * rng.standard_normal(size)
                    mixing += np.sqrt(alike) * common
                    blocks.append(
                        np.sqrt(1.0 - share - else_shared) * left
                        + np.sqrt(share) * held[kind] @ (mixing * spread)
                        + np.sqrt(else_shared) * other[kind] @ (theirs * spread)
                    )
                found[kind, roi] = blocks
        return found

    def left_out(self, rung: Rung, blocks: dict[CellKey, list[Array]]) -> RungPeople:
        """People's side of a rung in one data set."""
        found = RungPeople(self.people.types, rung, blocks)
        # what leaves items out is the same in all data sets
        found.__dict__["makers"] = self._makers(rung)
        return found

    def _makers(self, rung: Rung) -> dict[str, Array]:
        if rung not in self._made:
            self._made[rung] = RungPeople.of_types(self.people.types, rung).makers
        return self._made[rung]

    @cached_property
    def _made(self) -> dict[Rung, dict[str, Array]]:
        return {}


def kernels(features: Mapping[str, Array]) -> Layers:
    """(1, n, n) inner products of items."""
    return {kind: (own @ own.T)[None] for kind, own in features.items()}


def count_effects(
    models: SimulatedModels,
    rung: Rung,
    planted: tuple[float, float, float],
    n: int,
    seed: int,
) -> Iterator[CoverageRow]:
    """How often intervals of both shares hold what was planted.

    Parameters
    ----------
    models : simulated ones.
    rung : whose nuisance is taken out.
    planted : share, alike, and what else is shared; see :data:`EFFECTS`.
    n : data sets, with new people and new items in each.
    seed : of all data sets.
    """
    share, alike, other = planted
    tables: dict[EffectTerm, list[Array]] = {"own": [], "between": []}
    for number in range(n):
        rng = np.random.default_rng([seed, 2, number])
        held = models.features(rng)
        people = models.left_out(rung, models.responses(held, share, alike, other, rng))
        means = list(people.means(kernels(held)).values())
        tables["own"].append(own_share(means))
        if share * alike + other > 0.0:
            tables["between"].append(shared_share(means))
    truth: dict[EffectTerm, float] = {
        "own": share,
        "between": share * alike / max(share * alike + other, 1e-12),
    }
    for term, found in tables.items():
        if not found:
            continue
        ends = np.array([crossed_interval(table) for table in found])
        inside = (ends[:, 0] <= truth[term]) & (truth[term] <= ends[:, 1])
        yield CoverageRow(
            term=term,
            rung=rung,
            share=share,
            alike=alike,
            else_shared=other,
            truth=truth[term],
            median=float(np.median([table[0, 0] for table in found])),
            width=float(np.median(ends[:, 1] - ends[:, 0])),
            n=n,
            coverage=float(inside.mean()),
            interval=_exact(int(inside.sum()), n),
        )


def draw_board(
    models: SimulatedModels,
    design: tuple[int, float, float],
    rng: np.random.Generator,
    equal: bool = True,
) -> list[Found]:
    """Models of one board, held against the same new people and items.

    Parameters
    ----------
    models : simulated ones.
    design : how many, and what people hold; see :data:`BOARDS`.
    rng : of everything on the board.
    equal : whether people hold as much of every model; else of the first alone.
    """
    count, share, alike = design
    held = models.features(rng)
    people = models.left_out(FIRST, models.responses(held, share, alike, 0.0, rng))
    return [
        people.found(_model(models, held, PART if equal else float(place == 0), rng))
        for place in range(count)
    ]


def count_boards(
    models: SimulatedModels, design: tuple[int, float, float], n: int, seed: int, equal: bool
) -> BoardRate:
    """How often models of a board are distinguished.

    Parameters
    ----------
    models : simulated ones.
    design : how many, and what people hold; see :data:`BOARDS`.
    n : boards, with new people, items and models on each.
    seed : of all boards.
    equal : whether people hold as much of every model; else of the first alone.
    """
    count, share, alike = design
    apart, z = 0, []
    for number in range(n):
        rng = np.random.default_rng([seed, 3, count, number])
        found = draw_board(models, design, rng, equal)
        z.append(found[0].z)
        apart += distinguishable(found)
    return BoardRate(
        equal=equal,
        models=count,
        share=share,
        alike=alike,
        z=float(np.mean(z)),
        n=n,
        apart=apart / n,
        interval=_exact(apart, n),
    )


def distinguishable(found: list[Found]) -> bool:
    """Whether any two models of a board are, corrected over all pairs (Holm)."""
    p = np.array([compare_pair(one, other).p for one, other in combinations(found, 2)])
    return bool((step_down(p) < LEVEL).any())


def _model(models: SimulatedModels, held: Layers, part: float, rng: np.random.Generator) -> Layers:
    own = kernels(models.features(rng))
    return {kind: part * shared + (1.0 - part) * own[kind]
            for kind, shared in kernels(held).items()}  # fmt: skip


def _exact(found: int, n: int) -> tuple[float, float]:
    bounds = binomtest(found, n).proportion_ci(0.95, method="exact")
    return float(bounds.low), float(bounds.high)
