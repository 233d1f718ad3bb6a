"""What prints in words once its display is loaded."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel

import brainbench
from brainbench import shown
from brainbench.closure import SourceTree
from brainbench.shown import Shown, show, show_with


class Thing(Shown, BaseModel):
    x: int


class Other(Thing):
    pass


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    # what records show by is registered once, on first use: not into a copy that is thrown away
    import_module(shown._REGISTERS)
    monkeypatch.setattr(shown, "_WAYS", dict(shown._WAYS))


def test_it_prints_as_pydantic_has_it_until_it_is_told() -> None:
    assert repr(Thing(x=1)) == str(Thing(x=1)) == "Thing(x=1)"
    show_with("text", Thing, lambda thing: f"x is {thing.x}")
    assert repr(Thing(x=1)) == f"{Thing(x=1)}" == "x is 1"
    assert repr(Other(x=2)) == "x is 2"
    show_with("text", Other, lambda thing: "other")
    assert repr(Other(x=2)) == "other"
    assert repr([Thing(x=1)]) == "[x is 1]"


def test_what_nothing_shows_is_shown_as_nothing() -> None:
    assert show("picture", Thing(x=1)) is None
    show_with("picture", Thing, lambda thing: thing.x)
    assert show("picture", Other(x=3)) == 3


def test_a_score_prints_though_nothing_else_is_loaded() -> None:
    code = (
        "from brainbench.benchmarks.score import OtherScore; "
        "print(OtherScore(kind='k', benchmark='a.b', version=1, dataset='a', value=0.5, score={}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "a.b 0.500\n"


def test_no_id_of_a_run_depends_on_how_it_is_shown() -> None:
    reached = SourceTree(Path(brainbench.__file__).parent).reached(["brainbench.results.record"])
    assert "brainbench.shown" in reached
    assert not [name for name in reached if name.startswith("brainbench.results.")
                and name != "brainbench.results.record"]  # fmt: skip
