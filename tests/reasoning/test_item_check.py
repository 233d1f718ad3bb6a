"""Loaded tasks are held against their labels and examples before a model is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from task_files import labelled, write_task

from brainbench.errors import BrainbenchError, DataError, UsageError
from brainbench.reasoning.item_check import check_items
from brainbench.reasoning.tasks import TaskSet, load_tasks


@pytest.fixture(autouse=True)
def own_data_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mine"


def load(folder: Path, data: bytes, **fields: str) -> TaskSet:
    write_task(folder, data, **fields)
    return load_tasks(["my_task"], [str(folder)])


@pytest.mark.parametrize(
    ("data", "fields", "told"),
    [
        (labelled("True", True), {}, r"my_task.jsonl, row 2: the label true is a boolean"),
        (labelled("True", "FALSE"), {}, r"my_task.jsonl, row 2: the label 'FALSE' is none"),
        (b"q,y\na,True\nb,False\n", {"kind": "csv"}, r"my_task.csv, row 1: the label true is a"),
        (labelled(0, 1, 1), {"doc_to_choice": "[a, b, a]"}, r"row 1: .*'a', which is twice"),
        (labelled(0, -1), {}, r"row 2: the label -1 is not the index"),
        (labelled(0, None), {}, r"row 2: the label null"),
        (labelled(True, False), {"output_type": "generate_until"}, r"row 1: the label true"),
        # what a function of the task makes
        (labelled("a", "b"), {"doc_to_target": "!function code.truth"}, r"row 2: the label true"),
        (labelled("a", "b"), {"doc_to_target": "!function code.fails"}, r"row 2: label or choi"),
        # rows that a function chose are not those of the file
        (labelled("True", "x"), {"process_docs": "!function code.turned"},
         r"my_task: my_task, test, row 1: the label 'x'"),
    ],
)  # fmt: skip
def test_labels_that_are_refused(
    folder: Path, data: bytes, fields: dict[str, str], told: str
) -> None:
    folder.mkdir()
    (folder / "code.py").write_text(
        "def truth(doc): return 0 if doc['y'] == 'a' else True\n"
        "def fails(doc): return {'a': 0}[doc['y']]\n"
        "def turned(docs): return docs.select([1, 0])\n"
    )
    found = load(folder, data, **fields)
    with pytest.raises(DataError, match=told):
        check_items(found, None, None)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (labelled("True", "False"), {}),
        (labelled(True, False), {"doc_to_target": '"{{y}}"'}),
        (labelled(True, False), {"doc_to_choice": '["no", "yes"]'}),
        (labelled(["True"]), {"output_type": "generate_until", "doc_to_choice": ""}),
        (labelled([0, 1], [1]), {}),
        # a function of the task scores its answers
        (labelled(True, "x"), {"process_results": "!function code.score"}),
    ],
)
def test_labels_that_are_not(folder: Path, data: bytes, fields: dict[str, str]) -> None:
    folder.mkdir()
    (folder / "code.py").write_text("def score(doc, results): return {'acc': 1.0}\n")
    found = load(folder, data, **fields)
    assert check_items(found, None, None) is found


def test_only_what_is_asked_counts(folder: Path) -> None:
    found = load(folder, labelled("True", "False", "x"))
    assert check_items(found, None, 2) is found
    with pytest.raises(DataError, match="row 3"):
        check_items(found, None, 3)


def test_a_few_rows_of_somebody_elses_task_are_warned_of(folder: Path) -> None:
    found = replace(load(folder, labelled("True", "x", "y")), own=frozenset())
    (warning,) = check_items(found, None, None).warnings
    assert "row 2: the label 'x' is none of the choices" in warning
    assert "2 of 3 rows" in warning
    found = replace(load(folder, labelled("x", "y")), own=frozenset())
    with pytest.raises(DataError, match="2 of 2 rows"):  # an accuracy of 0, whatever is answered
        check_items(found, None, None)


class TestExamples:
    def test_too_many(self, folder: Path) -> None:
        found = load(folder, labelled("True", "False", "True"))
        assert check_items(found, 2, None) is found
        own = load(folder, labelled("True", "False", "True"), fewshot_split="test")
        assert check_items(own, 2, None) is own
        # the question is not among its own examples
        with pytest.raises(UsageError, match="2 examples to draw from in its split test, not 3"):
            check_items(own, 3, None)
        with pytest.raises(UsageError, match=r"3 examples to draw from, not 500.*--num-fewshot 3"):
            check_items(found, 500, None)

    def test_of_brainbenchs_own(self) -> None:
        found = load_tasks(["brainbench_quick_belief"])
        assert check_items(found, 5, None) is found
        with pytest.raises(UsageError, match=r"brainbench_\w*belief has \d+ examples .* not 50000"):
            check_items(found, 50_000, None)

    def test_a_task_that_has_none_by_its_file(self, folder: Path) -> None:
        found = load(folder, labelled("True"), num_fewshot="0")
        assert check_items(found, 500, None) is found

    def test_their_labels(self, folder: Path) -> None:
        write_task(folder, labelled("True", "true"), name="examples")
        files = f"{{test: {folder}/my_task.jsonl, train: {folder}/examples.jsonl}}"
        found = load(
            folder,
            labelled("True", "False"),
            dataset_kwargs=f"{{data_files: {files}}}",
            fewshot_split="train",
        )
        assert check_items(found, None, None) is found
        with pytest.raises(DataError, match=r"examples.jsonl, row 2: the label 'true' is none"):
            check_items(found, 1, None)


@pytest.mark.parametrize(
    ("data", "fields", "told"),
    [
        (b"", {}, r"my_task cannot be loaded: .*my_task.jsonl: file: is empty"),
        (labelled("True") + b"oops\n", {}, r"my_task.jsonl: line 2: is not JSON"),
        ('{"q": "é"}'.encode("latin-1"), {}, r"my_task.jsonl: line 1: is not UTF-8"),
        (labelled("True"), {"doc_to_text": '"{{qq}}"'}, r"'qq' is not a column of the data"),
        (labelled("True"), {"test_split": "tset"}, r"'tset' is not a split of the data"),
        (labelled("True"), {"doc_to_choice": "[yes, no]"}, r"the choice true is not text"),
        (b"no parquet", {"kind": "parquet"}, r"my_task.parquet: file: cannot be read"),
        (labelled("True"), {"dataset_kwargs": "{data_files: {test: gone.jsonl}}"},
         r"gone.jsonl: file: there is no such file"),
    ],
)  # fmt: skip
def test_why_a_task_cannot_be_loaded(
    folder: Path, data: bytes, fields: dict[str, str], told: str
) -> None:
    with pytest.raises(BrainbenchError, match=told):
        load(folder, data, **fields)
