"""The card of an adapter says what its record says."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from brainbench.guidance.finetuning.folder import FinetuningFolder, FinetuningRecord
from brainbench.guidance.finetuning.history import History


def record(**fields: object) -> FinetuningRecord:
    held = {
        "status": "finished",
        "model": {"identifier": "lab/tiny", "weights_sha256": "a" * 64},
        "data": {"source": "xiao2026.language", "people": 10, "items": 70, "learned": 50,
                 "guided": 12},
        "recipe": {"name": "representation+labels", "form": "controlled"},
        "budget": {}, "versions": {},
        "history": History(parts={"labels": [1.0, 0.5, 0.4]}, validation=[0.5, 0.55, 0.625, 0.6]),
        "best_epoch": 2,
    }  # fmt: skip
    return FinetuningRecord.model_validate({**held, **fields})


def card_of(folder: Path, made: FinetuningRecord) -> ModelCard:
    FinetuningFolder(folder).describe(made)
    return ModelCard.load(folder / "README.md")


def test_base_model_data_and_numbers(tmp_path: Path) -> None:
    card = card_of(tmp_path, record())
    assert card.data.base_model == "lab/tiny"
    assert (card.data.library_name, card.data.datasets) == ("peft", ["xiao2026"])
    assert [result.metric_value for result in card.data.eval_results or ()] == [0.625, 0.5]
    assert "chose epoch 2 of 3: 0.625, before training 0.500" in card.text
    assert "10 people, 70 items; 50 were learned as labels, 12 drew states" in card.text


@pytest.mark.parametrize("arm", [None, "permuted fMRI"])
def test_a_baseline_is_called_one(tmp_path: Path, arm: str | None) -> None:
    card = card_of(tmp_path, record(arm=arm))
    assert ("baseline" in card.data.tags) is (arm is not None)


def test_a_training_without_validation_has_no_number(tmp_path: Path) -> None:
    card = card_of(tmp_path, record(history=History(), best_epoch=0))
    assert card.data.eval_results is None
    assert "AUC" not in card.text


def test_it_goes_when_the_training_is_cleared(tmp_path: Path) -> None:
    folder = FinetuningFolder(tmp_path)
    folder.save(record())
    folder.describe(record())
    folder.clear()
    assert not (tmp_path / "README.md").exists()
