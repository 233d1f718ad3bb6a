"""The task data as a data set: what ``datasets.load_dataset`` reads is what the tasks ask."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest
import yaml
from pyarrow import parquet

from scripts import load_script

script = load_script("make_task_dataset")
TASKS = script.TASKS
SETS = script.sets()


@pytest.mark.parametrize("name", ["scanner", "distractors", "transitive_3"])
def test_it_loads_by_name_with_three_splits(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    loaded = datasets.load_dataset(str(TASKS), name, cache_dir=str(tmp_path))
    assert list(loaded) == ["train", "validation", "test"]
    for split, held in loaded.items():
        assert held.to_list() == SETS[name][split]


def test_every_set_is_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert datasets.get_dataset_config_names(str(TASKS)) == list(SETS)


def test_every_file_holds_the_rows_of_the_jsonl_file() -> None:
    for name, splits in SETS.items():
        for split, rows in splits.items():
            table = parquet.read_table(TASKS / "parquet" / name / f"{split}.parquet")
            assert table.to_pylist() == rows, (name, split)


def test_the_card_is_what_the_script_writes() -> None:
    text = (TASKS / "README.md").read_text("utf-8")
    assert script.with_header(text, script.header(SETS)) == text
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["license"] == "apache-2.0"
    folders = {path.name for path in (TASKS / "parquet").iterdir()}
    assert {each["config_name"] for each in head["configs"]} == folders == set(SETS)


def test_a_header_is_put_in_place_of_the_one_before() -> None:
    once = script.with_header("# Tasks\n", "---\na: 1\n---\n")
    assert script.with_header(once, "---\nb: 2\n---\n") == "---\nb: 2\n---\n# Tasks\n"


def test_a_field_without_a_type_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="colour has no type"):
        script.write_parquet({"new": {"test": [{"id": "a", "colour": "red"}]}}, tmp_path)
