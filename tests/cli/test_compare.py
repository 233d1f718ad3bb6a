"""Comparing runs from the command line, as a CI job does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from simulated_records import controlled, empty, full, samples, search, write_run

from brainbench.cli.main import main
from brainbench.results.compare import Comparison


class Result:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs; copy them before they are changed."""
    folder = tmp_path_factory.mktemp("runs")
    for name, skill in (("good", 1.0), ("same", 1.0), ("bad", -1.0)):
        write_run(full(run_id=name, skill=skill), folder / name, samples(skill=skill))
    return folder


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    runs: Path,
):
    """Run the command in this process, in a folder with three runs."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(runs, tmp_path, dirs_exist_ok=True)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["brainbench", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return Result(int(caught.value.code or 0), out, " ".join(err.split()))

    return run


def test_the_same_run_again_passes(cli: Any) -> None:
    result = cli("compare", "good", "same/results.json", "--fail-on-regression")
    assert result.code == 0
    assert result.out.rstrip().endswith("none of 20 rows got worse beyond chance")


def test_a_regression_fails_and_is_named(cli: Any) -> None:
    result = cli("compare", "good", "bad", "--fail-on-regression")
    assert result.code == 1
    worse = [line for line in result.out.splitlines() if line.startswith("worse: ")]
    assert len(worse) == 9
    assert worse[0].startswith("worse: all 2 tasks (True, False), accuracy: -0.")
    assert worse[3].startswith("worse: brainbench_quick_a, accuracy: -0.")
    # told, but no failure where none was asked for
    assert cli("compare", "good", "bad").code == 0
    assert cli("compare", "bad", "good", "--fail-on-regression").code == 0


def test_any_of_several_runs_can_fail(cli: Any) -> None:
    result = cli("compare", "good", "same", "bad", "--fail-on-regression")
    assert result.code == 1
    text = " ".join(result.out.split())
    assert text.count("(lab/model bad)") == 9
    assert "none of 20 rows got worse beyond chance (lab/model same)" in text
    assert text.count("(lab/model same)") == 1


def test_what_is_lost_fails_and_is_named(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "same" / "samples" / "brainbench_quick_a.jsonl"
    rows = [json.loads(line) | {"log_odds": None} for line in path.open()]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    result = cli("compare", "good", "same", "--fail-on-regression")
    assert (result.code, result.err) == (1, "")
    assert "1 lost: in the baseline, and not to be compared" in result.out
    (told,) = [line for line in result.out.splitlines() if line.startswith("lost: ")]
    assert told == "lost: brainbench_quick_a: AUC: log-odds of other items: of 40 and 0 of 40"
    assert cli("compare", "good", "same").code == 0
    assert cli("compare", "same", "good", "--fail-on-regression").code == 0


def test_a_search_alone_is_shown_and_nothing_to_judge_by(cli: Any, tmp_path: Path) -> None:
    record = empty(run_id="searched")
    record.add(search())
    write_run(record, tmp_path / "searched")
    result = cli("compare", "searched", "searched")
    assert (result.code, "flipped, guided" in result.out) == (0, True)
    assert "40 pairs, two numbers" in result.out
    assert cli("compare", "searched", "searched", "--fail-on-regression").code == 2


def test_tolerance_is_how_far_below_is_no_regression(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("compare", "good", "bad", "--fail-on-regression", "--tolerance", "1").code == 0
    monkeypatch.setenv("BRAINBENCH_TOLERANCE", "0.01")
    monkeypatch.setenv("BRAINBENCH_FAIL_ON_REGRESSION", "1")
    assert cli("compare", "good", "bad").code == 1


def test_json_and_markdown_print_nothing_else(cli: Any) -> None:
    result = cli("compare", "good", "bad", "--json", "--fail-on-regression")
    found = Comparison.model_validate(json.loads(result.out))
    assert len(found.regressions) == 9
    assert (result.code, result.err) == (1, "")
    result = cli("compare", "good", "bad", "--markdown", "--fail-on-regression")
    assert result.out.startswith("### brainbench: lab/model bad against lab/model good\n")
    assert "**9 of 20 rows got worse:**" in result.out
    assert (result.code, result.err) == (1, "")


def test_nothing_that_can_be_compared_is_no_pass(cli: Any, tmp_path: Path) -> None:
    record = empty(run_id="other")
    record.add(controlled(version=9))
    write_run(record, tmp_path / "other")
    first = empty(run_id="first")
    first.add(controlled())
    write_run(first, tmp_path / "first")
    result = cli("compare", "first", "other", "--fail-on-regression")
    assert result.code == 2
    assert "nothing of lab/model other can be compared with lab/model first" in result.err
    assert "other benchmark version: 3 and 9" in result.err
    write_run(empty(run_id="bare"), tmp_path / "bare")
    result = cli("compare", "bare", "bare")
    assert (result.code, "neither has scores" in result.err) == (2, True)


def test_two_people_are_shown_and_nothing_to_judge_by(cli: Any, tmp_path: Path) -> None:
    for name, seed in (("few", 1), ("other", 2)):
        record = empty(run_id=name)
        score = controlled(seed=seed)
        record.add(score.model_copy(update={"subjects": score.subjects[:2]}))
        write_run(record, tmp_path / name)
    result = cli("compare", "few", "other")
    assert result.code == 0
    assert "not judged: xiao2026.language.syllogistic-ridge, r; " in " ".join(result.out.split())
    result = cli("compare", "few", "other", "--fail-on-regression")
    assert (result.code, result.out) == (2, "")
    assert "nothing of lab/model other can be judged against lab/model few" in result.err
    assert "there is no standard error of a difference" in result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("good",), "give two runs or more; the first is the baseline"),
        (("good", "gone"), "gone is not a run"),
        (("good", "same", "--json", "--markdown"), "give --json or --markdown, not both"),
        (("good", "same", "--tolerance", "-1"), "Invalid value"),
        (("good", "same", "--tolerance", "nan"), "--tolerance"),
    ],
)
def test_what_is_off_is_said(arguments: tuple[str, ...], told: str, cli: Any) -> None:
    result = cli("compare", *arguments)
    assert (result.code, told in result.err) == (2, True), result.err


def test_help_says_what_worse_means(cli: Any) -> None:
    text = " ".join(cli("compare", "--help").out.replace("│", " ").split())
    assert "chance does not explain it (p below 0.05, corrected for the number of rows" in text
    assert "come to give one answer to nearly everything" in text
    assert "the baseline has it, the other run was asked for it, and it cannot be compared" in text
    assert "It is 2 when nothing could be compared or judged" in text


def test_the_job_of_the_docs_runs_as_it_stands(cli: Any, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "compare.md").read_text("utf-8")
    (block,) = re.findall("```yaml\n(.*?)```", text, re.DOTALL)
    assert len(block.splitlines()) <= 15
    steps = [step["run"] for step in yaml.safe_load(block)["jobs"]["brainbench"]["steps"]
             if "run" in step]  # fmt: skip
    (command,) = [words for words in steps if words.startswith("brainbench compare")]
    for name, run in (("good", 0), ("bad", 1)):
        folder = tmp_path / f"ci-{name}"
        folder.mkdir()
        (folder / "baseline").symlink_to(tmp_path / "good")
        (folder / "run" / "model").mkdir(parents=True)
        (folder / "run" / "model" / "id").symlink_to(tmp_path / name)
        done = subprocess.run(
            ["bash", "-ec", command],
            cwd=folder,
            env={**os.environ, "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
                 "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            check=False,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == run
        assert "### brainbench: lab/model" in (folder / "summary.md").read_text("utf-8")


def test_a_model_that_says_false_to_all_fails_though_half_of_its_answers_are_right(
    cli: Any, tmp_path: Path
) -> None:
    for path in (tmp_path / "same" / "samples").glob("*.jsonl"):
        rows = [json.loads(line) for line in path.open()]
        blind = [row | {"said": "False", "acc": float(row["label"] == "False")} for row in rows]
        path.write_text("".join(f"{json.dumps(row)}\n" for row in blind))
    result = cli("compare", "good", "same", "--fail-on-regression", "--tolerance", "0.9")
    assert result.code == 1
    text = " ".join(result.out.split())
    assert "none of 20 rows got worse by more than 0.9" in text
    assert "one answer: all 2 tasks (True, False): says False to 100% of 70 problems" in text
    result = cli("compare", "good", "same", "--fail-on-regression", "--markdown")
    assert (result.code, "**one answer:** all 2 tasks (True, False)" in result.out) == (1, True)
    # told, but no failure where none was asked for; and no worse than a baseline that does the same
    assert cli("compare", "good", "same").code == 0
    assert cli("compare", "same", "same", "--fail-on-regression").code == 0
