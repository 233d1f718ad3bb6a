"""The command as its user meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from brainbench.benchmarks import list_benchmarks
from brainbench.cli.main import main
from brainbench.models import PHANTOM_FILE
from brainbench.results import Record

ONE = "phantom.signal.syllogistic-ridge"
CELLS = f"{ONE},phantom.signal.transitive-ridge"
PUBLISHED = ("evaluate", "--protocol", "published")
EXHAUSTIVE = pytest.mark.exhaustive
DRAWS = {"DRAWS": 99}
# the command in a process of its own, with few permutations of the controlled protocol
CODE = f"""
from brainbench.benchmarks.controlled import cell
from brainbench.cli.main import main
vars(cell).update({DRAWS})
main()
"""


class Result:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for p values, and quick."""
    for name, draws in DRAWS.items():
        monkeypatch.setattr(f"brainbench.benchmarks.controlled.cell.{name}", draws)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    # the shipped activations take no language model; what nano does has tests of its own
    monkeypatch.setenv("BRAINBENCH_MODEL", PHANTOM_FILE)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["brainbench", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        # lines are folded to the width of the terminal
        return Result(int(caught.value.code or 0), out, " ".join(err.split()))

    return run


def comparable(text: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(text)
    for key in ("timing", "run_id"):
        record.pop(key)
    return record


def test_the_controlled_table_is_the_default(cli: Any, few_draws: None) -> None:
    result = cli("evaluate", "--benchmarks", ONE, "--details")
    assert result.code == 0
    lines = result.out.splitlines()
    assert "built in" in lines[0]
    assert lines[1].endswith("simulated people); protocol: controlled")
    assert sum(line.startswith(ONE) for line in lines) >= 1
    text = " ".join(result.out.split())
    assert re.search(rf"{ONE} -?0\.\d{{4}} \[", text)
    assert "whether a model is aligned is what the ladder answers" in text
    alone = text.partition("r of each nuisance alone")[2].partition(" n/a: ")[0]
    for name in ("position", "length", "condition", "words", "random features"):
        assert re.search(rf"\b{name} -?\d\.\d{{3}}(\b|\*|†)", alone), name
    assert "n/a: reasoning type: every item here is syllogistic" in text
    assert "published" not in result.out
    assert "record: results/smollm2-135m-phantom/" in result.err
    again = cli("evaluate", "--benchmarks", ONE, "--protocol", "controlled", "--details")
    assert again.out == result.out


def test_a_run_prints_its_scorecard_and_where_the_tables_are(cli: Any, few_draws: None) -> None:
    result = cli("evaluate", "--benchmarks", ONE)
    lines = result.out.splitlines()
    assert len(lines) < 20
    (card,) = [line for line in lines if line.startswith("alignment ")]
    assert "describes; the ladder was not climbed" in card
    (details,) = [line for line in lines if line.startswith("details: ")]
    folder = next(Path().glob("results/*/*"))
    # what was scored, the day, and the id
    assert re.fullmatch(rf"{ONE}-\d{{4}}-\d\d-\d\d-[0-9a-f]{{12}}", folder.name)
    # the page is named last, behind everything on either stream
    assert result.err.endswith(f" report: {folder / 'report.html'}")
    again = cli("evaluate", "--benchmarks", ONE, "--name", "mine")
    assert again.out == result.out, "found by its content, whatever its name"
    run = folder.name.rpartition("-")[2][:6]
    assert details == f"details: brainbench show {run} [BENCHMARK]"
    assert f"{ONE} " not in result.out
    whole = cli("show", str(folder))
    assert card in whole.out.splitlines()
    assert cli("show", run, ONE).out == whole.out
    assert cli("show", str(folder), "phantom.signal").out == whole.out
    wrong = cli("show", run, "phantom.noise")
    assert wrong.code == 2
    assert f"did you mean '{ONE}'?" in wrong.err
    assert cli("show", "phantom", ONE).code == 2
    (folder / "report.html").unlink()
    again = cli("evaluate", "--benchmarks", ONE)
    assert again.err.endswith(f" there is no report: brainbench report {run}")
    assert cli("report", run).out.startswith(str(folder / "report.html"))


def test_a_width_that_is_given_is_kept() -> None:
    environment = {**os.environ, "COLUMNS": "60"}
    command = [sys.executable, "-c", "from brainbench.cli.console import stdout, stderr; "
               "print(stdout.width, stderr.width)"]  # fmt: skip
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["60", "60"]


def test_the_published_table_shows_the_model_and_every_nuisance_row(cli: Any) -> None:
    result = cli(*PUBLISHED, "--benchmarks", ONE, "--details")
    assert result.code == 0
    lines = result.out.splitlines()
    assert "built in" in lines[0]
    assert "simulated people" in lines[1]
    assert "protocol: published" in lines[1]
    assert sum(line.startswith(ONE) and "attention 15" in line for line in lines) == 1
    nuisance = lines[next(i for i, line in enumerate(lines) if "nuisance alone" in line) :]
    for start in ("length", "position", "condition", "random features"):
        assert sum(line.startswith(f"{start} ") for line in nuisance) >= 1, start
    assert "n/a: reasoning type: every item here is syllogistic" in " ".join(result.out.split())
    assert "record: results/smollm2-135m-phantom/" in result.err
    assert list(Path().glob("results/*/*/results.json"))


def test_without_a_model_the_built_in_one_is_read_out(
    cli: Any, few_draws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BRAINBENCH_MODEL")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    result = cli("evaluate", "--benchmarks", ONE, "--details")
    assert result.code == 0
    assert result.out.startswith("nano")
    assert "built in" in result.out.splitlines()[0]
    assert "reading the model out" in result.err
    # the same network, drawn anew, is read out beside it
    assert re.search(r"untrained\s+model\s+-?\d\.\d{3}\b", result.out)
    assert "record: results/nano/" in result.err


@pytest.mark.parametrize("protocol", ["controlled", "published"])
def test_json_prints_the_whole_record_and_nothing_else(
    protocol: str, cli: Any, few_draws: None
) -> None:
    asked = ("--benchmarks", ONE, "--protocol", protocol, "--json", "--output-path", "here")
    result = cli("evaluate", *asked)
    record = Record.model_validate_json(result.out)
    assert record.status == "success"
    assert record.config["protocol"] == protocol
    assert {row.protocol for row in [*record.published, *record.controlled]} == {protocol}
    assert result.out.strip() == next(Path("here").glob("*/*/results.json")).read_text().strip()


def test_quiet_prints_no_progress(cli: Any) -> None:
    assert cli(*PUBLISHED, "--benchmarks", ONE, "--quiet").err == ""
    assert "[0/28]" in cli(*PUBLISHED, "--benchmarks", ONE, "--overwrite").err


def test_options_are_read_from_the_environment(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINBENCH_BENCHMARKS", f"{ONE},phantom.noise.syllogistic-ridge")
    monkeypatch.setenv("BRAINBENCH_OUTPUT_PATH", "from-environment")
    monkeypatch.setenv("BRAINBENCH_LIMIT", "12")
    monkeypatch.setenv("BRAINBENCH_PROTOCOL", "published")
    monkeypatch.setenv("BRAINBENCH_JSON", "1")
    record = Record.model_validate_json(cli("evaluate").out)
    assert len(record.benchmarks) == 2
    assert record.config["limit"] == 12
    assert {row.protocol for row in record.published} == {"published"}
    assert record.controlled == []
    assert Path("from-environment").is_dir()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["evaluate", "--benchmarks", "xiao2026.languag.*"], 2, "did you mean"),
        (["evaluate", "--model", "none.safetensors"], 2, "there is no file at none.safetensors"),
        (["evaluate", "--limit", "0"], 2, "--limit"),
        (["evaluate", "--benchmarks", ONE, "--limit", "12"], 1, "two are needed"),
        (["evaluate", "--benchmarks", ONE, "--limit", "20"], 1, "(with --limit 20)"),
        (["evaluate", "--protocol", "publishd"], 2, "did you mean 'published'"),
        ([*PUBLISHED, "--untrained-activations", "a.safetensors"], 2, "--protocol controlled"),
        (["evaluate", "--model", ""], 2, "--model is empty"),
        (["evaluate", "--benchmarks", ","], 2, "no benchmark was asked for"),
        (["evaluate", "--benchmarks", ONE, "--output-path", "/dev/null/x"], 2, "--output-path"),
        (["show", "xiao206"], 2, "'xiao2026'"),
        (["show", "nothing.json"], 1, "not a record of a run"),
        (["list", "benchmark"], 2, "'benchmarks'"),
        (["fetch", "ds00307"], 2, "'ds003076'"),
        (["evalute"], 2, "evaluate"),
    ],
)
def test_bad_requests_end_with_what_was_wrong(
    arguments: list[str], code: int, message: str, cli: Any
) -> None:
    result = cli(*arguments)
    assert result.code == code
    assert message in result.err
    assert "Traceback" not in result.err


def test_offline_without_a_cache_says_what_to_do(
    cli: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nothing listens there
    result = cli("fetch", "ds003076")
    assert result.code == 1
    assert "not in the cache" in result.err
    assert "BRAINBENCH_MIRROR" in result.err
    assert "Traceback" not in result.err


def test_activations_of_the_wrong_dataset_are_refused(cli: Any, tmp_path: Path) -> None:
    save_file({"hidden": np.zeros((70, 2, 3), np.float32)}, tmp_path / "a.safetensors")
    result = cli("evaluate", "--model", "a.safetensors", "--dataset", "phantom")
    assert result.code == 1
    assert "a.safetensors: hidden has 70 items, the dataset has 72" in result.err


def test_list_and_show(cli: Any) -> None:
    assert cli("list").out.split() == list_benchmarks()
    datasets = [
        "deduction73",
        "ds002886",
        "ds003076",
        "folio",
        "phantom",
        "phantom_guidance",
        "planted",
        "xiao2026",
    ]
    assert json.loads(cli("list", "datasets", "--json").out) == datasets
    shown = cli("show", "xiao2026").out
    assert "deductive_reasoning (313 voxels)" in shown
    assert "@article{xiao2026" in shown
    assert json.loads(cli("show", "phantom", "--json").out)["simulated"] is True
    assert len(cli("show", "phantom", "--items").out.split()) == 72
    told = [line.split(maxsplit=1) for line in cli("list", "protocols").out.splitlines()]
    assert [name for name, _ in told] == ["controlled", "published"]


def test_show_names_the_protocols_of_a_benchmark(cli: Any) -> None:
    shown = " ".join(cli("show", ONE).out.split())
    protocols = json.loads(cli("show", ONE, "--json").out)["protocols"]
    assert list(protocols) == ["controlled", "published"]
    said = "protocols controlled (default, version {controlled}), published (version {published})"
    assert said.format(**protocols) in shown


@pytest.mark.parametrize("protocol", ["controlled", "published"])
def test_show_prints_a_record_as_evaluate_did(protocol: str, cli: Any, few_draws: None) -> None:
    printed = cli("evaluate", "--benchmarks", ONE, "--protocol", protocol, "--details").out
    assert f"protocol: {protocol}" in printed
    path = next(Path().glob("results/*/*"))
    assert cli("show", str(path)).out == printed
    assert cli("show", str(path / "results.json"), "--json").out.startswith("{")


@pytest.mark.parametrize("verb", ["evaluate", "list", "show", "fetch"])
def test_help_has_examples(verb: str, cli: Any) -> None:
    result = cli(verb, "--help")
    assert result.code == 0
    assert f"brainbench {verb}" in result.out
    assert "Examples" in result.out


def wait_for_steps(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while len(list(folder.glob("results/*/*/steps/*.json"))) < count:
        assert process.poll() is None, f"ended too early: {process.communicate()}"
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("how", "code", "status", "protocol", "steps"),
    [
        (signal.SIGKILL, -signal.SIGKILL, "started", "published", 9),
        pytest.param(signal.SIGINT, 130, "cancelled", "controlled", 2, marks=EXHAUSTIVE),
        pytest.param(signal.SIGINT, 130, "cancelled", "published", 9, marks=EXHAUSTIVE),
        pytest.param(signal.SIGKILL, -signal.SIGKILL, "started", "controlled", 2, marks=EXHAUSTIVE),
    ],
)
def test_a_killed_run_goes_on_and_ends_as_an_unbroken_one(
    how: signal.Signals,
    code: int,
    status: str,
    protocol: str,
    steps: int,
    cli: Any,
    few_draws: None,
    tmp_path: Path,
) -> None:
    arguments = ["evaluate", "--protocol", protocol, "--benchmarks", CELLS, "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments],
        cwd=tmp_path,
        env=os.environ | {"BRAINBENCH_MODEL": PHANTOM_FILE},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for_steps(tmp_path, steps, process)
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert out == ""
    path = next(tmp_path.glob("results/*/*/results.json"))
    assert json.loads(path.read_text())["status"] == status
    kept = len(list(tmp_path.glob("results/*/*/steps/*.json")))
    assert kept >= steps
    resumed, unbroken = cli(*arguments), cli(*arguments, "--output-path", "whole")
    assert resumed.code == unbroken.code == 0
    assert f"going on with the {status} run" in resumed.err
    assert "going on with" not in unbroken.err
    assert comparable(resumed.out) == comparable(unbroken.out)
