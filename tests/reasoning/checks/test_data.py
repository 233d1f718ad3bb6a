"""Local data of task files: each fault with its file, and its line or row, and what to do."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from task_files import labelled, lines, write_task

from brainbench.problems.files import FileFault
from brainbench.reasoning.checks.data import local_data_faults
from brainbench.reasoning.checks.tasks import Installed, check_tasks

Check = Callable[..., list[FileFault]]
GOOD = labelled("True", "False")


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Faults of a task's data, files by their names alone."""

    def run(data: bytes, **fields: str) -> list[FileFault]:
        write_task(tmp_path, data, **fields)
        config = yaml.safe_load((tmp_path / "my_task.yaml").read_text().replace("!function", ""))
        for field, value in fields.items():
            config |= {field: value} if value.startswith("!function ") else {}
        found = local_data_faults(str(tmp_path / "my_task.yaml"), config)
        return [FileFault(Path(f.file).name, f.field, f.problem, f.remedy) for f in found]

    return run


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (GOOD, {}),
        (codecs.BOM_UTF8 + GOOD, {}),
        (GOOD.replace(b"\n", b"\r\n\r\n"), {}),
        (b'[{"q": "a", "y": "True"}, {"q": "b", "y": "False"}]', {}),
        (b"q,y\na,1\nb,0\n", {"kind": "csv"}),
        # lm-eval's idioms: the answer alone; text of booleans; functions, which are not run
        (GOOD, {"doc_to_text": '""'}),
        (b"q,y\na,True\nb,False\n", {"kind": "csv", "doc_to_target": '"{{y}}"'}),
        (labelled(True, False), {"doc_to_target": '"{{y}}"'}),
        (labelled(True, False), {"doc_to_target": '"{{ 0 if y else 1 }}"'}),
        (labelled(True, False), {"doc_to_choice": '["False", "True"]'}),
        (labelled(True), {"doc_to_target": "!function code.target"}),
        (labelled(True), {"process_docs": "!function code.docs"}),
        (labelled("x"), {"doc_to_choice": "", "output_type": "generate_until"}),
        (labelled("True"), {"dataset_kwargs": "{data_files: https://example.com/x.jsonl}"}),
        # a question that is chosen from: its number is the label
        (lines([{"n": 1, "options": ["a b", "a c"], "end": "d"}]),
         {"doc_to_text": "n", "doc_to_choice": "options", "doc_to_target": "end"}),
    ],
)  # fmt: skip
def test_good_data(check: Check, data: bytes, fields: dict[str, str]) -> None:
    assert check(data, **fields) == []


