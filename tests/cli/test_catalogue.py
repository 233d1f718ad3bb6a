"""Everything that has a name is listed with a line, shown, and met where it is misspelt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from simulated_records import empty, write_run

from brainbench.cli import catalogue
from brainbench.cli.main import main
from brainbench.guidance.methods.registry import METHODS


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["brainbench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, " ".join(err.split())

    return run


@pytest.mark.parametrize(
    "kind", ["suite", "model", "protocol", "dataset", "task", "method of steering"]
)
def test_every_name_has_a_line(kind: str) -> None:
    told = catalogue.KINDS[kind]()
    assert told
    assert all(told.values()), [name for name, text in told.items() if not text]


def test_tasks_say_what_they_ask_and_how() -> None:
    told = catalogue.tasks()
    assert told["brainbench_distractors"] == "with two premises that change nothing"
    assert all(set(text) - set("; ") and not text.startswith(";") for text in told.values())
    assert told["brainbench_distractors_cot"].endswith("; answered after reasoning")
    assert told["brainbench_validation_transitive_4"] == (
        "transitive inference: what comes before what; 4 premises; validation split"
    )
    assert told["brainbench_xiao2026_syllogistic_3_orders"].endswith(
        "the paper's own, in six orders"
    )


def test_names_stand_in_line_with_what_they_are(cli: Any) -> None:
    code, out, _ = cli("list", "suites")
    assert code == 0
    assert "alignment            how well the model's states predict" in out
    assert json.loads(cli("list", "suites", "--json")[1]) == list(catalogue.suites())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("behavior-73", "deduction73.difficulty.*"),
        ("accuracy", "brainbench_deductive_quick"),
        ("guidance", "steering, finetuning"),
        ("nano", "language model"),
        ("controlled", "(default)"),
        ("brainbench_deductive_quick", "group of 6"),
    ],
)
def test_show_knows_every_kind(cli: Any, name: str, told: str) -> None:
    code, out, _ = cli("show", name)
    assert code == 0
    assert told in " ".join(out.split())
    assert name in json.loads(cli("show", name, "--json")[1]).values()


@pytest.mark.parametrize(
    ("slip", "meant"), [("alignmnt", "alignment"), ("controled", "controlled"), ("nanno", "nano")]
)
def test_a_slip_is_met_with_the_nearest_of_any_kind(cli: Any, slip: str, meant: str) -> None:
    code, _, err = cli("show", slip)
    assert code == 2
    assert f"did you mean '{meant}'" in err


def test_show_knows_a_dataset_folder(cli: Any, tmp_path: Path) -> None:
    from brainbench.datasets import load_recording
    from brainbench.datasets.folder import write_folder

    write_folder(load_recording("phantom"), tmp_path / "mine")
    code, out, _ = cli("show", str(tmp_path / "mine"))
    assert code == 0
    assert "Simulated people" in out
    held = json.loads(cli("show", str(tmp_path / "mine"), "--json")[1])
    assert held["name"] == "phantom"


def test_runs_of_a_folder(cli: Any, tmp_path: Path) -> None:
    late = {"started": "2026-11-27T00:00:00+00:00"}
    write_run(empty("lab/b", "bbb", timing=late), tmp_path / "b" / "bbb")
    write_run(empty("lab/a", "aaa", status="cancelled"), tmp_path / "a" / "aaa")
    bad = tmp_path / "c" / "bad"
    bad.mkdir(parents=True)
    (bad / "results.json").write_text("{")
    code, out, _ = cli("list", "runs", str(tmp_path))
    assert code == 0
    first, second, third = out.splitlines()
    assert first.split() == [
        str(tmp_path / "a" / "aaa"), "lab/a;", "xiao2026,", "ds003076;", "2026-11-26", "00:00;",
        "cancelled",
    ]  # fmt: skip
    assert (str(tmp_path / "b" / "bbb") in second, third.endswith("cannot be read")) == (True, True)
    assert cli("list", "runs", str(tmp_path / "gone"))[0] == 2
    assert "a folder goes with runs" in cli("list", "suites", str(tmp_path))[2]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        # of another kind than the option takes
        (("evaluate", "--suite", "xiao2026"), "xiao2026 is a dataset: brainbench show xiao2026"),
        (("evaluate", "--benchmarks", "alignment"), "alignment is a suite: brainbench show"),
        (("evaluate", "--tasks", "accuracy"), "accuracy is a suite: brainbench show"),
        (("evaluate", "--dataset", "nano"), "nano is a model: brainbench show nano"),
        # misspelt, and of another kind
        (("evaluate", "--suite", "xiao206"), "or do you mean the dataset 'xiao2026'"),
        (("evaluate", "--dataset", "alignmnt"), "or do you mean the suite 'alignment'"),
        # misspelt
        (("evaluate", "--suite", "alignmnt"), "suite 'alignmnt'; did you mean 'alignment'?"),
        (("evaluate", "--model", "nanno"), "unknown model 'nanno'; did you mean 'nano'?"),
        (("evaluate", "--benchmarks", "xiao206.language.*"), "did you mean 'xiao2026.language.all"),
        (("evaluate", "--tasks", "brainbench_foli"), "did you mean 'brainbench_folio'"),
        (("show", "xiao206"), "unknown name 'xiao206'; did you mean 'xiao2026'"),
        (("show", "controled"), "did you mean 'controlled'"),
        (("show", "phantom.signl.syllogistic-ridge"), "'phantom.signal.syllogistic-ridge'"),
        # neither a name nor a run
        (("show", "3f2a1b"), "there is no run 3f2a1b, and nothing else of that name"),
        (("show", "results/none/3f2a"), "`brainbench list runs` shows what there is"),
        (("report", "3f2a1b"), "3f2a1b is not a run"),
    ],
)  # fmt: skip
def test_a_name_that_is_off_is_met_whatever_its_kind(
    cli: Any, arguments: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("BRAINBENCH_OUTPUT_PATH", raising=False)
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_a_run_of_anybody_takes_one_line_and_acts_on_no_terminal(cli: Any, tmp_path: Path) -> None:
    write_run(empty(identifier="m\nother-run\x1b[2J  nano"), tmp_path / "m" / "abc123")
    code, out, _ = cli("list", "runs", str(tmp_path))
    assert (code, len(out.splitlines())) == (0, 1)
    assert "m other-run[2J nano" in out


def test_a_method_of_steering_says_where_it_is_added_and_by_what(cli: Any) -> None:
    code, out, _ = cli("list", "methods", "--json")
    assert code == 0
    assert json.loads(out) == list(METHODS)
    code, out, _ = cli("show", "own map", "--json")
    assert code == 0
    assert json.loads(out)["holds"] == (
        "added at the last token; new problems: another direction at each problem; "
        "a held-out item: without responses to it"
    )
    assert "the last 4 tokens" in json.loads(cli("show", "several tokens", "--json")[1])["holds"]
    code, _, err = cli("evaluate", "--suite", "guidance-steering", "--guidance-methods", "subspase")
    assert code == 2
    assert "did you mean 'subspace'?" in err
