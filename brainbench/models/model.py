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
        for site, values in self.values.items():
            if site not in SITES:
                raise DataError(f"{site!r} is no site; there are {' and '.join(SITES)}")
            if not isinstance(values, np.ndarray) or values.ndim != 3 or 0 in values.shape:
                found = getattr(values, "shape", type(values).__name__)
                raise DataError(f"{site}: expected an array (items, layers, units), got {found}")
            self._check_layers(site, values.shape[1])
            bad = ~np.isfinite(values).all(axis=(0, 2))
            if bad.any():
                named = ", ".join(str(self.layers[site][i]) for i in np.flatnonzero(bad)[:5])
                raise DataError(f"{site}: NaN or infinite activations in layer {named}")
        counts = sorted({values.shape[0] for values in self.values.values()})
        if len(counts) > 1:
            raise DataError(f"sites hold different numbers of items: {counts}")

    def _check_layers(self, site: Site, count: int) -> None:
        numbers = tuple(self.layers.get(site, ()))
        whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers)
        if not whole or len(set(numbers)) != len(numbers):
            raise DataError(f"{site}: layers must be different whole numbers from 0: {numbers}")
        if len(numbers) != count:
            raise DataError(f"{site}: {len(numbers)} layer numbers for {count} layers")

    def check_rows(self, problems: Sequence[Problem]) -> None:
        """Raise ``DataError`` when there is not one row for each problem."""
        if self.n_items != len(problems):
            raise DataError(
                f"the model gave activations of {self.n_items} items for {len(problems)} problems"
            )

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


def read_activations(model: Model, problems: Sequence[Problem]) -> Activations:
    """Ask a model for its activations, and check that they are some and fit the problems.

    Raises
    ------
    DataError
        When the model gave something else, or not one row for each problem.
    """
    given: object = model.activations(problems)
    if not isinstance(given, Activations):
        raise DataError(f"the model gave {type(given).__name__}, not Activations")
    given.check_rows(problems)
    return given
