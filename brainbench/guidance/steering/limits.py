"""How far a strength moves the model on neutral text, and how far it may."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator
from brainbench.guidance.evaluation.neutral import SOME, NeutralPrefixes, Shift
from brainbench.guidance.evaluation.selection import within
from brainbench.guidance.steering.asking import Candidates, Pushes


@dataclass(frozen=True)
class ShiftLimit:
    """A limit on the shift of neutral text, the same for every arm.

    Attributes
    ----------
    every : all passages, for one direction that is added everywhere.
    some : every third, where each item has a direction of its own: a sample of the items'.
    limit : of the divergence, nats; None measures and leaves the choice free.
    """

    every: NeutralPrefixes
    some: NeutralPrefixes
    limit: float | None

    @classmethod
    def at(cls, evaluator: LastTokenEvaluator, limit: float | None) -> ShiftLimit:
        """A limit for directions of an evaluator's layers.

        Parameters
        ----------
        evaluator : of the model.
        limit : of the divergence, nats.
        """
        return cls(NeutralPrefixes(evaluator), NeutralPrefixes(evaluator, SOME), limit)

    def of(self, candidates: Candidates) -> Shift:
        """Shifts under each option at new problems.

        Parameters
        ----------
        candidates : one direction at every length, or directions as a function of the states,
            which are then those of the neutral prefixes.
        """
        if candidates.direct is None:
            return self.every.shift(candidates.sizes[None])
        units = candidates.direct(self.some.states)
        return self.some.shift(Pushes(units, candidates.sizes).at(range(len(units))))

    def of_items(self, units: Array, factors: Array) -> Shift:
        """Shifts under directions of items, one for each prefix, at every length.

        Parameters
        ----------
        units : (n_items, L, units); as many as there are prefixes are taken, evenly.
        factors : (n_options, L).
        """
        taken = units[np.arange(len(self.some)) * len(units) // len(self.some)]
        return self.some.shift(Pushes(taken, factors).at(range(len(taken))))

    def allowed(self, shift: Shift) -> NDArray[np.bool_]:
        """(n_options,) which may be chosen; see :func:`.within`."""
        return within(shift.kl, self.limit)

    def row(self, shift: Shift, option: int) -> Array:
        """What is recorded of a choice: divergence, rise, and whether it is beyond the limit."""
        beyond = self.limit is not None and shift.kl[option] > self.limit
        return np.array([shift.kl[option], shift.rise[option], float(beyond)])
