"""What a record says before anything is scored: where the model learned."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_steerings import make_steering

from brainbench.guidance.finetuning.folder import RECORD, FinetuningRecord
from brainbench.models import LanguageModel, MadeFor, Model, ModelOptions, load_model, save_steering
from brainbench.run import Settings, evaluate
from brainbench.run.record import learned_from


@pytest.fixture(scope="module")
def nano() -> Model:
    return load_model("nano")


def training(source: str, **data: int) -> str:
    found = {"source": source, **data}
    return FinetuningRecord(
        status="finished", model={}, data=found, recipe={}, budget={}, versions={}
    ).model_dump_json()


def steered(folder: Path, dataset: str, **recipe: int) -> str:
    nano = load_model("nano")
    assert isinstance(nano, LanguageModel)
    steering = make_steering(MadeFor.of(nano), ("all",), recipe={"dataset": dataset, **recipe})
    return str(save_steering(steering, folder))


def test_an_adapter_tells_what_it_was_trained_on(nano: Model, tmp_path: Path) -> None:
    assert learned_from(nano, None) == ([], [])
    assert learned_from(nano, tmp_path) == ([], [])  # of another trainer
    (tmp_path / RECORD).write_text(training("xiao2026.language.all"), "utf-8")
    assert learned_from(nano, tmp_path) == (["xiao2026"], [])
    (tmp_path / RECORD).write_text(training("xiao2026.language.all", limit=8), "utf-8")
    (told,) = learned_from(nano, tmp_path)[1]
    assert told == (
        "the adapter was trained on 8 items of each type (--limit): for trying out only"
    )
    (tmp_path / RECORD).write_text("{", "utf-8")
    (told,) = learned_from(nano, tmp_path)[1]
    assert "what the adapter learned from is unknown" in told


def test_scores_on_what_a_model_learned_from_are_told_as_such(tmp_path: Path) -> None:
    found = {}
    for origin in ("phantom", "phantom_guidance"):
        folder = steered(tmp_path / origin, origin, limit=4)
        found[origin] = evaluate(
            "nano",
            benchmarks=["phantom.noise.syllogistic-ridge"],
            settings=Settings(protocol="published", options=ModelOptions(steer=folder)),
            output_path=tmp_path / "results",
        )
    own, other = found["phantom"], found["phantom_guidance"]
    assert (own.model.learned_from, other.model.learned_from) == (["phantom"], ["phantom_guidance"])
    answer = "phantom: the model learned from phantom, whose people or problems these are"
    assert [note.startswith(answer) for note in own.notes].count(True) == 1
    assert not any("learned from" in note for note in other.notes)
    assert any(
        note.endswith("was made with 4 items of each type (--limit): for trying out only")
        for note in other.notes
    )
