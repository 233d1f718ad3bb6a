"""What is tested: anything that gives activations for problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import DataError
from brainbench.problems import Problem

Site = Literal["attention", "hidden"]
SITES: tuple[Site, ...] = get_args(Site)


@dataclass(frozen=True)
class Activations:
    """States of a model at the token that is read out, one row per problem.

    Attributes
    ----------
    values : site → (n_items, n_layers, n_units). ``attention`` is the output of the
        self-attention module before the residual sum, ``hidden`` that of the whole block.
    layers : site → the model's own number of each layer, counting from 0.
    warnings : what a reader of the scores should know.
    """

    values: Mapping[Site, NDArray[np.floating]]
    layers: Mapping[Site, tuple[int, ...]]
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.values:
            raise DataError("activations hold no site")
        counts = set()
        for site, values in self.values.items():
            if values.ndim != 3 or 0 in values.shape:
                raise DataError(
                    f"{site}: expected (items, layers, units), got shape {values.shape}"
                )
            if len(self.layers[site]) != values.shape[1]:
                raise DataError(
                    f"{site}: {len(self.layers[site])} layer numbers for {values.shape[1]} layers"
                )
            bad = ~np.isfinite(values).all(axis=(0, 2))
            if bad.any():
                named = ", ".join(str(self.layers[site][i]) for i in np.flatnonzero(bad)[:5])
                raise DataError(f"{site}: NaN or infinite activations in layer {named}")
            counts.add(values.shape[0])
        if len(counts) > 1:
            raise DataError(f"sites hold different numbers of items: {sorted(counts)}")

    @property
    def n_items(self) -> int:
        """Number of problems read."""
        return int(next(iter(self.values.values())).shape[0])


class Model(Protocol):
    """A system that can be scored.

    Attributes
    ----------
    identifier : name on the board and of the results folder.
    sha256 : hash of everything that changes its activations.
    """

    @property
    def identifier(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    def activations(self, problems: Sequence[Problem]) -> Activations:
        """Read out every site and layer for these problems, rows in their order."""
        ...
