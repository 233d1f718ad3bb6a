"""Log-odds that a real model gave under every arm, kept in a file for simulations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from brainbench.errors import DataError
from brainbench.guidance.answers import TestItems

Array = NDArray[np.float64]
_ARRAYS = ("labels", "base", "order", "test")


@dataclass(frozen=True)
class MeasuredOdds:
    """Log-odds at one test, and at the problems that its threshold is chosen on.

    Attributes
    ----------
    name : of the test, with the type whose scanner items guide.
    labels, base, order : (n_items,) as of :class:`.TestItems`, validation problems last.
    test : (n_items,) whether an item is of the test; the others are of validation.
    odds : arm → (n_rows, n_items) log P(True) - log P(False); a row for each draw of signals.
    """

    name: str
    labels: NDArray[np.int64]
    base: NDArray[np.int64]
    order: NDArray[np.int64]
    test: NDArray[np.bool_]
    odds: Mapping[str, Array]

    @property
    def items(self) -> TestItems:
        """The problems of the test."""
        own = self.test
        return TestItems(self.labels[own], 2, self.base[own], self.order[own])


def save_measured(path: Path, measured: Sequence[MeasuredOdds]) -> None:
    """Write arrays alone, log-odds in single precision.

    Parameters
    ----------
    path : of the file, ``.npz``.
    measured : one for each test.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    for each in measured:
        arrays |= {f"{each.name}|{name}": getattr(each, name) for name in _ARRAYS}
        arrays |= {f"{each.name}|odds|{arm}": found.astype(np.float32)
                   for arm, found in each.odds.items()}  # fmt: skip
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load_measured(path: Path) -> dict[str, MeasuredOdds]:
    """Read what :func:`save_measured` wrote, by name of the test.

    Raises
    ------
    DataError
        When it is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        raise DataError(f"{path} is not a file of log-odds: {error}") from error
    found = {}
    for name in dict.fromkeys(key.split("|")[0] for key in arrays):
        odds = {
            key.split("|")[2]: values.astype(np.float64)
            for key, values in arrays.items()
            if key.startswith(f"{name}|odds|")
        }
        try:
            labels, base, order, test = (arrays[f"{name}|{part}"] for part in _ARRAYS)
        except KeyError as error:
            raise DataError(f"{path} lacks {error}") from error
        found[name] = MeasuredOdds(name, labels, base, order, test, odds)
    return found
