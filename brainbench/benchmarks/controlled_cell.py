"""One cell under the controlled protocol: every number of its ROIs, before corrections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.cell import POOLED, Cell
from brainbench.benchmarks.controlled_spaces import (
    all_together as nuisance_together,
)
from brainbench.benchmarks.controlled_spaces import (
    nuisance_columns,
    nuisance_kernels,
    run_labels,
)
from brainbench.benchmarks.spaces import DRAWS as RANDOM_DRAWS
from brainbench.benchmarks.spaces import RANDOM, model_space, random_space
from brainbench.encoding.across_runs import People, Predictions, all_together, normalised, predict
from brainbench.encoding.banded_ridge import make_bands, unique_variance
from brainbench.encoding.held_out import count_permutations, held_out_folds, permutations
from brainbench.encoding.inference import Interval, p_value, people_interval
from brainbench.encoding.kernels import linear_kernels
from brainbench.encoding.power import detectable_effect
from brainbench.encoding.similarity import METRICS, compare_together
from brainbench.models import Activations

Array = NDArray[np.float64]
UNTRAINED = "untrained model"
PRIMARY_DRAWS, POOLED_DRAWS, CONDITION_DRAWS = 1000, 200, 200
Values = dict[str, Any]


@dataclass(frozen=True)
class ControlledCell:
    """A cell with its folds, null orders and people.

    Attributes
    ----------
    cell : items and responses.
    seed : of permutations, random features and simulations.
    """

    cell: Cell
    seed: int

    @property
    def primary(self) -> bool:
        """Whether it holds one reasoning type."""
        return self.cell.reasoning_type != POOLED

    @property
    def draws(self) -> int:
        """Permutations of each null distribution."""
        return PRIMARY_DRAWS if self.primary else POOLED_DRAWS

    @cached_property
    def people(self) -> dict[str, People]:
        """People of each ROI, on folds that hold out whole runs."""
        kinds = None if self.primary else [p.reasoning_type for p in self.cell.problems]
        folds = tuple(held_out_folds(run_labels(self.cell), kinds))
        return {roi: People(tuple(self.cell.people(roi)), folds) for roi in self.cell.rois}

    @cached_property
    def orders(self) -> NDArray[np.intp]:
        """Orders within runs, the same for all people and ROIs."""
        return permutations(run_labels(self.cell), self.draws, self._rng(0))

    @cached_property
    def nuisance(self) -> Array:
        """Kernel of all nuisance together."""
        return nuisance_together(nuisance_kernels(self.cell), len(self.cell.subjects))

    @cached_property
    def columns(self) -> Array:
        """Columns that a model's features are made orthogonal to."""
        return nuisance_columns(self.cell)

    @property
    def folds(self) -> tuple[Any, ...]:
        """The folds, those of every ROI."""
        return next(iter(self.people.values())).folds

    def _rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream])

    def model(self, activations: Activations) -> dict[str, Values]:
        """The model's numbers in every ROI."""
        space = model_space(self.cell, activations)
        assert isinstance(space.kernels, np.ndarray)
        layers = normalised(space.kernels, self.folds)
        together = all_together(layers, self.folds)
        bands = make_bands(self.nuisance, self.columns, [k[0] for k in together], self.folds)
        grams = [people.grams for people in self.people.values()]
        unique = unique_variance(bands, grams, self.orders)
        conditions = [problem.condition.name for problem in self.cell.problems]
        runs = run_labels(self.cell)
        strict = permutations(runs, CONDITION_DRAWS, self._rng(1), [conditions])
        within = unique_variance(bands, grams, strict)
        found: dict[str, Values] = {}
        for roi, people, added, inside in zip(
            self.people, self.people.values(), unique, within, strict=True
        ):
            whole = predict(together, people, self.orders)
            nested = predict(layers, people, self.orders)
            limit = np.quantile(whole.greatest[1:], 0.95)
            found[roi] = {
                "raw": estimate(whole.r),
                "r2": float(whole.r2[:, 0].mean()),
                "people_r": whole.r[:, 0].tolist(),
                "nuisance_r2": added.nuisance.tolist(),
                "unique": added.banded[:, 0].tolist(),
                "unique_r2": estimate(added.banded),
                "unique_r2_stacked": estimate(added.stacked),
                "p_within_condition": estimate(inside.banded)["p"],
                "permutations_within_condition": count_permutations(runs, [conditions]),
                "nested": {
                    "r": estimate(nested.r),
                    "r2": float(nested.r2[:, 0].mean()),
                    "chosen": [" ".join(map(str, space.layers[i])) for i in nested.chosen[0]],
                },
                "voxels_above": int(sum((own > limit).sum() for own in whole.voxels)),
                "n_constant": whole.n_constant,
            } | {
                name: estimate(
                    compare_together(
                        space.kernels, people.grams, people.folds, name, self.orders
                    ).value
                )
                for name in METRICS
            }
            family_alpha = 0.05 / self.family
            found[roi]["detectable_r2"] = detectable_effect(
                bands,
                np.mean([k[0] for k in together], axis=0),
                people.blocks,
                self.orders,
                added.banded[:, 1:].mean(axis=0),
                family_alpha,
                self._rng(2),
            )
        return found

    @property
    def family(self) -> int:
        """Cells of the dataset that are tested with this one: primary ones, or pooled."""
        card = self.cell.recording.card
        return len(card.rois) * (len(card.reasoning_types) if self.primary else 1)

    def reference(self) -> dict[str, Values | None]:
        """How well all other people together predict each person, per ROI."""
        found: dict[str, Values | None] = {}
        for roi, people in self.people.items():
            if len(people.blocks) < 3:
                found[roi] = None
                continue
            own = np.stack([linear_kernels(block[:, None, :])[0] for block in people.blocks])
            own /= np.trace(own, axis1=1, axis2=2)[:, None, None]
            others = own.sum(axis=0) - own
            kernels = [fold.normalise(others) for fold in people.folds]
            scored = predict([kernel[:, None] for kernel in kernels], people)
            bands = make_bands(self.nuisance, self.columns, kernels, people.folds)
            added = unique_variance(bands, [people.grams])[0]
            found[roi] = {
                "people": scored.r[:, 0].tolist(),
                "r": estimate(scored.r),
                "unique_r2": estimate(added.banded),
            }
        return found

    def controls(self, begin: Callable[[str], None]) -> dict[str, list[Values]]:
        """Every nuisance by itself, in every ROI."""
        rows: dict[str, list[Values]] = {roi: [] for roi in self.people}
        for name, space in nuisance_kernels(self.cell).items():
            begin(name)
            for roi, people in self.people.items():
                if isinstance(space, str):
                    rows[roi].append({"control": name, "reason": space})
                    continue
                own = space if space.ndim == 3 else space[None]
                kernels = [fold.normalise(own) for fold in people.folds]
                if space.ndim == 3:
                    kernels = [kernel[:, None] for kernel in kernels]
                rows[roi].append({"control": name, **_plain(predict(kernels, people))})
        return rows

    def drawn(self, name: str, spaces: Sequence[Activations | Array]) -> dict[str, Values]:
        """Mean and range over feature spaces that were drawn, layers treated as the model's."""
        found = {}
        for roi, people in self.people.items():
            scored = []
            for space in spaces:
                kernels = (
                    model_space(self.cell, space).kernels
                    if isinstance(space, Activations)
                    else space
                )
                layers = normalised(np.asarray(kernels), people.folds)
                scored.append(_plain(predict(all_together(layers, people.folds), people)))
            values = [row["r"] for row in scored]
            low, high = np.percentile(values, [2.5, 97.5])
            found[roi] = {
                "control": name,
                "r": float(np.mean(values)),
                "r2": float(np.mean([row["r2"] for row in scored])),
                "r_range": (float(low), float(high)),
                "draws": len(values),
            }
        return found

    def random(self, activations: Activations) -> dict[str, Values]:
        """Random features of the model's widths."""
        spaces = [
            np.asarray(random_space(self.cell, activations, self.seed, draw).kernels)
            for draw in range(RANDOM_DRAWS)
        ]
        return self.drawn(RANDOM, spaces)


def estimate(values: Array) -> Values:
    """Mean over people of (P, D), with interval and, where orders were drawn, its null."""
    means = values.mean(axis=0)
    found: Values = {"value": float(means[0]), "interval": people_interval(values[:, 0])}
    if len(means) > 1:
        found |= {"null_mean": float(means[1:].mean()), "p": p_value(float(means[0]), means[1:])}
    return found


def interval_of(values: Values) -> Interval | None:
    """The interval of an estimate, as JSON gave it back."""
    given = values["interval"]
    return None if given is None else (given[0], given[1])


def _plain(scored: Predictions) -> Values:
    return {"r": float(scored.r[:, 0].mean()), "r2": float(scored.r2[:, 0].mean())}
