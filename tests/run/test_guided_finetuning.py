"""Fine-tuning in the suite as published: all items train, every arm is kept, seeds are counted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from golden_files import alone
from guided_run import TEST

from brainbench.errors import UsageError
from brainbench.guidance.finetuning import experiment
from brainbench.guidance.options import GuidanceOptions
from brainbench.guidance.rows import TRAINED_ON
from brainbench.progress import Step
from brainbench.results import Record
from brainbench.results.scorecard.guidance import read_guidance
from brainbench.results.sections.guidance import gains_section
from brainbench.run import Settings, evaluate

CHOSEN = GuidanceOptions(
    rois=("validity",), tier="reduced", tests=(TEST,), epochs=1, forms=("published",), seeds=2
)


def run(folder: Path, options: GuidanceOptions = CHOSEN, **more: Any) -> Record:
    settings = Settings(guidance=options, limit=2)
    with alone(folder / "cache"):
        return evaluate(
            "nano", suite="guidance-finetuning", settings=settings, output_path=folder, **more
        )


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """One λ, so that each arm and seed is one training."""
    whole = experiment.published_plan

    def plan(*given: Any) -> experiment.FinetuningPlan:
        return replace(whole(*given), weights=(0.05,))

    monkeypatch.setattr(experiment, "published_plan", plan)


@pytest.mark.usefixtures("one_try")
def test_as_published_with_two_seeds_stopped_and_gone_on_with(tmp_path: Path) -> None:
    def stop_at(text: str) -> Any:
        def stop(step: Step) -> None:
            if text in step.label:
                raise KeyboardInterrupt

        return stop

    for text in ("permuted fMRI, seed 2 of 2", "asking after training, arm 4 of"):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, report=stop_at(text))
    (folder,) = (tmp_path / "nano").iterdir()
    steps = {path.name for path in (folder / "steps").glob("asked-*")}
    assert len(steps) == 3, "the model as it is, and both seeds of guided"
    made = {p: p.stat().st_mtime_ns for p in folder.rglob("adapter_model.safetensors")}
    assert len(made) == 6
    seen: list[str] = []
    record = run(tmp_path, report=lambda step: seen.append(step.label))
    assert made == {p: p.stat().st_mtime_ns for p in made}
    assert not any("epoch" in label for label in seen)

    assert [score.test for score in record.gains] == [TRAINED_ON, TEST]
    for score in record.gains:
        assert score.form == "published"
        assert score.verdict == "inconclusive"
        assert not score.alignment
        assert {row.arm: row.n_seeds for row in score.arms}["guided"] == 2
        assert any("all scanner items train" in text for text in score.warnings)
        assert any(text.startswith("weights in float32") for text in score.warnings)
    trained_on = record.gains[0]
    assert trained_on.n_items == 72, "all of them"
    assert "the model was trained on these items" in trained_on.reading
    for path in folder.rglob("finetuning.json"):
        told = json.loads(path.read_text("utf-8"))
        assert told["data"]["items"] == 72
        assert told["recipe"]["form"] == "published"
        assert told["budget"]["accumulation"] is None
        assert len(told["history"]["losses"]) == 1, "one step of all items"
    section = gains_section(record)
    assert section is not None
    assert [part.title.partition(" by ")[0] for part in section.parts] == [
        "Fine-tuning as published"
    ] * 2
    lines = [reading.line for reading in read_guidance(record)]
    assert all(line.name == "fine-tuning, as published" for line in lines)


def test_recipes_that_no_response_takes_part_in_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no brain response takes part in the recipe 'stimulus'"):
        run(tmp_path, replace(CHOSEN, recipes=("stimulus",)))
    with pytest.raises(UsageError, match="did you mean 'language\\+representation'"):
        run(tmp_path, replace(CHOSEN, recipes=("language+representations",)))
    assert not list(tmp_path.iterdir())
