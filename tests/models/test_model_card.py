"""Model cards: the hub reads their header, and nobody's own text is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from tiny_steerings import make_steering

from brainbench.models import MadeFor, load_steering, save_steering
from brainbench.models.model_card import Result, card_text, remove_card, write_card

MADE_FOR = MadeFor("lab/tiny", "0" * 64, "llama", 4, 32)


def text() -> str:
    return card_text(
        "tiny, guided", ["An adapter."], base_model="lab/tiny", datasets=["xiao2026"],
        library="peft", tags=["lora"],
        results=[Result("validation", "roc_auc", "AUC", 0.61234567),
                 Result("validation", "roc_auc", "AUC, before", 0.5)],
    )  # fmt: skip


def test_the_hub_reads_the_header(tmp_path: Path) -> None:
    path = write_card(tmp_path, text())
    assert path == tmp_path / "README.md"
    card = ModelCard.load(path)
    data = card.data
    assert (data.base_model, data.library_name, data.datasets) == ("lab/tiny", "peft", ["xiao2026"])
    assert (data.metrics, data.license) == (["roc_auc"], None)
    assert data.tags == ["brainbench", "lora"]
    assert [(r.metric_name, r.metric_value) for r in data.eval_results or ()] == [
        ("AUC", 0.612346), ("AUC, before", 0.5),
    ]  # fmt: skip
    assert "An adapter." in card.text
    assert "licence is the base model's" in card.text


def test_a_text_of_somebodys_own_stays(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Mine\n")
    assert write_card(tmp_path, text()) is None
    remove_card(tmp_path)
    assert (tmp_path / "README.md").read_text() == "# Mine\n"


def test_a_card_is_replaced_and_removed(tmp_path: Path) -> None:
    write_card(tmp_path, text())
    assert write_card(tmp_path, text().replace("An adapter.", "Another.")) is not None
    assert "Another." in (tmp_path / "README.md").read_text()
    remove_card(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.md"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "README.md").symlink_to(elsewhere)
    assert write_card(folder, text()) is None
    assert not elsewhere.exists()


@pytest.mark.parametrize("recipe", [{}, {"dataset": 3, "all": "x"}])
def test_a_steering_has_one_whatever_its_recipe(recipe: dict[str, object], tmp_path: Path) -> None:
    made = make_steering(MADE_FOR, groups=("syllogistic", "all"), recipe=recipe)
    save_steering(made, tmp_path)
    card = ModelCard.load(tmp_path / "README.md")
    assert card.data.base_model == "lab/tiny"
    assert card.data.eval_results is None
    assert load_steering(tmp_path).groups == made.groups


def test_a_steerings_numbers_are_its_recipes(tmp_path: Path) -> None:
    recipe = {"dataset": "xiao2026", "form": "controlled", "arm": "guided",
              "all": {"validation_auc": 0.61, "validation_auc_unsteered": 0.52}}  # fmt: skip
    save_steering(make_steering(MADE_FOR, recipe=recipe), tmp_path)
    card = ModelCard.load(tmp_path / "README.md")
    assert [result.metric_value for result in card.data.eval_results or ()] == [0.61, 0.52]
    assert card.data.datasets == ["xiao2026"]
    assert "too high for a result" in card.text
