"""What people's maps make of a problem's own state: no response to it is needed.

A map W predicts the response ŷ = W (x − μ) of a person to a problem that nobody was scanned on. A
state is moved so that this prediction becomes larger, with the same pattern: ½|ŷ|² rises fastest
along Wᵀ W (x − μ), which lies in the rows of W. So of what tells this problem from others,

    δ ∝ Σ over people of unit(Wᵀ W (x − μ))

amplifies the part that people's responses follow, and the more, the better they follow it. With
maps of permuted responses it is the part that those follow.

Source: the idea of amplifying a state's own part along directions that were read, Zou et al. 2023,
Representation Engineering (arXiv 2310.01405), piece-wise operation; here the directions are all
those that the maps read, each weighted by its squared singular value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brainbench.encoding.kernels import Array
from brainbench.guidance.maps import BrainMaps
from brainbench.guidance.methods.directions import Director, Material, to_unit
from brainbench.guidance.signals import Signals


@dataclass(frozen=True)
class Amplification:
    """Directions along which the predicted responses to a state grow.

    Attributes
    ----------
    maps : of all people, at L layers.
    grams : per person (L, m, m) inner products of the maps' duals.
    """

    maps: BrainMaps
    grams: tuple[Array, ...]

    @classmethod
    def by(cls, maps: BrainMaps) -> Amplification:
        """By the maps of all people."""
        return cls(maps, tuple(dual @ np.swapaxes(dual, 1, 2) for dual in maps.duals))

    def __call__(self, states: Array) -> Array:
        """(n, L, units) unit directions at states (n, L, units)."""
        # W = Xᵀ D, so that Wᵀ W (x − μ) is Xᵀ (D Dᵀ) X (x − μ), and no voxel is touched
        products = np.einsum("nlu,lmu->nlm", states - self.maps.mean, self.maps.span)
        total = np.zeros_like(states)
        for gram in self.grams:
            inside = np.einsum("nlm,lmk->nlk", products, gram)
            total += to_unit(np.einsum("nlk,lku->nlu", inside, self.maps.span))
        return to_unit(total)


def held_out(material: Material, states: Array, signals: Signals) -> Array:
    """(n_items, L, units) by maps of the training items; responses to the items are not read.

    Parameters
    ----------
    material : training items, with the signals that guide.
    states, signals : (n_items, L, units) states of the held-out items; not used.
    """
    return problems(material)(states)


def problems(material: Material) -> Director:
    """By maps of all training items.

    Parameters
    ----------
    material : training items, with the signals that guide.
    """
    return Amplification.by(material.maps())
