"""The Model protocol: anything that gives activations for problems and other texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast, get_args

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import DataError, UsageError
from brainbench.problems import Problem, Stimulus

Site = Literal["attention", "hidden"]
SITES: tuple[Site, ...] = get_args(Site)


@dataclass(frozen=True)
class Activations:
    """States of a model at the tokens that are read out, one row per problem.

    Attributes
    ----------
    values : site → (n_items, n_layers, n_units). ``attention`` is the output of the
        self-attention module before the residual sum, ``hidden`` that of the whole block.
    layers : site → the model's own number of each layer, counting from 0.
    warnings : what a reader of the scores should know.
    contrast : as ``values``, the states when the model was asked only to read the premises;
        the localiser of reasoning units compares the two. None where that was not read.
    """

    values: Mapping[Site, NDArray[np.floating]]
    layers: Mapping[Site, tuple[int, ...]]
    warnings: tuple[str, ...] = ()
    contrast: Mapping[Site, NDArray[np.floating]] | None = None

    def __post_init__(self) -> None:
        if not self.values:
            raise DataError("activations hold no site")
        for site, values in self.values.items():
            if site not in SITES:
                raise DataError(f"{site!r} is not a site; there are {' and '.join(SITES)}")
            if not isinstance(values, np.ndarray) or values.ndim != 3 or 0 in values.shape:
                found = getattr(values, "shape", type(values).__name__)
                raise DataError(f"{site}: expected an array (items, layers, units), got {found}")
            self._check_layers(site, values.shape[1])
            self._check_finite(site, values, str(site))
        counts = sorted({values.shape[0] for values in self.values.values()})
        if len(counts) > 1:
            raise DataError(f"sites hold different numbers of items: {counts}")
        if self.contrast is not None:
            self._check_contrast(self.contrast)

    def _check_contrast(self, contrast: Mapping[Site, NDArray[np.floating]]) -> None:
        for site in contrast:
            if site not in self.values:
                raise DataError(f"{site}.contrast is given, but there is no {site}")
        for site, values in self.values.items():
            name = f"{site}.contrast"
            if site not in contrast:
                raise DataError(f"{name} is missing: every site needs one, or none")
            given = contrast[site]
            if not isinstance(given, np.ndarray) or given.shape != values.shape:
                found = getattr(given, "shape", type(given).__name__)
                raise DataError(f"{name}: expected an array {values.shape} as {site}, got {found}")
            self._check_finite(site, given, name)

    def _check_finite(self, site: Site, values: NDArray[np.floating], name: str) -> None:
        bad = ~np.isfinite(values).all(axis=(0, 2))
        if bad.any():
            named = ", ".join(str(self.layers[site][i]) for i in np.flatnonzero(bad)[:5])
            raise DataError(f"{name}: NaN or infinite activations in layer {named}")

    def _check_layers(self, site: Site, count: int) -> None:
        numbers = tuple(self.layers.get(site, ()))
        whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers)
        if not whole or len(set(numbers)) != len(numbers):
            raise DataError(f"{site}: layers must be different whole numbers from 0: {numbers}")
        if len(numbers) != count:
            raise DataError(f"{site}: {len(numbers)} layer numbers for {count} layers")

    def check_rows(self, problems: Sequence[Stimulus]) -> None:
        """Raise ``DataError`` when there is not one row for each problem."""
        if self.n_items != len(problems):
            raise DataError(
                f"the model gave activations of {self.n_items} items for {len(problems)} problems"
            )

    @property
    def n_items(self) -> int:
        """Number of problems read."""
        return int(next(iter(self.values.values())).shape[0])


@dataclass(frozen=True)
class Answers:
    """What a model answers to "does the conclusion follow?", one entry per problem.

    Attributes
    ----------
    said : (n_items,) the answer: 1 for True, 0 for False, NaN for anything else, which is invalid.
    log_odds : (n_items,) natural log of P(True) / P(False), each summed over its
        spellings; NaN where there is none.
    texts : the answer as the model gave it.
    cut_off : how many answers were stopped by the token limit before they ended.
    warnings : what a reader of the scores should know.
    """

    said: NDArray[np.float64]
    log_odds: NDArray[np.float64]
    texts: tuple[str, ...]
    cut_off: int = 0
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("said", "log_odds"):
            values = getattr(self, name)
            if not isinstance(values, np.ndarray) or values.shape != (len(self.texts),):
                found = getattr(values, "shape", type(values).__name__)
                raise DataError(f"{name}: expected an array of {len(self.texts)}, got {found}")
        strange = self.said[~np.isin(self.said, (0.0, 1.0)) & ~np.isnan(self.said)]
        if strange.size:
            raise DataError(f"said must be 1, 0 or NaN, not {strange[0]:g}")

    @property
    def n_items(self) -> int:
        """Number of problems asked."""
        return len(self.texts)

    @property
    def n_invalid(self) -> int:
        """Answers that are neither True nor False."""
        return int(np.isnan(self.said).sum())


class Model(Protocol):
    """A system that can be scored on alignment; one that also answers is an
    :class:`AnsweringModel`.

    Attributes
    ----------
    identifier : name on the board and of the results folder.
    sha256 : hash of everything that changes its activations.
    """

    @property
    def identifier(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    def activations(self, problems: Sequence[Stimulus]) -> Activations:
        """Read out every site and layer for these problems or texts, rows in their order.

        Each has ``identifier``, ``reasoning_type`` and ``sentences``; a problem has ``premises``
        and ``conclusion`` besides.
        """
        ...


class AnsweringModel(Model, Protocol):
    """A model that also answers."""

    def answer(self, problems: Sequence[Problem]) -> Answers:
        """Say of each problem whether its conclusion follows, in their order."""
        ...


def read_answers(model: Model, problems: Sequence[Problem]) -> Answers:
    """Ask a model for its answers, and check that there is one for each problem.

    Parameters
    ----------
    model : a model with a method ``answer``.
    problems : n_items problems, answered in this order.

    Returns
    -------
    One answer and one log-odds for each problem.

    Raises
    ------
    UsageError
        When it is not a model that answers, such as a file of activations.
    DataError
        When it gave something else than one answer for each problem.
    """
    # looked up by name: isinstance would read sha256, and with it the whole model
    if "answer" not in dir(model):
        raise UsageError(
            f"{model.identifier} gives activations only, no answers; behaviour needs a model "
            "that answers"
        )
    given: object = cast(AnsweringModel, model).answer(problems)
    if not isinstance(given, Answers):
        raise DataError(f"the model gave {type(given).__name__}, not Answers")
    if given.n_items != len(problems):
        raise DataError(f"the model gave {given.n_items} answers for {len(problems)} problems")
    return given


def read_activations(model: Model, problems: Sequence[Stimulus]) -> Activations:
    """Ask a model for its activations, and check their type and number of rows.

    Parameters
    ----------
    model : a model of any kind.
    problems : n_items problems or texts; rows are in this order.

    Returns
    -------
    (n_items, n_layers, n_units) at every site.

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
