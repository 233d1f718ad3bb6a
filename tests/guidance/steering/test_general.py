"""The mean of the directions that flipped an answer."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError, UnknownNameError
from brainbench.guidance.steering.general import general_direction
from brainbench.guidance.steering.search import Pairs, Search


def found_by_search(delta: Array, tries: list[int]) -> Search:
    rows = np.arange(len(delta))
    lengths = np.linalg.norm(delta, axis=-1)[:, None]
    pairs = Pairs(rows, rows, np.zeros(len(delta), np.int64))
    return Search(pairs, np.array(tries), delta, lengths, 0 * rows, delta.astype(np.float32))


class TestGeneralDirection:
    MOVED = np.random.default_rng(0).normal([[1.0], [3.0]], 1.0, (5, 2, 4))
    FOUND = found_by_search(MOVED, [3, 0, 1, 40, 0])

    def test_mean_of_those_that_flipped(self) -> None:
        expected = (self.MOVED[0] + self.MOVED[2] + self.MOVED[3]) / 3
        np.testing.assert_allclose(general_direction(self.FOUND), expected)

    def test_unit_length_times_the_spread_of_the_projections(self) -> None:
        found = general_direction(self.FOUND, "unit")
        for layer in range(2):
            chosen = self.MOVED[[0, 2, 3], layer]
            unit = chosen.mean(axis=0) / np.linalg.norm(chosen.mean(axis=0))
            np.testing.assert_allclose(found[layer], unit * np.std(chosen @ unit))

    def test_none_is_an_error(self) -> None:
        with pytest.raises(DataError, match="no answer was flipped"):
            general_direction(found_by_search(self.MOVED, [0] * 5))
        with pytest.raises(UnknownNameError, match="unknown mean of directions 'units'"):
            general_direction(self.FOUND, "units")
