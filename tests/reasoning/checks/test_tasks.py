"""Faults of task files are told before lm-eval skips or replaces them in silence."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brainbench.cli.main import main
from brainbench.errors import UsageError
from brainbench.problems.files import FileFault
from brainbench.reasoning.checks import tasks
from brainbench.reasoning.checks.tasks import (
    Installed,
    check_tasks,
    installed,
    list_tasks,
    tasks_folder,
)

pytestmark = pytest.mark.usefixtures("public_tasks_read_once")

TASKS = tasks_folder()


@pytest.fixture(scope="session")
def manager() -> Any:
    """Only our own tasks: lm-eval's take seconds to read."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=[str(TASKS)], include_defaults=False)


@pytest.fixture(scope="session")
def known() -> Installed:
    """What the installed lm-eval knows; takes seconds."""
    return installed()


GOOD = """
task: my_task
output_type: multiple_choice
dataset_path: json
test_split: test
doc_to_text: "{{text}}"
doc_to_choice: choices
doc_to_target: label
metric_list: [{metric: acc}]
"""
# a few aliases that stand for a billion values
BOMB = "{a: &a [x], " + ", ".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 99)}]" for a, b in zip("abcde", "bcdef", strict=True)
) + "}"  # fmt: skip


@pytest.fixture
def check(tmp_path: Path, known: Installed) -> Callable[..., list[FileFault]]:
    """Write files into a folder and tell their faults."""

    def run(**files: str) -> list[FileFault]:
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        return check_tasks([tmp_path], known)

    return run


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(TASKS, tmp_path / "tasks", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "tasks"


class TestOurOwn:
    def test_there_is_no_fault(self, known: Installed) -> None:
        assert check_tasks([TASKS], known) == []

    def test_every_name_has_the_prefix_and_none_is_lm_evals(self, known: Installed) -> None:
        names = list_tasks([TASKS])
        assert len(names) == len(set(names)) > 100
        assert all(name.startswith("brainbench_") for name in names)
        assert not set(names) & known.names

    def test_lm_eval_finds_the_same_names(self, manager: object) -> None:
        assert manager.all_tasks == list_tasks([TASKS])  # type: ignore[attr-defined]

    def test_they_are_found_from_the_package(self) -> None:
        assert tasks_folder().resolve() == TASKS

    def test_each_set_can_be_chosen_from_said_or_reasoned(self) -> None:
        names = set(list_tasks([TASKS]))
        said = {name.removesuffix("_generate") for name in names if name.endswith("_generate")}
        reasoned = {name.removesuffix("_cot") for name in names if name.endswith("_cot")}
        assert said == reasoned
        assert len(said - {"brainbench_deductive"}) == 18 + 3
        assert said <= names


class TestFiles:
    def test_a_good_one_has_none(self, check: Callable[..., list[FileFault]]) -> None:
        assert check(good=GOOD) == []
        assert check(group="group: my_group\ntask: [my_task, logiqa]\n") == []

    @pytest.mark.parametrize(
        ("text", "field", "problem", "remedy"),
        [
            ("task: [x\n", "line 2", "is not YAML", "lm-eval skips the file"),
            ("task: x\ntask: y\n", "line 2", "'task' stands twice", "lm-eval skips"),
            ("task: x\n\ttag: y\n", "line 2", "is not YAML", "lm-eval skips"),
            ("task: !unknown x\n", "line 1", "is not YAML", "lm-eval skips"),
            ("- a\n- b\n", "file", "is not a mapping", "lm-eval skips"),
            ("", "file", "is not a mapping", "lm-eval skips"),
            ("task: " + "[" * 5000, "file", "cannot be read", "lm-eval skips"),
            (f"{GOOD}metadata: &all [*all]\n", "file", "maps and lists deep", "lm-eval skips"),
            (f"{GOOD}metadata: {BOMB}\n", "file", "too many", "lm-eval skips"),
            ("output_type: x\n", "task", "is missing, and so is group", "begin the file's name"),
            (f"{GOOD}include: gone.yaml\n", "include", "'gone.yaml' is not a file",
             "lm-eval skips"),
            (f"{GOOD}include: bad.yaml\n", "include", "goes in a circle", "lm-eval skips"),
            (f"{GOOD}doc_to_txt: x\n", "doc_to_txt", "is not a field",
             "did you mean 'doc_to_text'?"),
            (f"{GOOD}xyzzy: x\n", "xyzzy", "is not a field", "remove it"),
            (GOOD.replace("multiple_", "single_"), "output_type", "is 'single_choice'",
             "multiple_choice"),
            (GOOD.replace("doc_to_text", "description"), "doc_to_text", "is missing", "give one"),
            (GOOD.replace("dataset_path", "dataset_name"), "custom_dataset", "is missing", "give"),
            (GOOD.replace("test_split", "training_split"), "test_split", "is missing", "give one"),
            (GOOD.replace("metric: acc", "name: acc"), "metric_list", "without `metric`", "name"),
            (GOOD.replace("my_task", "logiqa"), "task", "'logiqa' is a name of lm-eval's own",
             "prefix"),
            (f"{GOOD}tag: [mine, mmlu]\n", "tag", "'mmlu' is a name of lm-eval's own", "prefix"),
            (f"{GOOD}tag: my_task\n", "tag", "'my_task' is the name of a task", "another name"),
            (GOOD.replace("my_task", "[a]"), "task", "is ['a']", "give it a name"),
            (f"{GOOD}process_results: !function gone.f\n", "process_results",
             "gone.py is not beside", "put it there"),
            (f"{GOOD}process_results: !function code.scroe\n", "process_results",
             "code.py has no 'scroe'", "did you mean 'score'?"),
            ("group: g\ntask: []\n", "task", "names no task", "list the tasks"),
            ("group: g\n", "task", "names no task", "list the tasks"),
            ("group: g\ntask: [logiqua]\n", "task", "'logiqua' is not a task",
             "did you mean 'logiqa'?"),
            ("group: logiqa\ntask: [anli_r1]\n", "group", "lm-eval's own", "prefix"),
            (f"{GOOD}dataset_kwargs: {{problem_set: gone}}\n", "dataset_kwargs",
             "there is no data/gone.jsonl", "restore it"),
        ],
    )  # fmt: skip
    def test_a_bad_one_is_told_with_field_and_remedy(
        self,
        check: Callable[..., list[FileFault]],
        tmp_path: Path,
        text: str,
        field: str,
        problem: str,
        remedy: str,
    ) -> None:
        (tmp_path / "code.py").write_text("def score(doc, results): ...\n")
        faults = check(bad=text)
        fault = next((each for each in faults if each.field == field), None)
        assert fault, faults
        assert problem in fault.problem
        assert remedy in fault.remedy
        assert fault.file == str(tmp_path / "bad.yaml")
        assert str(fault).startswith(f"{fault.file}: {field}: ")

    def test_a_name_twice(self, check: Callable[..., list[FileFault]], tmp_path: Path) -> None:
        (fault,) = check(one=GOOD, two=GOOD)
        assert fault.file == str(tmp_path / "two.yaml")
        assert str(tmp_path / "one.yaml") in fault.problem

    def test_a_template_is_no_task_but_is_checked(
        self, check: Callable[..., list[FileFault]]
    ) -> None:
        task = "include: _base.yaml\ntask: my_task\n"
        base = GOOD.replace("task: my_task\n", "")
        assert check(_base=base, task=task) == []
        (fault,) = check(_base=f"{base}process_results: !function gone.f\n", task=task)
        assert fault.file.endswith("_base.yaml")
        faults = check(_base="a: [", task=task)
        assert len(faults) == 1  # told once, though the task cannot be read either
        assert faults[0].file.endswith("_base.yaml")

    def test_without_lm_eval_the_rest_is_checked(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(GOOD.replace("my_task", "logiqa"))
        (tmp_path / "b.yaml").write_text("task: [x\n")
        assert [fault.field for fault in check_tasks([tmp_path])] == ["line 2"]
        assert list_tasks([tmp_path]) == ["logiqa"]

    def test_no_folder(self, tmp_path: Path) -> None:
        for look in (check_tasks, list_tasks):
            with pytest.raises(UsageError, match="is not a folder of task files"):
                look([tmp_path / "gone"])

    def test_no_lm_eval(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "lm_eval.tasks", None)
        installed.cache_clear()
        with pytest.raises(UsageError, match="pip install lm-eval"):
            installed()


class TestData:
    def test_an_edited_label_is_caught(self, copy: Path) -> None:
        path = copy / "data" / "transitive_3.jsonl"
        first, rest = path.read_text("utf-8").split("\n", 1)
        row = json.loads(first)
        path.write_text(json.dumps({**row, "valid": not row["valid"]}) + "\n" + rest, "utf-8")
        faults = check_tasks([copy])
        assert {fault.file for fault in faults} == {str(path)}
        fields = [fault.field for fault in faults]
        assert fields[0] == "sha256"
        assert f"line 1 ({row['id']}), valid" in fields

    def test_a_missing_file_is_told_where_it_is_asked_for(self, copy: Path) -> None:
        (copy / "data" / "belief.jsonl").unlink()
        faults = check_tasks([copy])
        files = {Path(fault.file).name for fault in faults}
        assert {"belief.jsonl", "belief_conflict.yaml", "belief.yaml"} <= files

    def test_a_split_with_words_of_another(self, copy: Path) -> None:
        path = copy / "data" / "scanner.jsonl"
        text = path.read_text("utf-8").replace('"split": "train"', '"split": "test"')
        path.write_text(text, "utf-8")
        assert "split" in {fault.field for fault in check_tasks([copy])}


class TestCommand:
    @pytest.fixture
    def run(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], known: Installed
    ) -> Callable[..., tuple[int, str, str]]:
        monkeypatch.setattr("brainbench.cli.listing.installed", lambda: known)

        def command(*arguments: str) -> tuple[int, str, str]:
            monkeypatch.setattr(sys, "argv", ["brainbench", "list", *arguments])
            with pytest.raises(SystemExit) as caught:
                main()
            told = capsys.readouterr()
            return int(caught.value.code or 0), told.out, told.err

        return command

    def test_tasks_are_listed(self, run: Callable[..., tuple[int, str, str]]) -> None:
        code, out, _ = run("tasks")
        lines = [line.split(maxsplit=1) for line in out.splitlines()]
        assert (code, [name for name, _ in lines]) == (0, list_tasks([TASKS]))
        assert json.loads(run("tasks", "--json")[1]) == list_tasks([TASKS])

    def test_all_is_well(self, run: Callable[..., tuple[int, str, str]]) -> None:
        code, out, _ = run("tasks", "--check")
        assert code == 0
        assert out.endswith("tasks and groups: no fault\n")

    def test_a_fault_fails(self, run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(GOOD.replace("my_task", "brainbench_syllogistic_3"))
        (tmp_path / "b.yaml").write_text("task: [x\n")
        code, out, _ = run("tasks", "--check", "--include-path", str(tmp_path))
        assert code == 1
        twice, unread = sorted(out.splitlines())
        assert twice.startswith(f"{tmp_path / 'a.yaml'}: task: 'brainbench_syllogistic_3' is also")
        assert unread.startswith(f"{tmp_path / 'b.yaml'}: line 2: is not YAML")
        assert "brainbench_syllogistic_3" in run("tasks", "--include-path", str(tmp_path))[1]

    def test_faults_as_json(
        self,
        run: Callable[..., tuple[int, str, str]],
        copy: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        shutil.rmtree(copy / "data")
        monkeypatch.setattr("brainbench.cli.listing.tasks_folder", lambda: copy)
        code, out, _ = run("tasks", "--check", "--json")
        assert code == 1
        for fault in json.loads(out):
            assert set(fault) == {"file", "field", "problem", "remedy"}
            assert fault["field"] == "dataset_kwargs"

    @pytest.mark.parametrize("arguments", [("models", "--check"), ("--include-path", "x")])
    def test_what_goes_with_tasks(
        self, run: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...]
    ) -> None:
        code, _, err = run(*arguments)
        assert code == 2
        assert "go with tasks" in err

    def test_no_folder_is_a_usage_error(self, run: Callable[..., tuple[int, str, str]]) -> None:
        assert run("tasks", "--include-path", "gone")[0] == 2


def test_nothing_in_a_task_file_is_run(tmp_path: Path, known: Installed) -> None:
    (tmp_path / "code.py").write_text("raise SystemExit('run')\n\n\ndef score(): ...\n")
    (tmp_path / "a.yaml").write_text(f"{GOOD}process_results: !function code.score\n")
    (tmp_path / "b.yaml").write_text("task: !!python/object/apply:os.system [x]\n")
    (fault,) = check_tasks([tmp_path], known)
    assert fault.file.endswith("b.yaml")
    assert tasks.list_tasks([tmp_path]) == ["my_task"]
