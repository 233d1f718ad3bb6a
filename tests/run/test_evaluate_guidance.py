"""The guidance suite as a run: every step in the record, kept, taken up again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from golden_files import alone
from guided_run import SMALL, TEST, GuidedRun
from guided_run import guide as run

import brainbench
from brainbench.errors import UnknownNameError, UsageError
from brainbench.guidance.options import GuidanceOptions
from brainbench.guidance.signals import Signals
from brainbench.models import PHANTOM_FILE, ModelOptions
from brainbench.progress import Step
from brainbench.results import Record
from brainbench.run import Settings, evaluate
from brainbench.run.guidance import GuidanceRun


@pytest.fixture
def record(guided: GuidedRun) -> Record:
    return guided.record


def test_every_way_and_test_has_its_score(record: Record) -> None:
    assert record.status == "success"
    told = [(score.mode, score.test) for score in record.gains]
    assert told == [
        ("steering", "held-out scanner items"),
        ("steering", TEST),
        ("finetuning", "held-out scanner items"),
        ("finetuning", TEST),
    ]
    (search,) = record.searches
    assert search.reasoning_type == "syllogistic"
    # six people have each of ten items right at most; the record says what was left out
    assert search.n_pairs <= 10 * search.n_people
    assert search.n_wrong > 10
    assert (
        "tests limited to 10 problems of each set, the search to 10 items of each type that the "
        "model has wrong: for trying out only" in record.notes
    )
    assert {row.arm for row in search.rows if not row.restarts} == {
        "guided",
        "permuted fMRI",
        "label as fMRI",
        "label only",
        "random direction",
    }
    assert {row.arm for row in search.rows if row.restarts} == {
        "guided, restarts",
        "permuted fMRI, restarts",
        "random restarts",
    }
    assert record.datasets[0].simulated
    assert record.config["guidance"]["extents"]["steering"]["tier"] == "reduced"


def test_one_seed_claims_nothing(record: Record) -> None:
    for score in record.gains:
        assert score.tier == "reduced"
        assert score.verdict == "inconclusive"
        assert any("reduced tier" in text for text in score.warnings)


def test_fine_tuning_says_whether_alignment_rose_too(record: Record) -> None:
    for score in record.gains:
        arms = {row.arm for row in score.alignment}
        assert arms == (
            {"guided", "permuted fMRI", "label only"} if score.mode == "finetuning" else set()
        )
        assert bool(score.doses) == (score.mode == "steering")


def test_an_interrupted_run_goes_on_and_ends_with_the_same_record(
    record: Record, tmp_path: Path
) -> None:
    def stop(step: Step) -> None:
        if "part 3 of 3, asking after training, arm 2 of " in step.label:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, report=stop)
    (folder,) = (tmp_path / "nano").iterdir()
    adapters = {p: p.stat().st_mtime_ns for p in folder.rglob("adapter_model.safetensors")}
    assert adapters
    seen: list[str] = []
    whole = run(tmp_path, report=lambda step: seen.append(step.label))
    assert not any("search" in label or "held-out" in label for label in seen)
    assert adapters == {p: p.stat().st_mtime_ns for p in adapters}
    told = {"timing"}
    assert whole.model_dump(exclude=told) == record.model_dump(exclude=told)


def test_a_model_that_nobody_beats_is_guided_by_every_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setattr(Signals, "humans_beat_model", lambda self, answer: False)
    monkeypatch.setattr(GuidanceRun, "_steer", lambda self, roi, method: [])
    small = Settings(guidance=SMALL.guidance, limit=4)
    with alone(tmp_path / "cache"):
        found = evaluate("nano", suite="guidance", settings=small, output_path=tmp_path)
    assert found.status == "success"
    assert found.searches == []
    assert any("no search for what would flip its answers" in text for text in said)
    assert {score.mode for score in found.gains} == {"finetuning"}
    for score in found.gains:
        assert any(text.endswith("every item guides") for text in score.warnings)
    (trained,) = {p.parent for p in tmp_path.rglob("guided-0/rate-0.003/finetuning.json")}
    recipe = json.loads((trained / "finetuning.json").read_text("utf-8"))
    assert recipe["recipe"]["guided_items"] == "all"
    assert recipe["data"]["guided"] == recipe["data"]["items"]


@pytest.mark.parametrize("form", ["controlled", "published"])
def test_steering_is_run_in_the_form_that_was_asked_for(form: str, tmp_path: Path) -> None:
    guidance = replace(SMALL.guidance, forms=(form,))
    with alone(tmp_path / "cache"):
        found = evaluate(
            "nano",
            suite="guidance-steering",
            settings=Settings(guidance=guidance, limit=4),
            output_path=tmp_path,
        )
    assert found.status == "success"
    assert [len(found.gains), len(found.searches)] == ([2, 0] if form == "controlled" else [0, 1])


def test_what_cannot_be_guided_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a language model that brainbench runs"):
        evaluate(PHANTOM_FILE, suite="guidance", output_path=tmp_path)
    with pytest.raises(UsageError, match="without --think"):
        evaluate(
            "nano",
            suite="guidance",
            settings=Settings(options=ModelOptions(think=True)),
            output_path=tmp_path,
        )
    with pytest.raises(UsageError, match="say --suite guidance"):
        evaluate("nano", settings=SMALL, output_path=tmp_path)
    with pytest.raises(UnknownNameError, match="did you mean 'guidance"):
        evaluate("nano", suite="guidence", output_path=tmp_path)
    with pytest.raises(UnknownNameError, match="unknown ROI"):
        evaluate(
            "nano",
            suite="guidance",
            settings=Settings(guidance=GuidanceOptions(rois=("valdity",))),
            output_path=tmp_path,
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"tier": "ful"}, "did you mean 'full'"),
        ({"tests": ("folio",)}, "unknown test of guidance"),
        ({"epochs": 0}, "whole number from 1"),
    ],
)
def test_options_are_checked(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        GuidanceOptions(**given)


def test_tiers() -> None:
    auto = GuidanceOptions()
    assert auto.extent("steering", "cpu", False, 0).tier == "reduced"
    assert auto.extent("steering", "cuda:0", False, 3).seeds == (3, 4, 5, 6, 7)
    assert auto.extent("steering", "cpu", True, 0).tier == "full"
    assert auto.extent("finetuning", "cpu", True, 0).tier == "reduced"
    full = GuidanceOptions(tier="full", epochs=4).extent("finetuning", "cpu", True, 0)
    assert (full.tier, full.epochs, len(full.seeds)) == ("full", 4, 5)
    assert set(full.arms("finetuning")) >= {"stimulus only", "random fMRI", "random direction"}


def test_suites_of_guidance_are_listed() -> None:
    assert "evaluate" in brainbench.__all__
    from brainbench.cli import listing

    assert set(listing._KINDS["suites"]()) >= {"guidance", "guidance-steering"}
