"""Remarks: every caution of a run in at most five sentences, the gravest first."""

from __future__ import annotations

import pytest
from scorecards import PARTIAL
from simulated_records import empty, full

from brainbench.results.scorecard import remarks


@pytest.mark.parametrize("name", PARTIAL)
def test_there_are_at_most_five(name: str) -> None:
    found = remarks(PARTIAL[name])
    assert len(found) <= 5
    for sentence in found:
        assert sentence.endswith(".")


def test_what_is_for_trying_out_is_one_sentence() -> None:
    made = full(notes=["limited to 10 items of each task: for trying out only", "read this"])
    made.model.builtin = True
    found = remarks(made)
    assert found[0] == (
        "For trying out only: the model is built in; limited to 10 items of each task."
    )
    assert found[1] == "Noted: read this."


def test_a_run_that_is_not_complete_says_so_first() -> None:
    found = remarks(empty(status="error", error="out of memory", notes=["a", "b", "c", "d"]))
    assert found == [
        "This run is not complete: its status is error (out of memory).",
        "Noted: a; b; and 2 more remarks in the details.",
    ]


def test_what_reaches_the_model_is_named_once() -> None:
    (alignment,) = [text for text in remarks(full()) if text.startswith("Alignment: ")]
    assert "response time reaches the model in some cells" in alignment


def test_what_holds_for_gains_is_named_by_guidance_alone() -> None:
    named = {text.split(": ", 1)[0] for held in PARTIAL.values() for text in remarks(held)}
    assert "Guidance" in named
    assert not [name for name in named if "others" in name]
