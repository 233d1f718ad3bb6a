"""Pictures of what guidance brought."""

from __future__ import annotations

from typing import Any

from simulated_records import gain

from brainbench.guidance.score import GuidanceScore
from brainbench.guidance.verdict import AGAINST
from brainbench.results.sections.guidance_figures import gains_figure


def held(**fields: Any) -> GuidanceScore:
    """A gain over the arms that a claim needs."""
    named = [
        one.model_copy(update={"against": arm})
        for one, arm in zip(gain().differences, AGAINST, strict=False)
    ]
    return gain().model_copy(update={"differences": named, **fields})


def rows(*scores: GuidanceScore, most: int = 9) -> set[Any]:
    return {row[0] for row in gains_figure("k", scores, most).data[1:]}


def test_rows_say_what_tells_them_apart_and_no_more() -> None:
    first, other = held(), held(test="six premises")
    assert rows(first, other) == {"three premises", "six premises"}
    assert rows(first, held(reasoning_type="transitive")) == {
        "three premises, by syllogisms",
        "three premises, by transitive problems",
    }
    assert rows(first, held(roi="md")) == {
        "three premises, by language",
        "three premises, by multiple demand",
    }


def test_what_is_left_out_is_counted() -> None:
    scores = [held(test=f"test {i}") for i in range(5)]
    assert rows(*scores, most=2) == {"test 0", "test 1"}
    assert "in the first 2 of 5 tests" in gains_figure("k", scores, 2).caption
    assert "in 5 tests" in gains_figure("k", scores, 5).caption
