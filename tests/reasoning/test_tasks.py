"""Tasks by name: ours, a user's, lm-eval's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from brainbench.errors import DataError, UsageError
from brainbench.reasoning import tasks as loading
from brainbench.reasoning.checks.tasks import tasks_folder
from brainbench.reasoning.tasks import load_tasks

pytestmark = pytest.mark.usefixtures("public_tasks_read_once")

OWN = """
task: my_task
output_type: multiple_choice
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/data.jsonl}}}}
test_split: test
doc_to_text: "{{{{text}}}}"
doc_to_choice: ["yes", "no"]
doc_to_target: label
metric_list: [{{metric: acc}}]
"""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A user's folder of task files, with a task of five items."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "my_task.yaml").write_text(OWN.format(folder=folder))
    rows = [f'{{"text": "Is {n} even?", "label": {n % 2}}}\n' for n in range(5)]
    (folder / "data.jsonl").write_text("".join(rows))
    return folder


def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of our own folder, in its place."""
    folder = tmp_path / "tasks"
    shutil.copytree(tasks_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(loading, "tasks_folder", lambda: folder)
    return folder


class TestNames:
    def test_groups_bring_their_tasks(self) -> None:
        found = load_tasks(["brainbench_deductive_quick"])
        assert len(found.tasks) == 6
        assert list(found.groups) == ["brainbench_deductive_quick"]
        assert found.names == ("brainbench_deductive_quick",)

    def test_wild_cards(self) -> None:
        found = load_tasks(["brainbench_quick_b*", "brainbench_quick_belief"])
        assert list(found.tasks) == ["brainbench_quick_belief"]

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("brainbench_foliio", r"unknown task 'brainbench_foliio'; did you mean 'brainbench_fo"),
            ("logiqua", r"did you mean .*'logiqa'"),
            ("brainbench_x?z", "unknown task 'brainbench_x\\?z'"),
            # the other is not even looked at
            ("logiqa2,brainbench_foliio", r"did you mean 'brainbench_folio"),
        ],
    )
    def test_a_wrong_one(self, name: str, told: str) -> None:
        with pytest.raises(UsageError, match=told):
            load_tasks(name.split(","))

    def test_a_wrong_one_beside_a_file_that_lm_eval_skips(self, mine: Path) -> None:
        (mine / "broken.yaml").write_text("task: [x\n")
        with pytest.raises(UsageError, match=r"'brainbench_mine'.*Not read: .*broken\.yaml.*is no"):
            load_tasks(["brainbench_mine"], [str(mine)])

    def test_a_folder_that_is_not_there(self) -> None:
        with pytest.raises(UsageError, match="--include-path nowhere: there is no such folder"):
            load_tasks(["brainbench_folio"], ["nowhere"])

    def test_a_users_own(self, mine: Path) -> None:
        found = load_tasks(["my_task"], [str(mine)])
        assert len(found.tasks["my_task"].eval_docs) == 5
        assert found.shareable == {"my_task"}
        assert found.thresholds == {}


class TestThresholds:
    def test_each_set_has_its_validation_split(self) -> None:
        found = load_tasks(["brainbench_quick_*", "brainbench_transitive_4", "brainbench_scanner"])
        for task, validation in found.thresholds.items():
            wanted = task.removeprefix("brainbench_").removeprefix("quick_")
            assert validation.startswith(f"brainbench_validation_{wanted}"), task
            asked = (found.tasks[task], found.validation[validation])
            sets = [{doc["id"].split("-")[0] for doc in each.eval_docs} for each in asked]
            assert sets[0] == sets[1], task
            splits = [{doc["split"] for doc in each.eval_docs} for each in asked]
            assert splits == [{"test"}, {"validation"}]
        assert len(found.thresholds) == 6 + 2

    def test_what_is_generated_has_none(self) -> None:
        assert load_tasks(["brainbench_scanner_generate"]).thresholds == {}


class TestData:
    def test_an_edited_file_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = edited(tmp_path, monkeypatch)
        with (folder / "data" / "belief.jsonl").open("a") as file:
            file.write("\n")
        with pytest.raises(DataError, match=r"quick_belief cannot .*belief\.jsonl is not the file"):
            load_tasks(["brainbench_quick_belief"])

    def test_what_is_not_here_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # read when they are imported
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
        with pytest.raises(DataError, match=r"HF_HUB_OFFLINE is set: unset it, or fetch") as caught:
            load_tasks(["logiqa2"])
        assert "logiqa2" in str(caught.value)


class TestFingerprints:
    def test_content_counts_and_the_place_does_not(
        self, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def prints(**given: Any) -> dict[str, str]:
            asked = {"limit": None, "examples": False, **given}
            return load_tasks(["brainbench_quick_belief"]).fingerprints(**asked)

        first = prints()
        assert set(first) == {"brainbench_quick_belief", "brainbench_validation_belief"}
        assert prints(limit=3) != first
        assert prints(examples=True) != first
        folder = edited(tmp_path, monkeypatch)
        assert prints() == first
        file = folder / "quick" / "belief.yaml"
        file.write_text(file.read_text("utf-8").replace("each: 8", "each: 7"), "utf-8")
        changed = prints()
        assert changed["brainbench_quick_belief"] != first["brainbench_quick_belief"]
        assert changed["brainbench_validation_belief"] == first["brainbench_validation_belief"]

    def test_python_beside_task_files_counts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = load_tasks(["brainbench_quick_belief"]).code
        folder = edited(tmp_path, monkeypatch)
        assert load_tasks(["brainbench_quick_belief"]).code == first
        with (folder / "answers.py").open("a") as file:
            file.write("# changed\n")
        assert load_tasks(["brainbench_quick_belief"]).code != first
