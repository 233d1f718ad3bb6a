"""``brainbench sweep`` as its user meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command_line import run_command
from small_sweep import SMALL, small_sweep, stand_in

from brainbench.models import PHANTOM_FILE
from brainbench.sweep.worker import Worker

CELL = "phantom.signal.syllogistic-ridge"


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    return partial(run_command, monkeypatch, capsys)


def test_commands_are_printed(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SMALL)
    code, out, _ = cli("sweep", "s.yaml", "--executor", "print")
    assert code == 0
    assert out.splitlines() == [
        "brainbench evaluate --model nano --suite behavior --limit 12 --states-only",
        "brainbench evaluate --model nano --suite behavior --limit 12 --seed 0 --output-path "
        "results",
        "brainbench evaluate --model nano --suite behavior --limit 12 --seed 1 --output-path "
        "results",
    ]
    assert not (tmp_path / "sweeps").exists()
    # options before the file, and the verb spelled out
    assert cli("sweep", "--executor", "print", "s.yaml")[1] == out
    assert cli("sweep", "run", "s.yaml", "--executor", "print")[1] == out


def test_what_is_wrong_is_said_before_anything_is_started(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SMALL + "seed: 3\n")
    code, _, err = cli("sweep", "s.yaml")
    assert code == 2
    assert "s.yaml, line 5: unknown key 'seed'; did you mean 'seeds'" in err
    code, _, err = cli("sweep", "s.yaml", "--executor", "slrm")
    assert (code, "did you mean 'slurm'" in err) == (2, True)
    code, _, err = cli("sweep", "statsu")
    assert (code, "did you mean 'status'" in err) == (2, True)
    assert cli("sweep", "none.yaml")[0] == 2
    assert cli("sweep", "status")[0] == 2
    assert not (tmp_path / "sweeps").exists()


def test_status_of_a_sweep(cli: Any, tmp_path: Path) -> None:
    folder, plan = small_sweep(tmp_path, SMALL.replace("[0, 1]", "[0, 7]"))
    code, out, _ = cli("sweep", "status")
    assert code == 0
    assert "2 runs, 2 waiting" in out
    worker = Worker(folder, plan, [step.id for step in plan.steps], stand_in)
    worker._warm = True
    worker.work()
    code, out, _ = cli("sweep", "status", str(folder.path))
    assert "2 runs, 1 failed, 1 done" in out
    assert "this seed is not lucky" in out
    found = json.loads(cli("sweep", "status", "--json")[1])
    assert [step["state"] for step in found["steps"]] == ["done", "done", "failed"]
    code, out, _ = cli("sweep", "resume", "--executor", "print")
    assert out.count("\n") == 1
    assert "--seed 7" in out


def test_a_sweep_in_use_is_left_alone(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    folder, _ = small_sweep(tmp_path)
    with folder.held():
        code, _, err = cli("sweep", "small.yaml")
    assert code == 2
    assert "another brainbench sweep works in" in err


def test_the_schema_is_json(cli: Any) -> None:
    assert "models" in json.loads(cli("sweep", "schema")[1])["properties"]


def test_a_run_of_a_sweep_is_the_run_by_hand(cli: Any, tmp_path: Path) -> None:
    """From the file to the record, with a worker that submitit starts."""
    (tmp_path / "s.yaml").write_text(
        f"models: [{PHANTOM_FILE}]\nbenchmarks: [{CELL}]\nseeds: [0, 1]\n"
        "defaults: {protocol: published}\n"
    )
    words = ("--model", PHANTOM_FILE, "--benchmarks", CELL, "--protocol", "published")
    record = json.loads(cli("evaluate", *words, "--seed", "1", "--json")[1])
    code, out, err = cli("sweep", "s.yaml")
    assert (code, out) == (0, "sweeps/s: 2 done\n"), err
    found = json.loads(cli("sweep", "status", "--json")[1])["steps"]
    runs = [step["run"] for step in found]
    assert runs[1].endswith(record["run_id"])
    assert len([*(tmp_path / "results" / PHANTOM_FILE).iterdir()]) == 2
    # taken from the run by hand, not done again
    kept = json.loads((tmp_path / runs[1] / "results.json").read_text())
    assert kept["timing"]["started"] == record["timing"]["started"]
    assert "2 of them done before" in cli("sweep", "s.yaml")[2]


@pytest.mark.exhaustive
def test_ctrl_c_ends_every_process_and_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("models: [nano]\nsuites: [builtin]\nseeds: [0, 1]\n")
    command = [sys.executable, "-m", "brainbench.cli.main", "sweep"]
    ended = subprocess.Popen(
        [*command, "s.yaml", "--workers", "2"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    steps = tmp_path / "sweeps" / "s" / "steps"
    until = time.monotonic() + 120
    while not any('"running"' in path.read_text() for path in steps.glob("*.json")):
        assert time.monotonic() < until
        time.sleep(0.2)
    os.killpg(ended.pid, signal.SIGINT)
    printed, _ = ended.communicate(timeout=60)
    assert ended.returncode == 130
    assert "Traceback" not in printed
    assert "stopped; finished runs are kept" in printed
    states = [json.loads(path.read_text()) for path in steps.glob("*.json")]
    assert {state["state"] for state in states} <= {"waiting", "done"}
    assert not any(state["preempted"] for state in states)
