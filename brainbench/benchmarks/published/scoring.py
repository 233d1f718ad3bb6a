"""From feature spaces to scores: medians, the best layer, the divided form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.benchmarks.ceilings import Ceiling
from brainbench.benchmarks.cell import Cell
from brainbench.benchmarks.feature_spaces import FeatureSpace
from brainbench.encoding import Correlations, divide_by_ceiling, parallel, predictivity

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SpaceScore:
    """Scores of one feature space in one ROI.

    Attributes
    ----------
    raw : (n_subjects, n_layers) median over voxels of r.
    divided : (n_subjects, n_layers) median over voxels of r / v0, or None.
    n_constant : (n_layers,) predictions that did not vary, over people, folds and voxels.
    voxels : one array (n_voxels,) per person: r at the best layer; empty when read back.
    """

    raw: Array
    divided: Array | None
    n_constant: Array
    voxels: list[Array]

    @property
    def best(self) -> int:
        """Layer with the largest median over people of ``raw``."""
        return best_layer(self.raw)

    @property
    def headline(self) -> float:
        """Median over people of ``raw`` at the best layer."""
        return float(np.median(self.raw[:, self.best]))

    @property
    def divided_best(self) -> int | None:
        """Layer with the largest median over people of ``divided``."""
        return None if self.divided is None else best_layer(self.divided)

    @property
    def divided_headline(self) -> float | None:
        """Median over people of ``divided`` at its own best layer; None where not finite."""
        if self.divided is None:
            return None
        return finite_or_none(np.median(self.divided[:, best_layer(self.divided)]))

    def to_json(self) -> dict[str, Any]:
        """Everything but the voxels, as plain values that JSON carries exactly."""
        divided = None if self.divided is None else self.divided.tolist()
        counts = self.n_constant.tolist()
        return {"raw": self.raw.tolist(), "divided": divided, "n_constant": counts}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> SpaceScore:
        """Inverse of :meth:`to_json`; the voxels are left out."""
        divided = None if values["divided"] is None else np.array(values["divided"])
        return cls(np.array(values["raw"]), divided, np.array(values["n_constant"]), [])


def best_layer(scores: Array) -> int:
    """Layer with the largest median over people; the first of equals, never one that is NaN."""
    over_people = np.median(scores, axis=0)
    return int(np.argmax(np.where(np.isnan(over_people), -np.inf, over_people)))


def finite_or_none(value: float) -> float | None:
    """JSON knows no infinity: an infinite or undefined ratio is None, and warned of."""
    return float(value) if np.isfinite(value) else None


def score_space(
    cell: Cell, space: FeatureSpace, ceilings: dict[str, Ceiling | None]
) -> dict[str, SpaceScore]:
    """Score one feature space in every ROI of a cell, its kernels decomposed once for all.

    Parameters
    ----------
    cell : items, folds and responses.
    space : kernels of the model or a baseline; shared, or one set per person.
    ceilings : of each ROI; None where there is none, and nothing is divided.

    Returns
    -------
    Scores by ROI.
    """
    keys = [(roi, subject) for roi in cell.rois for subject in cell.subjects]
    found: dict[tuple[str, str], Correlations] = {}
    if isinstance(space.kernels, np.ndarray):
        scored = predictivity(space.kernels, cell.folds, [cell.responses[key] for key in keys])
        found = dict(zip(keys, scored, strict=True))
    else:
        for subject, kernels in zip(cell.subjects, space.kernels, strict=True):
            own = [(roi, subject) for roi in cell.rois]
            scored = predictivity(kernels, cell.folds, [cell.responses[key] for key in own])
            found.update(zip(own, scored, strict=True))
    return {
        roi: summarise([found[roi, subject] for subject in cell.subjects], ceilings.get(roi))
        for roi in cell.rois
    }


def summarise(people: Sequence[Correlations], ceiling: Ceiling | None) -> SpaceScore:
    """Medians over voxels of each person, undivided and divided.

    Parameters
    ----------
    people : per person r of each layer and voxel.
    ceiling : of the ROI, voxels in the same order; None: nothing is divided.

    Returns
    -------
    (P, n_layers) medians, and r of every voxel at the layer that is best undivided.
    """
    raw = np.array(parallel(lambda person: np.median(person.r, axis=1), people))
    divided = None
    if ceiling is not None:
        widths = [person.r.shape[1] for person in people]
        pairs = list(zip(people, ceiling.of_people("v0", widths), strict=True))
        with np.errstate(invalid="ignore"):  # the middle of +inf and -inf is NaN, and reported
            divided = np.array(
                parallel(lambda p: np.median(divide_by_ceiling(p[0].r, p[1]), axis=1), pairs)
            )
    best = best_layer(raw)
    constant = np.sum([person.n_constant for person in people], axis=0)
    return SpaceScore(raw, divided, constant, [person.r[best] for person in people])
