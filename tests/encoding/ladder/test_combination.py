"""One p from many cells, and corrected ones of each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder import combination
from brainbench.encoding.ladder.combination import (
    CellNull,
    assess_cells,
    assess_together,
    combine,
)
from brainbench.statistics.inference import holm

DRAWS = 400


def cell(rng: np.random.Generator, own: float = 0.0, between: float = 0.0) -> CellNull:
    values = rng.standard_normal((2, DRAWS))
    values[:, 0] += [own, between]
    return CellNull(values[0], values[1])


def test_terms_are_summed_in_their_own_standard_deviations() -> None:
    rng = np.random.default_rng(0)
    one, two = cell(rng, own=2.0), cell(rng)
    assert two.between is not None
    loud = CellNull(two.own * 1e6, two.between)
    found, same = combine([one, loud]), combine([one, two])
    for name in found:
        np.testing.assert_allclose(found[name], same[name], atol=1e-9)


def test_the_larger_takes_whichever_term_is_there() -> None:
    rng = np.random.default_rng(1)
    for own, between in ((5.0, 0.0), (0.0, 5.0), (3.5, 3.5)):
        found = assess_together([cell(rng, own, between)])
        assert found["larger"].p < 0.02


def test_without_between_the_larger_is_own() -> None:
    own = np.random.default_rng(2).standard_normal(DRAWS)
    found = assess_together([CellNull(own, None)])
    assert set(found) == {"own", "larger"}
    assert found["own"] == found["larger"]


def test_p_values_are_even_where_there_is_nothing() -> None:
    rng = np.random.default_rng(3)
    p = [assess_together([cell(rng), cell(rng)])["larger"].p for _ in range(300)]
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_a_cell_is_found_only_where_every_set_with_it_is() -> None:
    """Two cells: the corrected p is the larger of the cell's and of both together."""
    rng = np.random.default_rng(4)
    one, two = cell(rng, own=3.0), cell(rng)
    both = assess_together([one, two])
    found = assess_cells({"one": one, "two": two})
    for name, each in (("one", one), ("two", two)):
        for which, alone in assess_together([each]).items():
            assert found[name][which].p == max(alone.p, both[which].p)
            assert found[name][which].z == alone.z


def test_closed_testing_holds_the_family() -> None:
    """One cell of three has a signal: the others are found no more often than 5 % together."""
    rng = np.random.default_rng(5)
    wrong, right, runs = 0, 0, 200
    for _ in range(runs):
        cells = {"signal": cell(rng, own=4.0), "a": cell(rng), "b": cell(rng)}
        found = assess_cells(cells)
        wrong += min(found["a"]["larger"].p, found["b"]["larger"].p) <= 0.05
        right += found["signal"]["larger"].p <= 0.05
    assert stats.binomtest(wrong, runs, 0.05, alternative="greater").pvalue > 0.001
    assert right > 0.5 * runs


def test_many_cells_are_corrected_by_holm(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    cells = {name: cell(rng, own=2.0) for name in "abc"}
    monkeypatch.setattr(combination, "MAX_CLOSED", 2)
    found = assess_cells(cells)
    alone = [assess_together([one])["own"].p for one in cells.values()]
    assert [one["own"].p for one in found.values()] == holm(alone)


def test_zero_everywhere_is_found_nowhere() -> None:
    flat: Array = np.zeros(DRAWS)
    assert assess_together([CellNull(flat, flat)])["larger"].p == 1.0
