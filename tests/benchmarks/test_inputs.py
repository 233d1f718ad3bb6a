"""What benchmarks are scored on: nothing is there that was not asked for."""

from __future__ import annotations

import pytest

from brainbench.benchmarks import Inputs, Needs
from brainbench.datasets import load_recording
from brainbench.errors import DataError
from brainbench.models import load_model

MODEL = load_model("smollm2-135m-phantom")


@pytest.mark.parametrize(
    ("field", "need"),
    [
        ("recording", "rois"),
        ("activations", "rois"),
        ("behavior", "answers"),
        ("answers", "answers"),
    ],
)
def test_what_was_not_asked_for_is_told(field: str, need: str) -> None:
    with pytest.raises(DataError, match=f"add {need} to `needs`"):
        getattr(Inputs(MODEL), field)


def test_a_model_is_read_out_on_what_is_there() -> None:
    recording = load_recording("phantom", ("noise",))
    given = Inputs(MODEL, recorded=recording)
    plain = given.read_out(Needs(rois=("noise",)))
    assert plain.activations.n_items == len(recording.problems)
    assert plain.untrained == "no untrained model was given"
    twins = given.read_out(Needs(rois=("noise",), untrained=True))
    assert twins.untrained == "only brainbench's own language models can be drawn anew"
    assert given.states is None


def test_needs_are_nothing_where_no_data_are_named() -> None:
    assert not Needs()
    assert not Needs(untrained=True)
    assert Needs(rois=("a",))
    assert Needs(answers=("transitive",))
