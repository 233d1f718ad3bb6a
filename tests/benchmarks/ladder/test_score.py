"""Where a model stops, read from the rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ladders import context

from brainbench.benchmarks.ladder.names import RUNGS
from brainbench.benchmarks.ladder.score import (
    LadderRow,
    LadderScore,
    read_outcome,
    stops_at,
    together,
)


def rows(*p_values: float) -> list[LadderRow]:
    """Global rows of the first rungs, and a cell that must not be read for them."""
    found = []
    for rung, p in zip(RUNGS, p_values, strict=False):
        for roi, value in (("language", 0.9), ("all", p)):
            found.append(
                LadderRow(
                    dataset="toy",
                    rung=rung,
                    term="larger",
                    roi=roi,
                    reasoning_type="all" if roi == "all" else "transitive",
                    z=10.0 * (1 - value),
                    p=value,
                    n_permutations=999,
                )
            )
    return found


def scored(*p_values: float) -> LadderScore:
    """A score of those rows, with nothing beside them."""
    named: dict[str, Any] = {"benchmark": "toy.brain.all-ladder", "version": 1, "dataset": "toy"}
    return LadderScore(**named, rows=tuple(rows(*p_values)), context=context())


@pytest.mark.parametrize(
    ("p_values", "stops", "outcome"),
    [
        ((0.2, 0.01, 0.01), "run", "not found"),
        ((0.01, 0.2, 0.01), "position", "not found"),
        ((0.01, 0.05, 0.3, 0.01), "length", "explained"),
        ((0.01, 0.01, 0.01, 0.01, 0.06), "words", "explained"),
        ((0.01, 0.01, 0.01), None, "found beyond everything listed"),
    ],
)
def test_the_first_rung_that_is_not_passed_counts(
    p_values: tuple[float, ...], stops: str | None, outcome: str
) -> None:
    assert stops_at(rows(*p_values)) == stops
    assert read_outcome(rows(*p_values)) == outcome


def test_rows_are_read_in_the_order_of_the_ladder() -> None:
    assert list(together(rows(0.1, 0.2, 0.3)[::-1])) == ["run", "position", "length"]


@pytest.mark.parametrize(("p_values", "z"), [((0.1, 0.3, 0.5), 7.0), ((0.1,), 9.0)])
def test_the_headline_is_z_beyond_position(p_values: tuple[float, ...], z: float) -> None:
    score = scored(*p_values)
    assert score.headline == pytest.approx(z)
    assert score.facts["p"] == dict(zip(RUNGS, p_values, strict=False))


def test_a_record_holds_rows_and_the_rest_and_gives_the_score_back() -> None:
    record = SimpleNamespace(ladder=[], ladder_context=[])
    score = scored(0.01, 0.02, 0.3)
    score.add_to(record)
    assert record.ladder == list(score.rows)
    assert LadderScore.read_from(record) == [score]
