"""One cell under the controlled protocol: its folds, null orders, people and nuisance."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.cell import POOLED, Cell
from brainbench.benchmarks.controlled.nuisance import nuisance_columns, nuisance_kernels, stacked
from brainbench.benchmarks.feature_spaces import model_space, random_space, widths_of
from brainbench.encoding.controlled.folds import HeldOutFold, held_out_folds, permutations
from brainbench.encoding.controlled.localiser import LOCALISED_SHARE, localised_kernels
from brainbench.encoding.controlled.prediction import People, normalised
from brainbench.models import Activations
from brainbench.quantities import Layer
from brainbench.statistics.inference import Interval, p_value, people_interval

Array = NDArray[np.float64]
# orders of each null distribution: p is known to 0.015 at 0.05, and decides nothing
DRAWS = 200
# What steps of a run keep, as JSON gives it back.
Values = dict[str, Any]


@dataclass(frozen=True)
class Features:
    """A feature space of a cell, before it meets a fold.

    Attributes
    ----------
    layers : one for each kernel.
    kernels : (L, n, n); None where units are chosen on training items.
    sites : then, task and reading states (n, layers, units) of each site.
    """

    layers: tuple[Layer, ...]
    kernels: Array | None
    sites: tuple[tuple[NDArray[np.floating], NDArray[np.floating]], ...] = ()

    def on(self, folds: Sequence[HeldOutFold], kept: NDArray[np.intp] | None = None) -> list[Array]:
        """Per fold (L, n, n), centred and scaled on training items; of the kept items only.

        Parameters
        ----------
        folds : over the kept items.
        kept : (k,) indices of items of the cell; None for all.
        """
        if self.kernels is None:
            rows = slice(None) if kept is None else kept
            return localised_kernels([(one[rows], two[rows]) for one, two in self.sites], folds)
        cut = self.kernels if kept is None else self.kernels[:, kept[:, None], kept]
        return normalised(cut, folds)


@dataclass(frozen=True)
class ControlledCell:
    """A cell with its folds, null orders and people.

    Attributes
    ----------
    cell : items and responses.
    seed : of permutations, random features and simulations.
    localised : whether units are chosen by their contrast, on training items.
    """

    cell: Cell
    seed: int
    localised: bool = False

    @property
    def primary(self) -> bool:
        """Whether it holds one reasoning type."""
        return self.cell.reasoning_type != POOLED

    @cached_property
    def strata(self) -> NDArray[np.str_]:
        """(n,) reasoning type of each item; its mean is taken out where there are several."""
        return np.array([problem.reasoning_type for problem in self.cell.problems])

    @cached_property
    def groups(self) -> NDArray[np.str_]:
        """(n,) what is held out whole: the grouping that the card names."""
        return self.cell.held_out(self.cell.recording.card.held_out)

    @cached_property
    def folds(self) -> tuple[HeldOutFold, ...]:
        """The folds, those of every ROI."""
        return self.folds_of(np.arange(len(self.cell.items)))

    def folds_of(self, kept: NDArray[np.intp]) -> tuple[HeldOutFold, ...]:
        """The folds when only some items are there."""
        return tuple(held_out_folds(self.groups[kept], self.strata[kept]))

    @cached_property
    def people(self) -> dict[str, People]:
        """People of each ROI, on folds that hold out whole runs."""
        return {roi: People(tuple(self.cell.people(roi)), self.folds) for roi in self.cell.rois}

    @cached_property
    def orders(self) -> NDArray[np.intp]:
        """(DRAWS, n) orders within runs, held-out groups and types, for all people and ROIs."""
        run = self.cell.coordinate("run")
        return permutations(run, DRAWS, self.rng(0), [self.groups, self.strata])

    @cached_property
    def nuisance(self) -> Array:
        """(K, 1 or P, n, n) kernels of all nuisance."""
        return stacked(nuisance_kernels(self.cell), len(self.cell.subjects))

    @cached_property
    def columns(self) -> Array:
        """Columns that a model's features are made orthogonal to."""
        return nuisance_columns(self.cell)

    def rng(self, stream: int) -> np.random.Generator:
        """Random numbers of one purpose."""
        # a spawn key: [seed, number] are the streams of random features
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(stream,)))

    def basis(self, roi: str) -> str:
        """What r is measured on: a ratio needs the same above and below."""
        shown = [problem.identifier for problem in self.cell.problems]
        held = repr((shown, self.groups.tolist(), self.cell.subjects))
        digest = hashlib.sha256(held.encode()).hexdigest()[:12]
        name = self.cell.recording.card.name
        return f"mean r of {name}.{roi}.{self.cell.reasoning_type}, items and folds {digest}"

    def features(self, activations: Activations) -> Features:
        """A model's features, every site and layer, or the units that the contrast selects."""
        if not self.localised:
            space = model_space(self.cell, activations)
            assert isinstance(space.kernels, np.ndarray)
            return Features(space.layers, space.kernels)
        assert activations.contrast is not None
        pairs = tuple(
            (values[self.cell.items], activations.contrast[site][self.cell.items])
            for site, values in activations.values.items()
        )
        return Features(tuple(Layer(site, None) for site in activations.values), None, pairs)

    def random_features(self, activations: Activations, draw: int) -> Features:
        """Random features of the same widths; of localised units, as many as were chosen.

        Parameters
        ----------
        activations : of the model; only their widths count.
        draw : number of the draw, from 0.
        """
        widths = widths_of(activations)
        if self.localised:
            sizes = [v.shape[1] * v.shape[2] for v in activations.values.values()]
            widths = [max(1, round(LOCALISED_SHARE * size)) for size in sizes]
        space = random_space(self.cell, widths, self.seed, draw)
        assert isinstance(space.kernels, np.ndarray)
        return Features(space.layers, space.kernels)


def estimate(values: Array, interval: Interval | None = None) -> Values:
    """Mean over people of (P, D) and, where orders were drawn, its null.

    The interval is Student's t over people, where no other is given.

    Parameters
    ----------
    values : (P, D) statistic of each person under each order, the measured one first.
    interval : of the mean over people, where it is known from elsewhere.

    Returns
    -------
    ``value`` and ``interval``; with several orders ``null_mean`` and the one-sided ``p`` too.
    """
    means = values.mean(axis=0)
    own = people_interval(values[:, 0]) if interval is None else interval
    found: Values = {"value": float(means[0]), "interval": own}
    if len(means) > 1:
        found |= {"null_mean": float(means[1:].mean()), "p": p_value(float(means[0]), means[1:])}
    return found
