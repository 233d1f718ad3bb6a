"""What a baseline row reaches, and names that stand apart from the code behind them."""

from __future__ import annotations

import pytest

from brainbench.benchmarks.controlled.score import SIMILARITIES, ControlledScore
from brainbench.benchmarks.reached import Reached, reaches
from brainbench.encoding.controlled.similarity import METRICS


@pytest.mark.parametrize(
    ("value", "drawn", "reference", "expected"),
    [
        (None, None, 0.1, ()),
        (0.19, None, 0.2, ()),
        (0.2, None, None, ("model",)),
        (0.2, None, 0.2, ("model", "reference")),
        (0.1, (0.0, 0.2), 0.15, ("model",)),  # the upper end of its draws, but their mean
        (0.1, (0.0, 0.19), 0.1, ("reference",)),
    ],
)
def test_a_row_reaches_what_it_is_not_below(
    value: float | None,
    drawn: tuple[float, float] | None,
    reference: float | None,
    expected: Reached,
) -> None:
    assert reaches(value, drawn, 0.2, reference) == expected


def test_the_fields_of_similarity_are_its_metrics() -> None:
    assert tuple(METRICS) == SIMILARITIES
    assert set(SIMILARITIES) <= ControlledScore.model_fields.keys()