@pytest.mark.parametrize(
    ("data", "fields", "file", "field", "problem"),
    [
        # files
        (b"", {}, "my_task.jsonl", "file", "is empty"),
        (b"\n \n", {}, "my_task.jsonl", "file", "is empty"),
        (GOOD + b'{"q": oops\n', {}, "my_task.jsonl", "line 3", "is not JSON: Expecting value"),
        (GOOD + b'{"q": "cut o', {}, "my_task.jsonl", "line 3", "is not JSON: Unterminated"),
        (GOOD + b'["a", "b"]\n', {}, "my_task.jsonl", "line 3", "is a list, not an object"),
        (b"1\n2\n", {}, "my_task.jsonl", "line 1", "is a number, not an object"),
        (GOOD + '{"q": "é"}'.encode("latin-1"), {}, "my_task.jsonl", "line 3", "is not UTF-8"),
        (GOOD.decode().encode("utf-16"), {}, "my_task.jsonl", "line 1", "is not UTF-8 (byte 0xff)"),
        (b'{"q": "a", "q": "b"}\n', {}, "my_task.jsonl", "file", "was specified twice"),
        (b"q,y\n", {"kind": "csv"}, "my_task.csv", "file", "no rows below its header"),
        (b"", {"kind": "csv"}, "my_task.csv", "file", "is empty"),
        (b"q,y\na,b\nc,d,e\n", {"kind": "csv"}, "my_task.csv", "file",
         "Expected 2 fields in line 3, saw 3"),
        ("q,y\né,0\n".encode("latin-1"), {"kind": "csv"}, "my_task.csv", "line 2", "not UTF-8"),
        (b"no parquet", {"kind": "parquet"}, "my_task.parquet", "file", "not a parquet file"),
        (GOOD, {"dataset_kwargs": "{data_files: {test: /gone.jsonl}}"}, "gone.jsonl", "file",
         "there is no such file"),
        # splits and columns
        (GOOD, {"test_split": "tset"}, "my_task.yaml", "test_split", "there are test"),
        (GOOD, {"doc_to_text": '"{{qq}}"'}, "my_task.yaml", "doc_to_text",
         "'qq' is not a column of the data: there are q, y"),
        (GOOD, {"doc_to_text": '"{{q"'}, "my_task.yaml", "doc_to_text", "is not a template"),
        (GOOD, {"doc_to_text": '"{{q.a.b}}"'}, "my_task.jsonl", "row 1", "doc_to_text fails there"),
        (b"q;y\na;True\n", {"kind": "csv"}, "my_task.yaml", "doc_to_text", "there are q;y"),
        (GOOD + b'{"y": "True"}\n', {}, "my_task.jsonl", "row 3", "there is no 'q'"),
        (GOOD + b'{"y": "True"}\n', {"doc_to_text": "q"}, "my_task.jsonl", "row 3", "no 'q'"),
        (GOOD, {"doc_to_target": "lable"}, "my_task.yaml", "doc_to_target",
         "'lable' is neither a column (q, y) nor one of the choices"),
        # labels
        (labelled(True, False), {}, "my_task.jsonl", "row 1", "the label true is a boolean"),
        (b"q,y\na,True\nb,False\n", {"kind": "csv"}, "my_task.csv", "row 1", "is a boolean"),
        (labelled("True", "FALSE"), {}, "my_task.jsonl", "row 2", "the label 'FALSE' is none"),
        (labelled(True), {"doc_to_target": '"{{y|lower}}"'}, "my_task.jsonl", "row 1",
         "the label 'true' is none"),
        (labelled(0, 2), {}, "my_task.jsonl", "row 2", "the label 2 is not the index"),
        (labelled(0, None), {}, "my_task.jsonl", "row 2", "the label null is none"),
        (labelled("0", "2"), {"doc_to_target": '"{{y}}"'}, "my_task.jsonl", "row 2", "label 2 is"),
        (GOOD, {"doc_to_target": "true"}, "my_task.jsonl", "row 1", "the label true is a boolean"),
        (GOOD, {"doc_to_choice": "[yes, no]"}, "my_task.yaml", "doc_to_choice",
         "the choice true is not text"),
        (GOOD, {"doc_to_choice": "y"}, "my_task.jsonl", "row 1", "are 'True', not a list"),
        (GOOD, {"doc_to_choice": '["True", "True", "False"]'}, "my_task.yaml", "doc_to_choice",
         "twice"),
        (labelled(True), {"output_type": "generate_until"}, "my_task.jsonl", "row 1", "a boolean"),
        (lines([{"n": 2, "options": ["a b", "a c"], "end": "d"}]),
         {"doc_to_text": "n", "doc_to_choice": "options", "doc_to_target": "end"},
         "my_task.jsonl", "row 1", "the label 2 is not the index"),
    ],
)  # fmt: skip
def test_bad_data(
    check: Check, data: bytes, fields: dict[str, str], file: str, field: str, problem: str
) -> None:
    found = check(data, **fields)
    assert [(f.file, f.field) for f in found] == [(file, field)], found
    assert problem in found[0].problem
    assert found[0].remedy


def test_nothing_of_a_template_is_run(check: Check, tmp_path: Path) -> None:
    spy = tmp_path / "ran"
    text = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    (fault,) = check(GOOD, doc_to_text=f'"{text}"')
    assert "access to attribute '__class__'" in fault.problem
    assert not spy.exists()


def test_pickled_data_are_left_alone(check: Check) -> None:
    # datasets would unpickle them
    assert check(b"cos\nsystem\n", dataset_path="pandas") == []


def test_several_files(check: Check, tmp_path: Path) -> None:
    (tmp_path / "part-1.jsonl").write_bytes(GOOD)
    (tmp_path / "part-2.jsonl").write_bytes(GOOD + b"oops\n")
    (fault,) = check(GOOD, dataset_kwargs=f"{{data_files: {{test: {tmp_path}/part-*.jsonl}}}}")
    assert (fault.file, fault.field) == ("part-2.jsonl", "line 3")


def test_it_is_part_of_the_check_of_task_files(tmp_path: Path) -> None:
    known = Installed(
        frozenset(),
        frozenset(
            [
                "dataset_path",
                "dataset_kwargs",
                "test_split",
                "output_type",
                "doc_to_text",
                "doc_to_choice",
                "doc_to_target",
                "metric_list",
                "metadata",
            ]
        ),
        frozenset(),
        ("multiple_choice", "generate_until"),
    )  # fmt: skip
    file = write_task(tmp_path, labelled("True", True, False))
    (fault,) = check_tasks([tmp_path], known)
    assert fault.file == str(file)
    write_task(tmp_path, GOOD, doc_to_text='""')
    assert check_tasks([tmp_path], known) == []
    write_task(tmp_path, GOOD, doc_to_choice="")
    assert [f.field for f in check_tasks([tmp_path], known)] == ["doc_to_choice"]
