"""Strength, layers and threshold, chosen on validation problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.guidance.layer_sets import as_mask
from brainbench.guidance.rows import Dose, NeutralShift
from brainbench.statistics.answers import auc, best_threshold

if TYPE_CHECKING:
    from brainbench.guidance.evaluation.neutral import Shift

STRENGTHS: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
# areas that differ by less are equal
_EQUAL = 1e-9


@dataclass(frozen=True)
class SteeringGrid:
    """The grid of strengths × sets of layers, the same for every arm.

    Attributes
    ----------
    sets : name → layers.
    strengths : lengths of the direction at each layer, in units of the spread of states there.
    n_layers : layers of the model.
    """

    sets: Mapping[str, tuple[int, ...]]
    strengths: tuple[float, ...]
    n_layers: int

    @property
    def options(self) -> list[tuple[str, float]]:
        """(set, strength), in ascending strength: of equal options the first is taken."""
        return [(name, strength) for strength in self.strengths for name in self.sets]

    def factors(self, sigma: Array) -> Array:
        """(options, L) factors of a unit direction at each layer.

        Parameters
        ----------
        sigma : (L,) spread of the states at each layer.
        """
        masks = {name: np.array(as_mask(own, self.n_layers)) for name, own in self.sets.items()}
        return np.stack([strength * masks[name] * sigma for name, strength in self.options])


def within(shifts: Array, limit: float | None) -> NDArray[np.bool_]:
    """Options that may be chosen: those within a limit; where all are beyond it, the weakest.

    Parameters
    ----------
    shifts : (n_options,) how far each moves the model on neutral text, nats.
    limit : of the shift; None for none.
    """
    if limit is None:
        return np.ones(len(shifts), bool)
    found: NDArray[np.bool_] = shifts <= limit
    return found if found.any() else np.arange(len(shifts)) == np.argmin(shifts)


def choose(odds: Array, labels: NDArray[np.int64], allowed: NDArray[np.bool_] | None = None) -> int:
    """Index of the option with the largest AUC of its log-odds (items, options).

    Parameters
    ----------
    odds : (n_items, n_options) log-odds of True, natural logarithm.
    labels : (n_items,) number of the right choice; 0 is True.
    allowed : (n_options,) which may be chosen, one at least; all by default.

    Returns
    -------
    The first of several that are equal; an area that is undefined counts as 0.5.
    """
    areas = np.nan_to_num(auc(odds, labels == 0), nan=0.5)
    areas = areas if allowed is None else np.where(allowed, areas, -np.inf)
    return int(np.argmax(areas >= areas.max() - _EQUAL))


def choose_accuracy(
    answer: NDArray[np.int64], labels: NDArray[np.int64], allowed: NDArray[np.bool_] | None = None
) -> int:
    """Index of the option with the highest accuracy of its answers (items, options).

    Parameters
    ----------
    answer : (n_items, n_options) number of the choice that was answered, -1 for none.
    labels : (n_items,) number of the right choice.
    allowed : (n_options,) which may be chosen, one at least; all by default.

    Returns
    -------
    The first of several that are equal.
    """
    right = (answer == labels[:, None]).mean(axis=0)
    return int(np.argmax(right if allowed is None else np.where(allowed, right, -np.inf)))


def threshold(odds: Array, labels: NDArray[np.int64]) -> float:
    """Threshold of log-odds (items,) by :func:`.best_threshold`; 0 where there is one label.

    Parameters
    ----------
    odds : (n_items,) log-odds of True, natural logarithm.
    labels : (n_items,) number of the right choice; 0 is True.
    """
    found = best_threshold(odds, labels == 0)
    return 0.0 if np.isnan(found) else found


def doses(
    arm: str,
    grid: SteeringGrid,
    odds: Sequence[Array],
    answer: Sequence[NDArray[np.int64]],
    labels: NDArray[np.int64],
    shifts: Sequence[Shift] = (),
) -> list[Dose]:
    """A dose for each option.

    Parameters
    ----------
    odds, answer : per seed (items, options).
    shifts : per seed, of each option; none where they were not measured.
    """
    areas = np.mean([auc(each, labels == 0) for each in odds], axis=0)
    stacked = np.stack(answer)
    return [
        Dose(
            arm=arm,
            layers=name,
            strength=strength,
            auc=None if np.isnan(areas[number]) else float(areas[number]),
            accuracy=float((stacked[..., number] == labels).mean()),
            true_rate=float((stacked[..., number] == 0).mean()),
            valid=float((stacked[..., number] >= 0).mean()),
            shift=mean_of_shifts(
                [NeutralShift(kl=one.kl[number], rise=one.rise[number]) for one in shifts]
            ),
        )
        for number, (name, strength) in enumerate(grid.options)
    ]


def mean_of_shifts(shifts: Sequence[NeutralShift]) -> NeutralShift | None:
    """Mean of each number; None of none."""
    if not shifts:
        return None
    kl, rise, beyond = np.mean([(one.kl, one.rise, one.beyond) for one in shifts], axis=0).tolist()
    return NeutralShift(kl=kl, rise=rise, beyond=beyond)
